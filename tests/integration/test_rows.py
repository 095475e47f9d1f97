"""Rows on Azurite: those that are asked for together are made together, and those that are there are left as they are."""

import asyncio
from collections import Counter

import pytest

from lineage.rows import Rows, row_key
from lineage.tables import Row

KIND = "kind"
NAMES = [f"name {number} äöü" for number in range(40)]


@pytest.fixture
def calls(table, monkeypatch):
    """How often each method of the table is called; rows take the methods as they are when they are made."""
    counts = Counter()

    def count(name):
        call = getattr(table, name)

        async def counting(*arguments):
            counts[name] += 1
            return await call(*arguments)

        monkeypatch.setattr(table, name, counting)

    for name in ("get", "write_all"):
        count(name)
    return counts


@pytest.fixture
def rows(table):
    return Rows(table, KIND)


async def ask(rows, names=NAMES):
    return await asyncio.gather(*map(rows.read_or_make, names))


async def fill(table, names):
    await table.put([Row(KIND, row_key(name), {"of": name}) for name in names])


async def test_rows_that_nobody_has_written_are_made_in_one_call(calls, rows):
    found = await ask(rows)

    assert calls == {"write_all": 1}
    assert [row.key for row in found] == [row_key(name) for name in NAMES]
    assert all(row.etag and not row.properties for row in found)


async def test_who_made_a_row_may_write_it_and_nobody_else(table, rows):
    mine = (await ask(rows))[0]
    theirs = await Rows(table, KIND).read(NAMES[0])

    assert await rows.write(Row(mine.partition, mine.key, {"by": "me"}, mine.etag))
    assert (
        await Rows(table, KIND).write(Row(theirs.partition, theirs.key, {"by": "them"}, theirs.etag)) is None
    )
    assert (await rows.read(NAMES[0])).properties == {"by": "me"}


async def test_rows_that_are_there_come_as_they_are(table, calls, rows):
    await fill(table, NAMES)

    found = await ask(rows)

    assert [row.properties["of"] for row in found] == NAMES
    assert calls == {"write_all": 1, "get": len(NAMES)}


async def test_what_is_known_to_be_there_is_read_without_another_try_to_make_it(calls, rows):
    await ask(rows)
    calls.clear()

    await ask(rows)

    assert calls == {"get": len(NAMES)}


async def test_one_row_that_is_there_already_keeps_no_other_from_being_found(table, rows):
    await fill(table, NAMES[:1])

    found = await ask(rows)

    assert found[0].properties == {"of": NAMES[0]}
    assert not any(row.properties for row in found[1:])


async def test_one_name_asked_for_by_many_is_one_row(calls, rows):
    found = await ask(rows, [NAMES[0]] * 20)

    assert len({(row.key, row.etag) for row in found}) == 1
    assert calls == {"get": 1}


async def test_two_instances_that_make_the_same_rows_both_get_them(table):
    ones, others = await asyncio.gather(ask(Rows(table, KIND)), ask(Rows(table, KIND)))

    written = [await Rows(table, KIND).write(row) for row in ones if row.etag]
    assert [row.key for row in ones] == [row.key for row in others]
    assert all(written)


async def test_what_is_known_to_be_there_is_bounded(table, monkeypatch):
    monkeypatch.setattr("lineage.rows.KNOWN", 10)
    rows = Rows(table, KIND)

    await ask(rows)

    assert len(rows._known) == 10
