"""
An old message after a newer one from the same job does not win, whichever instances handle them; and what the newer
one no longer tells goes away.

A row per declarer (a job, or a dataset that tells its own lineage), in the table of outcomes, holds the newest version
accepted, who is writing now, and what was last written. It is claimed by conditional update, so of two instances one
comes first and the other comes back. A hold that nobody gives back expires, and what its holder may have written stays
on the list. Without the table nothing is guarded, and lineage is written all the same.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from weakref import WeakValueDictionary

from lineage.deadline import OF_MESSAGES
from lineage.errors import AnotherWrites, StorageFailed
from lineage.rows import Rows, row_key
from lineage.tables import BYTES_LIMIT, Outage, Property, Row, Table, in_parts, unzipped, zipped

# Longer than a message may take; after a crash others wait as long.
HOLD = timedelta(seconds=OF_MESSAGES + 30)
COME_BACK = 5.0  # seconds, at most, until another try: holds are mostly given back long before they expire
KIND = "order"  # of the rows
CLAIMS = 5  # attempts, each lost to another instance, before the message comes back later
PARTS_LIMIT = 4  # properties for what was written; more of it is not remembered
LIMIT = BYTES_LIMIT * PARTS_LIMIT

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


# A process by its typeName and qualifiedName, a direct edge by those of its two ends; and the guid, where it is known.
Piece = tuple[str, ...]
Pieces = Mapping[Piece, str]


class Superseded(Exception):
    """A newer version of what the same declarer says has been accepted."""

    def __init__(self, newest: datetime) -> None:
        super().__init__(f"an event of {_text(newest)} has been accepted")
        self.newest = newest


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """
    When something was said. Equal times have an order of their own, so that chance has no say: by who said it, and of
    the same run by how many of its events were known.
    """

    time: datetime
    by: str = ""
    known: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What the row of a declarer says."""

    newest: Version | None = None
    wrote: Pieces = field(default_factory=dict)
    holder: str = ""
    until: datetime | None = None

    @classmethod
    def read(cls, row: Row) -> "State":
        """From the row's properties."""
        newest, until = (_moment(row.properties.get(name)) for name in ("newest", "until"))
        by, known = str(row.properties.get("by", "")), int(row.properties.get("known", 0))
        return cls(
            Version(newest, by, known) if newest else None,
            _unpacked(row),
            str(row.properties.get("holder", "")),
            until,
        )

    def to_properties(self) -> dict[str, Property]:
        """Times as text of one width and zone, for whoever looks at the table."""
        newest = self.newest
        return {
            "newest": _text(newest.time if newest else None),
            "by": newest.by if newest else "",
            "known": newest.known if newest else 0,
            "holder": self.holder,
            "until": _text(self.until),
            **_packed(self.wrote),
        }


@dataclass(slots=True, eq=False)
class Turn:
    """
    The right to write what a declarer says now. Without `row` it is held against nobody but tasks of this process.

    `writes` is all that is to be there after it; None leaves it open.
    """

    lock: asyncio.Lock
    row: Row | None = None
    before: State = field(default_factory=State)
    now: State = field(default_factory=State)
    writes: Pieces | None = None

    @property
    def stale(self) -> Pieces:
        """What the declarer wrote before, or may have written, and says no more."""
        if self.writes is None:
            return {}
        return {piece: guid for piece, guid in self.before.wrote.items() if piece not in self.writes}

    @property
    def undone(self) -> State:
        """What the row says if nothing was written after all, or not everything."""
        return State(self.before.newest, self.now.wrote)

    def after(self, guids: Pieces) -> State:
        """What the row says once everything is written, and nothing else is left."""
        wrote = self.now.wrote
        if self.writes is not None:
            wrote = {piece: guids.get(piece) or wrote.get(piece, "") for piece in self.writes}
        return State(self.now.newest, wrote)


class Order:
    """Gives turns. `holder` names this process; belongs to one event loop."""

    def __init__(
        self,
        table: Table,
        *,
        holder: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = Rows(table, KIND)
        self._holder = holder or str(uuid4())
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # gone when nobody waits
        self._outage = Outage("lineage.order")

    async def begin(self, key: str, version: Version | None, writes: Pieces | None = None) -> Turn:
        """
        Waits for the tasks of this process that came before, then claims the declarer `key` for a version of what it
        says. `Superseded` if a newer one was accepted, `AnotherWrites` if another instance does. What has no version
        waits for its turn, and comes neither before nor after others.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        await lock.acquire()
        try:
            return await self._claim(
                key, version and replace(version, time=to_utc(version.time)), writes, lock
            )
        except StorageFailed as error:
            self._outage.failed(error, declarer=row_key(key))
            return Turn(lock)
        except BaseException:
            lock.release()
            raise

    async def renew(self, turn: Turn) -> None:
        """The whole time again, for what takes longer than one call; `AnotherWrites` if it is another's by now."""
        if turn.row is not None:
            await self._hold(turn, turn.row, replace(turn.now, until=self._clock() + HOLD))

    async def leave(self, turn: Turn) -> None:
        """
        Gives a turn up in which something may still be on its way to the Data Map. Other instances wait as after a
        crash; the tasks of this process need not, since its calls about one process follow each other.
        """
        try:
            with suppress(StorageFailed, AnotherWrites):
                await self.renew(turn)
        finally:
            turn.lock.release()

    async def end(self, turn: Turn, *, written: bool = True, guids: Pieces | None = None) -> None:
        """
        Gives the turn back; `guids` are those of what was written, as far as they are known. A version that was not
        written gives its place back as well, so that older ones count, and what may be there of it stays on the list.
        """
        try:
            if turn.row is not None:
                with suppress(StorageFailed, AnotherWrites):  # the hold expires
                    await self._hold(turn, turn.row, turn.after(guids or {}) if written else turn.undone)
        finally:
            turn.lock.release()

    async def state(self, key: str) -> State:
        """What is known of a declarer."""
        try:
            return State.read(await self._rows.read(key))
        except StorageFailed as error:
            self._outage.failed(error, declarer=row_key(key))
            return State()

    async def _claim(
        self, key: str, version: Version | None, writes: Pieces | None, lock: asyncio.Lock
    ) -> Turn:
        for _ in range(CLAIMS):
            row = await self._rows.read_or_make(key)
            before = State.read(row)
            self._check(before, version)
            both = {**dict.fromkeys(writes or (), ""), **before.wrote}
            wrote = both if fits(both) else before.wrote
            now = State(version or before.newest, wrote, self._holder, self._clock() + HOLD)
            claimed = await self._rows.write(
                replace(row, properties={"declarer": key, **now.to_properties()})
            )
            self._outage.over()
            if claimed is not None:
                return Turn(lock, claimed, before, now, writes)
        raise AnotherWrites(COME_BACK)

    async def _hold(self, turn: Turn, row: Row, state: State) -> None:
        """Brings the row of a turn up to date, if it is still held."""
        changed = await self._rows.write(
            replace(row, properties={"declarer": row.properties["declarer"], **state.to_properties()})
        )
        if changed is None:
            raise AnotherWrites(COME_BACK)
        turn.row, turn.now = changed, state

    def _check(self, state: State, version: Version | None) -> None:
        """
        Who writes comes first: a newer event that is not written after all does not count. A hold of our own is a
        leftover, since the tasks of this process stand in line before they come here.
        """
        left = state.until - self._clock() if state.until else timedelta(0)
        if state.holder != self._holder and left > timedelta(0):
            raise AnotherWrites(min(COME_BACK, left.total_seconds()))
        if state.newest and version and state.newest > version:
            raise Superseded(state.newest.time)


def to_utc(event_time: datetime) -> datetime:
    """In UTC; a time without a zone is one already."""
    try:
        return event_time.replace(tzinfo=event_time.tzinfo or UTC).astimezone(UTC)
    except OverflowError:  # in the first or last hours there are
        return EARLIEST if event_time.year == EARLIEST.year else LATEST


def fits(pieces: Pieces) -> bool:
    """Whether so much is remembered, if need be without guids."""
    names = _named(pieces)
    length = sum(len(name) for piece in names for name in piece)
    return length < LIMIT // 16 or len(_zipped(names)) <= LIMIT  # a character takes at most twelve bytes


def _packed(pieces: Pieces) -> dict[str, Property]:
    """In as many properties as it takes; without guids if it is too much with them, and nothing if it is even so."""
    for each in (pieces, _named(pieces)) if pieces else ():
        data = _zipped(each)
        if len(data) <= LIMIT:
            return in_parts("wrote", data)
    return {}


def _named(pieces: Pieces) -> Pieces:
    """Without the guids: a name is enough to find what is there."""
    return dict.fromkeys(pieces, "")


def _zipped(pieces: Pieces) -> bytes:
    return zipped(sorted([*piece, guid] for piece, guid in pieces.items()))


def _unpacked(row: Row) -> Pieces:
    data = row.joined("wrote")
    return {tuple(names): guid for *names, guid in unzipped(data)} if data else {}


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="microseconds") if moment else ""


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
