"""
The events of OpenLineage runs, kept in Table Storage until what they say together is known.

Store, then read: an event is stored before the run is read back, so of two events handled at the same moment, on
whichever instances, at least one sees both. Nothing is locked, and the order of arrival makes no difference.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from lineage.openlineage import Event, EventKind, Snapshot, merge, read_event
from lineage.storage import StorageAccount
from lineage.tables import Row, Table

TABLE = "lineageruns"
BYTES_LIMIT = 60_000  # of one property; Table Storage takes 64 KiB
PARTS_LIMIT = 12  # properties of one row; beyond that the event goes to the payload container


class Runs:
    """What is known of runs."""

    def __init__(self, table: Table, storage: StorageAccount) -> None:
        self._table = table
        self._storage = storage

    async def add(self, event: Event) -> Snapshot:
        """All that the events of this event's run say together, this one included."""
        if event.kind is not EventKind.RUN:
            return merge([event])  # what is declared stands by itself
        partition = _partition(event)
        await self._store(partition, event)
        rows = await self._table.rows(partition)
        return merge([event, *[await self._event(row) for row in rows]])

    async def expire(self, before: datetime) -> int:
        """Forgets events stored before a moment; answers how many."""
        rows = await self._table.older_than(before)
        for row in rows:
            if claim := row.properties.get("claim"):
                await self._storage.discard(str(claim))
        await self._table.delete(rows)
        return len(rows)

    async def _store(self, partition: str, event: Event) -> None:
        """A row per content: a stream that says the same every minute stays one row, with the latest time."""
        key = _digest({**event.to_json(), "eventTime": ""})
        time = event.time.isoformat()
        row = Row(partition, key, {"eventTime": time, **await self._packed(event)})
        while await self._table.insert(row) is None:
            there = await self._table.get(partition, key)
            if there and str(there.properties["eventTime"]) >= time:
                return
            if there and await self._table.replace(Row(partition, key, row.properties, there.etag)):
                return

    async def _packed(self, event: Event) -> Mapping[str, str | bytes]:
        data = gzip.compress(json.dumps(event.to_json()).encode(), mtime=0)
        if len(data) > BYTES_LIMIT * PARTS_LIMIT:
            return {"claim": await self._storage.keep(data)}
        starts = range(0, len(data), BYTES_LIMIT)
        return {f"event{number}": data[start : start + BYTES_LIMIT] for number, start in enumerate(starts)}

    async def _event(self, row: Row) -> Event:
        claim = row.properties.get("claim")
        if claim:
            data = await self._storage.fetch(str(claim))
        else:
            parts = (row.properties.get(f"event{number}") for number in range(PARTS_LIMIT))
            data = b"".join(part for part in parts if isinstance(part, bytes))
        return read_event(json.loads(gzip.decompress(data))).event


def _partition(event: Event) -> str:
    """A run of a job: ids are unique by specification, and by practice only together with the job's name."""
    return _digest([event.run_id, event.job and event.job.to_json()])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
