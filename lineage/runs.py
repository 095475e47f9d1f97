"""
The events of OpenLineage runs, kept in Table Storage until what they say together is known.

Store, then read: an event is stored before the run is read back, so of two events handled at the same moment, on
whichever instances, at least one sees both, and what it knows counts as newer (`Snapshot.known`). Nothing is locked,
and the order of arrival makes no difference. Events that come at the same time are stored in one call.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from lineage.errors import PayloadGone
from lineage.fingerprint import digest
from lineage.openlineage import Event, EventKind, Snapshot, merge, read_event
from lineage.rows import Rows
from lineage.storage import StorageAccount
from lineage.tables import BYTES_LIMIT, Property, Row, Table, in_parts, unzipped, zipped

TABLE = "lineageruns"
KIND = "runs"  # of the rows: their keys are a digest of the run and one of what was told
EXPIRE_FOR = 240.0  # seconds; the host allows ten minutes
PARTS_LIMIT = 12  # properties of one row; beyond that the event goes to the payload container


class Runs:
    """What is known of runs."""

    def __init__(
        self, table: Table, storage: StorageAccount, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table = table
        self._rows = Rows(table, KIND)
        self._storage = storage
        self._clock = clock

    async def add(self, event: Event) -> Snapshot:
        """
        All that the events of this event's run say together, this one included.

        A producer whose clock is ahead must not keep later events of the job from being written: what it says counts
        as said now.
        """
        key = await self._store(event) if event.kind is EventKind.RUN else ""
        now = self._clock()  # before reading, so that who knows more is never the older
        if event.kind is not EventKind.RUN:
            snapshot = merge([event])  # what is declared stands by itself
        else:
            rows = await self._table.beginning(KIND, f"{_run(event)}-")
            known = sum(int(row.properties.get("told", 1)) for row in rows)
            snapshot = replace(merge(await self._events(key, event, rows)), known=known)
        return replace(snapshot, last=min(snapshot.last, now))

    async def expire(self, before: datetime) -> int:
        """Forgets events stored before a moment; answers how many. What takes too long is left for the next time."""
        until, count = time.monotonic() + EXPIRE_FOR, 0
        async for rows in self._table.older_than(before, ["claim"]):
            for row in rows:
                await self._discard(row)
            await self._table.delete(rows)
            count += len(rows)
            if time.monotonic() > until:
                break
        return count

    async def _events(self, key: str, event: Event, rows: Iterable[Row]) -> list[Event]:
        """Those in the rows, and this one."""
        known = {key: event}
        for row in rows:
            if row.key == key:
                known[key] = replace(event, time=datetime.fromisoformat(str(row.properties["eventTime"])))
            elif stored := await self._event(row):
                known[row.key] = stored
        return list(known.values())

    async def _store(self, event: Event) -> str:
        """
        A row per content: a stream that says the same every minute stays one row, with the latest time and how often it
        became later. So who reads more always counts more.
        """
        time = event.time.isoformat()
        key = f"{_run(event)}-{digest({**event.to_json(), 'eventTime': ''})}"
        while True:
            row = Row(KIND, key, {"eventTime": time, "told": 1, **await self._packed(event)})
            if await self._rows.write(row):
                return key
            there = await self._table.get(KIND, key)
            if there is None or there.properties.get("claim") != row.properties.get("claim"):
                await self._discard(row)
            if there and (str(there.properties["eventTime"]) >= time or await self._retime(there, time)):
                return key

    async def _retime(self, row: Row, time: str) -> bool:
        later: dict[str, Property] = {"eventTime": time, "told": int(row.properties.get("told", 1)) + 1}
        return await self._rows.write(replace(row, properties={**row.properties, **later})) is not None

    async def _packed(self, event: Event) -> Mapping[str, Property]:
        data = zipped(event.to_json())
        if len(data) > BYTES_LIMIT * PARTS_LIMIT:
            return {"claim": await self._storage.keep(data)}
        return in_parts("event", data)

    async def _event(self, row: Row) -> Event | None:
        """The event of a row; nothing if its payload expired meanwhile."""
        try:
            payload = unzipped(await self._data(row))
        except PayloadGone:
            return None
        return read_event({**payload, "eventTime": row.properties["eventTime"]}).event

    async def _data(self, row: Row) -> bytes:
        if claim := row.properties.get("claim"):
            return await self._storage.fetch(str(claim))
        return row.joined("event")

    async def _discard(self, row: Row) -> None:
        if claim := row.properties.get("claim"):
            await self._storage.discard(str(claim))


def _run(event: Event) -> str:
    """A run of a job: ids are unique by specification, and by practice only together with the job's name."""
    return digest([event.run_id, event.job and event.job.to_json()])
