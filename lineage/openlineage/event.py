"""
OpenLineage events, of any producer, as they are kept: what lineage needs, and nothing else.

The kind of an event is told by its shape, never by its schemaURL (Fabric's points to a file on a build machine, and many
producers leave it out): a run with a job is a run event, a job alone a job event, a dataset alone a dataset event.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lineage.openlineage.json_values import Json
from lineage.openlineage.names import Name

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"


class EventKind(StrEnum):
    RUN = "RunEvent"
    JOB = "JobEvent"
    DATASET = "DatasetEvent"


class EventType(StrEnum):
    """The transitions of a run. An event may have none."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"

    @property
    def ends_run(self) -> bool:
        return self in {EventType.COMPLETE, EventType.ABORT, EventType.FAIL}


@dataclass(frozen=True, slots=True)
class Dataset:
    """An input, an output, or what a dataset event is about."""

    name: Name
    facets: Json

    def to_json(self) -> Json:
        return {**self.name.to_json(), **({"facets": self.facets} if self.facets else {})}


@dataclass(frozen=True, slots=True)
class Event:
    """An event that was understood. `job` is absent in dataset events, `run_id` in all but run events."""

    kind: EventKind
    time: datetime
    type: EventType | None = None
    producer: str | None = None
    run_id: str | None = None
    job: Name | None = None
    dataset: Dataset | None = None
    run_facets: Json | None = None
    job_facets: Json | None = None
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()

    @property
    def key(self) -> str:
        """The id under which what became of it is found: its run's, or the name of what it declares."""
        declared = self.job or (self.dataset and self.dataset.name)
        return self.run_id or (f"{declared.namespace}/{declared.name}" if declared else "")

    def to_json(self) -> Json:
        """The event again, as an OpenLineage event: what is stored and queued. Reading it gives the same event."""
        optional: dict[str, Any] = {
            "eventType": self.type and self.type.value,
            "producer": self.producer,
            "run": self.run_id and {"runId": self.run_id, **_facets(self.run_facets)},
            "job": self.job and {**self.job.to_json(), **_facets(self.job_facets)},
            "dataset": self.dataset and self.dataset.to_json(),
            "inputs": [each.to_json() for each in self.inputs],
            "outputs": [each.to_json() for each in self.outputs],
        }
        return {
            "eventTime": self.time.isoformat(),
            "schemaURL": SCHEMA + self.kind,
            **{key: value for key, value in optional.items() if value},
        }


def _facets(facets: Json | None) -> Json:
    return {"facets": facets} if facets else {}
