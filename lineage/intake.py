"""
OpenLineage over HTTP: understand, condense, queue, answer. Nothing here waits for the Data Map.

Answers are those of OpenLineage's OpenAPI: 200 for one event; for a batch 204, or 200 with the events that failed.
A client gives up after five seconds and sends again, so an event may come twice, which changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import azure.functions as func
from pydantic import BaseModel

from lineage.batching import gather_all
from lineage.errors import InvalidRequest, LineageError, Mistake
from lineage.http import json_response
from lineage.openlineage import read_event
from lineage.request import BATCH_LIMIT, json_kind
from lineage.service import Service


class Taken(BaseModel):
    """An event that was taken, and what was odd about it."""

    status: Literal["success"] = "success"
    warnings: list[str] = []


class FailedEvent(BaseModel):
    """An event of a batch that was not taken."""

    index: int
    reason: str
    retriable: bool


class Summary(BaseModel):
    """How many events of a batch were taken."""

    received: int
    successful: int
    failed: int
    retriable: int
    non_retriable: int


class Processed(BaseModel):
    """A batch of which not every event was taken, as OpenLineage's OpenAPI spells it."""

    status: Literal["partial_success"] = "partial_success"
    summary: Summary
    failed_events: list[FailedEvent]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event of a batch was not taken."""

    index: int
    error: LineageError

    @property
    def retriable(self) -> bool:
        return not isinstance(self.error, InvalidRequest)

    def to_model(self) -> FailedEvent:
        return FailedEvent(index=self.index, reason=str(self.error), retriable=self.retriable)


async def take(service: Service, payload: Any) -> func.HttpResponse:
    """`POST /api/v1/lineage`: one event, or several in an array, which is a batch."""
    if isinstance(payload, list):
        return await take_batch(service, payload)
    reading = read_event(payload)
    await service.enqueue_event(reading.event)
    return json_response(Taken(warnings=[str(warning) for warning in reading.notes.warnings]).model_dump())


async def take_batch(service: Service, payload: Any) -> func.HttpResponse:
    """
    `POST /api/v1/lineage/batch`: each event by itself; one that is wrong does not hold up the others.

    When storage takes none of them, the batch as a whole is refused, so that clients who look no further than the
    status send it again.
    """
    if not isinstance(payload, list):
        raise InvalidRequest(Mistake("", f"a batch is a JSON array of events, this is {json_kind(payload)}"))
    if len(payload) > BATCH_LIMIT:
        raise InvalidRequest(Mistake("", f"{len(payload)} events; a batch may have {BATCH_LIMIT}"))
    results = await gather_all(_take(service, index, event) for index, event in enumerate(payload))
    failures = [result for result in results if result]
    if not failures:
        return func.HttpResponse(status_code=204)
    if len(failures) == len(payload) and all(failure.retriable for failure in failures):
        raise failures[0].error
    return json_response(_processed(len(payload), failures).model_dump())


async def _take(service: Service, index: int, payload: Any) -> Failure | None:
    try:
        await service.enqueue_event(read_event(payload).event)
    except LineageError as error:
        return Failure(index, error)
    return None


def _processed(received: int, failures: Sequence[Failure]) -> Processed:
    retriable = sum(failure.retriable for failure in failures)
    summary = Summary(
        received=received,
        successful=received - len(failures),
        failed=len(failures),
        retriable=retriable,
        non_retriable=len(failures) - retriable,
    )
    return Processed(summary=summary, failed_events=[failure.to_model() for failure in failures])
