"""
The shapes of the HTTP API: answers, and errors as RFC 9457 problems.

What a caller sends is never answered with 500: that status means a bug of ours, and says under which invocation it
was logged.
"""

import asyncio
import json
import logging
import math
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import azure.functions as func

from lineage.deadline import OF_CALLERS, deadline, until
from lineage.envelope import GZIP_MAGIC, PAYLOAD_LIMIT, read_payload
from lineage.errors import LineageError, Mistake, PayloadTooLarge, UnknownRequest
from lineage.health import Check, is_ready
from lineage.outcomes import Outcome, Record
from lineage.telemetry import invocation

logger = logging.getLogger("lineage")

Result = TypeVar("Result")
# OpenLineage clients send again what was answered with one of these, if it says when.
RETRIABLE = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE})
LARGE = 64 * 1024  # bytes; what takes some milliseconds to read
RETRY_AFTER = 30  # seconds, where the Data Map does not say
PROBLEM_TYPE = "urn:purview-lineage:problem:"


def payload_of(request: func.HttpRequest) -> Any:
    """The JSON of a request's body (gzip is understood), or `InvalidRequest`."""
    body = request.get_body()
    if len(body) > PAYLOAD_LIMIT:
        raise PayloadTooLarge(Mistake("", f"larger than {PAYLOAD_LIMIT // 1024 // 1024} MiB"))
    return read_payload(body)


async def understood(request: func.HttpRequest, read: Callable[[Any], Result]) -> Result:
    """
    What `read` makes of a request's JSON, or `InvalidRequest`.

    What is large, or zipped and may be, is read in a thread, so that others are answered meanwhile.
    """
    body = request.get_body()
    if len(body) > LARGE or body.startswith(GZIP_MAGIC):
        return await asyncio.to_thread(lambda: read(payload_of(request)))
    return read(payload_of(request))


async def payload(request: func.HttpRequest) -> Any:
    """A request's JSON, whatever it says, or `InvalidRequest`."""
    return await understood(request, lambda payload: payload)


async def answer(response: Awaitable[func.HttpResponse], context: func.Context) -> func.HttpResponse:
    """The response, or the problem that came up on the way to it: also that it took too long."""
    try:
        with invocation(context.trace_context.trace_parent):
            async with until(deadline(OF_CALLERS)):
                return await response
    except LineageError as error:
        return problem(error)
    except Exception as error:  # noqa: BLE001 - the last line: a bug becomes a 500 that can be found in the logs
        return bug(error, context.invocation_id)


def wants_to_wait(request: func.HttpRequest) -> bool:
    """Whether the caller wants the answer now, and did not say `Prefer: respond-async` (RFC 7240)."""
    return "respond-async" not in request.headers.get("Prefer", "").lower()


def written(outcome: Outcome) -> func.HttpResponse:
    """200 with what was written."""
    return json_response(outcome.model_dump(mode="json", by_alias=True, exclude_none=True))


def accepted(request_id: str, request: func.HttpRequest) -> func.HttpResponse:
    """202 with the address of the outcome to come."""
    location = f"{urlsplit(request.url).path.rstrip('/')}/requests/{quote(request_id, safe='')}"
    headers = {"Location": location, "Preference-Applied": "respond-async"}
    return json_response({"id": request_id, "status": "queued"}, status=202, headers=headers)


def found(record: Record | None, request_id: str) -> func.HttpResponse:
    """200 with what became of a request, or 404."""
    if record is None:
        raise UnknownRequest(f"nothing is known of a request {request_id!r}")
    return json_response(record.to_json())


def problem(error: LineageError) -> func.HttpResponse:
    """An error of the tree as application/problem+json."""
    body = {
        "type": f"{PROBLEM_TYPE}{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.facts(),
    }
    headers = {}
    if error.status in RETRIABLE:
        headers["Retry-After"] = str(math.ceil(error.retry_after or RETRY_AFTER))
    return json_response(body, status=error.status, mimetype="application/problem+json", headers=headers)


def bug(error: Exception, invocation_id: str) -> func.HttpResponse:
    """Logs where it happened, without what was sent, and answers where to look."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    logger.error(json.dumps({"event": "lineage.bug", "error": type(error).__name__, "stack": stack}))
    body = {
        "type": f"{PROBLEM_TYPE}bug",
        "title": "Something went wrong inside the app",
        "status": 500,
        "detail": f"look for invocation {invocation_id} in the logs",
    }
    return json_response(body, status=500, mimetype="application/problem+json")


def readiness(checks: list[Check]) -> func.HttpResponse:
    """200 if the app can work, 503 otherwise, and each check either way."""
    ready = is_ready(checks)
    body = {"status": "ready" if ready else "not ready", "checks": [check.facts() for check in checks]}
    return json_response(body, status=200 if ready else 503)


def json_response(
    body: object,
    *,
    status: int = 200,
    mimetype: str = "application/json",
    headers: dict[str, str] | None = None,
) -> func.HttpResponse:
    """JSON, and nothing a browser might sniff."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **(headers or {})}
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype=mimetype, headers=headers)
