"""Entities (Azure TypeSpec DataMap, routes.tsp, interface Entity)."""

from typing import Any

from local.datamap.errors import Code
from local.datamap.operation import Call, Routes
from local.datamap.payload import listing
from local.datamap.upsert import Mutations
from local.datamap.views import entity_body, header, mutation_body


def _create_or_update(call: Call) -> Any:
    sent = call.object()
    if not isinstance(sent.get("entity"), dict):
        raise Code.INVALID_PARAMETERS("no entities to create/update.")
    return _upserted(call, sent | {"entities": [sent["entity"]]})


def _bulk_create_or_update(call: Call) -> Any:
    return _upserted(call, call.object())


def _upserted(call: Call, body: dict[str, Any]) -> Any:
    collection = call.path.get("collection") or call.query.get("collectionId")
    done = call.catalogue.upsert(body, collection)
    call.entities = len(done.assignments)
    return mutation_body(done)


def _get(call: Call) -> Any:
    entity = call.catalogue.entity(call.path["guid"])
    return {"entity": _body(call, entity), "referredEntities": {}}


def _get_header(call: Call) -> Any:
    return header(call.catalogue.entity(call.path["guid"]))


def _get_by_unique_attribute(call: Call) -> Any:
    entity = call.catalogue.entity_named(call.path["typeName"], call.qualified_name())
    return {"entity": _body(call, entity), "referredEntities": {}}


def _bulk_get(call: Call) -> Any:
    guids = call.query.getall("guid", [])
    call.entities = len(guids)
    entities = [call.catalogue.entity(guid) for guid in guids]
    return {"entities": [_body(call, entity) for entity in entities], "referredEntities": {}}


def _bulk_get_by_unique_attributes(call: Call) -> Any:
    """Names that are not found are left out; with none found there is no `entities` at all."""
    type_name = call.path["typeName"]
    names = [v for k, v in call.query.items() if k.startswith("attr_") and k.endswith(":qualifiedName")]
    call.entities = len(names)
    found = [call.catalogue.find_named(type_name, name) for name in names]
    entities = [_body(call, entity) for entity in found if entity is not None]
    return {"entities": entities, "referredEntities": {}} if entities else {"referredEntities": {}}


def _update_by_unique_attribute(call: Call) -> Any:
    entity = call.catalogue.entity_named(call.path["typeName"], call.qualified_name())
    given = call.object().get("entity")
    if not isinstance(given, dict):
        raise Code.INVALID_PARAMETERS("no entities to create/update.")
    return _partly_updated(call.catalogue.update_partly(entity, given))


def _update_attribute(call: Call) -> Any:
    done = call.catalogue.update_attribute(call.path["guid"], call.query.get("name", ""), call.body)
    return _partly_updated(done)


def _partly_updated(done: Mutations) -> Any:
    headers = [header(entity, written=True) for entity in done.updated.values()]
    body = mutation_body(done, update="PARTIAL_UPDATE")
    return body | {"guidAssignments": {}, "partialUpdatedEntities": headers}


def _delete(call: Call) -> Any:
    return _deleted(call, [call.path["guid"]])


def _bulk_delete(call: Call) -> Any:
    return _deleted(call, call.query.getall("guid", []))


def _delete_by_unique_attribute(call: Call) -> Any:
    entity = call.catalogue.entity_named(call.path["typeName"], call.qualified_name())
    return _deleted(call, [entity.guid])


def _deleted(call: Call, guids: list[str]) -> Any:
    gone = [header(entity) for entity in call.catalogue.delete(guids)]
    return {"mutatedEntities": {"DELETE": gone}} if gone else {}


def _move(call: Call) -> Any:
    collection = call.path.get("collection") or call.query.get("collectionId", "")
    moved = call.catalogue.move(listing(call.object(), "entityGuids"), collection)
    return {"mutatedEntities": {"UPDATE": [header(entity) for entity in moved]}}


def _body(call: Call, entity: Any) -> dict[str, Any]:
    return entity_body(call.catalogue.graph, entity, relationships=not call.flag("ignoreRelationships"))


ROUTES: Routes = [
    ("POST", "/atlas/v2/entity", _create_or_update),
    ("POST", "/atlas/v2/entity/bulk", _bulk_create_or_update),
    ("GET", "/atlas/v2/entity/bulk", _bulk_get),
    ("DELETE", "/atlas/v2/entity/bulk", _bulk_delete),
    ("GET", "/atlas/v2/entity/bulk/uniqueAttribute/type/{typeName}", _bulk_get_by_unique_attributes),
    ("GET", "/atlas/v2/entity/guid/{guid}", _get),
    ("PUT", "/atlas/v2/entity/guid/{guid}", _update_attribute),
    ("DELETE", "/atlas/v2/entity/guid/{guid}", _delete),
    ("GET", "/atlas/v2/entity/guid/{guid}/header", _get_header),
    ("GET", "/atlas/v2/entity/uniqueAttribute/type/{typeName}", _get_by_unique_attribute),
    ("PUT", "/atlas/v2/entity/uniqueAttribute/type/{typeName}", _update_by_unique_attribute),
    ("DELETE", "/atlas/v2/entity/uniqueAttribute/type/{typeName}", _delete_by_unique_attribute),
    ("POST", "/entity/moveTo", _move),
    ("POST", "/collections/{collection}/entity", _create_or_update),
    ("POST", "/collections/{collection}/entity/bulk", _bulk_create_or_update),
    ("POST", "/collections/{collection}/entity/moveHere", _move),
]
