"""
All the lineage that somebody declares: what is to be there, in place of what they declared before.

A job declares its processes, which are several where its outputs have different inputs; a dataset event declares the
edges into its dataset. Others may have drawn edges to the same datasets, so what goes away is what the declarer itself
is recorded to have written, and nothing else. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lineage.batching import batched
from lineage.fingerprint import process_key
from lineage.openlineage import Snapshot, Translation
from lineage.order import Piece, Pieces, Version
from lineage.outcomes import Outcome
from lineage.plan import PROCESS_TYPE, Nodes
from lineage.request import DIRECT_EDGES_LIMIT, DatasetByQualifiedName, LineageRequest, Process

PROCESS_NAMES = 2  # in a piece that is a process: typeName and qualifiedName


@dataclass(frozen=True, slots=True)
class Declaration:
    """
    Requests that belong together, under the id of their outcome.

    Without a `declarer` they are written whenever they come; without a `version` one at a time. `is_whole`: what the
    declarer wrote before and they do not say goes away. `is_withdrawal`: nothing is left to say, which concerns only what
    the same run said before.
    """

    id: str
    requests: tuple[LineageRequest, ...]
    declarer: str | None = None
    version: Version | None = None
    is_whole: bool = False
    is_withdrawal: bool = False

    @classmethod
    def of_request(cls, request: LineageRequest) -> "Declaration":
        """
        A request by itself: the process is its own declarer, and what it wrote before is its caller's affair. One that
        adds reads before it writes, and must be alone in between.
        """
        adds = request.mode == "append" and request.action == "write"
        if request.process is None or not (request.event_time or adds):
            return cls(request.key, (request,))
        key = process_key(request.process.type_name or PROCESS_TYPE, request.process.key)
        return cls(request.key, (request,), key, Version(request.event_time) if request.event_time else None)

    @classmethod
    def of_event(cls, key: str, snapshot: Snapshot, translation: Translation) -> "Declaration":
        """What an event, or all events of its run, come to."""
        declarer = str(translation.declarer)
        return cls(
            key,
            translation.requests,
            process_key(PROCESS_TYPE, declarer) if snapshot.job else f"dataset {declarer}",
            Version(snapshot.last, snapshot.by, snapshot.known),
            is_whole=True,
            is_withdrawal=not (translation.requests or snapshot.declares_lineage),
        )

    def withdrawn(self, alias: str) -> "Declaration":
        """That nothing is left to say in the name of a process for which the same run was taken when less was known."""
        return replace(self, requests=(), declarer=process_key(PROCESS_TYPE, alias), is_withdrawal=True)


def intended(request: LineageRequest, nodes: Nodes) -> Iterator[Piece]:
    """What a request is going to write: its process, or its direct edges."""
    if request.process is not None:
        yield request.process.type_name or PROCESS_TYPE, request.process.key
        return
    sides = {"inputs": set[Piece](), "outputs": set[Piece]()}
    for path, node in nodes.items():
        side, _, _ = path.partition(".")
        if side in sides:
            sides[side].add((node.type_name, str(node.qualified_name)))
    yield from (source + target for source in sides["inputs"] for target in sides["outputs"])


def guids_of(outcome: Outcome) -> dict[Piece, str]:
    """The guids of what was written."""
    guids: dict[Piece, str] = {}
    if outcome.process and outcome.process.qualified_name:
        guids[outcome.process.type_name, outcome.process.qualified_name] = outcome.process.guid
    names = {each.guid: (each.type_name, str(each.qualified_name)) for each in outcome.datasets}
    for edge in outcome.relationships:
        if edge.end1 in names and edge.end2 in names:
            guids[names[edge.end1] + names[edge.end2]] = edge.guid or ""
    return guids


@dataclass(frozen=True, slots=True)
class Removal:
    """A request that takes something away. `guids`: of the `process`, or of the edge from each input, where known."""

    request: LineageRequest
    guids: Mapping[str, str]


def removals(pieces: Pieces) -> Iterator[Removal]:
    """What it takes to take pieces away."""
    sources: dict[Piece, list[Piece]] = defaultdict(list)
    for piece in sorted(pieces):
        if len(piece) == PROCESS_NAMES:
            yield Removal(_without_process(*piece), _known(process=pieces[piece]))
        else:
            sources[piece[PROCESS_NAMES:]].append(piece)
    for target, edges in sources.items():
        for some in batched(edges, DIRECT_EDGES_LIMIT):
            inputs = tuple(_dataset(edge[:PROCESS_NAMES]) for edge in some)
            request = LineageRequest(action="remove", inputs=inputs, outputs=(_dataset(target),))
            known = {f"inputs.{number}": pieces[edge] for number, edge in enumerate(some)}
            yield Removal(request, _known(**known))


def _without_process(type_name: str, qualified_name: str) -> LineageRequest:
    process = Process(name=qualified_name, type_name=type_name, qualified_name=qualified_name)
    return LineageRequest(action="remove", process=process)


def _known(**guids: str) -> dict[str, str]:
    return {path: guid for path, guid in guids.items() if guid}


def _dataset(names: Piece) -> DatasetByQualifiedName:
    type_name, qualified_name = names
    return DatasetByQualifiedName(type_name=type_name, qualified_name=qualified_name)
