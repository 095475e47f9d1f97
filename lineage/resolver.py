"""
Dataset references to what the catalogue holds: many per call, remembered for minutes.

A guid is taken at its word: whether it exists, the write itself says. A name goes through `naming` to a type and a
qualifiedName, and those are looked up, all of one type in one call. What is not found under its own name is looked
for under the other spellings a scan may have given it: one match is used and said, several are reported.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cachetools import TTLCache

from lineage import naming
from lineage.batching import Batcher, gather_all
from lineage.datamap import DataMap, Json
from lineage.errors import DataMapError, DatasetMissing, Mistake, NotFound, TypeMissing
from lineage.naming import Asset, Rules
from lineage.outcomes import WrittenEntity
from lineage.plan import Node, Nodes
from lineage.references import Reference, display_name, understood, without_unknown_types
from lineage.request import LineageRequest, OnMissing

REMEMBERED = 100_000  # datasets
REMEMBERED_FOR = 600.0  # seconds
NEAR_FOR = 5.0  # seconds for which other spellings are not looked for again
LOOKUPS_PER_CALL = 100
# A scan never brings a guid into being: it is waited for only as long as a new entity may take to be seen.
GUID_PATIENCE = timedelta(seconds=30)
NAMED = 5  # missing guids that are named at most


@dataclass(frozen=True, slots=True)
class Resolved:
    """Every dataset of a request by its path, and what a caller should know about how it was found."""

    nodes: Nodes
    warnings: tuple[str, ...] = ()


class Resolver:
    """Finds datasets, and remembers those it found."""

    def __init__(self, datamap: DataMap, rules: Rules = naming.BUILT_IN) -> None:
        self._datamap = datamap
        self._rules = rules
        self._by_asset: TTLCache[Asset, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)
        self._by_guid: TTLCache[str, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)
        self._near_by: TTLCache[Asset, tuple[Node, ...]] = TTLCache(REMEMBERED, NEAR_FOR)
        self._by_name: dict[str, Batcher[str, Node | None]] = {}
        self._guids = Batcher(
            self._look_up_guids,
            size=LOOKUPS_PER_CALL,
            concurrency=2,
            divides=lambda error: isinstance(error, NotFound),
        )

    async def resolve(self, request: LineageRequest, on_missing: OnMissing) -> Resolved:
        """
        Every dataset of the request, or `InvalidRequest` for names that mean nothing, or `DatasetMissing`.

        Column pairs on a process name their datasets by qualifiedName, so only then are guids looked up as well.
        """
        if request.action == "remove":  # what is not there has no edges either
            on_missing = "create"
        references = understood(request, self._rules, on_missing)
        unknown = await self._find_assets(references)
        warnings: tuple[str, ...] = ()
        if unknown:
            references, warnings = without_unknown_types(request, references, unknown, on_missing)
            await self._find_assets(references)
        if request.process and request.columns:
            await self._find_guids(references, on_missing)
        return self._resolved(request, references, on_missing, warnings)

    async def candidates(self, reference: Reference) -> tuple[Node, ...]:
        """What the catalogue holds of a dataset: itself, or what comes near; nothing for a guid, which is not asked for."""
        if isinstance(reference, str):
            return ()
        try:
            node = await self._look_up(reference)
        except TypeMissing:
            return ()
        return (node,) if node else await self._near(reference)

    async def missing(self, nodes: Nodes, on_missing: OnMissing, answer: DataMapError) -> DatasetMissing:
        """
        Which datasets the Data Map could not find, when it refused a write for that.

        For relationships it does not say, so it is asked. New entities are visible with a delay: only who asked for
        `fail` gets no second try.
        """
        guids = {path: node.guid for path, node in nodes.items() if node.guid}
        gone = await self._gone(set(guids.values()), answer) or set(guids.values())
        for node in nodes.values():
            if node.guid in gone:
                self._forget(node)
        mistakes = (
            Mistake(path, f"no entity has the guid {guid}") for path, guid in guids.items() if guid in gone
        )
        return DatasetMissing(*mistakes, final=on_missing == "fail", patience=GUID_PATIENCE, answer=answer)

    def remember(self, datasets: Iterable[WrittenEntity]) -> None:
        """Keeps the datasets that a write has just created."""
        for dataset in datasets:
            if dataset.result == "created" and dataset.qualified_name:
                node = Node(dataset.type_name, dataset.qualified_name, dataset.guid)
                asset = Asset(dataset.type_name, dataset.qualified_name)
                self._by_guid[dataset.guid] = self._by_asset[asset] = node

    async def _find_assets(self, references: Mapping[str, Reference]) -> dict[str, str]:
        """
        Fills the memory with the assets named, or with what comes near those that are not there.

        Answers the types that are not registered, each with what the Data Map says about it.
        """
        unknown: dict[str, set[Asset]] = defaultdict(set)
        for reference in references.values():
            if isinstance(reference, Asset) and reference not in self._by_asset:
                unknown[reference.type_name].add(reference)
        answers = await gather_all(map(self._find_of_one_type, unknown.values()))
        return {type_name: answer for type_name, answer in zip(unknown, answers, strict=True) if answer}

    async def _find_of_one_type(self, assets: Collection[Asset]) -> str | None:
        try:
            found = await gather_all(map(self._look_up, assets))
        except TypeMissing as error:
            return error.detail
        absent = [asset for asset, node in zip(assets, found, strict=True) if node is None]
        misses = [asset for asset in absent if asset not in self._near_by]
        self._near_by.update(zip(misses, await gather_all(map(self._near, misses)), strict=True))
        return None

    async def _look_up(self, asset: Asset) -> Node | None:
        if (known := self._by_asset.get(asset)) is not None:
            return known
        batcher = self._by_name.get(asset.type_name)
        if batcher is None:
            batcher = self._by_name[asset.type_name] = self._batcher(asset.type_name)
        node = await batcher.submit(asset.qualified_name)
        if node is not None:
            self._by_asset[asset] = node
        return node

    def _batcher(self, type_name: str) -> Batcher[str, Node | None]:
        async def look_up(names: Sequence[str]) -> Sequence[Node | None]:
            found = await self._datamap.entities_by_qualified_name(type_name, list(dict.fromkeys(names)))
            nodes = {_qualified_name(entity): _node(entity) for entity in filter(_is_active, found)}
            return [nodes.get(name) for name in names]

        return Batcher(look_up, size=LOOKUPS_PER_CALL, concurrency=2)

    async def _near(self, asset: Asset) -> tuple[Node, ...]:
        """What the catalogue holds under other spellings of an asset."""

        async def look_up(other: Asset) -> Node | None:
            try:
                return await self._look_up(other)
            except TypeMissing:
                return None

        found = await gather_all(map(look_up, naming.near(asset)))
        return tuple({node.guid: node for node in found if node is not None}.values())

    async def _find_guids(self, references: Mapping[str, Reference], on_missing: OnMissing) -> None:
        unknown = {
            path: reference
            for path, reference in references.items()
            if isinstance(reference, str) and reference not in self._by_guid
        }
        found = await asyncio.gather(*map(self._guids.submit, unknown.values()), return_exceptions=True)
        mistakes = []
        for (path, guid), node in zip(unknown.items(), found, strict=True):
            if isinstance(node, NotFound) or node is None:
                mistakes.append(_not_there(path, guid))
            elif isinstance(node, BaseException):
                raise node
            else:
                self._by_guid[guid] = node
        if mistakes:
            raise DatasetMissing(*mistakes, final=on_missing == "fail", patience=GUID_PATIENCE)

    async def _look_up_guids(self, guids: Sequence[str]) -> Sequence[Node | None]:
        found = await self._datamap.entities_by_guid(dict.fromkeys(guids))
        nodes = {entity["guid"]: _node(entity) for entity in filter(_is_active, found)}
        return [nodes.get(guid) for guid in guids]

    def _resolved(
        self,
        request: LineageRequest,
        references: Mapping[str, Reference],
        on_missing: OnMissing,
        about_types: tuple[str, ...],
    ) -> Resolved:
        datasets = dict(request.datasets())
        nodes: dict[str, Node] = {}
        warnings = list(about_types)
        mistakes: list[Mistake] = []
        for path, reference in references.items():
            node = self._known(reference)
            if node is None and isinstance(reference, Asset):
                near = self._near_by.get(reference, ())
                if len(near) == 1:
                    node = near[0]
                    warnings.append(f"{path}: {_name(reference)} was found as {_name(node)}")
                elif near or on_missing != "create":
                    mistakes.append(_not_there(path, reference, near))
                else:
                    name = display_name(datasets[path], reference)
                    node = Node(reference.type_name, reference.qualified_name, None, name)
            if node is not None:
                nodes[path] = node
        if mistakes:
            raise DatasetMissing(*mistakes, final=on_missing == "fail")
        return Resolved(nodes, tuple(warnings))

    def _known(self, reference: Reference) -> Node | None:
        if isinstance(reference, Asset):
            return self._by_asset.get(reference)
        return self._by_guid.get(reference) or Node("DataSet", None, reference)

    async def _gone(self, guids: set[str], answer: DataMapError) -> set[str]:
        """Which of the guids do not exist. Atlas refuses a read for the first one it misses, so it is asked again."""
        gone = {guid for guid in guids if guid in answer.detail}
        for _ in range(NAMED if not gone else 0):
            try:
                found = await self._datamap.entities_by_guid(guids - gone) if guids - gone else []
            except NotFound as error:
                gone |= {guid for guid in guids if guid in error.detail}
            else:
                return guids - {entity["guid"] for entity in filter(_is_active, found)}
        return gone

    def _forget(self, node: Node) -> None:
        self._by_guid.pop(node.guid or "", None)
        for asset in [asset for asset, known in self._by_asset.items() if known.guid == node.guid]:
            del self._by_asset[asset]


def _not_there(path: str, reference: Reference, near: Sequence[Node] = ()) -> Mistake:
    if isinstance(reference, str):
        return Mistake(path, f"no entity has the guid {reference}")
    what = f"no {reference.type_name} has the qualifiedName {reference.qualified_name}"
    if near:
        what += f"; several come near, name the one you mean: {', '.join(map(_name, near))}"
    return Mistake(path, what)


def _name(thing: Asset | Node) -> str:
    return f"{thing.type_name} {thing.qualified_name}"


def _is_active(entity: Json) -> bool:
    return bool(entity.get("status", "ACTIVE") == "ACTIVE")


def _qualified_name(entity: Json) -> str:
    return str(entity["attributes"]["qualifiedName"])


def _node(entity: Json) -> Node:
    return Node(entity["typeName"], _qualified_name(entity), entity["guid"])
