"""
Explicit lineage: what feeds what, said outright (facet `lineage`, OpenLineage's LineageFacet 1-0-0).

Where it is present it is all there is: nothing else is inferred from inputs, outputs or column lineage. Sources and
targets may be jobs as well. The event's own job, which is meant by a job without a name, is the process in between: what
feeds it feeds all that it feeds. Other jobs Purview cannot connect; those are only counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from lineage.openlineage.columns import ColumnLineage, Source, is_direct, union
from lineage.openlineage.json_values import Json, as_identifier, as_name, as_object, as_text, objects
from lineage.openlineage.names import Name

OWN_JOB = {"type": "JOB"}
LEFT_OUT = "jobs"  # in what is kept of the facet: how many connections of other jobs it had


@dataclass(frozen=True, slots=True)
class ExplicitLineage:
    """
    `targets`: dataset -> which datasets feed it, which may be none; `jobs`: how many connections of jobs were left out.

    `read` are the datasets that feed the event's own job, `made` the targets that it feeds.
    """

    targets: dict[Name, ColumnLineage]
    jobs: int = 0
    read: frozenset[Name] = frozenset()
    made: frozenset[Name] = frozenset()

    @classmethod
    def of_job(cls, facet: Json, job: Name | None = None) -> Self:
        """The facet of a job, with one entry for each target. It may call the job by its name."""
        found: dict[Name, list[ColumnLineage]] = {}
        read: set[Name] = set()
        made: set[Name] = set()
        jobs = _count(facet.get(LEFT_OUT))
        for entry in objects(facet.get("entries")):
            target = as_name(entry)
            if _is_own(entry, job):
                read |= _entry(entry).sources
            elif target and _is_dataset(entry):
                found.setdefault(target, []).append(_entry(entry))
                if any(_is_own(source, job) for source in _sources(entry)):
                    made.add(target)
            jobs += _jobs(entry, job)
        targets = {target: union(found[target]) for target in sorted(found)}
        return cls(targets, jobs, frozenset(read), frozenset(made))

    @classmethod
    def of_dataset(cls, facet: Json, dataset: Name) -> Self:
        """The facet of a dataset, which is the target itself."""
        return cls({dataset: _entry(facet)}, _jobs({**facet, "type": "DATASET"}))

    def sources_of(self, target: Name) -> frozenset[Name]:
        """Every dataset that feeds a target, by itself or through the job."""
        sources = frozenset(self.targets[target].sources)
        return sources | self.read if target in self.made else sources

    def to_json(self) -> Json:
        """The facet of a job again. The job has no name in it, and other jobs are a number."""
        entries = [
            {**target.to_json(), "type": "DATASET", **_entry_json(lineage, made=target in self.made)}
            for target, lineage in self.targets.items()
        ]
        if self.read:
            entries.append({**OWN_JOB, **_entry_json(ColumnLineage({}, tuple(sorted(self.read))))})
        return {"entries": entries, **({LEFT_OUT: self.jobs} if self.jobs else {})}


def condense_job_lineage(facet: Json, job: Name | None = None) -> Json | None:
    return ExplicitLineage.of_job(facet, job).to_json() if isinstance(facet.get("entries"), list) else None


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
    return ExplicitLineage(
        united,
        max((lineage.jobs for lineage in lineages), default=0),
        frozenset().union(*(lineage.read for lineage in lineages)),
        frozenset().union(*(lineage.made for lineage in lineages)),
    ).to_json()


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


def _is_own(entity: Json, job: Name | None) -> bool:
    """Whether it is the event's own job, which has no name or that of the event's job."""
    return (as_text(entity.get("type")) or "").upper() == "JOB" and as_name(entity) in {None, job}


def _sources(entry: Json) -> Iterable[Json]:
    """All sources of an entry, those of its columns too."""
    fields = as_object(entry.get("fields")).values()
    for inputs in (entry.get("inputs"), *(as_object(field).get("inputs") for field in fields)):
        yield from objects(inputs)


def _jobs(entry: Json, job: Name | None = None) -> int:
    """Connections with another job at either end."""
    if not (_is_dataset(entry) or _is_own(entry, job)):
        return 1
    return sum(not _is_dataset(each) and as_name(each) not in {None, job} for each in _sources(entry))


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def _entry_json(lineage: ColumnLineage, *, made: bool = False) -> Json:
    fields = {
        column: {"inputs": [{**source.to_json(), "type": "DATASET"} for source in sources]}
        for column, sources in lineage.fields.items()
    }
    inputs = [{**dataset.to_json(), "type": "DATASET"} for dataset in lineage.datasets]
    return {"inputs": [*inputs, *([OWN_JOB] if made else [])], **({"fields": fields} if fields else {})}
