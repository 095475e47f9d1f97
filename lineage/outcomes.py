"""What became of a request: the answer of `POST /api/lineage`."""

from typing import Literal

from pydantic import Field

from lineage.request import Model

Result = Literal["created", "updated", "unchanged", "removed"]


class WrittenEntity(Model):
    """A dataset or process of the request, and what the write did to it."""

    guid: str
    type_name: str
    qualified_name: str | None = None
    result: Result


class WrittenRelationship(Model):
    """An edge that was written by itself: direct lineage, or an input or output added to a process."""

    relationship_type: str
    end1: str = Field(description="guid; in direct lineage the upstream dataset")
    end2: str = Field(description="guid; in direct lineage the downstream dataset")
    result: Result


class Outcome(Model):
    """A request that is done."""

    id: str
    status: Literal["done"] = "done"
    process: WrittenEntity | None = None
    datasets: tuple[WrittenEntity, ...] = ()
    relationships: tuple[WrittenRelationship, ...] = ()
    removed: int = Field(default=0, description="edges and processes that were taken away")
    warnings: tuple[str, ...] = ()
