"""The lineage query: what lies upstream and downstream of an entity.

One step leads from a dataset through a process to the next datasets, or along one direct edge; `depth` counts steps
(EntityLineageService.java). Relations always run with the data, whichever way was asked. At most `width` neighbours of
a node are followed; `widthCounts` says how many there are.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.datamap.errors import Code
from local.datamap.graph import Graph
from local.datamap.rows import Entity, Relationship, Side
from local.datamap.views import header

MAX_DEPTH = 31

# The sides of relationships, of processes and of datasets, that lead against and with the data.
_NEIGHBOURS: dict[str, tuple[Side, ...]] = {
    "INPUT": (
        ("dataset_process_inputs", 0),
        ("process_dataset_outputs", 1),
        ("direct_lineage_dataset_dataset", 1),
    ),
    "OUTPUT": (
        ("process_dataset_outputs", 0),
        ("dataset_process_inputs", 1),
        ("direct_lineage_dataset_dataset", 0),
    ),
}
_LINEAGE_TYPES = {name for name, _ in _NEIGHBOURS["INPUT"]}


@dataclass(frozen=True, slots=True)
class Query:
    direction: str = "BOTH"
    depth: int = 3
    width: int = 10
    include_parent: bool = False
    derived: bool = False

    @property
    def directions(self) -> tuple[str, ...]:
        return ("OUTPUT", "INPUT") if self.direction == "BOTH" else (self.direction,)


@dataclass(slots=True)
class _Found:
    entities: dict[str, Entity] = field(default_factory=dict)
    relations: dict[str, dict[str, str]] = field(default_factory=dict)
    parents: dict[str, dict[str, str]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


def lineage(graph: Graph, base: Entity, query: Query) -> dict[str, Any]:
    """AtlasLineageInfo around an entity, which is always part of it."""
    _check_type(graph, base)
    if query.derived:  # only for parent processes, which no type here is
        raise Code.INVALID_LINEAGE_ENTITY_TYPE(base.guid, base.type_name)
    found = _Found(entities={base.guid: base})
    for direction in query.directions:
        _walk(graph, base, direction, query, found)
    if query.include_parent:
        for entity in list(found.entities.values()):
            _climb(graph, entity, found)
    return _body(base, query, found) | {"widthCounts": found.counts}


def next_level(graph: Graph, base: Entity, direction: str, offset: int, limit: int) -> dict[str, Any]:
    """The next step of one direction in pages of neighbours; the base itself is not part of it."""
    if direction not in _NEIGHBOURS:
        raise Code.BAD_REQUEST(
            "LineageDirection can only be input or output in getNextLevelLineage (No Derived)."
        )
    _check_type(graph, base)
    if _is_process(graph, base):
        raise Code.INSTANCE_LINEAGE_QUERY_FAILED(
            "Process doesn't support get the next level dataSet with pagination. "
        )
    edges = list(_edges(graph, base, direction))
    page = edges[offset : offset + limit] if limit >= 0 else edges[offset:]
    found = _Found()
    for relationship, other in page:
        _relate(relationship, base, other, direction, found)
        if _is_process(graph, other):
            for further, dataset in _edges(graph, other, direction):
                _relate(further, other, dataset, direction, found)
    found.entities.pop(base.guid, None)
    query = Query(direction=direction, depth=1, width=limit)
    body = _body(base, query, found) | {"widthCounts": {direction: None}}
    del body["parentRelations"]
    return body


def _walk(graph: Graph, base: Entity, direction: str, query: Query, found: _Found) -> None:
    counts = found.counts.setdefault(direction, {})
    steps_left = {base.guid: query.depth}
    frontier = deque([base])
    while frontier:
        entity = frontier.popleft()
        left = steps_left[entity.guid]
        edges = list(_edges(graph, entity, direction))
        counts[entity.guid] = len(edges)
        for relationship, other in edges[: query.width] if left else ():
            _relate(relationship, entity, other, direction, found)
            rest = left if _is_process(graph, other) else left - 1
            if rest > steps_left.get(other.guid, -1):
                steps_left[other.guid] = rest
                frontier.append(other)


def _edges(graph: Graph, entity: Entity, direction: str) -> Iterator[tuple[Relationship, Entity]]:
    for side in _NEIGHBOURS[direction]:
        for relationship in entity.edges.get(side, {}).values():
            other = relationship.ends[1 - side[1]]
            if graph.visible(relationship) and graph.visible(other):
                yield relationship, other


def _relate(relationship: Relationship, entity: Entity, other: Entity, direction: str, found: _Found) -> None:
    upstream, downstream = (other, entity) if direction == "INPUT" else (entity, other)
    found.entities[other.guid] = other
    found.relations[relationship.guid] = {
        "fromEntityId": upstream.guid,
        "toEntityId": downstream.guid,
        "relationshipId": relationship.guid,
    }


def _climb(graph: Graph, entity: Entity, found: _Found) -> None:
    """Adds what contains the entity: its table, schema, database and so on."""
    for reference in graph.registry.entity_type(entity.type_name).references.values():
        if reference.other.container and reference.relationship.name not in _LINEAGE_TYPES:
            for relationship in graph.edges(entity, reference).values():
                parent = relationship.ends[1 - reference.position]
                found.entities[parent.guid] = parent
                found.parents[relationship.guid] = {
                    "childEntityId": entity.guid,
                    "parentEntityId": parent.guid,
                    "relationshipId": relationship.guid,
                }
                _climb(graph, parent, found)


def _body(base: Entity, query: Query, found: _Found) -> dict[str, Any]:
    return {
        "baseEntityGuid": base.guid,
        "lineageDirection": query.direction,
        "lineageDepth": query.depth,
        "lineageWidth": query.width,
        "childrenCount": -1,
        "guidEntityMap": {guid: header(entity) for guid, entity in found.entities.items()},
        "includeParent": query.include_parent,
        "relations": list(found.relations.values()),
        "parentRelations": list(found.parents.values()),
    }


def _check_type(graph: Graph, entity: Entity) -> None:
    family = graph.registry.entity_type(entity.type_name).family
    if family.isdisjoint(("DataSet", "Process")):
        raise Code.INVALID_LINEAGE_ENTITY_TYPE(entity.guid, entity.type_name)


def _is_process(graph: Graph, entity: Entity) -> bool:
    return graph.registry.entity_type(entity.type_name).is_a("Process")
