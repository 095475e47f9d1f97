"""What became of requests, kept on Azurite: found again, written in groups, and never in the way of a message."""

import asyncio
import json
import logging
import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lineage import outcomes as module
from lineage.errors import StorageFailed
from lineage.outcomes import Outcome, Outcomes, Record, WrittenEntity
from lineage.rows import LINGER, row_key
from lineage.settings import Storage
from lineage.tables import ROWS_LIMIT, TEXT_LIMIT, Row, Table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(name, status="queued", **fields):
    return Record(id=name, status=status, **{"first_seen": NOW, "last_seen": NOW} | fields)


def new_id():
    return uuid4().hex


@contextmanager
def counting(table, monkeypatch):
    """The sizes of the groups that are written in a block."""
    sizes = []
    put = table.put

    async def counted(rows):
        sizes.append(len(rows))
        await put(rows)

    with monkeypatch.context() as patch:
        patch.setattr(table, "put", counted)
        yield sizes


@pytest.fixture
def outcomes(shared_table):
    return Outcomes(shared_table)


@pytest.fixture
def said(caplog):
    """What has been logged, as parsed lines."""
    caplog.set_level(logging.INFO, "lineage")
    return lambda: [json.loads(entry.message) for entry in caplog.records if entry.name == "lineage"]


async def test_a_record_is_found_again_with_all_it_says(outcomes):
    entity = WrittenEntity(guid="g", type_name="Process", result="created")
    said = record(
        new_id(),
        "done",
        problem="data-map-unavailable",
        reason="429",
        error_code="ATLAS-429",
        request_id="r",
        attempts=3,
        last_seen=NOW + timedelta(minutes=5),
        next_attempt=NOW + timedelta(hours=1),
        outcome=Outcome(id="x", process=entity, warnings=("ü",)),
        invocation_id="i",
    )

    outcomes.record(said)
    await outcomes.flush()

    assert await outcomes.find(said.id) == said


async def test_what_was_never_recorded_is_not_found(outcomes):
    assert await outcomes.find(new_id()) is None


def test_json_is_camel_case_without_what_is_not_said():
    outcome = Outcome(id="a", warnings=("w",))

    assert record("a", "done", outcome=outcome).to_json() == {
        "id": "a",
        "status": "done",
        "attempts": 0,
        "firstSeen": "2026-03-01T12:00:00Z",
        "lastSeen": "2026-03-01T12:00:00Z",
        "outcome": outcome.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


async def test_a_detail_too_long_to_keep_is_kept_in_short_and_a_long_reason_is_cut(outcomes):
    said = record(
        new_id(), "done", reason="😀" * TEXT_LIMIT, outcome=Outcome(id="x", warnings=("w" * TEXT_LIMIT,))
    )

    await outcomes.record_now(said)

    found = await outcomes.find(said.id)
    assert found.outcome == said.outcome.in_short()
    assert found.reason == "😀" * (TEXT_LIMIT // 2)


async def test_the_longest_detail_that_fits_is_kept(outcomes):
    room = TEXT_LIMIT - len(json.dumps(Outcome(id="x", warnings=("",)).model_dump(exclude_none=True)))
    said = record(new_id(), "done", outcome=Outcome(id="x", warnings=("w" * room,)))

    await outcomes.record_now(said)

    assert await outcomes.find(said.id) == said


async def test_what_a_later_version_adds_to_a_record_is_left_aside(outcomes, shared_table):
    said = record(new_id())
    row = said.to_row()

    await shared_table.put([Row(row.partition, row.key, {**row.properties, "fromTheFuture": "x"})])

    assert await outcomes.find(said.id) == said


async def test_a_row_of_another_id_is_not_taken_for_it(outcomes, shared_table):
    asked = new_id()
    row = record(asked).to_row()

    await shared_table.put([Row(row.partition, row.key, {**row.properties, "id": "another"})])

    assert await outcomes.find(asked) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(min_size=1, max_size=256), unique=True, max_size=20))
@example(ids=["/", "\\", "#", "?", "\x00", "\x7f", "%2F", "'", "..", " ", "\ufeff", "a/../b", "😀" * 256])
@example(ids=["a", "A", "a ", " a", "ä", "a\u0308", "\u2028", "\x85"])
async def test_any_id_is_found_again_and_no_other(shared_table, ids):
    outcomes = Outcomes(shared_table)
    for number, request_id in enumerate(ids):
        outcomes.record(record(request_id, attempts=number))
    await outcomes.flush()

    assert [(await outcomes.find(request_id)).attempts for request_id in ids] == list(range(len(ids)))


async def test_records_are_written_in_groups(outcomes, shared_table, monkeypatch):
    ids = [new_id() for _ in range(1_000)]

    with counting(shared_table, monkeypatch) as groups:
        for request_id in ids:
            outcomes.record(record(request_id))
        await outcomes.flush()

    assert sum(groups) == len(ids)
    assert max(groups) <= ROWS_LIMIT
    assert len(groups) <= len(ids) / ROWS_LIMIT + 1
    assert None not in await asyncio.gather(*map(outcomes.find, ids[::50]))


async def test_of_several_records_of_one_request_the_last_is_written_and_only_once(
    outcomes, shared_table, monkeypatch
):
    request_id = new_id()

    with counting(shared_table, monkeypatch) as groups:
        for attempts in range(50):
            outcomes.record(record(request_id, "deferred", attempts=attempts))
        outcomes.record(record(request_id, "done"))
        await outcomes.flush()

    assert groups == [1]
    assert (await outcomes.find(request_id)).status == "done"


@pytest.mark.parametrize("now", [False, True])
async def test_an_older_record_that_is_under_way_does_not_overwrite_a_newer_one(
    outcomes, shared_table, monkeypatch, now
):
    request_id, gate, put = new_id(), asyncio.Event(), shared_table.put
    started = asyncio.Event()

    async def late(rows):
        started.set()
        await gate.wait()
        await put(rows)

    monkeypatch.setattr(shared_table, "put", late)
    outcomes.record(record(request_id, "queued"))
    await started.wait()
    if now:
        newer = asyncio.create_task(outcomes.record_now(record(request_id, "done")))
        await asyncio.sleep(0)
    else:
        outcomes.record(record(request_id, "done"))
    gate.set()
    await outcomes.flush()

    assert (await outcomes.find(request_id)).status == "done"
    if now:
        await newer


async def test_a_record_that_the_table_refuses_does_not_take_others_with_it(outcomes, monkeypatch, said):
    monkeypatch.setattr(module, "_cut", lambda text: text)
    ids = [new_id() for _ in range(40)]
    refused = record(new_id(), "dead", reason="x" * 2 * TEXT_LIMIT)

    for request_id in ids:
        outcomes.record(record(request_id))
    with pytest.raises(StorageFailed):
        await outcomes.record_now(refused)
    await outcomes.flush()

    assert None not in [await outcomes.find(request_id) for request_id in ids]
    assert await outcomes.find(refused.id) is None
    assert [line["errorCode"] for line in said() if line["event"] == "lineage.outcomes"] == [
        "PropertyValueTooLarge"
    ]


async def test_a_group_too_large_for_one_transaction_is_written_in_parts(outcomes):
    """Each record is within bounds; a hundred of them are not."""
    ids = [new_id() for _ in range(60)]

    for request_id in ids:
        outcomes.record(record(request_id, "dead", reason="字" * TEXT_LIMIT))
    await outcomes.flush()

    assert None not in [await outcomes.find(request_id) for request_id in ids]


class Slow:
    """A table that writes nothing until a test says so."""

    def __init__(self, table):
        self._table = table
        self.goes = asyncio.Event()

    async def put(self, rows):
        await self.goes.wait()
        await self._table.put(rows)


async def test_a_record_that_cannot_be_written_in_time_is_not_written_later(shared_table):
    table = Slow(shared_table)
    slow, outcomes = Outcomes(table), Outcomes(shared_table)
    under_way, waiting = new_id(), new_id()
    slow.record(record(under_way))
    await asyncio.sleep(2 * LINGER)  # it is being written

    await slow.record_within(record(waiting, "queued"), 0.05)
    await outcomes.record_now(record(waiting, "done"))
    table.goes.set()
    await slow.flush()

    assert (await outcomes.find(under_way)) is not None
    assert (await outcomes.find(waiting)).status == "done"


async def test_a_record_for_which_nobody_waits_any_more_is_not_written_either(shared_table):
    table = Slow(shared_table)
    slow = Outcomes(table)
    said = new_id()
    slow.record(record(new_id()))
    await asyncio.sleep(2 * LINGER)  # it is being written

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow.record_within(record(said, "queued"), 30.0), 0.05)
    table.goes.set()
    await slow.flush()

    assert await Outcomes(shared_table).find(said) is None


async def test_a_record_that_is_written_in_time_is_there(outcomes):
    said = record(new_id(), "queued")

    await outcomes.record_within(said, 30.0)

    assert await outcomes.find(said.id) == said


async def test_an_outage_is_said_once_without_payload_and_is_forgotten(no_table, said):
    outcomes = Outcomes(no_table)

    for number in range(500):
        outcomes.record(record(f"id-{number}", "dead", reason="secret payload"))
    await outcomes.flush()
    outcomes.record(record("another"))
    await outcomes.flush()

    (line,) = said()
    assert (line["event"], line["problem"]) == ("lineage.outcomes", "storage-failed")
    assert line["request"] in {row_key(f"id-{number}") for number in range(500)}  # an id may be a job's name
    assert "secret" not in json.dumps(line)


async def test_after_an_outage_records_are_written_again_and_it_is_said(storage, monkeypatch, said):
    table = Table(storage, f"outage{uuid4().hex}")
    outcomes = Outcomes(table)

    async def fail(_rows):
        raise StorageFailed("down")

    with monkeypatch.context() as patch:
        patch.setattr(table, "put", fail)
        outcomes.record(record("lost"))
        await outcomes.flush()
    outcomes.record(record("kept"))
    await outcomes.flush()

    assert (await outcomes.find("lost"), (await outcomes.find("kept")).id) == (None, "kept")
    assert [line["event"] for line in said()] == ["lineage.outcomes", "lineage.outcomes.recovered"]
    await table.close()


async def test_whoever_waits_for_a_record_or_asks_for_one_is_told_of_an_outage(no_table):
    outcomes = Outcomes(no_table)

    with pytest.raises(StorageFailed):
        await outcomes.record_now(record("a"))
    with pytest.raises(StorageFailed):
        await outcomes.find("a")


async def test_a_table_that_hangs_blocks_nobody_and_the_oldest_are_forgotten(monkeypatch, said):
    monkeypatch.setattr(module, "BACKLOG", 100)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcomes = Outcomes(_table_at(silent.getsockname()[1]))
        for number in range(1_000):
            outcomes.record(record(f"id-{number}"))
            if number % 10 == 0:
                await asyncio.sleep(0)
            assert len(outcomes._waiting) <= 100
        oldest = asyncio.create_task(outcomes.record_now(record("waited for")))
        await asyncio.sleep(0)
        for number in range(101):
            outcomes.record(record(f"later-{number}"))
        with pytest.raises(StorageFailed, match="more than 100"):
            await oldest
    await outcomes.flush()

    assert not outcomes._waiting
    assert not outcomes._tasks
    assert len(said()) == 1
    await outcomes._table.close()


async def test_the_last_of_a_full_backlog_are_written(outcomes, monkeypatch):
    monkeypatch.setattr(module, "BACKLOG", 50)
    ids = [new_id() for _ in range(200)]

    for request_id in ids:
        outcomes.record(record(request_id))
    await outcomes.flush()

    found = await asyncio.gather(*map(outcomes.find, ids))
    assert [bool(item) for item in found] == [False] * 150 + [True] * 50


async def test_a_caller_who_stops_waiting_does_not_undo_the_record(outcomes):
    request_id = new_id()
    caller = asyncio.create_task(outcomes.record_now(record(request_id)))
    await asyncio.sleep(0)

    caller.cancel()
    await outcomes.flush()

    assert await outcomes.find(request_id)


async def test_flushing_when_nothing_is_under_way_returns_at_once(outcomes):
    await outcomes.flush()


def _table_at(port):
    key = "AccountName=devstoreaccount1;AccountKey=bm9ib2R5"
    return Table(
        Storage(LineageStorage=f"{key};TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"), "hangs"
    )
