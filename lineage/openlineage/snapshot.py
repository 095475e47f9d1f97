"""
What is known of a run, from all its events together.

"All metadata is additive" (OpenLineage spec): a run tells its inputs, outputs and facets bit by bit, and the last event may
repeat none of them. So the events are united, whatever order they come in and however often: datasets by name, facets by
key, where the one of the later event counts. The result depends on the set of events alone, and what is to be written
stays so when further events come to be known (`is_final`, `has_failed`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lineage.openlineage.event import Dataset, Event, EventKind, EventType
from lineage.openlineage.explicit import ExplicitLineage, unite
from lineage.openlineage.facets import DELETED
from lineage.openlineage.json_values import Json, as_object
from lineage.openlineage.names import Name

CONTINUOUS = frozenset({"STREAMING", "SERVICE"})
SNAPSHOTS = "COMPLETE_SNAPSHOT"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    All that was said so far about a run; or what the latest job or dataset event declares.

    `state` is the transition that counts: COMPLETE if there is any, else the last that ends the run, else the last of all.
    `is_continuous`: a stream, a service, or a run that tells things without saying how far it is. It may never end, is
    written as it goes, and what it did stays done however it ends.

    `first` and `latest` are the times of the first and the last event. Of two snapshots the one with the greater `last`
    is the newer; of those the one with the greater `by`, which is the run's id or a digest of what is declared; and of
    two of the same run the one that knows more.
    """

    kind: EventKind
    first: datetime
    latest: datetime
    last: datetime
    by: str
    known: int
    state: EventType | None
    is_continuous: bool
    producer: str | None
    run_id: str | None
    job: Name | None
    dataset: Dataset | None
    run_facets: Json
    job_facets: Json
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    events: tuple[Event, ...]

    @property
    def is_final(self) -> bool:
        """Nothing more is needed before it may be written."""
        if self.kind is not EventKind.RUN or self.is_continuous:
            return True
        return self.state is not None and self.state.ends_run

    @property
    def has_failed(self) -> bool:
        """What it meant to write is not lineage."""
        return self.is_final and not self.is_continuous and self.state in {EventType.FAIL, EventType.ABORT}

    @property
    def declares_lineage(self) -> bool:
        """Whether it says outright what the lineage is, be it that there is none."""
        if self.dataset:
            return "lineage" in self.dataset.facets
        if self.kind is EventKind.JOB:
            return self._names_datasets
        explicit = self.job_facets.get("lineage")
        return explicit is not None and not ExplicitLineage.of_job(explicit).targets

    @property
    def may_say_less(self) -> bool:
        """Whether fewer of a run's events may have made lineage of what makes none together."""
        return self.kind is EventKind.RUN and self.known > 1 and self._names_datasets

    @property
    def _names_datasets(self) -> bool:
        return bool(self.inputs or self.outputs) or "lineage" in self.job_facets


def merge(events: Iterable[Event]) -> Snapshot:
    """
    The events of one run, or of one job or dataset, to what they say together. At least one is needed.

    Declared lineage (job and dataset events) is replaced by the latest; what runs observe accumulates.
    """
    ordered = _in_order(events)
    latest = ordered[-1]
    if latest.kind is not EventKind.RUN:
        return _snapshot([latest])
    return _snapshot([event for event in ordered if event.kind is EventKind.RUN])


def _in_order(events: Iterable[Event]) -> list[Event]:
    """By time, without repetitions. Equal times are ordered by content, so that chance has no say."""
    distinct = {_content(event): event for event in events}
    return [distinct[key] for key in sorted(distinct, key=lambda key: (distinct[key].time, key))]


def _content(event: Event) -> str:
    return json.dumps(event.to_json(), sort_keys=True)


def _snapshot(events: list[Event]) -> Snapshot:
    latest = events[-1]
    job_facets = _facets(event.job_facets for event in events)
    told = _telling(events, job_facets)
    return Snapshot(
        kind=latest.kind,
        first=events[0].time,
        latest=latest.time,
        last=latest.time,
        by=latest.run_id or hashlib.sha256(_content(latest).encode()).hexdigest(),
        known=len(events),
        state=_state(events),
        is_continuous=any(map(_is_continuous, events)),
        producer=next((event.producer for event in reversed(events) if event.producer), None),
        run_id=latest.run_id,
        job=latest.job,
        dataset=latest.dataset,
        run_facets=_facets(event.run_facets for event in events),
        job_facets=job_facets,
        inputs=_unite(event.inputs for event in told),
        outputs=_unite(event.outputs for event in told),
        events=tuple(events),
    )


def _telling(events: list[Event], job_facets: Json) -> list[Event]:
    """The events whose datasets count: all, or the last that has any where each is a complete snapshot."""
    pattern = as_object(as_object(job_facets.get("jobType")).get("emissionPattern"))
    if pattern.get("eventContentMode") != SNAPSHOTS:
        return events
    return [event for event in events if event.inputs or event.outputs][-1:]


def _state(events: list[Event]) -> EventType | None:
    types = [event.type for event in events if event.type]
    if EventType.COMPLETE in types:
        return EventType.COMPLETE
    counting = [each for each in types if each.ends_run] or types
    return counting[-1] if counting else None


def _is_continuous(event: Event) -> bool:
    if event.kind is EventKind.RUN and event.type is None:
        return True
    job_type = as_object((event.job_facets or {}).get("jobType"))
    return str(job_type.get("processingType")).upper() in CONTINUOUS


def _facets(facets: Iterable[Json | None]) -> Json:
    """The latest of each, without those that were deleted; explicit lineage adds up since it was last taken back."""
    said = [each for each in facets if each]
    united: Json = {key: facet for each in said for key, facet in each.items()}
    lineages: list[Json] = []
    for lineage in (each["lineage"] for each in said if "lineage" in each):
        if lineage == DELETED:
            lineages.clear()
        elif "entries" in lineage:
            lineages.append(lineage)
    if lineages:
        united["lineage"] = unite(lineages)
    return {key: united[key] for key in sorted(united) if united[key] != DELETED}


def _unite(sides: Iterable[tuple[Dataset, ...]]) -> tuple[Dataset, ...]:
    found: dict[Name, list[Json]] = {}
    for side in sides:
        for dataset in side:
            found.setdefault(dataset.name, []).append(dataset.facets)
    return tuple(Dataset(name, _facets(found[name])) for name in sorted(found))
