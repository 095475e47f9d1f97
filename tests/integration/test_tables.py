"""Tables on Azurite: rows come back, writers learn who was first, and what fails is said as ours."""

import asyncio
import json
import logging

import pytest
from azure.core.exceptions import ResourceExistsError

from lineage.errors import StorageFailed
from lineage.settings import Storage
from lineage.tables import (
    ROWS_LIMIT,
    TEXT_LIMIT,
    Outage,
    Row,
    Table,
    concerns_rows,
    was_refused,
)


async def write(table, row):
    """The row's new etag, or nothing if it is not as it was taken to be."""
    try:
        return (await table.write_all([row]))[0]
    except StorageFailed as error:
        if was_refused(error):
            return None
        raise


async def test_a_row_comes_back_as_it_was_put(table):
    row = Row("p", "k", {"text": "äöü\x00\x1f\u2028😀", "number": 7})

    await table.put([row])

    found = await table.get("p", "k")
    assert (found.partition, found.key, dict(found.properties)) == ("p", "k", row.properties)
    assert found.etag


async def test_a_row_that_is_not_there_and_a_table_that_is_not_there_are_nothing(table):
    assert await table.get("p", "k") is None

    await table.put([Row("p", "other")])

    assert await table.get("p", "k") is None


async def test_put_replaces_what_was_there_with_its_properties(table):
    await table.put([Row("p", "k", {"old": "1"})])
    await table.put([Row("p", "k", {"new": "2"})])

    assert (await table.get("p", "k")).properties == {"new": "2"}


async def test_only_the_first_insert_of_a_row_succeeds(table):
    etag = await write(table, Row("p", "k", {"who": "first"}))

    assert await write(table, Row("p", "k", {"who": "second"})) is None
    found = await table.get("p", "k")
    assert (found.properties, found.etag) == ({"who": "first"}, etag)


async def test_a_row_is_replaced_only_in_the_version_that_was_read(table):
    first = await write(table, Row("p", "k", {"version": "1"}))
    second = await write(table, Row("p", "k", {"version": "2"}, first))

    assert second not in {None, first}
    assert await write(table, Row("p", "k", {"version": "3"}, first)) is None
    assert (await table.get("p", "k")).properties == {"version": "2"}


async def test_a_row_that_is_gone_is_not_replaced_nor_is_its_table_made(table):
    etag = await write(table, Row("p", "k"))
    await table._client.delete_entity("p", "k")
    assert await write(table, Row("p", "k", {}, etag)) is None

    await table._client.delete_table()
    assert await write(table, Row("p", "k", {}, etag)) is None
    await table._client.create_table()  # fails if it exists


async def test_a_table_that_is_deleted_in_the_middle_is_made_again(table):
    await table.put([Row("p", "k")])
    await table._client.delete_table()

    await table.put([Row("p", "k")])
    await table._client.delete_table()

    assert await write(table, Row("p", "k"))


async def test_a_table_that_somebody_else_makes_first_is_fine(table, monkeypatch):
    create = table._client.create_table

    async def create_late():
        await create()
        await create()

    monkeypatch.setattr(table._client, "create_table", create_late)

    await table.put([Row("p", "k")])

    assert await table.get("p", "k")


async def test_a_table_that_is_being_deleted_is_a_failure(table, monkeypatch):
    async def being_deleted():
        error = ResourceExistsError("The specified table is being deleted. Try operation later.")
        error.error_code = "TableBeingDeleted"
        raise error

    monkeypatch.setattr(table._client, "create_table", being_deleted)

    with pytest.raises(StorageFailed, match="being deleted"):
        await table.put([Row("p", "k")])


async def test_rows_are_removed_whether_they_are_there_or_not(table):
    rows = [Row("p", name) for name in "abc"]
    await table.put(rows)

    await table.delete(rows[:1])
    await table.delete(rows)
    await table.delete([])

    assert [await table.get("p", row.key) for row in rows] == [None, None, None]
    await table._client.delete_table()
    await table.delete(rows)


async def test_rows_that_are_there_are_removed_in_one_call(table, monkeypatch):
    async def refuse(*_row):
        raise AssertionError("one by one")

    monkeypatch.setattr(table._client, "delete_entity", refuse)
    rows = [Row("p", f"{number}") for number in range(ROWS_LIMIT)]
    await table.put(rows)

    await table.delete(rows)

    assert await table.get("p", "0") is None


async def test_a_group_is_written_whole_or_not_at_all(table):
    await table.put([Row("p", "before")])
    rows = [Row("p", "fits"), Row("p", "not", {"text": "x" * 40_000})]

    with pytest.raises(StorageFailed) as failure:
        await table.put(rows)

    assert concerns_rows(failure.value)
    assert await table.get("p", "fits") is None


async def test_a_group_that_is_too_large_concerns_its_rows(table):
    rows = [Row("p", str(number), {"text": "字" * TEXT_LIMIT}) for number in range(ROWS_LIMIT)]

    with pytest.raises(StorageFailed) as failure:
        await table.put(rows)

    assert concerns_rows(failure.value)
    await table.put(rows[: ROWS_LIMIT // 8])


@pytest.mark.parametrize("call", ["get", "beginning", "put", "write_all"])
async def test_an_account_that_does_not_answer_is_a_storage_failure(no_table, call):
    row = Row("p", "k", {"text": "hush"}, "etag")
    arguments = ("p", "k") if call in {"get", "beginning"} else ([row],)

    with pytest.raises(StorageFailed, match="table nowhere: ") as failure:
        await getattr(no_table, call)(*arguments)

    assert not concerns_rows(failure.value)
    assert "hush" not in str(failure.value)


async def test_a_connection_string_that_cannot_be_read_is_a_storage_failure():
    table = Table(Storage(LineageStorage="nonsense"), "nowhere")

    with pytest.raises(StorageFailed):
        await table.get("p", "k")
    await table.close()


async def test_an_identity_signs_in_to_the_table_endpoint():
    settings = {
        f"LineageStorage__{name}ServiceUri": f"https://a.{name}.core.windows.net" for name in _SERVICES
    }
    table = Table(Storage(**settings), "lineageoutcomes")

    assert table._client.url == "https://a.table.core.windows.net"
    assert hasattr(table._client.credential, "get_token")
    await table.close()


def test_an_outage_is_said_once_and_its_end_once(caplog):
    caplog.set_level(logging.INFO, "lineage")
    outage = Outage("lineage.test")
    failure = StorageFailed("secret payload")

    for action in (outage.over, lambda: outage.failed(failure, request="a"), lambda: outage.failed(failure)):
        action()
    for _ in range(2):
        outage.over()

    assert [json.loads(record.message) for record in caplog.records] == [
        {"event": "lineage.test", "problem": "storage-failed", "errorCode": "", "request": "a"},
        {"event": "lineage.test.recovered", "failures": 2},
    ]


def test_a_bug_is_told_from_an_outage(caplog):
    Outage("lineage.test").failed(KeyError("secret payload"))

    assert json.loads(caplog.messages[0])["problem"] == "bug:KeyError"


_SERVICES = ("queue", "blob", "table")


async def test_rows_are_found_by_the_beginning_of_their_keys(table):
    keys = ["a-1", "a-2", "ab-1", "b-1", "c-1", "a"]
    await table.put([Row("one", key) for key in keys])
    await table.put([Row("other", "a-3")])

    found = await table.beginning("one", "a-")

    assert [row.key for row in found] == ["a-1", "a-2"]
    assert await table.beginning("one", "nothing-") == []


async def test_a_proxy_of_the_environment_is_used(monkeypatch):
    asked = []

    async def proxy(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
        row = b'{"odata.etag": "1", "PartitionKey": "p", "RowKey": "k"}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(row)}\r\n\r\n"
        writer.write(head.encode() + row)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        account = "AccountName=a;AccountKey=a2V5;TableEndpoint=http://tables.invalid/a"
        table = Table(Storage(LineageStorage=account), "t")

        assert await table.get("p", "k") == Row("p", "k", etag="1")
        await table.close()

    assert asked == ["GET http://tables.invalid/a/t(PartitionKey='p',RowKey='k') HTTP/1.1"]
