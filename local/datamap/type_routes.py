"""Type definitions (Azure TypeSpec DataMap, routes.tsp, interface TypeDefinition)."""

from typing import Any

from local.datamap.errors import Code
from local.datamap.operation import Call, Operation, Routes
from local.datamap.payload import listing
from local.datamap.registry import CATEGORIES

_BY_CATEGORY = {
    "typedef": None,
    "entitydef": "ENTITY",
    "relationshipdef": "RELATIONSHIP",
    "enumdef": "ENUM",
    "structdef": "STRUCT",
    "classificationdef": "CLASSIFICATION",
    "businessmetadatadef": "BUSINESS_METADATA",
}


def _list(call: Call) -> Any:
    return call.catalogue.registry.definitions(_category(call))


def _headers(call: Call) -> Any:
    listed = call.catalogue.registry.definitions(_category(call))
    return [{key: d[key] for key in ("guid", "name", "category")} for given in listed.values() for d in given]


def _category(call: Call) -> str | None:
    """The `type` asked for: a category in lower case, or "all"."""
    asked = call.query.get("type", "all").upper()
    if asked != "ALL" and asked not in CATEGORIES.values():
        raise Code.INVALID_PARAMETERS(f"type {asked}")
    return None if asked == "ALL" else asked


def _create(call: Call) -> Any:
    return call.catalogue.registry.create(call.object())


def _update(call: Call) -> Any:
    return call.catalogue.registry.update(call.object())


def _delete(call: Call) -> None:
    listed = call.object()
    call.catalogue.delete_types(d.get("name", "") for key in CATEGORIES for d in listing(listed, key))


def _delete_by_name(call: Call) -> None:
    call.catalogue.delete_types([call.path["name"]])


def _get_by_name(category: str | None) -> Operation:
    return lambda call: call.catalogue.registry.definition(call.path["name"], category)


def _get_by_guid(category: str | None) -> Operation:
    return lambda call: call.catalogue.registry.definition_by_guid(call.path["guid"], category)


ROUTES: Routes = [
    ("GET", "/atlas/v2/types/typedefs", _list),
    ("GET", "/atlas/v2/types/typedefs/headers", _headers),
    ("POST", "/atlas/v2/types/typedefs", _create),
    ("PUT", "/atlas/v2/types/typedefs", _update),
    ("DELETE", "/atlas/v2/types/typedefs", _delete),
    ("DELETE", "/atlas/v2/types/typedef/name/{name}", _delete_by_name),
    *(("GET", f"/atlas/v2/types/{kind}/name/{{name}}", _get_by_name(c)) for kind, c in _BY_CATEGORY.items()),
    *(("GET", f"/atlas/v2/types/{kind}/guid/{{guid}}", _get_by_guid(c)) for kind, c in _BY_CATEGORY.items()),
]
