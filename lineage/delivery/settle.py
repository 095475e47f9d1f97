"""
The end of the corridor: what becomes of a message after it was handled.

The host acknowledges a message when the function returns and delivers it again when it raises. So: return means done,
safely back on the queue for later, or safely in the poison queue; raise means that none of these succeeded, or that
the app has a bug. What is sent is sent before the old message is acknowledged: a crash in between costs a duplicate,
which is harmless, never a loss.
"""

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.delivery.backoff import Backoff
from lineage.delivery.history import DEFERRED, History, Received
from lineage.delivery.poison import DEAD, poison_queue
from lineage.envelope import Attributes, Envelope, open_envelope, read_payload
from lineage.errors import Fate, LineageError, PayloadGone, StorageFailed
from lineage.outcomes import Outcome, Outcomes, Record, Status
from lineage.storage import StorageAccount
from lineage.telemetry import telemetry

logger = logging.getLogger("lineage")

REASON_LIMIT = 8_000  # characters
LARGE_AT_ONCE = 16  # messages whose payload did not fit the queue: read, they take tens of megabytes each

SETTLED = ("done", "superseded", "accumulated")  # what the status of a message is then

Handle = Callable[[Any], Awaitable[Outcome]]


class TryAgain(Exception):
    """Tells the host to deliver the message again. Says no more than a code: the host writes it to the logs."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message on its way, with what is known of it."""

    received: Received
    envelope: Envelope
    history: History
    started: float


class Delivery:
    """Sees every message to its end."""

    def __init__(
        self,
        storage: StorageAccount,
        outcomes: Outcomes,
        queue: str,
        *,
        backoff: Backoff,
        max_dequeue_count: int,
    ) -> None:
        self._storage = storage
        self._outcomes = outcomes
        self._queue = queue
        self._backoff = backoff
        self._max_dequeue_count = max_dequeue_count
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def deliver(self, received: Received, handle: Handle) -> None:
        """Hands the payload to `handle`. Returns when the message is settled, raises `TryAgain` otherwise."""
        envelope = open_envelope(received.body)
        history = History.of(envelope, received)
        with telemetry().processing(
            self._queue,
            history.traceparent,
            invoked_by=received.traceparent,
            message_id=received.message_id,
        ):
            await self._deliver(Delivered(received, envelope, history, time.monotonic()), handle)

    async def _deliver(self, message: Delivered, handle: Handle) -> None:
        try:
            async with self._large if message.envelope.claim else nullcontext():
                outcome = await handle(read_payload(await self._original(message.envelope)))
        except LineageError as error:
            settled = await self._settled_before(message.envelope) if isinstance(error, PayloadGone) else None
            if settled:
                log_fate(settled, message)
            else:
                await self._settle(message, error)
        except Exception as bug:  # noqa: BLE001 - whatever it is, the message must not be lost
            await self._settle_bug(message, bug)
        else:
            await self._done(message, outcome)

    async def _original(self, envelope: Envelope) -> bytes:
        return await self._storage.fetch(envelope.claim) if envelope.claim else envelope.original

    async def _settled_before(self, envelope: Envelope) -> str | None:
        """
        What became of this very message, if it is done: a payload is removed then, and one that comes again has nothing
        left to do. Others may have the same id, such as the events of a run.
        """
        try:
            record = await self._outcomes.find(envelope.subject) if envelope.subject else None
        except StorageFailed:
            return None
        is_done = record and record.claim == envelope.claim and record.status in SETTLED
        return record.status if record and is_done else None

    async def _done(self, message: Delivered, outcome: Outcome) -> None:
        record = _record(message, outcome.id, outcome.status, outcome=outcome)
        claim = message.envelope.claim
        if claim is None:
            self._outcomes.record(record)
        else:  # recorded first: a duplicate of this message finds no payload, and must find that it is done
            await self._tried(self._outcomes.record_now(record))
            await self._tried(self._storage.discard(claim))
        log_fate(outcome.status, message)

    async def _settle(self, message: Delivered, error: LineageError) -> None:
        age = datetime.now(UTC) - message.history.first_seen
        delay = None
        if error.fate is Fate.DEFERRED:
            delay = self._backoff.delay(error, message.history.attempts, age)
        fate: Status = "dead" if delay is None else "deferred"
        next_attempt = None if delay is None else datetime.now(UTC) + delay
        # Made before anything is sent: after that nothing may fail, or the message would be there twice.
        record = _record(message, _id(message, error), fate, error, next_attempt=next_attempt)
        try:
            if delay is None:
                await self._bury(message, error)
            else:
                await self._defer(message, error, delay.total_seconds())
        except LineageError as failure:  # storage does not answer: the host keeps the message
            log_fate("retried", message, failure)
            raise TryAgain(failure.code) from None
        self._outcomes.record(record)
        log_fate(fate, message, error)

    async def _settle_bug(self, message: Delivered, bug: Exception) -> None:
        """The host tries again; on the last attempt the reason is kept, which the host would lose."""
        if message.received.attempt < self._max_dequeue_count:
            log_fate("retried", message, bug)
            raise TryAgain(_code(bug)) from None
        try:
            await self._bury(message, bug)
        except LineageError as failure:  # the host buries it, and does not know why
            log_fate("retried", message, bug)
            raise TryAgain(failure.code) from None
        self._outcomes.record(_record(message, _id(message, bug), "dead", bug))
        log_fate("dead", message, bug)

    async def _defer(self, message: Delivered, error: LineageError, delay: float) -> None:
        attributes = {**_reason(error), **_subject(message, error), **message.history.attributes()}
        await self._post(self._queue, message.envelope, DEFERRED, attributes, delay)

    async def _bury(self, message: Delivered, error: Exception) -> None:
        attributes = {
            **_reason(error),
            **_subject(message, error),
            **message.history.attributes(),
            "messageid": message.received.message_id,
            "invocationid": message.received.invocation_id,
        }
        await self._post(poison_queue(self._queue), message.envelope, DEAD, attributes)

    async def _post(
        self, queue: str, envelope: Envelope, kind: str, attributes: Attributes, delay: float = 0
    ) -> None:
        await self._storage.post(
            queue, envelope.original, kind, attributes, claim=envelope.claim, delay=delay
        )

    async def _tried(self, call: Awaitable[object]) -> None:
        """Bookkeeping after a message is done: that it fails must not make it undone."""
        try:
            await call
        except LineageError as error:
            logger.warning(json.dumps({"event": "lineage.bookkeeping", "problem": error.code}))


def log_fate(fate: str, message: Delivered, error: Exception | None = None) -> None:
    """One line of JSON per fate: ids, codes and durations, never a payload."""
    line: dict[str, Any] = {
        "event": "lineage.message",
        "fate": fate,
        "messageId": message.received.message_id,
        "attempts": message.history.attempts,
        "durationMs": round((time.monotonic() - message.started) * 1000),
        "ageSeconds": round((datetime.now(UTC) - message.history.first_seen).total_seconds()),
    }
    if isinstance(error, LineageError):
        line |= {
            "problem": error.code,
            **{name: value for name, value in error.facts().items() if name != "errors"},
        }
    elif error is not None:
        line |= {"problem": _code(error), "stack": "".join(traceback.format_tb(error.__traceback__))}
    level = {"retried": logging.WARNING, "deferred": logging.WARNING, "dead": logging.ERROR}.get(
        fate, logging.INFO
    )
    logger.log(level, json.dumps(line))
    telemetry().settled(fate, line.get("problem"), line["ageSeconds"])


def _record(
    message: Delivered,
    request_id: str,
    status: Status,
    error: Exception | None = None,
    *,
    outcome: Outcome | None = None,
    next_attempt: datetime | None = None,
) -> Record:
    facts = error.facts() if isinstance(error, LineageError) else {}
    return Record(
        id=request_id,
        status=status,
        problem=_code(error) if error else None,
        reason=_reason_of(error) if error else None,
        error_code=facts.get("errorCode"),
        request_id=facts.get("requestId"),
        attempts=message.history.attempts,
        first_seen=message.history.first_seen,
        last_seen=datetime.now(UTC),
        next_attempt=next_attempt,
        outcome=outcome,
        invocation_id=message.received.invocation_id,
        claim=message.envelope.claim,
    )


def _id(message: Delivered, error: Exception) -> str:
    """The request's id, as far as the message could be understood."""
    return str(_subject(message, error).get("subject") or message.received.message_id)


def _subject(message: Delivered, error: Exception) -> dict[str, str | int]:
    """The request's id as a CloudEvents attribute, once it is known."""
    known = error.request_key if isinstance(error, LineageError) else None
    subject = message.envelope.subject or known
    return {"subject": subject} if subject else {}


def _reason_of(error: Exception) -> str:
    """The error in words, cut so that even escaped it leaves room in a queue message."""
    text = str(error).encode("utf-8", "replace").decode()[:REASON_LIMIT]
    while len(json.dumps(text)) > 2 * REASON_LIMIT:
        text = text[: len(text) // 2]
    return text


def _code(error: Exception) -> str:
    return error.code if isinstance(error, LineageError) else f"bug:{type(error).__name__}"


def _reason(error: Exception) -> dict[str, str | int]:
    """Why, as CloudEvents extension attributes: lower-case letters and digits only."""
    facts = error.facts() if isinstance(error, LineageError) else {}
    attributes: dict[str, str | int] = {"problem": _code(error), "reason": _reason_of(error)}
    for name in ("errorCode", "requestId", "dataMapStatus"):
        if name in facts:
            attributes[name.lower()] = facts[name]
    return attributes
