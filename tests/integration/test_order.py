"""Turns at writing a process, on Azurite: the newest event accepted is the last that is written."""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import AnotherWrites, StorageFailed
from lineage.order import HOLD, LIMIT, Order, Superseded, Version, fits, to_utc

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(microseconds=1), NOON + timedelta(microseconds=1)
NEVER = datetime.min.replace(tzinfo=UTC)


class Clock:
    """The time of day, which passes when a test says so."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def passes(self, time):
        self.now += time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def one(shared_table, clock):
    return Order(shared_table, clock=clock)


@pytest.fixture
def other(shared_table, clock):
    return Order(shared_table, clock=clock)


@pytest.fixture
def key():
    return f"lineage_process lineage://default/{uuid4()}"


async def write(order, key, event_time, *, written=True, writes=None, guids=None):
    await order.end(await order.begin(key, Version(event_time), writes), written=written, guids=guids)


async def test_an_older_event_after_a_newer_one_is_superseded_on_every_instance(one, other, key):
    await write(one, key, NOON)

    for order in (one, other):
        with pytest.raises(Superseded, match="2026-03-01T12:00:00") as superseded:
            await order.begin(key, Version(EARLIER))
        assert superseded.value.newest == NOON


async def test_the_same_event_again_and_newer_ones_are_accepted(one, other, key):
    for event_time in (NOON, NOON, LATER):
        await write(one, key, event_time)
        await write(other, key, event_time)


async def test_event_times_are_compared_as_moments_whatever_their_zone(one, key):
    await write(one, key, NOON)

    await write(one, key, NOON.astimezone(timezone(timedelta(hours=9))))
    await write(one, key, NOON.replace(tzinfo=None))
    with pytest.raises(Superseded):
        await one.begin(key, Version(datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=2)))))


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_every_event_time_has_a_moment(event_time):
    moment = to_utc(event_time)

    assert moment.utcoffset() == timedelta(0)
    assert datetime.fromisoformat(moment.isoformat(timespec="microseconds")) == moment


@pytest.mark.parametrize(
    "event_time",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ],
)
async def test_the_first_and_the_last_hour_there_is_are_event_times_too(one, key, event_time):
    await write(one, key, event_time)
    await write(one, key, event_time)


async def test_processes_do_not_wait_for_each_other(one, other, key):
    turn = await one.begin(key, Version(NOON))

    await write(one, f"{key} two", EARLIER)
    await write(other, f"{key} two", NOON)
    await one.end(turn)


@pytest.mark.parametrize("event_time", [EARLIER, NOON, LATER])
async def test_while_another_instance_writes_everybody_comes_back_later(one, other, key, event_time):
    """The older event as well: the newer may not be written after all."""
    turn = await one.begin(key, Version(NOON))

    with pytest.raises(AnotherWrites, match="another instance is writing this process") as unavailable:
        await other.begin(key, Version(event_time))

    assert 0 < unavailable.value.retry_after < HOLD.total_seconds()
    await one.end(turn)


async def test_an_event_that_was_not_written_does_not_supersede_older_ones(one, other, key):
    await write(one, key, EARLIER)
    await write(one, key, LATER, written=False)

    await write(other, key, NOON)

    with pytest.raises(Superseded):
        await one.begin(key, Version(EARLIER))


async def test_a_crash_while_writing_is_healed_when_the_hold_expires(one, other, key, clock):
    await one.begin(key, Version(NOON))

    clock.passes(HOLD - timedelta(seconds=1))
    with pytest.raises(AnotherWrites) as unavailable:
        await other.begin(key, Version(LATER))
    assert unavailable.value.retry_after == 1
    clock.passes(timedelta(seconds=1))

    await write(other, key, LATER)


async def test_after_a_crash_the_event_that_may_have_been_written_counts(one, other, key, clock):
    await one.begin(key, Version(NOON))
    clock.passes(HOLD)

    with pytest.raises(Superseded):
        await other.begin(key, Version(EARLIER))
    await write(other, key, NOON)


async def test_who_comes_to_an_end_after_the_hold_expired_disturbs_nobody(one, other, key, clock):
    late = await one.begin(key, Version(NOON))
    clock.passes(HOLD)
    turn = await other.begin(key, Version(LATER))

    await one.end(late, written=False)

    with pytest.raises(AnotherWrites):
        await one.begin(key, Version(LATER))
    await other.end(turn)
    with pytest.raises(Superseded):
        await one.begin(key, Version(NOON))


async def test_a_hold_of_ones_own_that_was_left_behind_is_taken_over_at_once(shared_table, key, clock):
    """A claim whose answer was lost on the way."""
    await Order(shared_table, holder="me", clock=clock).begin(key, Version(NOON))

    await write(Order(shared_table, holder="me", clock=clock), key, NOON)


async def test_of_two_instances_that_claim_at_the_same_moment_one_gets_the_turn(one, other, key):
    results = await asyncio.gather(
        one.begin(key, Version(NOON)), other.begin(key, Version(NOON)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["AnotherWrites", "Turn"]


async def test_who_loses_every_claim_comes_back_later(one, key, monkeypatch):
    async def lost(_row):
        return None

    monkeypatch.setattr(one._rows, "write", lost)

    with pytest.raises(AnotherWrites):
        await one.begin(key, Version(NOON))
    monkeypatch.undo()
    await write(one, key, NOON)


async def test_tasks_of_one_process_wait_for_each_other_in_order_of_arrival(one, key):
    order = []

    async def arrive(number):
        turn = await one.begin(key, Version(NOON))
        order.append(number)
        await asyncio.sleep(0)
        order.append(number)
        await one.end(turn)

    await asyncio.gather(*map(arrive, range(10)))

    assert order == [number for number in range(10) for _ in range(2)]


async def test_a_task_that_stops_waiting_lets_the_next_one_pass(one, key):
    turn = await one.begin(key, Version(NOON))
    waiting, next_one = (asyncio.create_task(one.begin(key, Version(NOON))) for _ in range(2))
    await asyncio.sleep(0)

    waiting.cancel()
    await one.end(turn)

    await one.end(await next_one)


async def test_a_claim_that_fails_lets_the_next_one_pass(one, key, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(one, "_check", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await one.begin(key, Version(NOON))

    await write(one, key, NOON)


async def test_what_nobody_waits_for_takes_no_memory(one, key):
    for number in range(20):
        await write(one, f"{key} {number}", NOON)
    with suppress(Superseded):
        await one.begin(f"{key} 0", Version(EARLIER))

    assert not one._locks


async def test_without_the_table_turns_hold_nothing_and_it_is_said_once(no_table, key, caplog):
    caplog.set_level(logging.WARNING, "lineage")
    order = Order(no_table)

    for event_time in (NOON, EARLIER):
        await write(order, key, event_time)

    (entry,) = [entry for entry in caplog.records if entry.name == "lineage"]
    assert "lineage.order" in entry.message


async def test_without_the_table_tasks_of_one_process_still_wait_for_each_other(no_table, key):
    order = Order(no_table)
    turn = await order.begin(key, Version(NOON))
    waiting = asyncio.create_task(order.begin(key, Version(NOON)))
    await asyncio.sleep(0)
    assert not waiting.done()

    await order.end(turn)

    await order.end(await waiting)


async def test_a_turn_that_cannot_be_given_back_expires(one, other, key, clock, monkeypatch):
    turn = await one.begin(key, Version(NOON))

    async def fail(_row):
        raise StorageFailed("down")

    with monkeypatch.context() as patch:
        patch.setattr(one._rows, "write", fail)
        await one.end(turn)
    with pytest.raises(AnotherWrites):
        await other.begin(key, Version(NOON))
    clock.passes(HOLD)
    await write(other, key, NOON)


async def test_when_the_table_is_deleted_in_the_middle_order_begins_anew(table, key, clock):
    one, other = (Order(table, clock=clock) for _ in range(2))
    turn = await one.begin(key, Version(NOON))
    await table._client.delete_table()

    await write(other, key, EARLIER)
    await one.end(turn)

    with pytest.raises(Superseded):
        await one.begin(key, Version(EARLIER - timedelta(seconds=1)))


@dataclass
class Model:
    """What must hold, without a table: who holds the turn until when, and the newest event that counts."""

    newest: datetime = NEVER
    holder: int | None = None
    until: datetime = NOON
    before: datetime = NEVER
    written: list[datetime] = field(default_factory=list)

    def begin(self, holder, event_time, now):
        if self.holder is not None and self.until > now:
            return AnotherWrites
        if self.newest > event_time:
            return Superseded
        self.before, self.newest = self.newest, event_time
        self.holder, self.until = holder, now + HOLD
        return None

    def end(self, *, written):
        self.holder = None
        if written:
            self.written.append(self.newest)
        else:
            self.newest = self.before


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.sampled_from(["begin", "begin", "written", "not written", "crash", "time passes"]),
        st.integers(0, 4).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    ),
    max_size=25,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_two_instances_in_any_interleaving_do_as_the_model_says(shared_table, steps):
    """And what they wrote is in the order of event times, so that the newest is last."""
    key, clock, model = str(uuid4()), Clock(), Model()
    orders = [Order(shared_table, clock=clock) for _ in range(2)]
    turns = {}
    for who, step, event_time in steps:
        if step == "begin" and who not in turns:
            expected = model.begin(who, event_time, clock.now)
            try:
                turns[who] = await orders[who].begin(key, Version(event_time))
            except (AnotherWrites, Superseded) as refusal:
                assert type(refusal) is expected  # noqa: PT017 - a refusal is one of two right answers
            else:
                assert expected is None
        elif step in {"written", "not written"} and who in turns:
            written = step == "written"
            await orders[who].end(turns.pop(who), written=written)
            model.end(written=written)
        elif step == "crash" and turns.pop(who, None):
            orders[who] = Order(shared_table, clock=clock)
            model.written.append(model.newest)
        elif step == "time passes" and not turns:
            clock.passes(HOLD)

    assert model.written == sorted(model.written)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.lists(st.integers(0, 9), min_size=2, max_size=12))
async def test_whatever_happens_at_once_the_newest_event_is_written_last(shared_table, seconds):
    key, orders, written = str(uuid4()), [Order(shared_table) for _ in range(2)], []

    async def deliver(order, event_time):
        try:
            turn = await order.begin(key, Version(event_time))
        except Superseded:
            return
        except AnotherWrites:
            await asyncio.sleep(0)
            await deliver(order, event_time)
            return
        await asyncio.sleep(0)
        written.append(event_time)
        await order.end(turn)

    await asyncio.gather(
        *(deliver(orders[n % 2], NOON + timedelta(seconds=second)) for n, second in enumerate(seconds))
    )

    assert written == sorted(written)
    assert written[-1] == NOON + timedelta(seconds=max(seconds))


PROCESS, PART, EDGE = ("p", "job"), ("p", "job#out"), ("t", "from", "t", "to")


async def test_what_was_written_before_and_is_not_any_more_is_stale(one, other, key):
    turn = await one.begin(key, Version(NOON), {PROCESS: "", EDGE: ""})
    assert turn.stale == {}
    await one.end(turn, guids={PROCESS: "guid of the process"})

    turn = await other.begin(key, Version(LATER), {PART: "", EDGE: ""})

    assert turn.stale == {PROCESS: "guid of the process"}
    await other.end(turn)
    assert (await one.state(key)).wrote == {PART: "", EDGE: ""}


@pytest.mark.parametrize("ends", [True, False])
async def test_what_may_have_been_written_stays_on_the_list(one, other, key, clock, ends):
    await write(one, key, EARLIER, writes={PROCESS: ""}, guids={PROCESS: "guid"})
    turn = await one.begin(key, Version(NOON), {PART: ""})
    if ends:
        await one.end(turn, written=False)
    clock.passes(HOLD)

    turn = await other.begin(key, Version(LATER), {})

    assert turn.stale == {PROCESS: "guid", PART: ""}


async def test_who_does_not_say_what_it_writes_leaves_the_list_alone(one, key):
    await write(one, key, EARLIER, writes={PROCESS: ""})

    turn = await one.begin(key, Version(NOON))

    assert turn.stale == {}
    await one.end(turn)
    assert (await one.state(key)).wrote == {PROCESS: ""}


async def test_what_is_still_there_keeps_the_guid_it_is_known_by(one, key):
    await write(one, key, EARLIER, writes={PROCESS: ""}, guids={PROCESS: "guid"})
    await write(one, key, NOON, writes={PROCESS: ""})

    assert (await one.state(key)).wrote == {PROCESS: "guid"}


async def test_a_turn_that_is_renewed_lasts_again(one, other, key, clock):
    turn = await one.begin(key, Version(NOON), {PROCESS: ""})
    clock.passes(HOLD - timedelta(seconds=1))
    await one.renew(turn)
    clock.passes(HOLD - timedelta(seconds=1))

    with pytest.raises(AnotherWrites):
        await other.begin(key, Version(LATER))
    await one.end(turn)
    assert (await other.state(key)).wrote == {PROCESS: ""}


async def test_a_turn_that_another_has_taken_over_is_not_renewed(one, other, key, clock):
    late = await one.begin(key, Version(NOON))
    clock.passes(HOLD)
    turn = await other.begin(key, Version(LATER))

    with pytest.raises(AnotherWrites):
        await one.renew(late)
    await other.end(turn)
    await one.end(late)
    assert (await one.state(key)).newest == Version(LATER)


async def test_of_the_same_moment_the_greater_version_counts(one, other, key):
    versions = [Version(NOON, "run a", 2), Version(NOON, "run b", 1), Version(NOON, "run b", 2)]
    for version in versions:
        await one.end(await one.begin(key, version))

    for older in versions[:2]:
        with pytest.raises(Superseded):
            await other.begin(key, older)
    await other.end(await other.begin(key, versions[2]))


async def test_a_list_of_thousands_is_remembered_and_one_without_end_is_not(one, key):
    many = {("lineage_process", f"lineage://default/job#{uuid4()}"): "" for _ in range(2_000)}
    noise = {("t", f"{uuid4()}" * 20): "" for _ in range(LIMIT // 20)}
    assert fits(many)
    assert not fits(noise)

    await write(one, key, EARLIER, writes=many)
    turn = await one.begin(key, Version(NOON), noise)

    assert turn.stale == many
    await one.end(turn)
    assert (await one.state(key)).wrote == {}


def processes(count):
    """So many that nobody knows a shorter way to say them."""
    return {("lineage_process", f"{uuid4()}"): "" for _ in range(count)}


async def test_a_list_that_is_too_long_with_its_guids_is_remembered_without_them(one, key):
    many = processes(8_000)
    assert fits(many)

    await write(one, key, NOON, writes=many, guids={piece: str(uuid4()) for piece in many})

    assert (await one.state(key)).wrote == many


async def test_what_was_written_before_is_not_forgotten_for_more_than_can_be_remembered_with_it(one, key):
    before, after = processes(8_000), processes(8_000)
    assert fits(before)
    assert fits(after)
    assert not fits(before | after)
    await write(one, key, EARLIER, writes=before)

    await write(one, key, NOON, writes=after, written=False)

    turn = await one.begin(key, Version(NOON), after)
    assert turn.stale == before
    await one.end(turn, guids=dict.fromkeys(list(after)[:1], "a guid"))
    wrote = (await one.state(key)).wrote
    assert wrote == after | dict.fromkeys(list(after)[:1], "a guid")


async def test_a_turn_that_is_left_is_held_against_other_instances_only(one, other, key, clock):
    """As long as what is under way may take, whenever it was left."""
    turn = await one.begin(key, Version(NOON))
    clock.passes(HOLD - timedelta(seconds=1))
    await one.leave(turn)

    clock.passes(HOLD - timedelta(seconds=1))
    with pytest.raises(AnotherWrites):
        await other.begin(key, Version(LATER))
    await write(one, key, LATER)
    await write(other, key, LATER)


class Slow:
    """A table that answers when a test says so."""

    def __init__(self, table):
        self._table = table
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name):
        async def call(*given):
            self.asked.set()
            await self.answers.wait()
            return await getattr(self._table, name)(*given)

        return call


@pytest.mark.parametrize("after", ["begin", "end"])
async def test_who_is_cancelled_does_not_keep_others_waiting(shared_table, key, after):
    table = Slow(shared_table)
    order = Order(table)
    if after == "end":
        table.answers.set()
        turn = await order.begin(key, Version(NOON))
        table.answers.clear()
        table.asked.clear()
    task = asyncio.create_task(order.begin(key, Version(NOON)) if after == "begin" else order.end(turn))
    await table.asked.wait()

    task.cancel()
    await asyncio.wait([task])
    table.answers.set()

    assert task.cancelled()
    await asyncio.wait_for(write(order, key, NOON), 30)


async def test_without_the_table_nothing_is_known_and_nothing_stale(no_table, key):
    order = Order(no_table)

    turn = await order.begin(key, Version(NOON), {PROCESS: ""})
    await order.renew(turn)

    assert turn.stale == {}
    await order.end(turn)
    assert (await order.state(key)).newest is None


async def test_lists_that_are_too_large_for_one_transaction_together_are_all_remembered(one, key):
    """A transaction takes 4 MiB."""
    noise = random.Random(key)  # noqa: S311 - what cannot be compressed
    lists = [{("t", noise.randbytes(300).hex()): "" for _ in range(650)} for _ in range(40)]
    assert all(map(fits, lists))

    await asyncio.gather(*(write(one, f"{key} {n}", NOON, writes=each) for n, each in enumerate(lists)))

    for number, each in enumerate(lists):
        assert (await one.state(f"{key} {number}")).wrote == each
