"""
What became of requests: the answer of `POST /api/lineage`, and the records kept in Table Storage.

Records are for people who ask later. They are written in groups behind the messages' backs: to lose one loses no
lineage, so a table that does not answer neither delays nor fails a message.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, Self

from pydantic import Field

from lineage.batching import Batcher
from lineage.errors import StorageFailed
from lineage.request import Model
from lineage.rows import LINGER, row_key
from lineage.tables import ROWS_LIMIT, TEXT_LIMIT, Outage, Row, Table, concerns_rows

TABLE = "lineageoutcomes"
KIND = "request"
BACKLOG = 10_000  # records that wait for the table

Result = Literal["created", "updated", "unchanged", "removed"]
Status = Literal["queued", "accumulated", "done", "superseded", "deferred", "dead"]


class WrittenEntity(Model):
    """A dataset or process of the request, and what the write did to it."""

    guid: str
    type_name: str
    qualified_name: str | None = None
    result: Result


class WrittenRelationship(Model):
    """An edge that was written by itself: direct lineage, or an input or output added to a process."""

    relationship_type: str
    end1: str = Field(description="guid; in direct lineage the upstream dataset")
    end2: str = Field(description="guid; in direct lineage the downstream dataset")
    guid: str | None = Field(default=None, description="of the edge itself, if this write created it")
    result: Result


class Outcome(Model):
    """
    A request that is done; or superseded, because a newer one about its process was written before; or accumulated,
    because the OpenLineage run it tells of has not ended.
    """

    id: str
    status: Literal["done", "superseded", "accumulated"] = "done"
    detail: str | None = Field(default=None, description="why an OpenLineage event wrote no lineage")
    process: WrittenEntity | None = None
    datasets: tuple[WrittenEntity, ...] = ()
    relationships: tuple[WrittenRelationship, ...] = ()
    removed: int = Field(default=0, description="edges and processes that were taken away")
    warnings: tuple[str, ...] = ()
    parts: tuple["Outcome", ...] = Field(
        default=(), description="where one OpenLineage event became several requests"
    )

    def in_short(self) -> "Outcome":
        """Without what may be long: the datasets and edges, and all but the first warnings."""
        return self.model_copy(
            update={
                "datasets": (),
                "relationships": (),
                "parts": (),
                "warnings": tuple(warning[:500] for warning in self.warnings[:20]),
            }
        )


class Record(Model):
    """What has become of a request so far."""

    id: str
    status: Status
    problem: str | None = Field(default=None, description="the kind of problem, as in an error's `type`")
    reason: str | None = Field(default=None, description="the problem in words, cut if it is very long")
    error_code: str | None = Field(default=None, description="the Data Map's own code")
    request_id: str | None = Field(
        default=None, description="the Data Map's id of the call, for Microsoft's support"
    )
    attempts: int = 0
    first_seen: datetime
    last_seen: datetime
    next_attempt: datetime | None = Field(default=None, description="when a deferred request is tried again")
    outcome: Outcome | None = Field(
        default=None, description="what was written, if it is not too long to keep"
    )
    invocation_id: str | None = Field(default=None, description="the function invocation, for its logs")
    claim: str | None = Field(
        default=None, description="the payload in storage, of a message too large for the queue"
    )

    def to_json(self) -> dict[str, Any]:
        """As it is answered, without what there is nothing to say about."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_row(self) -> Row:
        """A property for each field, so that the table reads well in any tool."""
        properties = self.to_json()
        if self.outcome:
            whole = _dump(self.outcome)
            properties["outcome"] = whole if _length(whole) <= TEXT_LIMIT else _dump(self.outcome.in_short())
        if self.reason:
            properties["reason"] = _cut(self.reason)
        return Row(*place(self.id), properties)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """The record in a row. What another version of the app added to it is left aside."""
        names = {field.alias or name for name, field in cls.model_fields.items()}
        properties: dict[str, Any] = {name: row.properties[name] for name in names & row.properties.keys()}
        if "outcome" in properties:
            properties["outcome"] = json.loads(properties["outcome"])
        return cls.model_validate(properties)


@dataclass(eq=False, slots=True)
class _Waiting:
    """The last record of an id that has not gone out yet, and the task that ends when it has."""

    record: Record
    task: asyncio.Task[None] | None = None


class Outcomes:
    """
    The records. Belongs to one event loop.

    Of several records of one id that wait, the last is written; groups follow each other, so an older
    record never overwrites a newer one of this process. When more than `BACKLOG` wait, the oldest is forgotten.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._waiting: dict[str, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._outage = Outage("lineage.outcomes")
        self._writes = Batcher(self._write, size=ROWS_LIMIT, divides=concerns_rows, linger=LINGER)

    def record(self, record: Record) -> None:
        """Has it written some time. Never waits, never fails."""
        self._keep(record)

    async def record_now(self, record: Record) -> None:
        """Writes it, or raises `StorageFailed`."""
        task = self._keep(record)
        await asyncio.wait([task])
        if task.cancelled():
            raise _forgotten()
        task.result()

    async def record_within(self, record: Record, seconds: float) -> None:
        """
        Has it written in time or not at all, so that it does not overwrite what comes later. What is on its way to the
        table by then cannot be held back.
        """
        task = self._keep(record)
        try:
            await asyncio.wait([task], timeout=seconds)
        finally:
            waiting = self._waiting.get(record.id)
            if waiting and waiting.record is record:
                del self._waiting[record.id]
                task.cancel()

    async def find(self, request_id: str) -> Record | None:
        """What is known about a request, or nothing; raises `StorageFailed`."""
        row = await self._table.get(*place(request_id))
        return Record.from_row(row) if row and row.properties.get("id") == request_id else None

    async def flush(self) -> None:
        """Waits until everything recorded so far is written or lost."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _keep(self, record: Record) -> asyncio.Task[None]:
        waiting = self._waiting.get(record.id)
        if waiting is None or waiting.task is None:
            return self._start(record)
        waiting.record = record
        return waiting.task

    def _start(self, record: Record) -> asyncio.Task[None]:
        if len(self._waiting) >= BACKLOG:
            self._forget_oldest()
        waiting = self._waiting[record.id] = _Waiting(record)
        waiting.task = asyncio.create_task(self._writes.submit(waiting))
        waiting.task.add_done_callback(partial(self._ended, record.id))
        self._tasks.add(waiting.task)
        return waiting.task

    def _forget_oldest(self) -> None:
        waiting = self._waiting.pop(next(iter(self._waiting)))
        if waiting.task:
            waiting.task.cancel()

    async def _write(self, group: Sequence[_Waiting]) -> Sequence[None]:
        """What waits, in one transaction; records that come from now on wait for the next."""
        for waiting in group:
            if self._waiting.get(waiting.record.id) is waiting:
                del self._waiting[waiting.record.id]
        await self._table.put([waiting.record.to_row() for waiting in group])
        return [None] * len(group)

    def _ended(self, request_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = _forgotten() if task.cancelled() else task.exception()
        if error:
            self._outage.failed(error, request=row_key(request_id))
        else:
            self._outage.over()


def _dump(outcome: Outcome) -> str:
    return json.dumps(
        outcome.model_dump(mode="json", by_alias=True, exclude_none=True), separators=(",", ":")
    )


def place(request_id: str) -> tuple[str, str]:
    """Partition and row key of a caller's id, which may hold what table keys may not."""
    return KIND, row_key(request_id)


def _forgotten() -> StorageFailed:
    return StorageFailed(f"more than {BACKLOG} outcomes wait for the table")


def _length(text: str) -> int:
    """In UTF-16 code units, as Table Storage counts."""
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str) -> str:
    return text.encode("utf-16-le")[: TEXT_LIMIT * 2].decode("utf-16-le", "ignore")
