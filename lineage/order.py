"""
An old message after a newer one from the same job does not win, whichever instances handle them.

A row per process, in the table of outcomes, holds the newest event time accepted and who is writing now. It is claimed
by conditional update, so of two instances one comes first and the other comes back. A hold that nobody gives back
expires. Without the table nothing is guarded, and lineage is written all the same.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from weakref import WeakValueDictionary

from lineage.errors import StorageFailed, Unavailable
from lineage.tables import Outage, Property, Row, Table

HOLD = timedelta(seconds=150)  # longer than a Data Map call may take: it is given up after 100 seconds
COME_BACK = 5.0  # seconds, at most: holds are mostly given back long before they expire
PARTITIONS = 16
CLAIMS = 5  # attempts, each lost to another instance, before the message comes back later

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Superseded(Exception):
    """A newer event of the same process has been accepted."""

    def __init__(self, newest: datetime) -> None:
        super().__init__(f"an event of {_text(newest)} has been accepted")
        self.newest = newest


@dataclass(frozen=True, slots=True)
class State:
    """What the row of a process says."""

    newest: datetime | None = None
    holder: str = ""
    until: datetime | None = None

    @classmethod
    def read(cls, row: Row) -> "State":
        """From the row's properties."""
        newest, until = (row.properties.get(name) for name in ("newest", "until"))
        return cls(_moment(newest), str(row.properties.get("holder", "")), _moment(until))

    def to_properties(self) -> dict[str, str | int]:
        """Times as text of one width and zone, for whoever looks at the table."""
        return {"newest": _text(self.newest), "holder": self.holder, "until": _text(self.until)}


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """The right to write a process now. Without `row` it is held against nobody but tasks of this process."""

    lock: asyncio.Lock
    row: Row | None = None
    before: State = State()
    now: State = State()


class Order:
    """Gives turns. `holder` names this process; belongs to one event loop."""

    def __init__(
        self,
        table: Table,
        *,
        holder: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._holder = holder or str(uuid4())
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # gone when nobody waits
        self._outage = Outage("lineage.order")

    async def begin(self, key: str, event_time: datetime) -> Turn:
        """
        Waits for the tasks of this process that came before, then claims the process `key` (typeName and
        qualifiedName) for an event. `Superseded` if a newer one was accepted, `Unavailable` if another instance writes.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        await lock.acquire()
        try:
            return await self._claim(key, to_utc(event_time), lock)
        except StorageFailed as error:
            self._outage.failed(error, process=key)
            return Turn(lock)
        except BaseException:
            lock.release()
            raise

    async def end(self, turn: Turn, *, written: bool = True) -> None:
        """Gives the turn back. An event that was not written gives its place back as well, so that older ones count."""
        try:
            if turn.row is not None:
                newest = turn.now.newest if written else turn.before.newest
                with suppress(StorageFailed):  # the hold expires
                    await self._table.replace(
                        replace(turn.row, properties=_properties(turn.row, State(newest)))
                    )
        finally:
            turn.lock.release()

    async def _claim(self, key: str, event_time: datetime, lock: asyncio.Lock) -> Turn:
        for _ in range(CLAIMS):
            row = await self._table.get(*_place(key)) or Row(*_place(key), {"process": key})
            before = State.read(row)
            self._check(before, event_time)
            now = State(event_time, self._holder, self._clock() + HOLD)
            claimed = replace(row, properties=_properties(row, now))
            etag = await (self._table.replace(claimed) if row.etag else self._table.insert(claimed))
            self._outage.over()
            if etag is not None:
                return Turn(lock, replace(claimed, etag=etag), before, now)
        raise _another_writes(COME_BACK)

    def _check(self, state: State, event_time: datetime) -> None:
        """
        Who writes comes first: a newer event that is not written after all does not count. A hold of our own is a
        leftover, since the tasks of this process stand in line before they come here.
        """
        left = state.until - self._clock() if state.until else timedelta(0)
        if state.holder != self._holder and left > timedelta(0):
            raise _another_writes(min(COME_BACK, left.total_seconds()))
        if state.newest and state.newest > event_time:
            raise Superseded(state.newest)


def to_utc(event_time: datetime) -> datetime:
    """In UTC; a time without a zone is one already."""
    try:
        return event_time.replace(tzinfo=event_time.tzinfo or UTC).astimezone(UTC)
    except OverflowError:  # in the first or last hours there are
        return EARLIEST if event_time.year == EARLIEST.year else LATEST


def _another_writes(retry_after: float) -> Unavailable:
    return Unavailable("another instance is writing this process", retry_after=retry_after)


def _place(key: str) -> tuple[str, str]:
    """Partition and row key: names hold what keys may not, and are longer."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"order-{int(digest, 16) % PARTITIONS:02}", digest


def _properties(row: Row, state: State) -> dict[str, Property]:
    return {**row.properties, **state.to_properties()}


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="microseconds") if moment else ""


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
