"""Relationships (Azure TypeSpec DataMap, routes.tsp, interface Relationship)."""

from typing import Any

from local.datamap import relationships
from local.datamap.errors import Code
from local.datamap.operation import Call, Routes
from local.datamap.views import header, relationship_body


def _create(call: Call) -> Any:
    return relationship_body(relationships.create(call.catalogue.graph, call.object()), written=True)


def _update(call: Call) -> Any:
    return relationship_body(relationships.update(call.catalogue.graph, call.object()), written=True)


def _get(call: Call) -> Any:
    graph, guid = call.catalogue.graph, call.path["guid"]
    found = relationships.get(graph, guid)
    if not graph.visible(found):
        raise Code.RELATIONSHIP_GUID_NOT_FOUND(guid)
    body = {"relationship": relationship_body(found)}
    if call.flag("extendedInfo"):
        body["referredEntities"] = {end.guid: header(end) for end in found.ends}
    return body


def _delete(call: Call) -> None:
    relationships.delete(call.catalogue.graph, call.path["guid"])


ROUTES: Routes = [
    ("POST", "/atlas/v2/relationship", _create),
    ("PUT", "/atlas/v2/relationship", _update),
    ("GET", "/atlas/v2/relationship/guid/{guid}", _get),
    ("DELETE", "/atlas/v2/relationship/guid/{guid}", _delete),
]
