"""
Reading events: strict about what lineage cannot do without, lenient about everything else.

Real producers omit the schemaURL, write null for facets, use run ids that are no UUIDs and times without a zone. All that
is accepted and told as a warning. Refused is only what cannot be understood: no JSON object, no time, no job or run to
speak of. Everything wrong is reported at once, each with its path.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.errors import InvalidRequest, Mistake
from lineage.naming import locate_openlineage
from lineage.openlineage.event import Dataset, Event, EventKind, EventType
from lineage.openlineage.explicit import condense_job_lineage
from lineage.openlineage.facets import DATASET_FACETS, JOB_FACETS, RUN_FACETS, Condenser, condense
from lineage.openlineage.json_values import Json, as_identifier, as_name, as_object, as_text
from lineage.openlineage.names import Name
from lineage.openlineage.notes import Notes, kind_of
from lineage.request import DATASETS_LIMIT, NAME_LIMIT

RUN_ID_LIMIT = 512
PRODUCER_LIMIT = 1_024

# What events have and lineage requests have not. (Both may say when something happened: `eventTime`.)
_EVENT_FIELDS = ("eventType", "schemaURL", "run", "job", "dataset")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:\S++")


@dataclass(frozen=True, slots=True)
class Reading:
    """An event, and what was odd about it."""

    event: Event
    notes: Notes


def read_event(payload: Any) -> Reading:
    """A parsed JSON payload to an event, or `InvalidRequest` with every mistake and its path."""
    notes = Notes()
    if not isinstance(payload, dict):
        notes.mistake("", f"an OpenLineage event is a JSON object, this is {kind_of(payload)}")
        notes.refuse_if_mistaken()
    event = _read(payload, notes)
    notes.refuse_if_mistaken()
    return Reading(event, notes)


def read_batch(payloads: Sequence[Any]) -> list[Event]:
    """Several events, or `InvalidRequest` with the mistakes of the first that is none."""
    events = []
    for index, payload in enumerate(payloads):
        try:
            events.append(read_event(payload).event)
        except InvalidRequest as error:
            mistakes = (Mistake(f"{index}.{each.path}".rstrip("."), each.message) for each in error.mistakes)
            raise InvalidRequest(
                Mistake("", "an array is a batch of OpenLineage events"), *mistakes
            ) from None
    return events


def is_event(payload: Any) -> bool:
    """Whether a payload is meant to be an OpenLineage event, right or wrong, and no lineage request."""
    return isinstance(payload, dict) and not payload.keys().isdisjoint(_EVENT_FIELDS)


def _read(payload: Json, notes: Notes) -> Event:
    kind = _kind(payload, notes)
    run, job, dataset = (as_object(payload.get(key)) for key in ("run", "job", "dataset"))
    return Event(
        kind=kind,
        time=_time(payload.get("eventTime"), notes),
        type=_type(payload.get("eventType"), notes),
        producer=_producer(payload, notes),
        run_id=_run_id(run, notes) if kind is EventKind.RUN else None,
        job=None if kind is EventKind.DATASET else _required_name(job, "job", notes),
        dataset=_subject(dataset, notes) if kind is EventKind.DATASET else None,
        run_facets=_facets(run, RUN_FACETS, "run.facets", notes),
        job_facets=_facets(job, _condensers(as_name(job)), "job.facets", notes),
        inputs=_side(payload, "inputs", kind, notes),
        outputs=_side(payload, "outputs", kind, notes),
    )


def _kind(payload: Json, notes: Notes) -> EventKind:
    """By shape; what is null is absent."""
    present = {key for key in ("run", "job", "dataset") if payload.get(key) is not None}
    if "run" in present:
        return EventKind.RUN
    if "job" in present:
        return EventKind.JOB
    if "dataset" not in present:
        notes.mistake("", "neither a run with its job, nor a job, nor a dataset: not an OpenLineage event")
    return EventKind.DATASET


def _time(value: Any, notes: Notes) -> datetime:
    text = value.strip().upper() if isinstance(value, str) else ""
    try:
        time = datetime.fromisoformat(text if _TIME.match(text) else "")
        if time.tzinfo is None:
            notes.warn("eventTime", "has no time zone: taken as UTC")
            return time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        notes.mistake("eventTime", "needs a date, a time and a zone, as in 2026-05-01T12:30:00Z")
        return datetime.max.replace(tzinfo=UTC)


def _type(value: Any, notes: Notes) -> EventType | None:
    if value is None:
        return None
    text = value.strip().upper() if isinstance(value, str) else ""
    if text not in EventType.__members__:
        notes.warn("eventType", f"is none of {', '.join(EventType)}: taken as OTHER")
        return EventType.OTHER
    return EventType(text)


def _producer(payload: Json, notes: Notes) -> str | None:
    producer = as_text(payload.get("producer"), PRODUCER_LIMIT)
    if producer is None:
        notes.warn("producer", "is missing")
    elif not _URI.fullmatch(producer):
        notes.warn("producer", "is not a URI")
    if as_text(payload.get("schemaURL")) is None:
        notes.warn("schemaURL", "is missing: the event's kind is told by its shape")
    return producer


def _run_id(run: Json, notes: Notes) -> str | None:
    value = run.get("runId")
    text = as_text(value, RUN_ID_LIMIT + 1)
    if text is None or len(text) > RUN_ID_LIMIT:
        notes.mistake("run.runId", f"needs 1 to {RUN_ID_LIMIT} characters of text, this is {kind_of(value)}")
    elif not _is_uuid(text):
        notes.warn("run.runId", "is not a UUID")
    return text


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _required_name(value: Json, path: str, notes: Notes) -> Name | None:
    for key in ("namespace", "name"):
        text = as_text(value.get(key), NAME_LIMIT + 1)
        if text is None:
            notes.mistake(f"{path}.{key}", f"needs text that is not empty, this is {kind_of(value.get(key))}")
        elif as_identifier(text) is None:
            notes.mistake(f"{path}.{key}", f"is longer than {NAME_LIMIT} bytes")
    return as_name(value)


def _subject(value: Json, notes: Notes) -> Dataset | None:
    name = _required_name(value, "dataset", notes)
    facets = _facets(value, DATASET_FACETS, "dataset.facets", notes)
    return Dataset(name, facets) if name else None


def _facets(owner: Json, condensers: Mapping[str, Condenser], path: str, notes: Notes) -> Json:
    facets = owner.get("facets")
    if "facets" in owner and not isinstance(facets, dict):
        notes.warn(path, f"is {kind_of(facets)}, not an object: ignored")
    for key in condensers:
        if key in as_object(facets) and not isinstance(as_object(facets)[key], dict):
            notes.warn(f"{path}.{key}", f"is {kind_of(as_object(facets)[key])}, not an object: ignored")
    return condense(as_object(facets), condensers)


def _condensers(job: Name | None) -> Mapping[str, Condenser]:
    """Explicit lineage may call the event's own job by its name."""
    return {**JOB_FACETS, "lineage": lambda facet: condense_job_lineage(facet, job)}


def _side(payload: Json, side: str, kind: EventKind, notes: Notes) -> tuple[Dataset, ...]:
    """The inputs or outputs. A dataset event has none by the specification, so nothing says what they would mean."""
    if kind is not EventKind.DATASET:
        return _datasets(payload, side, notes)
    if payload.get(side):
        notes.warn(side, "a dataset event has none: ignored")
    return ()


def _datasets(payload: Json, side: str, notes: Notes) -> tuple[Dataset, ...]:
    """Each dataset once. One that has no name is left out, since the others are as true without it."""
    values = payload.get(side)
    if values is not None and not isinstance(values, list):
        notes.warn(side, f"is {kind_of(values)}, not a list: ignored")
    found: dict[Name, Dataset] = {}
    for index, value in enumerate(values if isinstance(values, list) else ()):
        path = f"{side}.{index}"
        if (name := _dataset_name(as_object(value))) is None:
            notes.warn(path, "has no namespace and name to go by: ignored")
            continue
        facets = _facets(value, DATASET_FACETS, f"{path}.facets", notes)
        found[name] = Dataset(name, {**found[name].facets, **facets} if name in found else facets)
    if len(found) > DATASETS_LIMIT:
        notes.mistake(side, f"has {len(found)} datasets; {DATASETS_LIMIT} are allowed")
    return tuple(found[name] for name in sorted(found))


def _dataset_name(value: Json) -> Name | None:
    """The root of a container has an empty name with older clients, and is `/` since OpenLineage 1.51."""
    namespace = as_text(value.get("namespace"))
    if namespace and value.get("name") == "" and locate_openlineage(namespace, "/"):
        return as_name({**value, "name": "/"})
    return as_name(value)
