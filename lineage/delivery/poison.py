"""
The poison queue in an operator's hands: look, replay, drop.

A dead message is a CloudEvent that says why; what the Functions host moved there by itself (a process that died over
it, time and again) is the raw message. Both are replayed the same way: the original goes back to the queue unchanged,
and only then is the dead message removed.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from lineage.account import Leased
from lineage.delivery.history import DEFERRED
from lineage.envelope import SENT, Envelope, open_envelope
from lineage.storage import StorageAccount

DEAD = "lineage.request.dead"  # the CloudEvents type of a message in the poison queue
KEPT = frozenset({"subject", "traceparent"})  # of what is known of a dead message, when it is replayed
LEASE_SECONDS = 120  # while an operator's command runs
HOSTS_OWN = "the Functions host gave up on it: the app ended, or ran out of time, at each of its deliveries"


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """One message of the poison queue."""

    id: str
    problem: str
    reason: str
    original: bytes  # empty if a claim check holds it
    claim: str | None
    attributes: dict[str, Any]  # attempts, firstseen, errorcode, requestid, invocationid, ...

    @classmethod
    def read(cls, leased: Leased) -> "DeadMessage":
        """Ours, or the host's own."""
        envelope = open_envelope(leased.body)
        ours = envelope.kind in {DEAD, DEFERRED}
        attributes = dict(envelope.attributes) if ours else {}
        by_host = envelope.kind != DEAD
        return cls(
            id=leased.id,
            problem="host-gave-up" if by_host else str(attributes.pop("problem", "")),
            reason=HOSTS_OWN if by_host else str(attributes.pop("reason", "")),
            original=b"" if envelope.claim else envelope.original,
            claim=envelope.claim,
            attributes=attributes,
        )


Chosen = Callable[[DeadMessage], bool]


class PoisonQueue:
    """What can be done about dead messages. Every method may be given a choice of messages."""

    def __init__(self, storage: StorageAccount, queue: str) -> None:
        self._storage = storage
        self._queue = queue
        self._poison = poison_queue(queue)

    async def messages(self) -> list[DeadMessage]:
        """All dead messages, oldest first. They stay where they are."""
        async with self._leased() as leased:
            return [message async for _, message in leased]

    async def replay(
        self, chosen: Chosen = lambda _message: True, *, dry_run: bool = True
    ) -> list[DeadMessage]:
        """Puts the originals of the chosen messages back on the queue; answers which. A dry run only says."""
        return await self._each(chosen, self._send_back, dry_run=dry_run)

    async def drop(self, chosen: Chosen, *, dry_run: bool = True) -> list[DeadMessage]:
        """Removes the chosen messages for good, and their payloads; answers which. A dry run only says."""
        return await self._each(chosen, self._discard_payload, dry_run=dry_run)

    async def _each(
        self, chosen: Chosen, act: Callable[[Envelope], Any], *, dry_run: bool
    ) -> list[DeadMessage]:
        done = []
        async with self._leased() as leased:
            async for lease, message in leased:
                if not chosen(message):
                    continue
                if not dry_run:
                    await act(open_envelope(lease.body))
                    await self._storage.delete(self._poison, lease)
                done.append(message)
        return done

    async def _send_back(self, envelope: Envelope) -> None:
        kept = {name: value for name, value in envelope.attributes.items() if name in KEPT}
        if envelope.claim is None and "traceparent" not in kept:
            await self._storage.send(self._queue, envelope.original)
        else:
            await self._storage.post(self._queue, envelope.original, SENT, kept, claim=envelope.claim)

    async def _discard_payload(self, envelope: Envelope) -> None:
        if envelope.claim:
            await self._storage.discard(envelope.claim)

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[AsyncIterator[tuple[Leased, DeadMessage]]]:
        """The whole queue, a page at a time, each message once; what is still there is visible again afterwards."""
        held: list[Leased] = []

        async def pages() -> AsyncIterator[tuple[Leased, DeadMessage]]:
            seen: set[str] = set()
            while page := await self._storage.receive(self._poison, LEASE_SECONDS):
                held.extend(page)
                for lease in page:
                    if lease.id not in seen:
                        seen.add(lease.id)
                        yield lease, DeadMessage.read(lease)

        try:
            yield pages()
        finally:
            for lease in held:
                await self._storage.release(self._poison, lease)


def poison_queue(queue: str) -> str:
    """The Functions host's own name for it."""
    return f"{queue}-poison"
