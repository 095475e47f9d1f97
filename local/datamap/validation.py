"""What an entity of a payload has to be before anything is done with it (AtlasEntityStoreV2, AtlasStructType)."""

from dataclasses import dataclass
from typing import Any

import orjson

from local.datamap.errors import Code
from local.datamap.payload import mapping
from local.datamap.rows import Entity
from local.datamap.typesystem import EntityType


@dataclass(frozen=True, slots=True)
class Limits:
    """Documented quotas (azure-docs, how-to-manage-quotas): 32 KB a property value, 2 MB an asset."""

    attribute_bytes: int = 32 * 1024
    asset_bytes: int = 2 * 1024 * 1024


DEFAULT_LIMITS = Limits()


def sorted_out(entity_type: EntityType, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Plain attributes and references, wherever they were put; null references and unknown attributes are dropped."""
    plain = mapping(given, "attributes")
    declared = entity_type.attributes
    attributes = {name: declared[name].normal(value) for name, value in plain.items() if name in declared}
    references = {
        name: value if isinstance(value, list) else [value]
        for source in (plain, mapping(given, "relationshipAttributes"))
        for name, value in source.items()
        if name in entity_type.references and value is not None
    }
    return attributes, references


def check_attributes(entity_type: EntityType, attributes: dict[str, Any], *, partial: bool) -> None:
    """Refuses wrong values and, unless the update is partial, missing ones; names everything that is wrong."""
    wrong = _wrong(entity_type, attributes) + ([] if partial else _missing(entity_type, attributes))
    if wrong:
        raise Code.INSTANCE_CRUD_INVALID_PARAMS(wrong if len(wrong) > 1 else wrong[0])


def check_version(entity: Entity, sent: Any) -> None:
    """An entity that was read before somebody else changed it is refused (`lastModifiedTS` is documented as ETag)."""
    if sent is not None and entity.attributes and str(sent).isdigit() and int(sent) < entity.version:
        raise Code.PRECONDITION_FAILED(sent, entity.version, entity.guid)


def check_sizes(attributes: dict[str, Any], limits: Limits) -> None:
    """The quotas are documented; with what code Purview refuses is not, so a plain bad request stands for it."""
    total = 0
    for name, value in attributes.items():
        size = len(value.encode()) if isinstance(value, str) else len(orjson.dumps(value))
        total += len(name) + size
        if size > limits.attribute_bytes:
            raise Code.BAD_REQUEST(
                f"Attribute {name} has {size} bytes, the limit is {limits.attribute_bytes}"
            )
    if total > limits.asset_bytes:
        raise Code.BAD_REQUEST(f"The asset has {total} bytes, the limit is {limits.asset_bytes}")


def _wrong(entity_type: EntityType, attributes: dict[str, Any]) -> list[str]:
    declared = entity_type.attributes
    return [
        f"{entity_type.name}.{name}={value}: invalid value for type {declared[name].type_name}"
        for name, value in attributes.items()
        if not declared[name].accepts(value)
    ]


def _missing(entity_type: EntityType, attributes: dict[str, Any]) -> list[str]:
    return [
        f"{entity_type.name}.{name}: mandatory attribute value missing in type {entity_type.name}"
        for name in entity_type.mandatory
        if attributes.get(name) is None
    ]
