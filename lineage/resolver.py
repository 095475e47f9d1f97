"""
Dataset references to what the catalogue holds: many per call, remembered for minutes.

A guid is taken at its word: whether it exists, the write itself says. A name goes through `naming` to a type and a
qualifiedName, and those are looked up, all of one type in one call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cachetools import TTLCache

from lineage import naming
from lineage.datamap import DataMap, Json
from lineage.errors import DataMapError, DatasetMissing, InvalidRequest, Mistake, NotFound, TypeMissing
from lineage.naming import Asset
from lineage.outcomes import WrittenEntity
from lineage.plan import Node, Nodes
from lineage.request import (
    GUID_PATTERN,
    Dataset,
    DatasetByGuid,
    DatasetByName,
    DatasetByQualifiedName,
    LineageRequest,
    OnMissing,
)

REMEMBERED = 100_000  # datasets
REMEMBERED_FOR = 600.0  # seconds
NAMED = 5  # missing guids that are named at most


class Resolver:
    """Finds datasets, and remembers those it found. What is missing is looked for again each time."""

    def __init__(self, datamap: DataMap) -> None:
        self._datamap = datamap
        self._by_asset: TTLCache[Asset, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)
        self._by_guid: TTLCache[str, Node] = TTLCache(REMEMBERED, REMEMBERED_FOR)

    async def resolve(self, request: LineageRequest, on_missing: OnMissing) -> Nodes:
        """
        Every dataset of the request, or `InvalidRequest` for names that no rule understands, or `DatasetMissing`.

        Column pairs on a process name their datasets by qualifiedName, so only then are guids looked up as well.
        """
        if request.action == "remove":  # what is not there has no edges either
            on_missing = "create"
        references = _understood(request)
        await self._find_assets(references)
        if request.process and request.columns:
            guids = {reference for reference in references.values() if isinstance(reference, str)}
            await self._find_guids(guids - self._by_guid.keys(), references, on_missing)
        nodes = {path: self._known(reference) for path, reference in references.items()}
        missing = {path: references[path] for path, node in nodes.items() if node is None}
        if missing and on_missing != "create":
            raise DatasetMissing(
                *(_not_there(path, what) for path, what in missing.items()), final=on_missing == "fail"
            )
        names = {path: _display_name(dataset) for path, dataset in request.datasets() if path in missing}
        return {path: node or _to_create(path, references[path], names[path]) for path, node in nodes.items()}

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
        return DatasetMissing(*mistakes, final=on_missing == "fail", answer=answer)

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
        if node.qualified_name:
            self._by_asset.pop(Asset(node.type_name, node.qualified_name), None)

    def remember(self, datasets: Iterable[WrittenEntity]) -> None:
        """Keeps the datasets that a write has just created."""
        for dataset in datasets:
            if dataset.result == "created" and dataset.qualified_name:
                node = Node(dataset.type_name, dataset.qualified_name, dataset.guid)
                self._by_guid[dataset.guid] = node
                self._by_asset[Asset(dataset.type_name, dataset.qualified_name)] = node

    def _known(self, reference: Asset | str) -> Node | None:
        if isinstance(reference, Asset):
            return self._by_asset.get(reference)
        return self._by_guid.get(reference) or Node("DataSet", None, reference)

    async def _find_assets(self, references: Mapping[str, Asset | str]) -> None:
        by_type: dict[str, dict[str, str]] = defaultdict(dict)
        for path, reference in references.items():
            if isinstance(reference, Asset) and reference not in self._by_asset:
                by_type[reference.type_name].setdefault(reference.qualified_name, path)
        for type_name, paths in by_type.items():
            try:
                found = await self._datamap.entities_by_qualified_name(type_name, list(paths))
            except TypeMissing as error:
                raise InvalidRequest(*(Mistake(path, error.detail) for path in paths.values())) from error
            for entity in filter(_is_active, found):
                self._by_asset[Asset(type_name, _qualified_name(entity))] = _node(entity)

    async def _find_guids(
        self, guids: set[str], references: Mapping[str, Asset | str], on_missing: OnMissing
    ) -> None:
        try:
            found = await self._datamap.entities_by_guid(guids) if guids else []
        except NotFound as error:  # Atlas refuses the whole call and names the guid
            gone = [
                (path, guid)
                for path, guid in references.items()
                if isinstance(guid, str) and guid in error.detail
            ]
            mistakes = (_not_there(path, guid) for path, guid in gone)
            raise DatasetMissing(*mistakes, final=on_missing == "fail", answer=error) from error
        for entity in filter(_is_active, found):
            self._by_guid[entity["guid"]] = _node(entity)


def _understood(request: LineageRequest) -> dict[str, Asset | str]:
    """Each dataset as a guid or as type and qualifiedName, by path."""
    references: dict[str, Asset | str] = {}
    mistakes = []
    for path, dataset in request.datasets():
        reference = _reference(dataset)
        if reference is None:
            mistakes.append(
                Mistake(path, f"no naming rule understands {dataset!r}: write {{typeName, qualifiedName}}")
            )
        else:
            references[path] = reference
    if mistakes:
        raise InvalidRequest(*mistakes)
    return references


def _reference(dataset: Dataset) -> Asset | str | None:
    match dataset:
        case DatasetByGuid():
            return dataset.guid
        case DatasetByQualifiedName():
            return Asset(dataset.type_name, dataset.qualified_name)
        case DatasetByName():
            match = naming.locate_openlineage(dataset.namespace, dataset.name)
        case str() if GUID_PATTERN.match(dataset):
            return dataset.lower()
        case str():
            match = naming.locate(dataset)
    return match.asset if match else None


def _not_there(path: str, reference: Asset | str) -> Mistake:
    if isinstance(reference, str):
        return Mistake(path, f"no entity has the guid {reference}")
    return Mistake(path, f"no {reference.type_name} has the qualifiedName {reference.qualified_name}")


def _to_create(path: str, reference: Asset | str, display_name: str | None) -> Node:
    if isinstance(reference, str):  # a guid is given by Purview: there is nothing to create it from
        raise DatasetMissing(_not_there(path, reference), final=True)
    name = display_name or naming.display_name(reference)
    return Node(reference.type_name, reference.qualified_name, None, name)


def _display_name(dataset: Dataset) -> str | None:
    return dataset.display_name if isinstance(dataset, DatasetByQualifiedName) else None


def _is_active(entity: Json) -> bool:
    return bool(entity.get("status", "ACTIVE") == "ACTIVE")


def _qualified_name(entity: Json) -> str:
    return str(entity["attributes"]["qualifiedName"])


def _node(entity: Json) -> Node:
    return Node(entity["typeName"], _qualified_name(entity), entity["guid"])
