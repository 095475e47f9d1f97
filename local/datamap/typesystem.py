"""What follows from type definitions: which attributes an entity may carry, which of them are references to others,
and which entity may stand where another type is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.datamap.errors import Code

Definition = dict[str, Any]
"""A type definition as clients post and read it."""

_NUMBERS = {"byte", "short", "int", "long", "float", "double", "biginteger", "bigdecimal", "date"}


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    type_name: str
    optional: bool

    def accepts(self, value: Any) -> bool:
        """Atlas takes anything for a string or a boolean, but wants numbers and lists where it asks for them."""
        if value is None:
            return True
        if self.type_name.startswith("array<"):
            return isinstance(value, list)
        if self.type_name.startswith("map<"):
            return isinstance(value, dict)
        return self.type_name not in _NUMBERS or _is_number(value)

    def normal(self, value: Any) -> Any:
        """The value as it is kept: of whatever is sent for a string, Java's `toString` (AtlasBuiltInTypes.java)."""
        if self.type_name != "string" or value is None or isinstance(value, str):
            return value
        return _java_text(value)


@dataclass(frozen=True, slots=True)
class End:
    """One end of a relationship: entities of `type_name` carry the relationship under the attribute `name`."""

    type_name: str
    name: str
    single: bool
    container: bool
    legacy: bool


@dataclass(frozen=True, slots=True)
class RelationshipType:
    name: str
    ends: tuple[End, End]
    attributes: dict[str, Attribute]


@dataclass(frozen=True, slots=True)
class Reference:
    """A relationship as one of its ends sees it; `position` (0 or 1) is the entity's own end."""

    relationship: RelationshipType
    position: int

    @property
    def own(self) -> End:
        return self.relationship.ends[self.position]

    @property
    def other(self) -> End:
        return self.relationship.ends[1 - self.position]


@dataclass(frozen=True, slots=True)
class EntityType:
    name: str
    family: frozenset[str]
    """The type's own name and those of all its supertypes."""
    attributes: dict[str, Attribute]
    mandatory: tuple[str, ...]
    references: dict[str, Reference]

    def is_a(self, type_name: str) -> bool:
        return type_name in self.family


def attributes_of(definition: Definition) -> Iterator[Attribute]:
    for given in definition.get("attributeDefs") or ():
        type_name = given.get("typeName", "string")
        yield Attribute(given["name"], type_name, optional=given.get("isOptional", True))


def relationship_type(definition: Definition) -> RelationshipType:
    ends = (_end(definition["endDef1"]), _end(definition["endDef2"]))
    return RelationshipType(definition["name"], ends, {a.name: a for a in attributes_of(definition)})


def entity_type(
    name: str, definitions: dict[str, Definition], relationships: dict[str, RelationshipType]
) -> EntityType:
    """The type with everything it inherits; `definitions` are all entity definitions by name."""
    family = _family(name, definitions)
    references = {
        end.name: Reference(relationship, position)
        for relationship in relationships.values()
        for position, end in enumerate(relationship.ends)
        if end.type_name in family
    }
    # Atlas moves what is named like a relationship out of the plain attributes.
    attributes = {
        a.name: a for member in family for a in attributes_of(definitions[member]) if a.name not in references
    }
    mandatory = tuple(a.name for a in attributes.values() if not a.optional)
    return EntityType(name, frozenset(family), attributes, mandatory, references)


def names_used_by(definition: Definition) -> set[str]:
    """The types without which this definition makes no sense."""
    if definition["category"] == "RELATIONSHIP":
        return {definition[end]["type"] for end in ("endDef1", "endDef2")}
    return set(definition.get("superTypes", ()))


def reference_definition(reference: Reference) -> Definition:
    """A relationship attribute as an entity definition lists it (AtlasRelationshipAttributeDef)."""
    type_name = reference.other.type_name
    return {
        "name": reference.own.name,
        "typeName": type_name if reference.own.single else f"array<{type_name}>",
        "cardinality": "SINGLE" if reference.own.single else "SET",
        "isOptional": True,
        "isUnique": False,
        "isIndexable": False,
        "relationshipTypeName": reference.relationship.name,
        "isLegacyAttribute": reference.own.legacy,
    }


def _family(name: str, definitions: dict[str, Definition], below: tuple[str, ...] = ()) -> list[str]:
    """The eldest first, so that a type's own attributes win over inherited ones."""
    if name in below:
        raise Code.CIRCULAR_REFERENCE(below[0], name)
    members: list[str] = []
    for super_type in definitions[name]["superTypes"]:
        members += [m for m in _family(super_type, definitions, (*below, name)) if m not in members]
    return [*members, name]


def _end(given: dict[str, Any]) -> End:
    return End(
        type_name=given["type"],
        name=given["name"],
        single=given.get("cardinality", "SINGLE") == "SINGLE",
        container=bool(given.get("isContainer")),
        legacy=bool(given.get("isLegacyAttribute")),
    )


def _java_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_java_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_java_text(item)}' for key, item in value.items())}}}"
    return "null" if value is None else str(value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
