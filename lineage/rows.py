"""
Rows that are read and written one by one, by whoever: those asked for at the same time go in one call.

All of a kind lie in one partition, so that groups are large; a partition takes some 2,000 rows a second.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from lineage.batching import Batcher
from lineage.errors import StorageFailed
from lineage.tables import FILTER_LIMIT, ROWS_LIMIT, Row, Table, concerns_rows, was_refused

LINGER = 0.01  # seconds: who waits for an answer gets it before what nobody waits for is written


class Rows:
    """The rows of a kind, by names of any length and characters. Belongs to one event loop."""

    def __init__(self, table: Table, kind: str) -> None:
        self._table = table
        self._kind = kind
        self._reads = Batcher(self._read_all, size=FILTER_LIMIT, concurrency=2)
        self._writes = Batcher(table.write_all, size=ROWS_LIMIT, concurrency=2, divides=_concerns_one)
        self._late_writes = Batcher(
            table.write_all, size=ROWS_LIMIT, concurrency=2, divides=_concerns_one, linger=LINGER
        )

    async def read(self, name: str) -> Row:
        """The row of a name. One that is not there yet has no etag."""
        return await self._reads.submit(Row(self._kind, row_key(name)))

    async def write(self, row: Row, *, late: bool = False) -> Row | None:
        """
        Writes a row if it is still as it was read, or still not there; answers it with its new etag, or nothing if it
        is not. What nobody waits for may be `late`.
        """
        writes = self._late_writes if late else self._writes
        try:
            return replace(row, etag=await writes.submit(row, key=row.key))
        except StorageFailed as error:
            if was_refused(error):
                return None
            raise

    async def overwrite(self, row: Row) -> None:
        """Writes a row over whatever is there."""
        await self._table.put([row])

    async def _read_all(self, rows: Sequence[Row]) -> Sequence[Row]:
        keys = list(dict.fromkeys(row.key for row in rows))
        if len(keys) == 1:  # as in an idle app, where it is quicker
            there = await self._table.get(self._kind, keys[0])
            return [there or row for row in rows]
        found = {row.key: row for row in await self._table.some(self._kind, keys)}
        return [found.get(row.key, row) for row in rows]


def _concerns_one(error: Exception) -> bool:
    """One of the rows is not as it was, or together they are too large for a transaction."""
    return was_refused(error) or concerns_rows(error)


def row_key(name: str) -> str:
    """Names hold what keys may not, and are longer."""
    return hashlib.sha256(name.encode()).hexdigest()
