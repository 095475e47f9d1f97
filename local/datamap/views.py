"""How rows look in answers.

Shapes are those of the published models (Azure TypeSpec DataMap, models.tsp) with the fields that published answers of
real accounts carry.
"""

from typing import Any

from local.datamap.graph import Graph
from local.datamap.rows import Entity, Relationship
from local.datamap.typesystem import Reference
from local.datamap.upsert import Mutations

_SOMEBODY = "ServiceAdmin"


def header(entity: Entity, *, written: bool = False) -> dict[str, Any]:
    """AtlasEntityHeader, with every attribute that is set; as readers see it, or as it was just written."""
    seen = entity.as_written() if written else entity.as_read()
    return {
        "typeName": entity.type_name,
        "attributes": seen.attributes,
        "lastModifiedTS": str(seen.version),
        "guid": entity.guid,
        "status": entity.status,
        "displayText": seen.attributes.get("name"),
        "classificationNames": [],
        "meaningNames": [],
        "meanings": [],
        "isIncomplete": False,
        "isIndexed": True,
        "labels": [],
        "collectionId": entity.collection,
    }


def entity_body(graph: Graph, entity: Entity, *, relationships: bool = True) -> dict[str, Any]:
    """AtlasEntity. Attributes that are not set are null; a Process also lists its datasets under `attributes`."""
    entity_type = graph.registry.entity_type(entity.type_name)
    shown = {
        name: _references(graph, entity, reference) for name, reference in entity_type.references.items()
    }
    legacy = {name: _plain(shown[name]) for name, r in entity_type.references.items() if r.own.legacy}
    seen = entity.as_read()
    body = {
        "typeName": entity.type_name,
        "attributes": dict.fromkeys(entity_type.attributes) | seen.attributes | legacy,
        "lastModifiedTS": str(seen.version),
        "guid": entity.guid,
        "status": entity.status,
        "createdBy": _SOMEBODY,
        "updatedBy": _SOMEBODY,
        "createTime": entity.created,
        "updateTime": entity.updated or entity.created,
        "version": 0,
        "collectionId": entity.collection,
        "isIncomplete": False,
        "labels": [],
    }
    return body | {"relationshipAttributes": shown} if relationships else body


def relationship_body(relationship: Relationship, *, written: bool = False) -> dict[str, Any]:
    """AtlasRelationship, as readers see it or as it was just written."""
    seen = relationship.as_written() if written else relationship.as_read()
    return {
        "typeName": relationship.type.name,
        "attributes": seen.attributes,
        "guid": relationship.guid,
        "end1": _end(relationship.ends[0]),
        "end2": _end(relationship.ends[1]),
        "label": f"r:{relationship.type.name}",
        "status": relationship.status,
        "lastModifiedTS": str(seen.version),
        "createdBy": _SOMEBODY,
        "updatedBy": _SOMEBODY,
        "createTime": relationship.created,
        "updateTime": relationship.updated or relationship.created,
        "propagatedClassifications": [],
        "provenanceType": 0,
        "version": 0,
    }


def mutation_body(done: Mutations, *, update: str = "UPDATE") -> dict[str, Any]:
    """EntityMutationResult: always `guidAssignments`, and `mutatedEntities` only if something changed."""
    mutated = {"CREATE": done.created, update: done.updated}
    shown = {
        operation: [header(e, written=True) for e in entities.values()]
        for operation, entities in mutated.items()
        if entities
    }
    return {"guidAssignments": done.assignments} | ({"mutatedEntities": shown} if shown else {})


def _references(graph: Graph, entity: Entity, reference: Reference) -> Any:
    edges = graph.edges(entity, reference)
    shown = [_reference(e, reference) for e in edges.values() if graph.visible(e)]
    if reference.own.single:
        return shown[-1] if shown else None
    return shown


def _reference(relationship: Relationship, reference: Reference) -> dict[str, Any]:
    """AtlasRelatedObjectId, as published answers show it."""
    other = relationship.ends[1 - reference.position]
    struct: dict[str, Any] = {"typeName": relationship.type.name}
    attributes = relationship.as_read().attributes
    if attributes:
        struct["attributes"] = attributes
    return {
        "guid": other.guid,
        "typeName": other.type_name,
        "entityStatus": other.status,
        "displayText": other.as_read().attributes.get("name"),
        "relationshipType": relationship.type.name,
        "relationshipGuid": relationship.guid,
        "relationshipStatus": relationship.status,
        "relationshipAttributes": struct,
    }


def _plain(shown: Any) -> Any:
    """References as plain attributes list them: AtlasObjectId."""
    if isinstance(shown, list):
        return [_plain(reference) for reference in shown]
    return shown and {"guid": shown["guid"], "typeName": shown["typeName"]}


def _end(entity: Entity) -> dict[str, Any]:
    unique = {"qualifiedName": entity.attributes.get("qualifiedName")}
    return {"guid": entity.guid, "typeName": entity.type_name, "uniqueAttributes": unique}
