"""
Explicit lineage: what feeds what, said outright (facet `lineage`, OpenLineage's LineageFacet 1-0-0).

Where it is present it is all there is: nothing else is inferred from inputs, outputs or column lineage. Sources and
targets may be jobs as well, which Purview cannot connect to one another; those are only counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from lineage.openlineage.columns import ColumnLineage, Source, is_direct, union
from lineage.openlineage.json_values import Json, as_identifier, as_name, as_object, as_text, objects
from lineage.openlineage.names import Name


@dataclass(frozen=True, slots=True)
class ExplicitLineage:
    """`targets`: dataset -> what feeds it, which may be nothing; `jobs`: how many connections of jobs were left out."""

    targets: dict[Name, ColumnLineage]
    jobs: int = 0

    @classmethod
    def of_job(cls, facet: Json) -> Self:
        """The facet of a job: one entry for each target."""
        found: dict[Name, list[ColumnLineage]] = {}
        jobs = 0
        for entry in objects(facet.get("entries")):
            target = as_name(entry)
            if target and _is_dataset(entry):
                found.setdefault(target, []).append(_entry(entry))
            jobs += _jobs(entry)
        return cls({target: union(found[target]) for target in sorted(found)}, jobs)

    @classmethod
    def of_dataset(cls, facet: Json, dataset: Name) -> Self:
        """The facet of a dataset, which is the target itself."""
        return cls({dataset: _entry(facet)}, _jobs({**facet, "type": "DATASET"}))

    def to_json(self) -> Json:
        """The facet of a job again."""
        entries = [
            {**target.to_json(), "type": "DATASET", **_entry_json(self.targets[target])}
            for target in self.targets
        ]
        return {"entries": [*entries, *[{"type": "JOB"}] * self.jobs]}


def condense_job_lineage(facet: Json) -> Json | None:
    return ExplicitLineage.of_job(facet).to_json() if isinstance(facet.get("entries"), list) else None


def condense_dataset_lineage(facet: Json) -> Json | None:
    if not (isinstance(facet.get("inputs"), list) or as_object(facet.get("fields"))):
        return None
    return _entry_json(_entry(facet))


def unite(facets: Iterable[Json]) -> Json:
    """The facets of a run's events accumulate, unlike all others (OpenLineage's explicit lineage guide)."""
    lineages = [ExplicitLineage.of_job(facet) for facet in facets]
    targets = {target for lineage in lineages for target in lineage.targets}
    united = {
        target: union(lineage.targets[target] for lineage in lineages if target in lineage.targets)
        for target in sorted(targets)
    }
    return ExplicitLineage(united, max((lineage.jobs for lineage in lineages), default=0)).to_json()


def _entry(entry: Json) -> ColumnLineage:
    whole = [source.dataset for source in _datasets(entry.get("inputs"))]
    fields: dict[str, tuple[Source, ...]] = {}
    for column, field in as_object(entry.get("fields")).items():
        inputs = as_object(field).get("inputs")
        whole += [source.dataset for source in _datasets(inputs)]
        direct = {source for source in _datasets(inputs, flowing=True) if source.field}
        if direct and as_identifier(column):
            fields[column.strip()] = tuple(sorted(direct))
    return ColumnLineage(dict(sorted(fields.items())), tuple(sorted(set(whole))))


def _datasets(inputs: Any, *, flowing: bool = False) -> Iterable[Source]:
    """The datasets among the sources; with `flowing` only those whose values flow."""
    for each in objects(inputs):
        name = as_name(each)
        if name and _is_dataset(each) and (not flowing or is_direct(each.get("transformations"))):
            yield Source(name, as_identifier(each.get("field")) or "")


def _is_dataset(entity: Json) -> bool:
    return (as_text(entity.get("type")) or "DATASET").upper() == "DATASET"


def _jobs(entry: Json) -> int:
    """Connections with a job at either end. A source that is the event's own job has no name and connects nothing."""
    if not _is_dataset(entry):
        return 1
    fields = as_object(entry.get("fields")).values()
    lists = [entry.get("inputs"), *(as_object(field).get("inputs") for field in fields)]
    return sum(
        not _is_dataset(each) and as_name(each) is not None for inputs in lists for each in objects(inputs)
    )


def _entry_json(lineage: ColumnLineage) -> Json:
    fields = {
        column: {"inputs": [{**source.to_json(), "type": "DATASET"} for source in sources]}
        for column, sources in lineage.fields.items()
    }
    inputs = [{**dataset.to_json(), "type": "DATASET"} for dataset in lineage.datasets]
    return {"inputs": inputs, **({"fields": fields} if fields else {})}
