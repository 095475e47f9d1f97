"""
OpenLineage over HTTP: understand, condense, queue, answer. Nothing here waits for the Data Map.

Answers are those of OpenLineage's OpenAPI: 200 for one event; for a batch 204, or 200 with the events that failed.
A client gives up after five seconds and sends again, so an event may come twice, which changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from lineage.batching import gather_all
from lineage.errors import InvalidRequest, LineageError, Mistake
from lineage.http import json_response
from lineage.openlineage import read_event
from lineage.request import BATCH_LIMIT, json_kind
from lineage.service import Service


@dataclass(frozen=True, slots=True)
class Failed:
    """An event of a batch that was not taken."""

    index: int
    reason: str
    retriable: bool


async def take(service: Service, payload: Any) -> func.HttpResponse:
    """`POST /api/v1/lineage`: one event, or several in an array, which is a batch."""
    if isinstance(payload, list):
        return await take_batch(service, payload)
    reading = read_event(payload)
    await service.enqueue_event(reading.event)
    return json_response(
        {"status": "success", "warnings": [str(warning) for warning in reading.notes.warnings]}
    )


async def take_batch(service: Service, payload: Any) -> func.HttpResponse:
    """`POST /api/v1/lineage/batch`: each event by itself; one that is wrong does not hold up the others."""
    if not isinstance(payload, list):
        raise InvalidRequest(Mistake("", f"a batch is a JSON array of events, this is {json_kind(payload)}"))
    if len(payload) > BATCH_LIMIT:
        raise InvalidRequest(Mistake("", f"{len(payload)} events; a batch may have {BATCH_LIMIT}"))
    results = await gather_all(_take(service, index, event) for index, event in enumerate(payload))
    failed = [result for result in results if result]
    return _processed(len(payload), failed) if failed else func.HttpResponse(status_code=204)


async def _take(service: Service, index: int, payload: Any) -> Failed | None:
    try:
        await service.enqueue_event(read_event(payload).event)
    except LineageError as error:
        return Failed(index, str(error), retriable=not isinstance(error, InvalidRequest))
    return None


def _processed(received: int, failed: Sequence[Failed]) -> func.HttpResponse:
    retriable = sum(each.retriable for each in failed)
    body = {
        "status": "partial_success",
        "summary": {
            "received": received,
            "successful": received - len(failed),
            "failed": len(failed),
            "retriable": retriable,
            "non_retriable": len(failed) - retriable,
        },
        "failed_events": [
            {"index": each.index, "reason": each.reason, "retriable": each.retriable} for each in failed
        ],
    }
    return json_response(body)
