"""The events of a run, in any order, repeated, and handled by two instances at once: the graph they end in is the same."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import StorageFailed
from lineage.openlineage import read_event
from lineage.runs import Runs
from lineage.service import Service
from lineage.storage import StorageAccount
from lineage.tables import ROWS_LIMIT

FOREVER = datetime.max.replace(tzinfo=UTC)
DAY = datetime(2026, 5, 1, tzinfo=UTC)
SERVER = "mssql://runs.database.windows.net"


class Run:
    """Makes the events of one run, whose tables are its own."""

    def __init__(self):
        self.id = str(uuid4())

    @property
    def process(self):
        return f"lineage://runs/{self.id}"

    def table(self, name):
        return {"namespace": SERVER, "name": f"{self.id}.dbo.{name}"}

    def edges(self, inputs, outputs):
        """Those of the process, as pairs of qualifiedNames."""
        prefix = f"{SERVER}/{self.id}/dbo"
        return {(f"{prefix}/{name}", self.process) for name in inputs} | {
            (self.process, f"{prefix}/{name}") for name in outputs
        }

    def event(self, kind, minute, inputs=(), outputs=()):
        return {
            "eventType": kind,
            "eventTime": (DAY + timedelta(minutes=minute)).isoformat(),
            "producer": "https://example.com/tests",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": self.id},
            "job": {"namespace": "runs", "name": self.id},
            "inputs": [self.table(name) for name in inputs],
            "outputs": [self.table(name) for name in outputs],
        }


inputs = st.lists(st.sampled_from(["in0", "in1", "in2", "in3"]), max_size=3, unique=True)
outputs = st.lists(st.sampled_from(["out0", "out1", "out2"]), max_size=2, unique=True)
told = st.tuples(st.sampled_from(["START", "RUNNING", "OTHER"]), st.integers(0, 30), inputs, outputs)


@st.composite
def deliveries(draw):
    """What the events of a run tell, and which of them arrives next at which of two instances."""
    events = [*draw(st.lists(told, max_size=5)), ("COMPLETE", 30, draw(inputs), draw(outputs))]
    indices = [*range(len(events)), *draw(st.lists(st.integers(0, len(events) - 1), max_size=3))]
    return events, [(draw(st.integers(0, 1)), index) for index in draw(st.permutations(indices))]


@pytest.mark.timeout(300)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivered=deliveries(), together=st.booleans())
def test_any_order_any_repetition_and_two_instances_end_in_the_same_graph(
    instances, catalogue, delivered, together
):
    # Given the events of a run that completes, each telling a part of it
    events, arriving = delivered
    run = Run()

    # When they arrive in some order, some of them more than once, at either of two instances
    instances.deliver([(at, run.event(*events[index])) for at, index in arriving], together=together)

    # Then the graph is the union of what they say
    read = {name for _, _, names, _ in events for name in names}
    written = {name for _, _, _, names in events for name in names}
    assert graph(catalogue, run) == (run.edges(read, written) if read and written else set())


def graph(catalogue, run):
    """The edges of the run's process; none if there is no process."""
    found = catalogue.entities("lineage_process", [run.process])
    return catalogue.edges(found[0]["guid"]) if found else set()


def test_an_instance_that_read_the_run_before_another_event_came_does_not_undo_what_that_added(
    instances, catalogue
):
    run = Run()

    async def race():
        slow, quick = Service(instances.settings), Service(instances.settings)
        declare, about_to_write, go_on = slow.corridor.declare, asyncio.Event(), asyncio.Event()

        async def held(*arguments):
            about_to_write.set()
            await go_on.wait()
            return await declare(*arguments)

        slow.corridor.declare = held
        late = asyncio.create_task(slow.apply(run.event("COMPLETE", 9, ["in0"], ["out0"])))
        await about_to_write.wait()
        await quick.apply(run.event("START", 0, ["in1"]))
        go_on.set()
        outcome = await late
        await slow.close()
        await quick.close()
        return outcome

    assert asyncio.run(race()).status == "superseded"
    assert graph(catalogue, run) == run.edges({"in0", "in1"}, {"out0"})


def test_a_clock_that_is_ahead_does_not_keep_later_runs_from_being_written(instances, catalogue):
    run = Run()
    ahead = datetime.now(UTC) + timedelta(days=400)
    first = run.event("COMPLETE", 0, ["in0"], ["out0"]) | {"eventTime": ahead.isoformat()}
    second = run.event("COMPLETE", 0, ["in1"], ["out0"]) | {"run": {"runId": str(uuid4())}}

    instances.deliver([(0, first)])
    instances.deliver([(1, second | {"eventTime": datetime.now(UTC).isoformat()})])

    assert graph(catalogue, run) == run.edges({"in1"}, {"out0"})


def test_a_run_that_fails_or_is_aborted_writes_nothing_and_says_why(instances, catalogue):
    for kind, why in (("FAIL", "failed"), ("ABORT", "was aborted")):
        run = Run()
        start, end = run.event("START", 0, ["in0"], ["out0"]), run.event(kind, 9, ["in0"], ["out0"])

        outcomes = instances.deliver([(0, start), (1, end), (0, start)])

        assert [outcome.status for outcome in outcomes] == ["accumulated", "done", "done"]
        assert f"the run {why}" in outcomes[1].detail == outcomes[2].detail
        assert graph(catalogue, run) == set()


@pytest.fixture
def runs(table, storage):
    """Runs in a table of the test's own."""
    account = StorageAccount(storage)
    yield Runs(table, account)
    account.close()


async def payloads(runs):
    """The names of what lies in the container, which other tests use as well."""
    await runs._storage.discard(await runs._storage.keep(b"so that there is a container"))
    client = runs._storage._account._payloads
    return {blob.name for blob in await asyncio.to_thread(lambda: list(client.list_blobs()))}


def take(run, *arguments):
    return read_event(run.event(*arguments)).event


async def stored(table):
    """All rows there are, with their keys and claims."""
    return [row async for page in table.older_than(FOREVER, ["claim"]) for row in page]


def names(datasets):
    return {dataset.name.name.rpartition(".")[2] for dataset in datasets}


async def test_the_same_content_again_is_one_row_with_the_latest_time(runs, table):
    run = Run()

    for minute in (1, 5, 3):
        snapshot = await runs.add(take(run, "RUNNING", minute, ["in0"]))

    assert len(await stored(table)) == 1
    assert snapshot.first == snapshot.latest == DAY + timedelta(minutes=5)


async def test_runs_of_other_jobs_and_other_ids_are_apart(runs):
    run, other = Run(), Run()
    await runs.add(take(run, "START", 0, ["in0"]))
    await runs.add(take(other, "START", 0, ["in1"]))
    same_id = run.event("START", 0, ["in2"])
    same_id["job"]["name"] = "another"
    await runs.add(read_event(same_id).event)

    assert names((await runs.add(take(run, "COMPLETE", 1, [], ["out0"]))).inputs) == {"in0"}


async def test_declared_lineage_is_not_accumulated(runs, table):
    run = Run()
    declared = run.event("START", 0, ["in0"], ["out0"])
    del declared["run"], declared["eventType"]

    await runs.add(read_event(declared).event)

    assert await stored(table) == []


def huge(run, minute, side, count=2_000):
    """An event too large for a row even when packed: names that cannot be compressed."""
    noise = random.Random(f"{run.id} {side}")  # noqa: S311 - the same every time, for a repetition
    event = run.event("START", minute)
    event[side] = [run.table(f"{noise.randbytes(600).hex()}{number}") for number in range(count)]
    return read_event(event).event


async def test_an_event_too_large_for_a_row_goes_to_the_container_once_and_comes_back(runs, table):
    run = Run()
    event, later = huge(run, 0, "inputs"), huge(run, 7, "inputs")
    before = await payloads(runs)

    await runs.add(event)
    (row,) = await stored(table)
    await runs.add(later)
    snapshot = await runs.add(take(run, "COMPLETE", 9, [], ["out0"]))

    assert {dataset.name for dataset in snapshot.inputs} == {dataset.name for dataset in event.inputs}
    kept = [each for each in await stored(table) if each.key == row.key]
    assert [each.properties["claim"] for each in kept] == [row.properties["claim"]]
    assert await payloads(runs) - before == {row.properties["claim"]}


async def test_events_of_half_a_megabyte_stay_in_their_row(runs, table):
    run = Run()

    await runs.add(huge(run, 0, "inputs", count=800))
    snapshot = await runs.add(take(run, "COMPLETE", 9, [], ["out0"]))

    assert len(snapshot.inputs) == 800
    assert not any(row.properties.get("claim") for row in await stored(table))


async def test_many_old_events_are_forgotten_a_hundred_at_a_time(runs, monkeypatch):
    told = [Run() for _ in range(ROWS_LIMIT + 30)]
    await asyncio.gather(*(runs.add(take(run, "START", 0, ["in0"])) for run in told))

    monkeypatch.setattr("lineage.runs.EXPIRE_FOR", -1.0)
    assert await runs.expire(FOREVER) == ROWS_LIMIT  # the rest is for the next time
    assert await runs.expire(FOREVER) == 30
    assert await runs.expire(FOREVER) == 0


async def test_old_runs_are_forgotten_with_their_payloads_and_young_ones_are_not(runs, table):
    old, young = Run(), Run()
    await runs.add(huge(old, 0, "inputs"))
    claims = {row.properties.get("claim") for row in await stored(table)}
    await asyncio.sleep(0.05)
    moment = datetime.now(UTC)
    await runs.add(take(young, "START", 0, ["in0"]))

    assert await runs.expire(moment) == 1

    assert names((await runs.add(take(young, "COMPLETE", 1, [], ["out0"]))).inputs) == {"in0"}
    assert (await runs.add(take(old, "COMPLETE", 1, [], ["out0"]))).inputs == ()
    assert not claims & await payloads(runs)


async def test_forgetting_when_there_is_nothing_is_fine(runs):
    assert await runs.expire(datetime.now(UTC)) == 0


async def test_a_payload_that_is_gone_costs_what_it_told_and_no_more(runs):
    run = Run()
    before = await payloads(runs)
    await runs.add(huge(run, 0, "inputs"))
    await runs.add(take(run, "RUNNING", 1, ["in0"]))
    for name in await payloads(runs) - before:
        await runs._storage.discard(name)

    snapshot = await runs.add(take(run, "COMPLETE", 2, [], ["out0"]))

    assert names(snapshot.inputs) == {"in0"}
    assert names(snapshot.outputs) == {"out0"}


async def test_a_row_that_vanishes_while_it_is_updated_is_written_again(runs, table):
    run = Run()
    get = table.get

    async def vanish(partition, key):
        table.get = get
        await table.delete([await get(partition, key)])

    await runs.add(take(run, "RUNNING", 1, ["in0"]))
    table.get = vanish
    snapshot = await runs.add(take(run, "RUNNING", 2, ["in0"]))

    assert names(snapshot.inputs) == {"in0"}
    assert len(await stored(table)) == 1


async def test_a_table_that_does_not_answer_defers_the_event(no_table, storage):
    account = StorageAccount(storage)

    with pytest.raises(StorageFailed) as failed:
        await Runs(no_table, account).add(take(Run(), "START", 0, ["in0"]))

    assert failed.value.fate == "deferred"
    account.close()


async def test_events_that_come_at_the_same_time_are_stored_together_and_their_runs_read_once(table, storage):
    calls = []

    def counted(name):
        call = getattr(table, name)

        async def counting(*arguments):
            calls.append(name)
            return await call(*arguments)

        setattr(table, name, counting)

    for name in ("write_all", "beginning"):
        counted(name)
    account, told = StorageAccount(storage), [Run() for _ in range(40)]
    runs = Runs(table, account)
    await runs.add(take(Run(), "START", 0))  # which makes the table
    calls.clear()

    await asyncio.gather(*(runs.add(take(run, "START", 0, ["in0"])) for run in told))
    snapshots = await asyncio.gather(*(runs.add(take(run, "COMPLETE", 1, [], ["out0"])) for run in told))

    assert all(names(snapshot.inputs) == {"in0"} for snapshot in snapshots)
    assert calls.count("write_all") < len(told) / 4
    assert calls.count("beginning") == 2 * len(told)
    account.close()


async def test_one_event_that_is_there_already_does_not_hold_up_those_it_shares_a_call_with(runs):
    run, others = Run(), [Run() for _ in range(10)]
    await runs.add(take(run, "START", 0, ["in0"]))

    again, *snapshots = await asyncio.gather(
        *(runs.add(take(each, "START", 0, ["in0"])) for each in (run, *others))
    )

    assert again.known == 1
    assert all(names(snapshot.inputs) == {"in0"} for snapshot in snapshots)


async def test_who_knows_more_counts_more_also_when_only_a_time_became_later(runs):
    run = Run()

    known = [(await runs.add(take(run, "RUNNING", minute, ["in0"]))).known for minute in (1, 5, 5, 3, 6)]

    assert known == [1, 2, 2, 2, 3]
