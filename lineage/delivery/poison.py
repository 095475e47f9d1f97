"""
The poison queue in an operator's hands: look, replay, drop.

A dead message is a CloudEvent that says why; what the Functions host moved there by itself (a process that died over
it, time and again) is the raw message. Both are replayed the same way: the original goes back to the queue unchanged,
and only then is the dead message removed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.account import Leased
from lineage.batching import gather_all
from lineage.delivery.history import DEFERRED
from lineage.envelope import SENT, open_envelope
from lineage.outcomes import Outcomes, Record
from lineage.storage import StorageAccount

DEAD = "lineage.request.dead"  # the CloudEvents type of a message in the poison queue
KEPT = frozenset({"subject", "traceparent"})  # of what is known of a dead message, when it is replayed
LEASE_SECONDS = 120  # while an operator's command runs
RECORD_PATIENCE = (
    5.0  # seconds that a page of messages waits for the record of it; it goes without, if need be
)
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


Page = list[tuple[Leased, DeadMessage]]


class PoisonQueue:
    """
    What can be done about dead messages. Every method may be given a choice of messages.

    If `outcomes` are given, they tell of a replayed request that it is queued again.
    """

    def __init__(self, storage: StorageAccount, queue: str, outcomes: Outcomes | None = None) -> None:
        self._storage = storage
        self._queue = queue
        self._poison = poison_queue(queue)
        self._outcomes = outcomes

    async def messages(self) -> list[DeadMessage]:
        """All dead messages, oldest first. They stay where they are."""
        async with self._leased() as pages:
            return [message async for page in pages for _, message in page]

    async def replay(
        self, chosen: Chosen = lambda _message: True, *, dry_run: bool = True
    ) -> list[DeadMessage]:
        """Puts the originals of the chosen messages back on the queue; answers which. A dry run only says."""
        return await self._each(chosen, self._send_back, dry_run=dry_run)

    async def drop(self, chosen: Chosen, *, dry_run: bool = True) -> list[DeadMessage]:
        """Removes the chosen messages for good, and their payloads; answers which. A dry run only says."""
        return await self._each(chosen, self._discard, dry_run=dry_run)

    async def _each(
        self, chosen: Chosen, act: Callable[[Page], Awaitable[None]], *, dry_run: bool
    ) -> list[DeadMessage]:
        done = []
        async with self._leased() as pages:
            async for page in pages:
                group = [(lease, message) for lease, message in page if chosen(message)]
                if not dry_run:
                    await act(group)
                done += [message for _, message in group]
        return done

    async def _send_back(self, page: Page) -> None:
        await self._record([message for _, message in page])
        for lease, _ in page:
            envelope = open_envelope(lease.body)
            kept = {name: value for name, value in envelope.attributes.items() if name in KEPT}
            if envelope.claim is None and "traceparent" not in kept:
                await self._storage.send(self._queue, envelope.original)
            else:
                await self._storage.post(self._queue, envelope.original, SENT, kept, claim=envelope.claim)
            await self._storage.delete(self._poison, lease)

    async def _record(self, messages: Sequence[DeadMessage]) -> None:
        """Their requests are queued again; written before they are, or it could overwrite what comes of them."""
        if self._outcomes is None:
            return
        now = datetime.now(UTC)
        ids = {message.attributes.get("subject") for message in messages}
        queued = [
            Record(id=subject, status="queued", first_seen=now, last_seen=now)
            for subject in ids
            if isinstance(subject, str)
        ]
        await gather_all(self._outcomes.record_within(record, RECORD_PATIENCE) for record in queued)

    async def _discard(self, page: Page) -> None:
        for lease, message in page:
            if message.claim:
                await self._storage.discard(message.claim)
            await self._storage.delete(self._poison, lease)

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[AsyncIterator[Page]]:
        """The whole queue, a page at a time, each message once; what is still there is visible again afterwards."""
        held: dict[str, Leased] = {}
        try:
            yield self._pages(held)
        finally:
            for lease in held.values():
                await self._storage.release(self._poison, lease)

    async def _pages(self, held: dict[str, Leased]) -> AsyncIterator[Page]:
        """
        As many messages as there are now: what dies meanwhile is for the next time, even if it is what was replayed.

        On a long way leases run out, and messages come again, behind those that have not come yet. So the walk is over
        when a page brings nothing new.
        """
        leased = await self._storage.receive(self._poison, LEASE_SECONDS)
        left = await self._storage.depth(self._poison) if leased else 0
        while leased:
            new = [lease for lease in leased if lease.id not in held][:left]
            held |= {lease.id: lease for lease in leased}
            if not new:
                return
            left -= len(new)
            yield [(lease, DeadMessage.read(lease)) for lease in new]
            leased = await self._storage.receive(self._poison, LEASE_SECONDS) if left else []


def poison_queue(queue: str) -> str:
    """The Functions host's own name for it."""
    return f"{queue}-poison"
