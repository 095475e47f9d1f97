"""
What the Data Map holds of datasets: looked up many per call, and remembered for minutes.

What was found is remembered; what was not is looked for again each time, since a scan may bring it at any moment.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cachetools import TTLCache

from lineage import naming
from lineage.answers import Json
from lineage.batching import Batcher, gather_all
from lineage.datamap import DataMap
from lineage.errors import NotFound, TypeMissing, concerns_one
from lineage.naming import Asset
from lineage.outcomes import WrittenEntity
from lineage.plan import Node

REMEMBERED = 100_000  # datasets
REMEMBERED_FOR = 600.0  # seconds
NEAR_FOR = 5.0  # seconds for which other spellings are not looked for again
LOOKUPS_PER_CALL = 100
NAMED = 5  # missing guids that are named at most


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of an asset: itself, or what comes near; or what the Data Map says to its type."""

    node: Node | None = None
    near: tuple[Node, ...] = ()
    unknown_type: str | None = None


class Catalogue:
    """The datasets of one Data Map, as this process knows them."""

    def __init__(self, datamap: DataMap) -> None:
        self._datamap = datamap
        self._by_asset: TTLCache[Asset, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)
        self._by_guid: TTLCache[str, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)
        self._near_by: TTLCache[Asset, tuple[Node, ...]] = TTLCache(REMEMBERED, NEAR_FOR)
        self._names: dict[str, Batcher[str, Node | None]] = {}
        self._guids = Batcher(
            self._look_up_guids, size=LOOKUPS_PER_CALL, concurrency=2, divides=_is_not_found
        )

    async def find(self, assets: Collection[Asset]) -> dict[Asset, Found]:
        """What there is of each asset; those that are remembered cost nothing."""
        found = {asset: Found(node) for asset in assets if (node := self._by_asset.get(asset))}
        missing = [asset for asset in assets if asset not in found]
        return found | dict(zip(missing, await gather_all(map(self._find, missing)), strict=True))

    async def find_guids(self, guids: Collection[str]) -> dict[str, Node | None]:
        """The datasets of guids; None for those that do not exist."""
        found = await gather_all(map(self._find_guid, guids))
        return dict(zip(guids, found, strict=True))

    async def gone(self, guids: Collection[str], said: str) -> set[str]:
        """
        Which guids do not exist, after a write was refused for that with the words `said`.

        For relationships the Data Map does not name them; and it refuses a read for the first one it misses.
        """
        gone = {guid for guid in guids if guid in said}
        rest = set(guids) - gone
        for _ in range(NAMED if rest and not gone else 0):
            try:
                found = await self._datamap.entities_by_guid(rest)
            except NotFound as error:
                named = {guid for guid in rest if guid in error.detail}
                gone |= named
                rest -= named
                if not named or not rest:
                    break
            else:
                return gone | (rest - {entity["guid"] for entity in filter(_is_active, found)})
        return gone

    def remember(self, datasets: Iterable[WrittenEntity]) -> None:
        """Keeps the datasets that a write has just created."""
        for dataset in datasets:
            if dataset.result == "created" and dataset.qualified_name:
                node = Node(dataset.type_name, dataset.qualified_name, dataset.guid)
                asset = Asset(dataset.type_name, dataset.qualified_name)
                self._by_guid[dataset.guid] = self._by_asset[asset] = node

    def forget(self, guids: Collection[str]) -> None:
        """Drops what turned out not to exist any more."""
        for guid in guids:
            self._by_guid.pop(guid, None)
        for asset in [asset for asset, node in self._by_asset.items() if node.guid in guids]:
            self._by_asset.pop(asset, None)

    async def _find(self, asset: Asset) -> Found:
        try:
            node = await self._look_up(asset)
        except TypeMissing as error:
            return Found(unknown_type=error.detail)
        return Found(node) if node else Found(near=await self._near(asset))

    async def _near(self, asset: Asset) -> tuple[Node, ...]:
        """What the catalogue holds under other spellings of an asset."""
        near = self._near_by.get(asset)
        if near is None:
            found = await gather_all(map(self._look_up_other, naming.near(asset)))
            near = tuple({node.guid: node for node in found if node is not None}.values())
            self._near_by[asset] = near
        return near

    async def _look_up_other(self, asset: Asset) -> Node | None:
        try:
            return self._by_asset.get(asset) or await self._look_up(asset)
        except TypeMissing:
            return None

    async def _look_up(self, asset: Asset) -> Node | None:
        if asset.type_name not in self._names:
            self._names[asset.type_name] = self._batcher(asset.type_name)
        node = await self._names[asset.type_name].submit(asset.qualified_name)
        if node is not None:
            self._by_asset[asset] = node
        return node

    def _batcher(self, type_name: str) -> Batcher[str, Node | None]:
        async def look_up(names: Sequence[str]) -> Sequence[Node | None]:
            found = await self._datamap.entities_by_qualified_name(type_name, list(dict.fromkeys(names)))
            nodes = {_qualified_name(entity): _node(entity) for entity in filter(_is_active, found)}
            return [nodes.get(name) for name in names]

        return Batcher(look_up, size=LOOKUPS_PER_CALL, concurrency=2, divides=_is_of_one_name)

    async def _find_guid(self, guid: str) -> Node | None:
        if (known := self._by_guid.get(guid)) is not None:
            return known
        try:
            node = await self._guids.submit(guid)
        except NotFound:
            return None
        if node is not None:
            self._by_guid[guid] = node
        return node

    async def _look_up_guids(self, guids: Sequence[str]) -> Sequence[Node | None]:
        found = await self._datamap.entities_by_guid(dict.fromkeys(guids))
        nodes = {entity["guid"]: _node(entity) for entity in filter(_is_active, found)}
        return [nodes.get(guid) for guid in guids]


def _is_of_one_name(error: Exception) -> bool:
    return concerns_one(error) and not isinstance(error, TypeMissing)


def _is_not_found(error: Exception) -> bool:
    return isinstance(error, NotFound)


def _is_active(entity: Json) -> bool:
    return bool(entity.get("status", "ACTIVE") == "ACTIVE")


def _qualified_name(entity: Json) -> str:
    return str(entity["attributes"]["qualifiedName"])


def _node(entity: Json) -> Node:
    return Node(entity["typeName"], _qualified_name(entity), entity["guid"])
