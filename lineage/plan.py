"""
A request and the datasets it names, to what is to be changed in the Data Map. Pure: no call is made here.

Lineage has two forms there (Microsoft, "Create lineage relationships"): a Process entity with inputs and outputs,
and the relationship `direct_lineage_dataset_dataset` from the upstream dataset (end1) to the downstream one (end2).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineage.columns import (
    Pair,
    edge_mapping,
    process_mapping,
    read_edge_mapping,
    read_process_mapping,
    union,
)
from lineage.errors import InvalidRequest, Mistake
from lineage.openlineage import JOB_ATTRIBUTES, RUN_ATTRIBUTES
from lineage.request import ColumnMapping, LineageRequest, Process

Json = dict[str, Any]

DIRECT_LINEAGE = "direct_lineage_dataset_dataset"
RELATIONSHIPS = {"inputs": "dataset_process_inputs", "outputs": "process_dataset_outputs"}

# Base `Process` has no columnMapping and drops it without a word, so processes get a type of our own.
PROCESS_TYPE = "lineage_process"


def _text_attribute(name: str) -> Json:
    return {
        "name": name,
        "typeName": "string",
        "cardinality": "SINGLE",
        "isIndexable": False,
        "isOptional": True,
        "isUnique": False,
        "valuesMinCount": 0,
        "valuesMaxCount": 1,
    }


PROCESS_TYPE_DEFINITION: Json = {
    "category": "ENTITY",
    "name": PROCESS_TYPE,
    "description": "A job that reads and writes datasets, with the columns it maps",
    "superTypes": ["Process"],
    "serviceType": "Lineage",
    "typeVersion": "1.0",
    "attributeDefs": [
        _text_attribute(name) for name in ("columnMapping", *sorted(JOB_ATTRIBUTES | RUN_ATTRIBUTES))
    ],
}


@dataclass(frozen=True, slots=True)
class Node:
    """A dataset as the catalogue knows it. Without a guid it does not exist yet and is created with the write."""

    type_name: str
    qualified_name: str | None
    guid: str | None
    display_name: str | None = None

    @property
    def reference(self) -> str:
        """The guid, or the placeholder it has within one call."""
        return self.guid or placeholder(self.type_name, str(self.qualified_name))


# Every dataset of a request, by the path it is named at.
Nodes = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Edge:
    """A relationship to have. Its ends are guids, or placeholders of entities of the same plan."""

    type_name: str
    end1: tuple[str, str]  # guid or placeholder, and typeName
    end2: tuple[str, str]
    columns: tuple[Pair, ...] | None = None  # None leaves those of an existing edge as they are
    append: bool = False

    def body(self, guids: Mapping[str, str]) -> Json:
        """The relationship as the Data Map takes it, with guids for placeholders."""
        ends = {
            f"end{number}": {"guid": guids.get(reference, reference), "typeName": type_name}
            for number, (reference, type_name) in enumerate((self.end1, self.end2), start=1)
        }
        return {"typeName": self.type_name, **ends, "attributes": self.attributes()[0]}

    def attributes(self, existing: str | None = None) -> tuple[Json, tuple[str, ...]]:
        """The edge's attributes, given the columnMapping that is there already, and what did not fit in."""
        if self.columns is None:
            return {}, ()
        kept = read_edge_mapping(existing) if self.append else []
        mapping, warnings = edge_mapping([*kept, *self.columns])
        return {"columnMapping": mapping}, warnings


@dataclass(frozen=True, slots=True)
class Plan:
    """What one request changes: entities, then edges, then what goes away."""

    datasets: tuple[Json, ...] = ()  # those to create, because the caller asked for it
    process: Json | None = None
    edges: tuple[Edge, ...] = ()
    remove_relationships: tuple[str, ...] = ()
    remove_entity: str | None = None
    touched: tuple[str, ...] = ()  # what else changes, as keys of `fingerprint`
    warnings: tuple[str, ...] = ()

    @property
    def entities(self) -> tuple[Json, ...]:
        """Those that are created or updated; what is created has a placeholder for a guid."""
        return (*self.datasets, self.process) if self.process else self.datasets


def plan_process(
    request: LineageRequest, process: Process, nodes: Nodes, current: Json | None = None
) -> Plan:
    """Writes process lineage. `current` is the process as it is, which `append` needs and `replace` does not."""
    entity = _process_entity(process)
    attributes = entity["attributes"]
    edges: tuple[Edge, ...] = ()
    if request.mode == "append":
        edges = tuple(_appended(entity, nodes, current))
    else:
        for side in RELATIONSHIPS:
            if getattr(request, side) is not None:
                attributes[side] = [{"guid": node.reference} for node in _side(nodes, side)]
    warnings: tuple[str, ...] = ()
    if request.columns is not None:
        kept = read_process_mapping(current["attributes"].get("columnMapping")) if current else {}
        attributes["columnMapping"], warnings = process_mapping(union(kept, _by_dataset(request, nodes)))
    return Plan(_creations(nodes.values()), entity, edges, warnings=warnings)


def plan_process_removal(request: LineageRequest, nodes: Nodes, current: Json | None) -> Plan:
    """Takes the named edges away from a process, or the process itself if none is named."""
    if current is None:
        return Plan()
    if request.inputs is None and request.outputs is None:
        return Plan(remove_entity=current["guid"])
    gone = [
        relationship
        for side in RELATIONSHIPS
        for node in _side(nodes, side)
        if (relationship := related(current, side).get(node.guid))
    ]
    return Plan(remove_relationships=tuple(gone))


def plan_direct(request: LineageRequest, nodes: Nodes) -> Plan:
    """Writes an edge from each input to each output. Edges of other datasets have no owner and stay."""
    pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for source, target, pair in _column_pairs(request, nodes):
        pairs[source.reference, target.reference].append(pair)
    edges: list[Edge] = []
    targets = _side(nodes, "outputs")
    for source in _side(nodes, "inputs"):
        for target in targets:
            if source.reference == target.reference:
                raise InvalidRequest(
                    Mistake("outputs", f"{_name(target)} cannot be upstream of itself: name a process")
                )
            columns = (
                tuple(pairs[source.reference, target.reference]) if request.columns is not None else None
            )
            ends = (source.reference, source.type_name), (target.reference, target.type_name)
            edges.append(Edge(DIRECT_LINEAGE, *ends, columns, request.mode == "append"))
    return Plan(_creations(nodes.values()), edges=tuple(edges))


def plan_direct_removal(nodes: Nodes, sources: Sequence[Json]) -> Plan:
    """Takes the direct edges between inputs and outputs away. `sources` are the inputs as they are."""
    targets = {node.guid for node in _side(nodes, "outputs")}
    gone = [
        relationship
        for source in sources
        for target, relationship in related(source, "sinks").items()
        if target in targets
    ]
    return Plan(remove_relationships=tuple(gone))


def related(entity: Json, attribute: str) -> dict[str | None, str]:
    """The guids at the other ends of an entity's active relationships, each with the relationship's own guid."""
    return {
        other["guid"]: other["relationshipGuid"]
        for other in entity.get("relationshipAttributes", {}).get(attribute) or ()
        if other.get("relationshipStatus", "ACTIVE") == "ACTIVE"
    }


def placeholder(type_name: str, qualified_name: str) -> str:
    """A negative guid that is the same for the same entity, so that requests can share a call."""
    digest = hashlib.sha256(f"{type_name}\n{qualified_name}".encode()).digest()
    return f"-{int.from_bytes(digest[:7])}"


def _process_entity(process: Process) -> Json:
    type_name = process.type_name or PROCESS_TYPE
    attributes = dict(process.attributes) | {"name": process.name, "qualifiedName": process.key}
    if process.description is not None:
        attributes["description"] = process.description
    return {"typeName": type_name, "guid": placeholder(type_name, process.key), "attributes": attributes}


def _appended(process: Json, nodes: Nodes, current: Json | None) -> Iterator[Edge]:
    """
    Edges one by one, without those that are there.

    Sending lists would replace what is there, and reading them first would lose what a neighbour adds meanwhile.
    """
    for side, relationship in RELATIONSHIPS.items():
        there = related(current, side) if current else {}
        for node in _side(nodes, side):
            if node.guid not in there:
                yield Edge(
                    relationship, (process["guid"], process["typeName"]), (node.reference, node.type_name)
                )


def _creations(nodes: Iterable[Node]) -> tuple[Json, ...]:
    missing = {node.reference: node for node in nodes if node.guid is None}
    return tuple(
        {
            "typeName": node.type_name,
            "guid": reference,
            "attributes": {
                "name": node.display_name or node.qualified_name,
                "qualifiedName": node.qualified_name,
            },
        }
        for reference, node in missing.items()
    )


def _side(nodes: Nodes, side: str) -> list[Node]:
    """The datasets of one side, each once."""
    return list(
        {node.reference: node for path, node in nodes.items() if path.startswith(f"{side}.")}.values()
    )


def _by_dataset(request: LineageRequest, nodes: Nodes) -> dict[Pair, list[Pair]]:
    groups: dict[Pair, list[Pair]] = defaultdict(list)
    for source, target, pair in _column_pairs(request, nodes):
        groups[_name(source), _name(target)].append(pair)
    return groups


def _column_pairs(request: LineageRequest, nodes: Nodes) -> Iterator[tuple[Node, Node, Pair]]:
    sides = {side: {node.reference for node in _side(nodes, side)} for side in RELATIONSHIPS}
    for index, pair in enumerate(request.columns or ()):
        source = _dataset_of(pair, index, "source", nodes, sides["inputs"])
        target = _dataset_of(pair, index, "target", nodes, sides["outputs"])
        yield source, target, (_column_of(pair.source), _column_of(pair.target))


def _dataset_of(pair: ColumnMapping, index: int, end: str, nodes: Nodes, side: set[str]) -> Node:
    """The dataset that a column belongs to; the only one of its side if the pair does not say."""
    name = "inputs" if end == "source" else "outputs"
    if isinstance(getattr(pair, end), str):
        return nodes[f"{name}.0"]
    path = f"columns.{index}.{end}.dataset"
    if nodes[path].reference not in side:
        raise InvalidRequest(Mistake(path, f"{_name(nodes[path])} is not one of the {name}"))
    return nodes[path]


def _column_of(end: Any) -> str:
    return str(end if isinstance(end, str) else end.column)


def _name(node: Node) -> str:
    return str(node.qualified_name or node.guid)
