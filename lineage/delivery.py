"""
A message's fate: done, tried again, or dead in `<queue>-poison` with its reason.

The host acknowledges a message when the function returns and tries it again when it raises, so: return means done
or safely in the poison queue, raise means not yet. On the last attempt nothing is raised any more, because what the
host itself moves to the poison queue loses its reason.
"""

import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.envelope import Envelope, open_envelope, read_payload, seal
from lineage.errors import Fate, LineageError
from lineage.storage import MESSAGE_LIMIT, StorageAccount

logger = logging.getLogger("lineage")

DEAD = "lineage.request.dead"  # the CloudEvents type of a message in the poison queue
REASON_LIMIT = 8_000  # characters

Handle = Callable[[Any], Awaitable[object]]


class TryAgain(Exception):
    """Tells the host to deliver the message again. Says no more than a code: the host writes it to the logs."""


@dataclass(frozen=True, slots=True)
class Received:
    """A queue message as the host hands it over."""

    body: bytes
    message_id: str
    attempt: int  # 1 for the first
    inserted: datetime | None
    invocation_id: str


class Delivery:
    """Sees every message to its end."""

    def __init__(self, storage: StorageAccount, queue: str, *, max_attempts: int) -> None:
        self._storage = storage
        self._poison = poison_queue(queue)
        self._max_attempts = max_attempts

    async def deliver(self, received: Received, handle: Handle) -> None:
        """Hands the payload to `handle`. Returns when the message is done or dead, raises `TryAgain` otherwise."""
        started = time.monotonic()
        envelope = open_envelope(received.body)
        try:
            original = await self._storage.fetch(envelope.claim) if envelope.claim else envelope.original
            await handle(read_payload(original))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message must not be lost
            dead = received.attempt >= self._max_attempts or _is_final(error)
            if dead:
                await self._bury(envelope, received, error)
            log_fate("dead" if dead else "retried", received, started, error)
            if not dead:
                raise TryAgain(
                    f"{_code(error)}, attempt {received.attempt} of {self._max_attempts}"
                ) from None
        else:
            log_fate("done", received, started)

    async def _bury(self, envelope: Envelope, received: Received, error: Exception) -> None:
        """To the poison queue; by claim check if message and reason together are too large for it."""
        attributes = {**_reason(error), **_history(received)}
        message = seal(envelope.original, DEAD, attributes, claim=envelope.claim)
        if len(message) > MESSAGE_LIMIT:
            claim = await self._storage.keep(envelope.original)
            message = seal(None, DEAD, attributes, claim=claim)
        await self._storage.send(self._poison, message)


def poison_queue(queue: str) -> str:
    """The Functions host's own name for it."""
    return f"{queue}-poison"


def log_fate(fate: str, received: Received, started: float, error: Exception | None = None) -> None:
    """One line of JSON per fate: ids, codes and durations, never a payload."""
    line = {
        "event": "lineage.message",
        "fate": fate,
        "messageId": received.message_id,
        "attempt": received.attempt,
        "durationMs": round((time.monotonic() - started) * 1000),
    }
    if error is not None:
        line["problem"] = _code(error)
        if isinstance(error, LineageError):
            line |= {name: value for name, value in error.facts().items() if name != "errors"}
        else:
            line["stack"] = "".join(traceback.format_tb(error.__traceback__))
    level = {"done": logging.INFO, "retried": logging.WARNING}.get(fate, logging.ERROR)
    logger.log(level, json.dumps(line))


def _is_final(error: Exception) -> bool:
    return isinstance(error, LineageError) and error.fate is Fate.DEAD


def _code(error: Exception) -> str:
    return error.code if isinstance(error, LineageError) else f"bug:{type(error).__name__}"


def _reason(error: Exception) -> dict[str, str | int]:
    """Why, as CloudEvents extension attributes: lower-case letters and digits only."""
    facts = error.facts() if isinstance(error, LineageError) else {}
    attributes: dict[str, str | int] = {"problem": _code(error), "reason": str(error)[:REASON_LIMIT]}
    for name in ("errorCode", "requestId", "dataMapStatus"):
        if name in facts:
            attributes[name.lower()] = facts[name]
    return attributes


def _history(received: Received) -> dict[str, str | int]:
    first = received.inserted or datetime.now(UTC)
    return {
        "attempts": received.attempt,
        "firstseen": first.isoformat(timespec="seconds"),
        "messageid": received.message_id,
        "invocationid": received.invocation_id,
    }
