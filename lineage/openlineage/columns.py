"""
Column lineage: which columns of which datasets a column is made of (facet `columnLineage` of an output).

Only what a catalogue can draw is kept: the sources whose values flow into the column, and, for the dataset as a whole,
which datasets merely have a say (filters, joins, sorting). Spark copies the latter into every column unless told not to
(`spark.openlineage.columnLineage.datasetLineageEnabled`), which is most of what large events consist of.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from lineage.openlineage.json_values import Json, as_identifier, as_name, as_object, as_text, objects
from lineage.openlineage.names import Name

INDIRECT = "INDIRECT"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A column of a dataset, or the whole dataset where the field is empty."""

    dataset: Name
    field: str = ""

    def to_json(self) -> Json:
        return {**self.dataset.to_json(), "field": self.field}


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """`fields`: column -> the columns its values come from; `datasets`: all that matter without a column of their own."""

    fields: dict[str, tuple[Source, ...]]
    datasets: tuple[Name, ...]

    @classmethod
    def read(cls, facet: Json) -> Self:
        fields: dict[str, tuple[Source, ...]] = {}
        indirect: set[Name] = {source.dataset for source, _ in _sources(facet.get("dataset"))}
        for column, entry in as_object(facet.get("fields")).items():
            found = list(_sources(as_object(entry).get("inputFields")))
            indirect.update(source.dataset for source, direct in found if not (direct and source.field))
            direct = {source for source, is_direct in found if is_direct and source.field}
            if direct and as_identifier(column):
                fields[column.strip()] = tuple(sorted(direct))
        return cls(dict(sorted(fields.items())), tuple(sorted(indirect)))

    @property
    def sources(self) -> set[Name]:
        """Every dataset that is named."""
        return {source.dataset for sources in self.fields.values() for source in sources}.union(self.datasets)

    def to_json(self) -> Json:
        """The facet again, smaller."""
        fields = {
            column: {"inputFields": [source.to_json() for source in sources]}
            for column, sources in self.fields.items()
        }
        return {"fields": fields, "dataset": [Source(dataset).to_json() for dataset in self.datasets]}


def condense_columns(facet: Json) -> Json | None:
    lineage = ColumnLineage.read(facet)
    return lineage.to_json() if lineage.fields or lineage.datasets else None


def _sources(inputs: Any) -> Iterator[tuple[Source, bool]]:
    """Each source, and whether its values flow."""
    for each in objects(inputs):
        if name := as_name(each):
            yield Source(name, as_identifier(each.get("field")) or ""), is_direct(each.get("transformations"))


def is_direct(transformations: Any) -> bool:
    """
    Whether values flow: any transformation that is not INDIRECT says so.

    Most producers (dbt, Airflow, sqlmesh) write no transformations at all. That is not knowing, and no reason to drop
    the column.
    """
    kinds = [as_text(each.get("type")) or "" for each in objects(transformations)]
    return not kinds or any(kind.upper() != INDIRECT for kind in kinds)


def union(lineages: Iterable[ColumnLineage]) -> ColumnLineage:
    """What several say together."""
    fields: dict[str, set[Source]] = {}
    datasets: set[Name] = set()
    for lineage in lineages:
        datasets.update(lineage.datasets)
        for column, sources in lineage.fields.items():
            fields.setdefault(column, set()).update(sources)
    ordered = {column: tuple(sorted(fields[column])) for column in sorted(fields)}
    return ColumnLineage(ordered, tuple(sorted(datasets)))
