"""
What was last written for each process and edge, so that the same lineage again costs the Data Map nothing.

Kept in the tables, since other instances write too. What is about to be changed is forgotten before it is written and
remembered after, each on condition that nobody else did so meanwhile; whoever finds that somebody did forgets it
again. So the memory is at worst empty. It counts for a while only: people change lineage in Purview's portal as well.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lineage.batching import Batcher, gather_all
from lineage.errors import StorageFailed
from lineage.tables import FILTER_LIMIT, Outage, Row, Table, was_refused

PARTITIONS = 2  # few, so that groups are large
ROWS_PER_WRITE = 100


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
        self._readers: dict[str, Batcher[str, Row | None]] = {}
        self._writers: dict[str, Batcher[Row, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def before(self, wanted: Mapping[str, str]) -> Slip:
        """Which of the keys hold the wanted digest already; what is known of the others is forgotten."""
        try:
            rows = await gather_all(map(self._read, wanted))
            slip = Slip()
            for (key, digest), row in zip(wanted.items(), rows, strict=True):
                if row and row.properties.get("digest") == digest and self._counts(row):
                    slip.unchanged[key] = Written(digest, str(row.properties.get("guid", "")))
                else:
                    slip.rows[key] = row or Row(*_place(key))
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
            if await self._write(Row(row.partition, row.key, properties, row.etag)) is None:
                await self._table.put([_forgotten(row)])
        except StorageFailed as error:
            self._outage.failed(error)

    async def _forget(self, slip: Slip, key: str) -> None:
        row = slip.rows[key]
        if row.etag and row.properties.get("digest"):
            etag = await self._write(_forgotten(row))
            if etag is None:  # somebody else writes it now: neither may be remembered
                await self._table.put([_forgotten(row)])
                del slip.rows[key]
            else:
                slip.rows[key] = Row(row.partition, row.key, {}, etag)

    def _counts(self, row: Row) -> bool:
        written = datetime.fromisoformat(str(row.properties["written"]))
        return self._clock() - written < self._lasts

    async def _read(self, key: str) -> Row | None:
        partition, row_key = _place(key)
        if partition not in self._readers:
            self._readers[partition] = self._reader(partition)
        return await self._readers[partition].submit(row_key)

    def _reader(self, partition: str) -> Batcher[str, Row | None]:
        async def read(keys: Sequence[str]) -> Sequence[Row | None]:
            found = {row.key: row for row in await self._table.some(partition, list(dict.fromkeys(keys)))}
            return [found.get(key) for key in keys]

        return Batcher(read, size=FILTER_LIMIT, concurrency=2)

    async def _write(self, row: Row) -> str | None:
        """The row's new etag, or nothing if it is not as it was."""
        if row.partition not in self._writers:
            self._writers[row.partition] = Batcher(
                self._table.write_all, size=ROWS_PER_WRITE, concurrency=2, divides=was_refused
            )
        try:
            return await self._writers[row.partition].submit(row, key=row.key)
        except StorageFailed as error:
            if was_refused(error):
                return None
            raise


def _forgotten(row: Row) -> Row:
    return Row(row.partition, row.key, {"digest": ""}, row.etag)


def _place(key: str) -> tuple[str, str]:
    """Partition and row key: names hold what keys may not, and are longer."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"written-{int(digest, 16) % PARTITIONS}", digest
