"""From what is known of a run to the lineage to write, or the reason why there is none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lineage.errors import InvalidRequest, Mistake
from lineage.naming import BUILT_IN, Rules
from lineage.openlineage.datasets import Datasets
from lineage.openlineage.event import EventType
from lineage.openlineage.flows import Column, Flow, flows_of
from lineage.openlineage.identity import Options, identify, is_child_query, is_settled
from lineage.openlineage.names import Name
from lineage.openlineage.notes import Notes
from lineage.openlineage.process import part_of, process_of
from lineage.openlineage.snapshot import Snapshot, merge
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

Side = dict[Name, DatasetByName]


class Verdict(StrEnum):
    """What comes of a snapshot."""

    LINEAGE = "lineage to write"
    RUNNING = "the run has not ended yet"
    FAILED = "the run failed, so what it meant to write is not lineage"
    ABORTED = "the run was aborted, so what it meant to write is not lineage"
    CHILD_QUERY = "one query of a task, which tells its lineage itself"
    NOTHING = "no inputs or no outputs that are datasets"
    WITHDRAWN = "no lineage is declared, and what was declared before is taken away"


@dataclass(frozen=True, slots=True)
class Translation:
    """
    `requests` are there exactly if the verdict is LINEAGE; `warnings` say what was left out, and where.

    `declarer`: in whose name, a process's or a dataset's, the requests are all there is to say; None if nothing is said.
    `aliases`: other names that the run had when only one of its events was known.
    """

    verdict: Verdict
    requests: tuple[LineageRequest, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    declarer: str | None = None
    aliases: frozenset[str] = frozenset()


def translate(snapshot: Snapshot, options: Options | None = None, rules: Rules = BUILT_IN) -> Translation:
    """The requests that a snapshot asks for. `InvalidRequest` if it is more than a request can hold."""
    options = options or Options()
    if not snapshot.is_final:
        return Translation(Verdict.RUNNING)
    if snapshot.has_failed:
        return Translation(Verdict.FAILED if snapshot.state is EventType.FAIL else Verdict.ABORTED)
    notes = Notes()
    datasets = Datasets.of(snapshot, rules)
    is_child = is_child_query(snapshot) and not options.child_queries
    flows = [] if is_child else flows_of(snapshot, datasets, notes)
    process = _process(snapshot, flows, options)
    requests = tuple(_requests(flows, process, notes))
    verdict = Verdict.CHILD_QUERY if is_child else Verdict.NOTHING
    if requests:
        verdict = Verdict.LINEAGE
    elif snapshot.declares_lineage:
        verdict = Verdict.WITHDRAWN
    says = requests or snapshot.declares_lineage or snapshot.may_say_less
    declarer = _declarer(snapshot, process, datasets)
    aliases = _aliases(snapshot, options, rules) - {declarer} if says else set()
    return Translation(
        verdict, requests, tuple(notes.warnings), declarer if says else None, frozenset(aliases)
    )


def _aliases(snapshot: Snapshot, options: Options, rules: Rules) -> set[str]:
    """What each event would be written as by itself, where the name of the process takes more than that of the job."""
    if snapshot.known == 1 or is_settled(snapshot, options):
        return set()
    alone = (translate(merge([event]), options, rules).declarer for event in snapshot.events)
    return {declarer for declarer in alone if declarer}


def _process(snapshot: Snapshot, flows: list[Flow], options: Options) -> Process | None:
    identity = identify(snapshot, [flow.output for flow in flows], options)
    return process_of(snapshot, identity) if identity else None


def _declarer(snapshot: Snapshot, process: Process | None, datasets: Datasets) -> str | None:
    if process:
        return process.key
    return datasets.key(snapshot.dataset.name) if snapshot.dataset else None


def _requests(flows: list[Flow], process: Process | None, notes: Notes) -> Iterator[LineageRequest]:
    if process is None:
        yield from _direct(flows, notes)
    elif len({flow.inputs for flow in flows}) == 1:
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
    sources, targets = _datasets(inputs), _datasets(outputs)
    return LineageRequest(
        inputs=tuple(sources.values()),
        outputs=tuple(targets.values()),
        process=process,
        columns=tuple(_mappings(columns[:COLUMNS_LIMIT], sources, targets)) or None,
    )


def _datasets(names: Iterable[Name]) -> Side:
    return {name: DatasetByName(namespace=name.namespace, name=name.name) for name in names}


def _mappings(columns: Iterable[Column], sources: Side, targets: Side) -> Iterator[ColumnMapping]:
    for column in columns:
        yield ColumnMapping(
            source=_end(column.source, column.source_field, sources),
            target=_end(column.target, column.target_field, targets),
        )


def _end(name: Name, column: str, side: Side) -> ColumnEnd:
    """A column of a side's only dataset needs no dataset."""
    return column if len(side) == 1 else ColumnOfDataset(dataset=side[name], column=column)
