"""
OpenLineage over HTTP: understand, condense, queue, answer. Nothing here waits for the Data Map.

Answers are those of OpenLineage's OpenAPI: 200 for one event; for a batch 204, or 200 with the events that failed.
A client gives up after five seconds and sends again, so an event may come twice, which changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import azure.functions as func
from pydantic import BaseModel

from lineage.errors import InvalidRequest, Mistake
from lineage.http import json_response
from lineage.openlineage import Event, Reading, read_event
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
class Batch:
    """The events of a batch that were understood, and what is wrong with the others, by their place in it."""

    events: tuple[Event, ...]
    failures: Mapping[int, InvalidRequest]


def understand(payload: Any) -> Reading | Batch:
    """The body of `POST /api/v1/lineage`: one event, or several in an array, which is a batch; else `InvalidRequest`."""
    return understand_batch(payload) if isinstance(payload, list) else read_event(payload)


def understand_batch(payload: Any) -> Batch:
    """The body of `POST /api/v1/lineage/batch`. An event that is wrong does not hold up the others."""
    if not isinstance(payload, list):
        raise InvalidRequest(Mistake("", f"a batch is a JSON array of events, this is {json_kind(payload)}"))
    if len(payload) > BATCH_LIMIT:
        raise InvalidRequest(Mistake("", f"{len(payload)} events; a batch may have {BATCH_LIMIT}"))
    events: list[Event] = []
    failures: dict[int, InvalidRequest] = {}
    for index, event in enumerate(payload):
        try:
            events.append(read_event(event).event)
        except InvalidRequest as error:
            failures[index] = error
    return Batch(tuple(events), failures)


async def take(service: Service, understood: Reading | Batch) -> func.HttpResponse:
    """Puts what was understood on the queue, and says what was not."""
    if isinstance(understood, Batch):
        return await _take_batch(service, understood)
    await service.enqueue_event(understood.event)
    return json_response(Taken(warnings=[str(warning) for warning in understood.notes.warnings]).model_dump())


async def _take_batch(service: Service, batch: Batch) -> func.HttpResponse:
    """As one message: storage takes all of it or nothing, so clients who look no further than the status are right."""
    if batch.events:
        await service.enqueue_batch(batch.events)
    if not batch.failures:
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)
    return json_response(_processed(batch).model_dump())


def _processed(batch: Batch) -> Processed:
    failed = [
        FailedEvent(index=index, reason=str(error), retriable=False)
        for index, error in batch.failures.items()
    ]
    summary = Summary(
        received=len(batch.events) + len(failed),
        successful=len(batch.events),
        failed=len(failed),
        retriable=0,
        non_retriable=len(failed),
    )
    return Processed(summary=summary, failed_events=failed)
