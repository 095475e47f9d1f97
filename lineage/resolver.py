"""
Dataset references to what the catalogue holds, or to what is to be created.

A guid is taken at its word: whether it exists, the write itself says. A name goes through `naming` to a type and a
qualifiedName, and is looked up. What is not there under its own name is looked for under the other spellings a scan may
have given it: one match is used and said, several are reported, never guessed between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lineage import naming
from lineage.catalogue import Catalogue, Found
from lineage.datamap import DataMap
from lineage.errors import DataMapError, DatasetMissing, Mistake
from lineage.naming import Asset, Rules
from lineage.outcomes import WrittenEntity
from lineage.plan import Node, Nodes
from lineage.references import GENERIC, Reference, display_name, understood, without_unknown_types
from lineage.request import LineageRequest, OnMissing

# A scan never brings a guid into being: it is waited for only as long as a new entity may take to be seen.
GUID_PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Every dataset of a request by its path, and what a caller should know about how it was found."""

    nodes: Nodes
    warnings: tuple[str, ...] = ()


class Resolver:
    """Finds the datasets of requests."""

    def __init__(self, datamap: DataMap, rules: Rules = naming.BUILT_IN) -> None:
        self._catalogue = Catalogue(datamap)
        self._rules = rules

    async def resolve(self, request: LineageRequest, on_missing: OnMissing) -> Resolved:
        """Every dataset of the request, or `InvalidRequest` for names that mean nothing, or `DatasetMissing`."""
        if request.action == "remove":  # what is not there has no edges either
            on_missing = "create"
        references = understood(request, self._rules, on_missing)
        found = await self._find(references)
        warnings: tuple[str, ...] = ()
        if unknown := {
            asset.type_name: each.unknown_type for asset, each in found.items() if each.unknown_type
        }:
            references, warnings = without_unknown_types(request, references, unknown, on_missing)
            found = await self._find(references)
        by_guid = await self._find_guids(request, references, on_missing)
        nodes, more = _chosen(request, references, found, by_guid, on_missing)
        return Resolved(nodes, warnings + more)

    async def candidates(self, references: Iterable[Reference]) -> dict[Asset, Found]:
        """What the catalogue holds of each asset, for explanations."""
        return await self._catalogue.find({each for each in references if isinstance(each, Asset)})

    async def missing(self, nodes: Nodes, on_missing: OnMissing, answer: DataMapError) -> DatasetMissing:
        """
        Which datasets the Data Map could not find, when it refused a write for that.

        New entities are visible with a delay: only who asked for `fail` gets no second try.
        """
        guids = {path: node.guid for path, node in nodes.items() if node.guid}
        gone = await self._catalogue.gone(set(guids.values()), answer.detail) or set(guids.values())
        self._catalogue.forget(gone)
        mistakes = (_not_there(path, guid) for path, guid in guids.items() if guid in gone)
        return DatasetMissing(*mistakes, final=on_missing == "fail", patience=GUID_PATIENCE, answer=answer)

    def remember(self, datasets: Iterable[WrittenEntity]) -> None:
        """Keeps the datasets that a write has just created."""
        self._catalogue.remember(datasets)

    async def _find(self, references: Mapping[str, Reference]) -> dict[Asset, Found]:
        return await self.candidates(references.values())

    async def _find_guids(
        self, request: LineageRequest, references: Mapping[str, Reference], on_missing: OnMissing
    ) -> Mapping[str, Node | None]:
        """Column pairs on a process name their datasets by qualifiedName: only then are guids looked up."""
        if not (request.process and request.columns and request.action == "write"):
            return {}
        guids = {reference for reference in references.values() if isinstance(reference, str)}
        found = await self._catalogue.find_guids(guids)
        gone = [
            (path, guid) for path, guid in references.items() if isinstance(guid, str) and found[guid] is None
        ]
        if gone:
            mistakes = (_not_there(path, guid) for path, guid in gone)
            raise DatasetMissing(*mistakes, final=on_missing == "fail", patience=GUID_PATIENCE)
        return found


def _chosen(
    request: LineageRequest,
    references: Mapping[str, Reference],
    found: Mapping[Asset, Found],
    by_guid: Mapping[str, Node | None],
    on_missing: OnMissing,
) -> tuple[Nodes, tuple[str, ...]]:
    """A node for every path, or `DatasetMissing` with those for which there is none, or more than one."""
    datasets = dict(request.datasets())
    nodes: dict[str, Node] = {}
    warnings: list[str] = []
    mistakes: list[Mistake] = []
    for path, reference in references.items():
        if isinstance(reference, str):
            nodes[path] = by_guid.get(reference) or Node(GENERIC, None, reference)
            continue
        node, near = found[reference].node, found[reference].near
        if node is None and len(near) == 1:
            node = near[0]
            warnings.append(f"{path}: {_name(reference)} was found as {_name(node)}")
        ambiguous = near and request.action == "write"
        if node is None and (ambiguous or on_missing != "create"):
            mistakes.append(_not_there(path, reference, near))
            continue
        name = display_name(datasets[path], reference)
        nodes[path] = node or Node(reference.type_name, reference.qualified_name, None, name)
    if mistakes:
        raise DatasetMissing(*mistakes, final=on_missing == "fail")
    return nodes, tuple(warnings)


def _not_there(path: str, reference: Reference, near: Sequence[Node] = ()) -> Mistake:
    if isinstance(reference, str):
        return Mistake(path, f"no entity has the guid {reference}")
    what = f"no {reference.type_name} has the qualifiedName {reference.qualified_name}"
    if near:
        what += f"; several come near, name the one you mean: {', '.join(map(_name, near))}"
    return Mistake(path, what)


def _name(thing: Asset | Node) -> str:
    return f"{thing.type_name} {thing.qualified_name}"
