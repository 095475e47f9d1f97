"""
What was last written for each process and edge, so that the same lineage again costs the Data Map nothing.

Kept in the tables, since other instances write too. What is about to be changed is forgotten before it is written and
remembered after, each on condition that nobody else did so meanwhile; whoever finds that somebody did forgets it
again. So the memory is at worst empty. It counts for a while only: people change lineage in Purview's portal as well.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lineage.batching import Batcher, gather_all
from lineage.errors import StorageFailed
from lineage.tables import FILTER_LIMIT, ROWS_LIMIT, Outage, Row, Table, was_refused

PARTITION = "written"  # one, so that groups are large; it takes some 2,000 rows a second
LINGER = 0.01  # seconds: nobody waits for what is remembered, and who waits for an answer gets it first


@dataclass(frozen=True, slots=True)
class Written:
    """What a key stands for now: a digest of the content, and the guid it has in the Data Map."""

    digest: str
    guid: str


@dataclass(slots=True)
class Slip:
    """What was known before a write: what need not be written, and the rows to be brought up to date after it."""

    unchanged: dict[str, Written] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)


class Memory:
    """Belongs to one event loop."""

    def __init__(
        self,
        table: Table,
        *,
        lasts: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._lasts = lasts
        self._clock = clock
        self._outage = Outage("lineage.memory")
        self._reads = Batcher(self._read_all, size=FILTER_LIMIT, concurrency=2)
        self._forgets = self._writes()
        self._remembers = self._writes(linger=LINGER)
        self._tasks: set[asyncio.Task[None]] = set()

    async def before(self, wanted: Mapping[str, str]) -> Slip:
        """Which of the keys hold the wanted digest already; what is known of the others is forgotten."""
        try:
            rows = await gather_all(self._reads.submit(_row_key(key)) for key in wanted)
            slip = Slip()
            for (key, digest), row in zip(wanted.items(), rows, strict=True):
                if row and row.properties.get("digest") == digest and self._counts(row):
                    slip.unchanged[key] = Written(digest, str(row.properties.get("guid", "")))
                else:
                    slip.rows[key] = row or Row(PARTITION, _row_key(key))
            await gather_all(self._forget(slip, key) for key in list(slip.rows))
            self._outage.over()
        except StorageFailed as error:
            self._outage.failed(error)
            return Slip()
        return slip

    def after(self, slip: Slip, written: Mapping[str, Written]) -> None:
        """Remembers what has been written, unless somebody else wrote the same key meanwhile. Nobody waits for it."""
        for key, what in written.items():
            if key in slip.rows:
                task = asyncio.create_task(self._remember(slip.rows[key], what))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Waits until everything so far is remembered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _remember(self, row: Row, what: Written) -> None:
        properties = {"digest": what.digest, "guid": what.guid, "written": self._clock().isoformat()}
        try:
            written = Row(row.partition, row.key, properties, row.etag)
            if await _unless_refused(self._remembers.submit(written, key=row.key)) is None:
                await self._table.put([_forgotten(row)])
        except StorageFailed as error:
            self._outage.failed(error)

    async def _forget(self, slip: Slip, key: str) -> None:
        row = slip.rows[key]
        if row.etag and row.properties.get("digest"):
            etag = await _unless_refused(self._forgets.submit(_forgotten(row), key=row.key))
            if etag is None:  # somebody else writes it now: neither may be remembered
                await self._table.put([_forgotten(row)])
                del slip.rows[key]
            else:
                slip.rows[key] = Row(row.partition, row.key, {}, etag)

    def _counts(self, row: Row) -> bool:
        written = datetime.fromisoformat(str(row.properties["written"]))
        return self._clock() - written < self._lasts

    async def _read_all(self, keys: Sequence[str]) -> Sequence[Row | None]:
        found = {row.key: row for row in await self._table.some(PARTITION, list(dict.fromkeys(keys)))}
        return [found.get(key) for key in keys]

    def _writes(self, *, linger: float = 0) -> Batcher[Row, str]:
        return Batcher(
            self._table.write_all, size=ROWS_LIMIT, concurrency=2, divides=was_refused, linger=linger
        )


async def _unless_refused(write: Awaitable[str]) -> str | None:
    """The row's new etag, or nothing if it was not as it was taken to be."""
    try:
        return await write
    except StorageFailed as error:
        if was_refused(error):
            return None
        raise


def _forgotten(row: Row) -> Row:
    return Row(row.partition, row.key, {"digest": ""}, row.etag)


def _row_key(key: str) -> str:
    """Names hold what keys may not, and are longer."""
    return hashlib.sha256(key.encode()).hexdigest()
