"""
Rows that are read and written one by one, by whoever: those asked for at the same time go in one call.

Table Storage writes up to a hundred rows of a partition in one call, each on condition, but reads many of them only by
going through the whole partition. So rows of which nothing is known are first tried as one transaction of creates,
empty, when several are asked for at the same time; those that are known to be there, or of which one turned out to be,
are read one by one. All of a kind lie in one partition, which takes some 2,000 rows a second.
Source: https://learn.microsoft.com/azure/storage/tables/table-storage-design-for-query
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from cachetools import LRUCache

from lineage.batching import Batcher, gather_all
from lineage.errors import StorageFailed
from lineage.tables import ROWS_LIMIT, Row, Table, concerns_rows, was_refused

LINGER = 0.01  # seconds: who waits for an answer gets it before what nobody waits for is written
KNOWN = 10_000  # rows of which it is remembered that they are there


class Rows:
    """The rows of a kind, by names of any length and characters. Belongs to one event loop."""

    def __init__(self, table: Table, kind: str) -> None:
        self._table = table
        self._kind = kind
        self._known: LRUCache[str, None] = LRUCache(KNOWN)
        self._makes = Batcher(self._make_all, size=ROWS_LIMIT, concurrency=2)
        self._writes = Batcher(table.write_all, size=ROWS_LIMIT, concurrency=2, divides=_concerns_one)
        self._late_writes = Batcher(
            table.write_all, size=ROWS_LIMIT, concurrency=2, divides=_concerns_one, linger=LINGER
        )

    def new(self, name: str) -> Row:
        """The row of a name as if it were not there yet."""
        return Row(self._kind, row_key(name))

    async def read(self, name: str) -> Row:
        """The row of a name. One that is not there yet has no etag."""
        return await self._read(row_key(name))

    async def read_or_make(self, name: str) -> Row:
        """The row of a name, for who is going to write it: one that is not there yet may have been made, empty."""
        key = row_key(name)
        return await (self._read(key) if key in self._known else self._makes.submit(key))

    async def write(self, row: Row, *, late: bool = False) -> Row | None:
        """
        Writes a row if it is still as it was read, or still not there; answers it with its new etag, or nothing if it
        is not. What nobody waits for may be `late`.
        """
        writes = self._late_writes if late else self._writes
        try:
            etag = await writes.submit(row, key=row.key)
        except StorageFailed as error:
            if was_refused(error):
                return None
            raise
        self._known[row.key] = None
        return replace(row, etag=etag)

    async def overwrite(self, row: Row) -> None:
        """Writes a row over whatever is there."""
        await self._table.put([row])

    async def _read(self, key: str) -> Row:
        row = await self._table.get(self._kind, key)
        if row:
            self._known[key] = None
        return row or Row(self._kind, key)

    async def _make_all(self, keys: Sequence[str]) -> Sequence[Row]:
        rows = {key: Row(self._kind, key) for key in keys}
        if len(rows) > 1 and (made := await self._made(list(rows.values()))):
            return [made[key] for key in keys]
        found = await gather_all(map(self._read, rows))  # a single one is read quicker than it is made
        there = {row.key: row for row in found}
        return [there[key] for key in keys]

    async def _made(self, rows: Sequence[Row]) -> dict[str, Row]:
        """The rows, now that they are there; nothing if one of them was there before."""
        try:
            etags = await self._table.write_all(rows)
        except StorageFailed as error:
            if was_refused(error):
                return {}
            raise
        made = {row.key: replace(row, etag=etag) for row, etag in zip(rows, etags, strict=True)}
        self._known.update(dict.fromkeys(made))
        return made


def _concerns_one(error: Exception) -> bool:
    """One of the rows is not as it was, or together they are too large for a transaction."""
    return was_refused(error) or concerns_rows(error)


def row_key(name: str) -> str:
    """Names hold what keys may not, and are longer."""
    return hashlib.sha256(name.encode()).hexdigest()
