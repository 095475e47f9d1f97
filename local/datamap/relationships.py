"""Relationships by themselves: POST, PUT and DELETE of one edge (AtlasRelationshipStoreV2).

Unlike entities these are no upserts: an edge that exists is refused with 409, and a PUT needs its guid.
"""

from typing import Any

from local.datamap.errors import Code
from local.datamap.graph import Graph
from local.datamap.payload import mapping
from local.datamap.references import find_entity, guid_in
from local.datamap.rows import ACTIVE, Entity, Relationship
from local.datamap.typesystem import RelationshipType


def get(graph: Graph, guid: Any) -> Relationship:
    found = graph.relationships.get(guid) if isinstance(guid, str) else None
    if found is None:
        raise Code.RELATIONSHIP_GUID_NOT_FOUND(guid)
    return found


def create(graph: Graph, body: dict[str, Any]) -> Relationship:
    relationship_type = graph.registry.relationship_type(body.get("typeName"))
    ends = _in_order(graph, relationship_type, _ends(graph, relationship_type, body))
    attributes = declared_attributes(relationship_type, body)
    if graph.edge(relationship_type, ends) is not None:
        raise Code.RELATIONSHIP_ALREADY_EXISTS(relationship_type.name, ends[0].guid, ends[1].guid)
    return graph.link(relationship_type, ends, attributes)


def update(graph: Graph, body: dict[str, Any]) -> Relationship:
    """Changes attributes that are sent; the ends may be left out, but not be others."""
    relationship = get(graph, body.get("guid"))
    type_name = body.get("typeName")
    if type_name not in (None, relationship.type.name):
        raise Code.RELATIONSHIP_UPDATE_TYPE_CHANGE_NOT_ALLOWED(
            relationship.guid, relationship.type.name, type_name
        )
    if relationship.status != ACTIVE:
        raise Code.RELATIONSHIP_GUID_NOT_FOUND(relationship.guid)
    _check_same_ends(relationship, body)
    changed = relationship.attributes | declared_attributes(relationship.type, body)
    if changed != relationship.attributes:
        graph.rewrite(relationship, changed)
        relationship.touch()
    return relationship


def delete(graph: Graph, guid: str) -> None:
    relationship = get(graph, guid)
    if relationship.status != ACTIVE:
        raise Code.RELATIONSHIP_ALREADY_DELETED(guid)
    graph.unlink(relationship)


def declared_attributes(relationship_type: RelationshipType, body: dict[str, Any]) -> dict[str, Any]:
    """The attributes that the type declares; the rest vanishes, as it does on entities."""
    sent = mapping(body, "attributes")
    declared = relationship_type.attributes
    known = {name: value for name, value in sent.items() if name in declared}
    for name, value in known.items():
        if not declared[name].accepts(value):
            raise Code.RELATIONSHIP_CRUD_INVALID_PARAMS(f"{relationship_type.name}.{name}={value}")
    return {name: declared[name].normal(value) for name, value in known.items()}


def _ends(graph: Graph, relationship_type: RelationshipType, body: dict[str, Any]) -> tuple[Entity, Entity]:
    first, second = (
        _end(graph, body.get(key), end.type_name)
        for key, end in zip(("end1", "end2"), relationship_type.ends, strict=True)
    )
    return first, second


def _end(graph: Graph, object_id: Any, expected: str) -> Entity:
    found = find_entity(graph, object_id) if object_id else None
    if found is None:
        raise Code.RELATIONSHIP_END_IS_NULL(expected)
    return found


def _in_order(
    graph: Graph, relationship_type: RelationshipType, ends: tuple[Entity, Entity]
) -> tuple[Entity, Entity]:
    """The ends as the type defines them. Atlas takes them in either order, wherever the types tell them apart."""
    first, second = (end.type_name for end in relationship_type.ends)
    types = [graph.registry.entity_type(end.type_name) for end in ends]
    if types[0].is_a(first) and types[1].is_a(second):
        return ends
    if types[1].is_a(first) and types[0].is_a(second):
        return ends[1], ends[0]
    raise Code.INVALID_RELATIONSHIP_END_TYPE(
        relationship_type.name, types[0].name, types[1].name, first, second
    )


def _check_same_ends(relationship: Relationship, body: dict[str, Any]) -> None:
    """Atlas compares guids only: an end by its unique attributes counts as another one."""
    for key, end in zip(("end1", "end2"), relationship.ends, strict=True):
        sent = mapping(body, key)
        if sent and guid_in(sent) != end.guid:
            raise Code.RELATIONSHIP_UPDATE_END_CHANGE_NOT_ALLOWED(
                relationship.type.name, relationship.guid, end.guid, guid_in(sent)
            )
