"""What was written is remembered for every instance, and never remembered wrongly, whatever comes in between."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import StorageFailed
from lineage.fingerprint import CHANGING
from lineage.memory import Memory, Written

ASK, WRITE = 1, 2
DAY = timedelta(days=1)
GUID = "6f1c9a52-0000-4000-8000-000000000001"


@pytest.fixture
def now():
    return [datetime(2026, 3, 1, 12, tzinfo=UTC)]


@pytest.fixture
def one(shared_table, now):
    return Memory(shared_table, lasts=DAY, clock=lambda: now[0])


@pytest.fixture
def other(shared_table, now):
    return Memory(shared_table, lasts=DAY, clock=lambda: now[0])


@pytest.fixture
def key():
    return f"process lineage_process {uuid4()}"


async def write(memory, key, digest):
    """Answers whether it had to be written."""
    slip = await memory.before({key: digest})
    if key in slip.unchanged:
        return False
    if digest != CHANGING:
        memory.after(slip, key, Written(digest, GUID))
    await memory.flush()
    return True


async def is_known(memory, key, digest):
    return key in (await memory.before({key: digest})).unchanged


async def test_what_one_instance_wrote_another_need_not_write(one, other, key):
    assert await write(one, key, "a")

    slip = await other.before({key: "a"})

    assert slip.unchanged == {key: Written("a", GUID)}
    assert not slip.rows


async def test_a_change_counts_from_then_on(one, other, key):
    await write(one, key, "a")

    assert await write(other, key, "b")
    assert await is_known(one, key, "b")


async def test_what_is_about_to_change_is_forgotten_before_it_is_written(one, other, key):
    await write(one, key, "a")

    await one.before({key: "b"})  # and then the process ends

    assert not await is_known(other, key, "a")


async def test_what_is_removed_or_added_to_is_forgotten_and_not_remembered(one, other, key):
    await write(one, key, "a")
    await write(one, key, CHANGING)

    assert not await is_known(other, key, "a")
    assert not await is_known(other, key, CHANGING)


async def test_of_two_that_write_at_once_nothing_is_remembered(one, other, key):
    mine, theirs = await one.before({key: "a"}), await other.before({key: "b"})

    one.after(mine, key, Written("a", GUID))
    await one.flush()
    other.after(theirs, key, Written("b", GUID))
    await other.flush()

    assert not await is_known(one, key, "a")
    assert not await is_known(one, key, "b")


async def test_what_was_written_long_ago_is_written_again(one, key, now):
    await write(one, key, "a")
    now[0] += DAY

    assert await write(one, key, "a")
    assert await is_known(one, key, "a")


async def test_keys_do_not_touch_each_other(one, other, key):
    names = [f"{key} {number}" for number in range(30)]
    slip = await one.before(dict.fromkeys(names, "a"))
    for name in names[::2]:
        one.after(slip, name, Written("a", GUID))
    await one.flush()

    known = (await other.before(dict.fromkeys(names, "a"))).unchanged

    assert list(known) == names[::2]


async def test_without_the_table_everything_is_written_and_it_is_said_once(no_table, key, caplog):
    caplog.set_level(logging.WARNING, "lineage")
    memory = Memory(no_table, lasts=DAY)

    for _ in range(2):
        slip = await memory.before({key: "a"})
        memory.after(slip, key, Written("a", GUID))

    assert not slip.unchanged
    assert [record.message.count("lineage.memory") for record in caplog.records] == [1]


async def test_that_the_table_fails_after_a_write_is_no_error(shared_table, key, monkeypatch):
    memory = Memory(shared_table, lasts=DAY)
    slip = await memory.before({key: "a"})

    async def fail(_row, **_options):
        raise StorageFailed("down")

    with monkeypatch.context() as patch:
        patch.setattr(memory._rows, "write", fail)
        memory.after(slip, key, Written("a", GUID))
        await memory.flush()

    assert not await is_known(memory, key, "a")


class Failing:
    """A table that answers only when a test says so."""

    def __init__(self, table):
        self._table = table
        self.fails = False

    def __getattr__(self, name):
        call = getattr(self._table, name)

        async def answer(*arguments):
            if self.fails:
                raise StorageFailed("down")
            return await call(*arguments)

        return answer


@pytest.mark.parametrize("change", ["b", CHANGING])
async def test_what_changes_while_the_table_fails_is_not_believed_after(shared_table, key, change):
    table = Failing(shared_table)
    memory = Memory(table, lasts=DAY)
    await write(memory, key, "a")

    table.fails = True
    await write(memory, key, change)
    table.fails = False

    assert await write(memory, key, "a")
    assert await is_known(memory, key, "a")
    await memory.close()


async def test_what_changes_while_the_table_fails_is_forgotten_for_others_when_it_answers(
    shared_table, other, key, monkeypatch
):
    monkeypatch.setattr("lineage.memory.MEND_AFTER", 0.01)
    table = Failing(shared_table)
    memory = Memory(table, lasts=DAY)
    await write(memory, key, "a")

    table.fails = True
    await write(memory, key, "b")
    await asyncio.sleep(0.1)
    table.fails = False

    async with asyncio.timeout(10):
        while await is_known(other, key, "a"):  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0.01)
    await memory.close()


async def test_what_somebody_else_wrote_meanwhile_is_forgotten_later_if_not_at_once(shared_table, other, key):
    table = Failing(shared_table)
    memory = Memory(table, lasts=DAY)
    slip = await memory.before({key: "a"})
    await write(other, key, "b")

    table.fails = True
    memory.after(slip, key, Written("a", GUID))
    await memory.flush()
    table.fails = False

    assert not await is_known(memory, key, "b")
    await memory.close()


def _turns(count, order) -> Iterator[int]:
    """Whose turn it is, three times each, in the order drawn."""
    left = [writer for writer in range(count) for _ in range(3)]
    for choice in order:
        if not left:
            return
        yield left.pop(choice % len(left))
    yield from left


WRITERS = st.tuples(st.integers(0, 1), st.sampled_from("abc"), st.booleans())


@given(
    writers=st.lists(WRITERS, min_size=2, max_size=5),
    order=st.lists(st.integers(0, 14), min_size=15, max_size=15),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_however_two_instances_interleave_nothing_is_remembered_that_is_not_there(
    shared_table, writers, order
):
    """Each asks, writes and remembers; one that ends before the last step gets its message again."""
    key, memories = str(uuid4()), [Memory(shared_table, lasts=DAY) for _ in range(2)]
    there, slips, steps = None, {}, Counter()
    for writer in _turns(len(writers), order):
        instance, content, crashes = writers[writer]
        steps[writer] += 1
        if steps[writer] == ASK:
            slips[writer] = await memories[instance].before({key: content})
        elif key in slips[writer].unchanged:
            continue
        elif steps[writer] == WRITE:
            there = content
        elif not crashes:
            memories[instance].after(slips[writer], key, Written(content, GUID))
            await memories[instance].flush()
    for instance, content, crashes in writers:
        if crashes and await write(memories[instance], key, content):
            there = content

    known = [each for each in "abc" if await is_known(Memory(shared_table, lasts=DAY), key, each)]

    assert known in ([], [there])
