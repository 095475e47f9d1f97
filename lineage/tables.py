"""
Tables in the app's own storage account.

All that is kept in them may be lost without losing lineage, so a call gives up after seconds and says `StorageFailed`,
and a table that is missing is made by the first write. Rows are written in transactions, even single ones, because
their errors name the cause where those of other calls do not (a table that is being deleted answers 409, as a row that
exists does).

The SDK's asynchronous client is used: its transactions take milliseconds of Python to write and to read, and in
threads those would keep the event loop from running.
"""

import gzip
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.request import getproxies_environment

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError

from lineage.batching import gather_all
from lineage.errors import LineageError, StorageFailed, first_line
from lineage.identity import Awaited, storage_credential
from lineage.settings import Storage

if TYPE_CHECKING:
    from azure.data.tables.aio import TableClient

logger = logging.getLogger("lineage")

ROWS_LIMIT = 100  # of one transaction
TEXT_LIMIT = 32_000  # a little under Storage's own; UTF-16 code units of a property
BYTES_LIMIT = 60_000  # likewise, of a property of bytes
NOT_THE_SAME = ("UpdateConditionNotSatisfied", "ConditionNotMet", "ResourceNotFound", "TableNotFound")
PATIENCE: Mapping[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}

Answer = TypeVar("Answer")
Property = str | int | bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row; its `etag` is that of the version read or written."""

    partition: str
    key: str
    properties: Mapping[str, Property] = field(default_factory=dict)
    etag: str = ""

    def to_entity(self) -> dict[str, Property]:
        """As the SDK takes it."""
        return {**self.properties, "PartitionKey": self.partition, "RowKey": self.key}

    def joined(self, name: str) -> bytes:
        """What `in_parts` took apart; nothing if it is not there."""
        parts: list[bytes] = []
        while isinstance(part := self.properties.get(f"{name}{len(parts)}"), bytes):
            parts.append(part)
        return b"".join(parts)


def in_parts(name: str, data: bytes) -> dict[str, Property]:
    """Bytes as numbered properties of a row, as many as it takes."""
    starts = range(0, len(data), BYTES_LIMIT)
    return {f"{name}{number}": data[start : start + BYTES_LIMIT] for number, start in enumerate(starts)}


def zipped(value: object) -> bytes:
    """JSON, compressed; the same for the same value."""
    return gzip.compress(json.dumps(value).encode(), mtime=0)


def unzipped(data: bytes) -> Any:
    """The value of `zipped`."""
    return json.loads(gzip.decompress(data))


class Table:
    """One table. Made once per process, for one event loop; the client is made on first need."""

    def __init__(self, settings: Storage, name: str) -> None:
        self._settings = settings
        self.name = name

    async def exists(self) -> bool:
        """Whether somebody has made the table yet."""
        return await self._answer(self._exists())

    async def get(self, partition: str, key: str) -> Row | None:
        """The row, if it is there."""
        return await self._answer(self._get(partition, key))

    async def beginning(self, partition: str, beginning: str) -> list[Row]:
        """The rows of a partition whose keys, of letters, digits and hyphens, begin with a text."""
        query = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        span = {"first": beginning, "end": f"{beginning}~"}
        return await self._answer(self._query(query, {"partition": partition, **span}))

    async def older_than(self, moment: datetime, properties: Sequence[str]) -> AsyncIterator[list[Row]]:
        """
        The rows that were last written before a moment, with no more than these properties: up to `ROWS_LIMIT` at a
        time. That goes through the whole table.
        """
        pages = self._client.query_entities(
            "Timestamp lt @moment",
            parameters={"moment": moment},
            select=["PartitionKey", "RowKey", *properties],
            results_per_page=ROWS_LIMIT,
        ).by_page()
        while (page := await self._answer(_next(pages))) is not None:
            yield page

    async def delete(self, rows: Sequence[Row]) -> None:
        """Removes up to `ROWS_LIMIT` rows of one partition; those that are gone already are fine."""
        await self._answer(self._delete(rows))

    async def put(self, rows: Sequence[Row]) -> None:
        """Writes up to `ROWS_LIMIT` rows of one partition over what is there: all of them or none."""
        await self._answer(self._submit([("upsert", row.to_entity(), {"mode": "replace"}) for row in rows]))

    async def write_all(self, rows: Sequence[Row]) -> list[str]:
        """
        Writes rows of one partition, all or none, and answers their new etags: a row with an etag if it is still the
        same, one without if there is none yet. `was_refused` tells whether that is why it failed.
        """
        operations = [
            ("update", row.to_entity(), _unchanged(row)) if row.etag else ("create", row.to_entity(), {})
            for row in rows
        ]
        return [str(answer["etag"]) for answer in await self._answer(self._submit(operations))]

    async def close(self) -> None:
        """Gives connections back."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def _answer(self, call: Awaitable[Answer]) -> Answer:
        try:
            return await call
        except (AzureError, ValueError) as error:  # ValueError: a connection string the SDK cannot read
            raise StorageFailed(f"table {self.name}: {first_line(error)}") from error

    async def _exists(self) -> bool:
        try:
            async for _ in self._client.list_entities(results_per_page=1):
                break
        except ResourceNotFoundError:
            return False
        return True

    async def _get(self, partition: str, key: str) -> Row | None:
        try:
            return _to_row(await self._client.get_entity(partition, key))
        except ResourceNotFoundError:
            return None

    async def _query(self, query: str, parameters: Mapping[str, Any]) -> list[Row]:
        try:
            found = self._client.query_entities(query, parameters=dict(parameters))
            return [_to_row(entity) async for entity in found]
        except ResourceNotFoundError:
            return []

    async def _delete(self, rows: Sequence[Row]) -> None:
        if not rows:  # a page of a query may be empty, a transaction may not
            return
        try:
            await self._client.submit_transaction([("delete", row.to_entity()) for row in rows])
        except HttpResponseError as error:
            if _error_code(error) not in NOT_THE_SAME:
                raise
            await gather_all(self._client.delete_entity(row.partition, row.key) for row in rows)

    async def _submit(self, operations: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]]) -> Any:
        try:
            return await self._client.submit_transaction(operations)
        except HttpResponseError as error:
            if _error_code(error) != "TableNotFound" or operations[0][0] == "update":
                raise
        try:
            await self._client.create_table()
        except ResourceExistsError as error:
            if _error_code(error) != "TableAlreadyExists":
                raise
        return await self._client.submit_transaction(operations)

    @cached_property
    def _client(self) -> "TableClient":
        from azure.data.tables.aio import TableClient  # noqa: PLC0415 - the app starts without it

        # Two threads are asked for every call, one for proxies and one for .netrc, unless it is said that there are none.
        options = {**PATIENCE, "use_env_settings": bool(getproxies_environment())}
        if self._settings.connection_string:
            secret = self._settings.connection_string.get_secret_value()
            return TableClient.from_connection_string(secret, self.name, **options)
        credential = Awaited(storage_credential(self._settings))
        return TableClient(str(self._settings.table_url), self.name, credential=credential, **options)


async def _next(pages: AsyncIterator[AsyncIterator[Mapping[str, Any]]]) -> list[Row] | None:
    """The rows of the next page; nothing after the last, or without a table."""
    try:
        return [_to_row(entity) async for entity in await anext(pages)]
    except (StopAsyncIteration, ResourceNotFoundError):
        return None


def was_refused(error: Exception) -> bool:
    """Whether a conditional write failed because a row was not as it was taken to be."""
    return _error_code(error.__cause__) in {"EntityAlreadyExists", *NOT_THE_SAME}


def _unchanged(row: Row) -> Mapping[str, Any]:
    return {"mode": "replace", "etag": row.etag, "match_condition": MatchConditions.IfNotModified}


def _to_row(entity: Any) -> Row:
    properties = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    return Row(entity["PartitionKey"], entity["RowKey"], properties, str(entity.metadata["etag"]))


class Outage:
    """Says once that tables do not answer and once that they do again, however often it is asked for."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._failures = 0

    def failed(self, error: BaseException, **ids: str) -> None:
        """Something could not be read or written. `ids` say what; there is no room for payloads."""
        if not self._failures:
            problem = error.code if isinstance(error, LineageError) else f"bug:{type(error).__name__}"
            line = {"event": self._event, "problem": problem, "errorCode": _error_code(error.__cause__)}
            logger.warning(json.dumps({**line, **ids}))
        self._failures += 1

    def over(self) -> None:
        """Something could."""
        if self._failures:
            logger.info(json.dumps({"event": f"{self._event}.recovered", "failures": self._failures}))
        self._failures = 0


def concerns_rows(error: Exception) -> bool:
    """Whether a write failed for what is in its rows, so that other rows may fare better: too much, or one refused."""
    cause = error.__cause__
    refusals = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return isinstance(cause, HttpResponseError) and cause.status_code in refusals


def _error_code(error: BaseException | None) -> str:
    """Table Storage's own code; else, when nobody answered, what kind of failure it was."""
    code = getattr(error, "error_code", None) or (error and type(error).__name__) or ""
    return str(getattr(code, "value", code))
