"""
What was last written for each process and edge, so that the same lineage again costs the Data Map nothing.

Kept in the tables, since other instances write too. What is about to be changed is forgotten before it is written and
remembered after, each on condition that nobody else did so meanwhile; whoever finds that somebody did forgets it again.
So while the table answers the memory is at worst empty. It counts for a while only: people change lineage in Purview's
portal as well.

Lineage is written while the table does not answer, too. What the table may then say wrongly is not believed here, and
forgotten there as soon as it answers again. Other instances could believe it until then; and, should this process end
before, all of them until it counts no more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lineage.batching import gather_all
from lineage.errors import StorageFailed
from lineage.rows import Rows
from lineage.tables import Outage, Row, Table

KIND = "written"
DOUBTS = 100_000  # keys; beyond them the oldest are believed again
MEND_AFTER = 5.0  # seconds between attempts to forget what is in doubt


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
        self._rows = Rows(table, KIND)
        self._lasts = lasts
        self._clock = clock
        self._outage = Outage("lineage.memory")
        self._tasks: set[asyncio.Task[None]] = set()
        self._doubted: dict[str, None] = {}  # keys, the oldest first
        self._mending: asyncio.TimerHandle | None = None

    async def before(self, wanted: Mapping[str, str]) -> Slip:
        """Which of the keys hold the wanted digest already; what is known of the others is forgotten."""
        try:
            rows = await gather_all(map(self._rows.read_or_make, wanted))
            slip = Slip()
            for (key, digest), row in zip(wanted.items(), rows, strict=True):
                if row.properties.get("digest") == digest and self._counts(key, row):
                    slip.unchanged[key] = Written(digest, str(row.properties.get("guid", "")))
                else:
                    slip.rows[key] = row
            await gather_all(self._forget(slip, key) for key in list(slip.rows))
            self._outage.over()
        except StorageFailed as error:
            self._outage.failed(error)
            self._doubt(wanted)
            return Slip()
        return slip

    def after(self, slip: Slip, key: str, written: Written) -> None:
        """Remembers what has been written, unless somebody else wrote the same key meanwhile. Nobody waits for it."""
        if key in slip.rows:
            self._start(self._remember(key, slip.rows[key], written))

    async def flush(self) -> None:
        """Waits until everything so far is remembered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Waits like `flush`, and leaves in doubt what is."""
        if self._mending:
            self._mending.cancel()
        await self.flush()

    async def _remember(self, key: str, row: Row, what: Written) -> None:
        properties = {"digest": what.digest, "guid": what.guid, "written": self._clock().isoformat()}
        try:
            if await self._rows.write(replace(row, properties=properties), late=True) is None:
                await self._rows.overwrite(_forgotten(row))
        except StorageFailed as error:
            self._outage.failed(error)
            self._doubt([key])

    async def _forget(self, slip: Slip, key: str) -> None:
        row = slip.rows[key]
        if row.properties.get("digest"):
            forgotten = await self._rows.write(_forgotten(row))
            if forgotten:
                slip.rows[key] = forgotten
            else:  # somebody else writes it now: neither may be remembered
                await self._rows.overwrite(_forgotten(row))
                del slip.rows[key]
        self._doubted.pop(key, None)

    def _counts(self, key: str, row: Row) -> bool:
        written = datetime.fromisoformat(str(row.properties["written"]))
        return key not in self._doubted and self._clock() - written < self._lasts

    def _doubt(self, keys: Iterable[str]) -> None:
        self._doubted.update(dict.fromkeys(keys))
        while len(self._doubted) > DOUBTS:
            del self._doubted[next(iter(self._doubted))]
        if self._mending is None:
            self._mending = asyncio.get_running_loop().call_later(MEND_AFTER, self._start_mending)

    def _start_mending(self) -> None:
        self._mending = None
        self._start(self._mend())

    async def _mend(self) -> None:
        """Forgets what is in doubt, one by one for as long as the table answers."""
        for key in list(self._doubted):
            try:
                await self._rows.overwrite(_forgotten(self._rows.new(key)))
            except StorageFailed:
                self._doubt([])
                return
            self._doubted.pop(key, None)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _forgotten(row: Row) -> Row:
    return replace(row, properties={"digest": ""})
