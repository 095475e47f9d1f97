"""Looking at the lineage around a dataset or process: what `GET /api/lineage` and `lineage show` have in common."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from lineage.catalogue import Catalogue, Found
from lineage.datamap import DataMap
from lineage.errors import NotFound, UnknownDataset
from lineage.graph import WIDTH, Graph
from lineage.naming import Asset, Rules
from lineage.references import understood
from lineage.request import (
    Dataset,
    DatasetByGuid,
    DatasetByQualifiedName,
    Guid,
    LineageRequest,
    Model,
    Name,
    TypeName,
    invalid,
    mistake,
)

DEEPEST = 31  # of the Data Map's lineage query
DEPTH = 3


class Direction(StrEnum):
    """Which way to look."""

    BOTH = "both"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


ASKED: Mapping[Direction, str] = {
    Direction.BOTH: "BOTH",
    Direction.UPSTREAM: "INPUT",
    Direction.DOWNSTREAM: "OUTPUT",
}


class Query(Model):
    """What `GET /api/lineage` may be asked: a dataset in one of two ways, and how far to look."""

    guid: Guid | None = None
    type_name: TypeName | None = None
    qualified_name: Name | None = None
    direction: Direction = Direction.BOTH
    depth: Annotated[int, Field(ge=1, le=DEEPEST)] = DEPTH

    @model_validator(mode="after")
    def _is_one_dataset(self) -> Self:
        if (self.guid is None) is (self.type_name is None) or bool(self.type_name) is not bool(
            self.qualified_name
        ):
            raise mistake(": give either guid, or typeName with qualifiedName")
        return self

    @property
    def dataset(self) -> Dataset:
        """As a request would name it."""
        if self.type_name and self.qualified_name:
            return DatasetByQualifiedName(type_name=self.type_name, qualified_name=self.qualified_name)
        return DatasetByGuid(guid=self.guid or "")


def read_query(parameters: Mapping[str, str]) -> Query:
    """The query of a URL, or `InvalidRequest` with every mistake. The function key may be one of its parameters."""
    given = {name: value for name, value in parameters.items() if name != "code"}
    try:
        return Query.model_validate(given, by_name=False, by_alias=True)
    except ValidationError as error:
        raise invalid(error) from None


async def look_around(
    datamap: DataMap, rules: Rules, dataset: Dataset, *, direction: Direction, depth: int
) -> Graph:
    """The lineage around a dataset, which may be found under another spelling; `UnknownDataset` if it is not."""
    reference = understood(LineageRequest(inputs=(dataset,), outputs=(dataset,)), rules, "fail")["inputs.0"]
    guid, warnings = (reference, ()) if isinstance(reference, str) else await _find(datamap, reference)
    try:
        answer = await datamap.lineage(guid, direction=ASKED[direction], depth=depth, width=WIDTH)
    except NotFound:
        raise UnknownDataset(f"no dataset or process has the guid {guid}") from None
    return Graph.read(answer).model_copy(update={"warnings": warnings})


async def _find(datamap: DataMap, asset: Asset) -> tuple[str, tuple[str, ...]]:
    """The guid of an asset, or of the only one that comes near."""
    found = (await Catalogue(datamap).find({asset}))[asset]
    node = found.node or (found.near[0] if len(found.near) == 1 else None)
    if node is None or node.guid is None:
        raise UnknownDataset(_missing(asset, found))
    return node.guid, () if found.node else (f"found as {node.type_name} {node.qualified_name}",)


def _missing(asset: Asset, found: Found) -> str:
    what = found.unknown_type or f"no {asset.type_name} has the qualifiedName {asset.qualified_name}"
    near = ", ".join(f"{node.type_name} {node.qualified_name}" for node in found.near)
    return f"{what}; several come near: {near}" if near else what
