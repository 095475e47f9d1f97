"""
What flows into what: the edges of a run, by OpenLineage's order of precedence.

1. Explicit lineage (facet `lineage`), where there is any, is all there is.
2. Column lineage says what an output is made of, and its datasets count as inputs even where the event forgot them. It
   narrows the inputs of one output among several only if together they account for every input; a parser that missed a
   join must not cut an edge.
3. Otherwise every input flows into every output.

No dataset flows into itself: a MERGE reads its target, and an edge from a table to itself says nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lineage.openlineage.columns import ColumnLineage
from lineage.openlineage.datasets import Datasets, names_nothing
from lineage.openlineage.event import Dataset
from lineage.openlineage.explicit import ExplicitLineage
from lineage.openlineage.names import Name
from lineage.openlineage.notes import Notes
from lineage.openlineage.snapshot import Snapshot


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A column of an input feeds a column of an output."""

    source: Name
    source_field: str
    target: Name
    target_field: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything that flows into one output. No inputs means that it is said to have none."""

    output: Name
    inputs: frozenset[Name]
    columns: tuple[Column, ...]


def flows_of(snapshot: Snapshot, datasets: Datasets, notes: Notes) -> list[Flow]:
    """The flows of a snapshot, one for each output that has any."""
    explicit = _explicit(snapshot)
    if explicit is not None:
        return _declared(explicit, snapshot, datasets, notes)
    return _observed(snapshot, datasets, notes)


def _explicit(snapshot: Snapshot) -> ExplicitLineage | None:
    if snapshot.dataset and "lineage" in snapshot.dataset.facets:
        return ExplicitLineage.of_dataset(snapshot.dataset.facets["lineage"], snapshot.dataset.name)
    if "lineage" in snapshot.job_facets:
        return ExplicitLineage.of_job(snapshot.job_facets["lineage"])
    return None


def _declared(explicit: ExplicitLineage, snapshot: Snapshot, datasets: Datasets, notes: Notes) -> list[Flow]:
    if explicit.jobs:
        notes.warn(
            "job.facets.lineage", f"{explicit.jobs} connections of jobs left out: Purview connects datasets"
        )
    flows = []
    for target, lineage in explicit.targets.items():
        if not _usable(target, "lineage", notes):
            continue
        sources = explicit.sources_of(target)
        inputs = {datasets.resolve(source) for source in sources if _usable(source, "lineage", notes)}
        flow = _flow(datasets.resolve(target), inputs, lineage, datasets)
        if flow.inputs or not sources:
            flows.append(flow)
    _warn_of_loose_ends(snapshot, flows, datasets, notes)
    return _by_output(flows)


def _warn_of_loose_ends(snapshot: Snapshot, flows: list[Flow], datasets: Datasets, notes: Notes) -> None:
    connected = {name for flow in flows for name in (flow.output, *flow.inputs)}
    for side, loose in (("inputs", snapshot.inputs), ("outputs", snapshot.outputs)):
        for dataset in loose:
            if datasets.resolve(dataset.name) not in connected:
                notes.warn(side, f"{dataset.name} has no part in the explicit lineage: not written")


def _observed(snapshot: Snapshot, datasets: Datasets, notes: Notes) -> list[Flow]:
    outputs = [each for each in snapshot.outputs if _usable(each.name, "outputs", notes)]
    inputs = {datasets.resolve(each.name) for each in snapshot.inputs if _usable(each.name, "inputs", notes)}
    lineages = {each.name: _column_lineage(each, datasets, notes) for each in outputs}
    sources = {name: frozenset(map(datasets.resolve, lineages[name].sources)) for name in lineages}
    named = frozenset().union(*sources.values())
    targets = {datasets.resolve(name) for name in lineages}
    if not (len(targets) > 1 and all(sources.values()) and inputs <= named):
        upstream, targets = _apart(inputs | named, targets)
        sources = dict.fromkeys(lineages, upstream)
    flows = _by_output(
        _flow(datasets.resolve(name), sources[name], lineages[name], datasets)
        for name in lineages
        if datasets.resolve(name) in targets
    )
    if inputs and outputs and not flows:
        notes.warn("outputs", "the only dataset that is read is the one that is written")
    return [flow for flow in flows if flow.inputs]


def _apart(inputs: set[Name], outputs: set[Name]) -> tuple[frozenset[Name], set[Name]]:
    """What is both read and written is on one side only: written if anything else is read, else read."""
    both = inputs & outputs
    if inputs - both:
        return frozenset(inputs - both), outputs
    return frozenset(inputs), outputs - both


def _column_lineage(output: Dataset, datasets: Datasets, notes: Notes) -> ColumnLineage:
    """An output's column lineage without the sources that are no datasets."""
    lineage = ColumnLineage.read(output.facets.get("columnLineage", {}))
    false = {source for source in lineage.sources if not datasets.is_plausible(source)}
    for source in sorted(false):
        notes.warn(
            "outputs", f"column lineage names {source}, which is not built like the other datasets: ignored"
        )
    fields = {
        column: tuple(source for source in sources if source.dataset not in false)
        for column, sources in lineage.fields.items()
    }
    return ColumnLineage(fields, tuple(name for name in lineage.datasets if name not in false))


def _usable(name: Name, path: str, notes: Notes) -> bool:
    if names_nothing(name):
        notes.warn(path, f"{name}: the producer could not tell the dataset: ignored")
        return False
    return True


def _flow(output: Name, inputs: Iterable[Name], lineage: ColumnLineage, datasets: Datasets) -> Flow:
    upstream = frozenset(inputs)
    upstream = upstream - {output} if output in upstream else upstream
    columns = {
        Column(datasets.resolve(source.dataset), source.field, output, column)
        for column, sources in lineage.fields.items()
        for source in sources
    }
    return Flow(output, upstream, tuple(sorted(column for column in columns if column.source in upstream)))


def _by_output(flows: Iterable[Flow]) -> list[Flow]:
    """One flow for each output, also where an event calls one dataset by two names."""
    found: dict[Name, Flow] = {}
    for flow in flows:
        known = found.get(flow.output)
        if known:
            columns = tuple(sorted({*known.columns, *flow.columns}))
            found[flow.output] = Flow(flow.output, known.inputs | flow.inputs, columns)
        else:
            found[flow.output] = flow
    return [found[name] for name in sorted(found)]
