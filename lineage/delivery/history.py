"""What a message has been through: how often it was tried, since when, and in which trace."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lineage.envelope import Envelope

DEFERRED = "lineage.request.deferred"  # the CloudEvents type of a message that comes back by itself
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context


@dataclass(frozen=True, slots=True)
class Received:
    """A queue message as the host hands it over."""

    body: bytes
    message_id: str
    attempt: int  # of this delivery; 1 for the first
    inserted: datetime | None
    invocation_id: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Over all deliveries and deferrals since somebody sent (or replayed) the message."""

    attempts: int
    first_seen: datetime
    traceparent: str

    @classmethod
    def of(cls, envelope: Envelope, received: Received) -> "History":
        """Only a deferral carries history, a replayed message starts anew; the trace goes on in either case."""
        carried = envelope.attributes if envelope.kind == DEFERRED else {}
        first_seen = _time(carried.get("firstseen")) or received.inserted or datetime.now(UTC)
        return cls(
            attempts=_count(carried.get("attempts")) + received.attempt,
            first_seen=first_seen if first_seen.tzinfo else first_seen.replace(tzinfo=UTC),
            traceparent=_trace(envelope.attributes.get("traceparent")) or _trace(received.traceparent),
        )

    def attributes(self) -> dict[str, str | int]:
        """As CloudEvents extension attributes."""
        attributes: dict[str, str | int] = {
            "attempts": self.attempts,
            "firstseen": self.first_seen.isoformat(timespec="milliseconds"),
        }
        return attributes | ({"traceparent": self.traceparent} if self.traceparent else {})


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _trace(value: object) -> str:
    return value if isinstance(value, str) and TRACEPARENT.fullmatch(value) else ""


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
