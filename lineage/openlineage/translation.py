"""From what is known of a run to the lineage to write, or the reason why there is none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lineage.errors import InvalidRequest, Mistake
from lineage.naming import BUILT_IN, Rules
from lineage.openlineage.datasets import Datasets
from lineage.openlineage.event import EventKind, EventType
from lineage.openlineage.flows import Column, Flow, flows_of
from lineage.openlineage.identity import Options, identify, is_child_query
from lineage.openlineage.names import Name
from lineage.openlineage.notes import Notes
from lineage.openlineage.process import part_of, process_of
from lineage.openlineage.snapshot import Snapshot
from lineage.request import (
    COLUMNS_LIMIT,
    DATASETS_LIMIT,
    DIRECT_EDGES_LIMIT,
    ColumnEnd,
    ColumnMapping,
    ColumnOfDataset,
    DatasetByName,
    LineageRequest,
    Process,
)


class Verdict(StrEnum):
    """What comes of a snapshot."""

    LINEAGE = "lineage to write"
    RUNNING = "the run has not ended yet"
    FAILED = "the run failed, so what it meant to write is not lineage"
    ABORTED = "the run was aborted, so what it meant to write is not lineage"
    CHILD_QUERY = "one query of a task, which tells its lineage itself"
    NOTHING = "no inputs or no outputs that are datasets"


@dataclass(frozen=True, slots=True)
class Translation:
    """`requests` are there exactly if the verdict is LINEAGE; `warnings` say what was left out, and where."""

    verdict: Verdict
    requests: tuple[LineageRequest, ...] = ()
    warnings: tuple[Mistake, ...] = ()


def translate(snapshot: Snapshot, options: Options | None = None, rules: Rules = BUILT_IN) -> Translation:
    """The requests that a snapshot asks for. `InvalidRequest` if it is more than a request can hold."""
    options = options or Options()
    if verdict := _why_not(snapshot, options):
        return Translation(verdict)
    notes = Notes()
    flows = flows_of(snapshot, Datasets.of(snapshot, rules), notes)
    if not flows:
        return Translation(Verdict.NOTHING, warnings=tuple(notes.warnings))
    requests = tuple(_requests(snapshot, flows, options, notes))
    return Translation(Verdict.LINEAGE if requests else Verdict.NOTHING, requests, tuple(notes.warnings))


def _why_not(snapshot: Snapshot, options: Options) -> Verdict | None:
    if not snapshot.is_final:
        return Verdict.RUNNING
    if snapshot.kind is EventKind.RUN and snapshot.state in _UNFINISHED:
        return _UNFINISHED[snapshot.state]
    if is_child_query(snapshot) and not options.child_queries:
        return Verdict.CHILD_QUERY
    return None


_UNFINISHED = {EventType.FAIL: Verdict.FAILED, EventType.ABORT: Verdict.ABORTED}


def _requests(
    snapshot: Snapshot, flows: list[Flow], options: Options, notes: Notes
) -> Iterator[LineageRequest]:
    identity = identify(snapshot, [flow.output for flow in flows], options)
    if identity is None:
        yield from _direct(flows, notes)
        return
    process = process_of(snapshot, identity)
    if len({flow.inputs for flow in flows}) == 1:
        yield _request(flows, process, notes)
    else:
        for flow in flows:
            yield _request([flow], part_of(process, flow.output), notes)


def _direct(flows: list[Flow], notes: Notes) -> Iterator[LineageRequest]:
    """A dataset event has no job: its lineage is from dataset to dataset."""
    for flow in flows:
        if len(flow.inputs) > DIRECT_EDGES_LIMIT:
            raise InvalidRequest(
                Mistake("dataset.facets.lineage", f"has more than {DIRECT_EDGES_LIMIT} inputs")
            )
        if flow.inputs:
            yield _request([flow], None, notes)


def _request(flows: list[Flow], process: Process | None, notes: Notes) -> LineageRequest:
    inputs = sorted({name for flow in flows for name in flow.inputs})
    outputs = [flow.output for flow in flows]
    for side, names in (("inputs", inputs), ("outputs", outputs)):
        if len(names) > DATASETS_LIMIT:
            raise InvalidRequest(
                Mistake(side, f"the run has {len(names)} datasets; {DATASETS_LIMIT} are allowed")
            )
    columns = [column for flow in flows for column in flow.columns]
    if len(columns) > COLUMNS_LIMIT:
        notes.warn("outputs", f"{len(columns) - COLUMNS_LIMIT} of {len(columns)} pairs of columns left out")
    return LineageRequest(
        inputs=tuple(map(_dataset, inputs)),
        outputs=tuple(map(_dataset, outputs)),
        process=process,
        columns=tuple(_mappings(columns[:COLUMNS_LIMIT], inputs, outputs)) or None,
    )


def _mappings(columns: Iterable[Column], inputs: list[Name], outputs: list[Name]) -> Iterator[ColumnMapping]:
    for column in columns:
        yield ColumnMapping(
            source=_end(column.source, column.source_field, inputs),
            target=_end(column.target, column.target_field, outputs),
        )


def _end(name: Name, column: str, side: list[Name]) -> ColumnEnd:
    """A column of a side's only dataset needs no dataset."""
    return column if len(side) == 1 else ColumnOfDataset(dataset=_dataset(name), column=column)


def _dataset(name: Name) -> DatasetByName:
    return DatasetByName(namespace=name.namespace, name=name.name)
