"""What a job or a dataset declares is all there is of it: what it declared before and does not any more goes away."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.openlineage import Verdict, merge, read_event, translate
from lineage.service import Service
from tests.integration.instances import until_done

DAY = datetime(2026, 5, 1, tzinfo=UTC)
SERVER = "mssql://declared.database.windows.net"
TABLES = ["in0", "in1", "in2", "out0", "out1", "out2"]


class World:
    """Tables of a test's own, a job that has several runs, and the graph around them."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.id = uuid4().hex
        names = {self.qualified(table): "azure_sql_table" for table in TABLES}
        self.guids = catalogue.scan(names)

    def qualified(self, table):
        return f"{SERVER}/{self.id}/dbo/{table}"

    def table(self, name, **facets):
        return {"namespace": SERVER, "name": f"{self.id}.dbo.{name}", "facets": facets}

    def source(self, name):
        return {**self.table(name), "type": "DATASET"}

    def stamp(self, minute):
        return {
            "eventTime": (DAY + timedelta(minutes=minute)).isoformat(),
            "producer": "https://example.com/tests",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        }

    def declared(self, minute=0, inputs=(), outputs=(), flows=None):
        """A job event; `flows` is explicit lineage: table -> what feeds it."""
        entries = [
            {**self.source(target), "inputs": [self.source(each) for each in sources]}
            for target, sources in (flows or {}).items()
        ]
        facets = {} if flows is None else {"lineage": {"entries": entries}}
        return {
            **self.stamp(minute),
            "job": {"namespace": "declared", "name": self.id, "facets": facets},
            "inputs": [self.table(each) for each in inputs],
            "outputs": [self.table(each) for each in outputs],
        }

    def event(self, kind, minute=0, inputs=(), outputs=(), flows=None, run=0):
        return {
            **self.declared(minute, inputs, outputs, flows),
            **({"eventType": kind} if kind else {}),
            "run": {"runId": f"{self.id[:8]}-0000-4000-8000-{run:012}"},
        }

    def of_dataset(self, name, sources, minute=0):
        facet = {"inputs": [self.source(each) for each in sources]}
        return {**self.stamp(minute), "dataset": self.table(name, lineage=facet)}

    @property
    def notebook(self):
        """The facet by which Spark tells in which notebook of Synapse it runs."""
        return {
            "spark_properties": {"properties": {"spark.synapse.context.notebookname": f"notebook {self.id}"}}
        }

    def edges(self, *pairs):
        """Pairs of tables; a job's processes are between them: `in0>job`, or `in0>job > out0`."""
        return {(self.qualified(source), self.qualified(target)) for source, target in pairs}

    def graph(self):
        """Every edge around any of the tables."""
        return set().union(*(self.catalogue.edges(guid) for guid in self.guids.values()))

    @property
    def process(self):
        return f"lineage://declared/{self.id}"

    def part(self, output):
        return f"{self.process}#{SERVER}/{self.id}.dbo.{output}"

    def through(self, process, inputs, outputs):
        return {(self.qualified(name), process) for name in inputs} | {
            (process, self.qualified(name)) for name in outputs
        }


@pytest.fixture
def world(catalogue):
    return World(catalogue)


def outcomes(instances, *events):
    return instances.deliver([(number % 2, event) for number, event in enumerate(events)])


SPLIT = {"out0": ["in0"], "out1": ["in1"]}


def test_a_job_that_becomes_several_processes_leaves_no_single_one_behind(instances, world):
    outcomes(instances, world.event("COMPLETE", 5, ["in0", "in1"], ["out0", "out1"]))
    assert world.graph() == world.through(world.process, ["in0", "in1"], ["out0", "out1"])

    (outcome,) = outcomes(instances, world.event("RUNNING", 3, flows=SPLIT))

    assert outcome.removed == 1
    assert len(outcome.parts) == 2
    assert world.graph() == world.through(world.part("out0"), ["in0"], ["out0"]) | world.through(
        world.part("out1"), ["in1"], ["out1"]
    )


def test_several_processes_that_become_one_leave_no_part_behind(instances, world):
    outcomes(instances, world.event("COMPLETE", 5, flows=SPLIT))

    (outcome,) = outcomes(instances, world.event("COMPLETE", 9, ["in2"], ["out0", "out1"], run=1))

    assert outcome.removed == 2
    assert world.graph() == world.through(world.process, ["in2"], ["out0", "out1"])


def test_a_process_that_was_taken_away_comes_back_when_it_is_declared_again(instances, world):
    """What is remembered of it must be forgotten with it."""
    whole, split = (
        world.event("COMPLETE", 1, ["in0"], ["out0"]),
        world.event("COMPLETE", 2, flows=SPLIT, run=1),
    )

    outcomes(instances, whole, split, world.event("COMPLETE", 3, ["in0"], ["out0"], run=2))

    assert world.graph() == world.through(world.process, ["in0"], ["out0"])


def test_an_output_that_is_written_no_more_goes_away(instances, world):
    outcomes(instances, world.event("COMPLETE", 5, flows={**SPLIT, "out2": ["in2"]}))

    (outcome,) = outcomes(instances, world.event("COMPLETE", 9, flows=SPLIT, run=1))

    assert outcome.removed == 1
    assert world.graph() == world.through(world.part("out0"), ["in0"], ["out0"]) | world.through(
        world.part("out1"), ["in1"], ["out1"]
    )


def test_what_is_declared_the_same_again_is_not_touched(instances, world):
    first, second = outcomes(
        instances,
        world.event("COMPLETE", 1, flows=SPLIT),
        world.event("COMPLETE", 2, flows=SPLIT, run=1),
    )

    assert second.removed == 0
    assert {part.process.result for part in second.parts} == {"unchanged"}
    assert {part.process.guid for part in second.parts} == {part.process.guid for part in first.parts}


def test_an_older_declaration_is_superseded_as_a_whole(instances, world):
    _, outcome = outcomes(
        instances,
        world.event("COMPLETE", 9, ["in0"], ["out0"]),
        world.event("COMPLETE", 5, flows=SPLIT, run=1),
    )

    assert outcome.status == "superseded"
    assert world.graph() == world.through(world.process, ["in0"], ["out0"])


def test_complete_counts_whether_it_comes_before_or_after_a_failure(instances, catalogue):
    for order in ((0, 1), (1, 0)):
        world = World(catalogue)
        events = [world.event("COMPLETE", 5, ["in0"], ["out0"]), world.event("FAIL", 9, ["in1"], ["out1"])]

        outcomes(instances, *(events[number] for number in order))

        assert world.graph() == world.through(world.process, ["in0", "in1"], ["out0", "out1"])
        assert catalogue.entity("lineage_process", world.process)["attributes"]["runState"] == "COMPLETE"


def test_a_job_that_declares_no_lineage_takes_back_what_it_declared(instances, world):
    first, second = outcomes(instances, world.declared(1, ["in0"], ["out0"]), world.declared(2, flows={}))

    assert first.process.result == "created"
    assert (second.status, second.removed, second.detail) == ("done", 1, Verdict.WITHDRAWN)
    assert world.graph() == set()


def test_a_run_that_names_no_datasets_takes_nothing_back(instances, world):
    outcomes(instances, world.event("COMPLETE", 1, ["in0"], ["out0"]), world.event("COMPLETE", 2, run=1))

    assert world.graph() == world.through(world.process, ["in0"], ["out0"])


def test_what_a_run_wrote_before_it_was_known_to_read_only_what_it_writes_is_taken_back(instances, world):
    both = ["in0", "in1"]
    first, second, third = (
        world.event("COMPLETE", 3, both, ["in1"]),
        world.event("RUNNING", 2, [], both),
        world.event("COMPLETE", 9, both, both, run=1),
    )

    outcomes(instances, first)
    assert world.graph() == world.through(world.process, ["in0"], ["in1"])
    outcomes(instances, second)
    assert world.graph() == set()
    # ... but not what another run wrote
    outcomes(instances, world.event("COMPLETE", 5, ["in0"], ["out0"], run=2), third)
    assert world.graph() == world.through(world.process, ["in0"], ["out0"])


def test_the_edges_into_a_dataset_are_those_it_declared_last(instances, world):
    outcomes(instances, world.of_dataset("out0", ["in0", "in1"]))
    assert world.graph() == world.edges(("in0", "out0"), ("in1", "out0"))

    outcomes(instances, world.of_dataset("out0", ["in1", "in2"], 1))
    assert world.graph() == world.edges(("in1", "out0"), ("in2", "out0"))

    late, none = outcomes(instances, world.of_dataset("out0", ["in0"], 0), world.of_dataset("out0", [], 2))
    assert late.status == "superseded"
    assert (none.removed, none.detail) == (2, Verdict.WITHDRAWN)
    assert world.graph() == set()

    outcomes(instances, world.of_dataset("out0", ["in1"], 3))
    assert world.graph() == world.edges(("in1", "out0"))


def test_edges_that_others_drew_stay(instances, world):
    by_hand = {"source": world.qualified("in2"), "target": world.qualified("out0")}
    outcomes(instances, by_hand, world.of_dataset("out0", ["in0"]), world.of_dataset("out1", ["in0"]))

    outcomes(instances, world.of_dataset("out0", [], 1))

    assert world.graph() == world.edges(("in2", "out0"), ("in0", "out1"))


def test_a_request_about_one_process_takes_nothing_away(instances, world):
    outcomes(instances, world.event("COMPLETE", 1, flows=SPLIT))
    request = {
        "process": {"name": world.id, "namespace": "declared"},
        "inputs": [world.qualified("in2")],
        "outputs": [world.qualified("out2")],
        "eventTime": (DAY + timedelta(minutes=5)).isoformat(),
    }

    (outcome,) = outcomes(instances, request)

    assert outcome.removed == 0
    assert world.graph() >= world.through(world.part("out0"), ["in0"], ["out0"])
    assert world.graph() >= world.through(world.process, ["in2"], ["out2"])


def test_what_was_only_just_written_is_taken_away_before_reads_show_it(instances, world, stack):
    faults = f"{stack.addresses.datamap}/_control/faults"
    requests.put(faults, json={"visibilityDelayMs": 2_000}, timeout=10).raise_for_status()
    try:
        outcomes(
            instances,
            world.event("COMPLETE", 1, ["in0"], ["out0"]),
            world.event("COMPLETE", 2, flows=SPLIT, run=1),
            world.of_dataset("in1", ["in2"], 1),
            world.of_dataset("in1", [], 2),
        )
    finally:
        requests.delete(faults, timeout=10).raise_for_status()

    split = world.through(world.part("out0"), ["in0"], ["out0"]) | world.through(
        world.part("out1"), ["in1"], ["out1"]
    )
    give_up = time.monotonic() + 10
    while (graph := world.graph()) != split and time.monotonic() < give_up:
        time.sleep(0.2)
    assert graph == split


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_crash_left_behind_goes_away_with_the_next_declaration(instances, world, moment):
    """A process that died between its claim and its end, before or after it had written."""

    async def dies(*_, **__):
        raise RuntimeError(moment)

    async def crash():
        service, next_one = Service(instances.settings), Service(instances.settings)
        next_one.corridor._order._holder = service.corridor._order._holder  # whose hold is not waited for
        service.corridor._order.end = dies
        if moment == "before":
            service.corridor._write_plan = dies
        with pytest.raises(RuntimeError, match=moment):
            await service.apply(world.event("COMPLETE", 1, ["in0"], ["out0"]))
        await until_done(next_one, world.event("COMPLETE", 2, flows=SPLIT, run=1))
        for each in (service, next_one):
            await each.close()

    asyncio.run(crash())

    assert world.graph() == world.through(world.part("out0"), ["in0"], ["out0"]) | world.through(
        world.part("out1"), ["in1"], ["out1"]
    )


QUERY = "20260501_123456_00042_a1b2c"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_job_is_one_process_whichever_of_its_events_tells_the_notebook(instances, world, order):
    start = world.event("START", 1, ["in0"], ["out0"])
    start["run"]["facets"] = world.notebook
    events = [start, world.event("COMPLETE", 2, ["in0"], ["out0"])]

    outcomes(instances, *(events[number] for number in order))

    assert world.graph() == world.through(f"lineage://declared/notebook {world.id}", ["in0"], ["out0"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_query_is_one_process_whichever_of_its_events_tells_what_it_writes(instances, world, order):
    events = [
        world.event("COMPLETE", 2, ["in0"], ["out0"]),
        world.event("RUNNING", 1, ["in0"], ["out1"]),
    ]
    for event in events:
        event["job"]["name"] = QUERY
    written = ", ".join(f"{world.id}.dbo.{table}" for table in ("out0", "out1"))

    outcomes(instances, *(events[number] for number in order))

    process = f"lineage://declared/query into {written}"
    assert world.graph() == world.through(process, ["in0"], ["out0", "out1"])


def test_a_process_that_another_run_wrote_is_not_taken_away_as_an_alias(instances, world):
    other = world.event("COMPLETE", 9, ["in1"], ["out0"], run=1)
    start = world.event("START", 1, ["in0"], ["out1"])
    start["run"]["facets"] = world.notebook

    outcomes(instances, world.event("COMPLETE", 2, ["in0"], ["out1"]), other, start)

    assert world.graph() == world.through(world.process, ["in1"], ["out0"]) | world.through(
        f"lineage://declared/notebook {world.id}", ["in0"], ["out1"]
    )


inputs = st.lists(st.sampled_from(["in0", "in1", "in2"]), max_size=3, unique=True)
outs = st.sampled_from(["out0", "out1", "out2"])
outputs = st.lists(outs, max_size=2, unique=True)
flows = st.none() | st.none() | st.dictionaries(outs, inputs, max_size=3)
kinds = st.sampled_from(["START", "RUNNING", "OTHER", "COMPLETE", "COMPLETE", "FAIL", "ABORT", None])
told = st.tuples(kinds, st.integers(0, 9), inputs, outputs, flows, st.integers(0, 1))


@st.composite
def deliveries(draw):
    """What the events of two runs and of the job itself tell, and which arrives next at which of two instances."""
    events = draw(st.lists(told, min_size=1, max_size=5, unique_by=repr))
    declared = draw(
        st.lists(st.tuples(st.integers(0, 9), inputs, outputs, flows), max_size=2, unique_by=repr)
    )
    count = len(events) + len(declared)
    indices = [*range(count), *draw(st.lists(st.integers(0, count - 1), max_size=3))]
    return events, declared, [(draw(st.integers(0, 1)), index) for index in draw(st.permutations(indices))]


@pytest.mark.timeout(600)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivered=deliveries(), together=st.booleans())
def test_whatever_arrives_in_whichever_order_the_newest_declaration_is_all_there_is(
    instances, catalogue, delivered, together
):
    events, declared, arriving = delivered
    world = World(catalogue)
    payloads = [
        *(world.event(kind, minute, ins, outs, edges, run) for kind, minute, ins, outs, edges, run in events),
        *(world.declared(*each) for each in declared),
    ]

    instances.deliver([(at, payloads[index]) for at, index in arriving], together=together)

    assert world.graph() == expected(payloads)


def expected(payloads):
    """What the newest of all complete snapshots comes to."""
    read = [read_event(payload).event for payload in payloads]
    runs = {}
    for event in read:
        runs.setdefault(event.run_id or id(event), []).append(event)
    snapshots = [merge(events) for events in runs.values()]
    says = [
        (snapshot.last, snapshot.by, translation.requests)
        for snapshot in snapshots
        if (translation := translate(snapshot)).requests or translation.verdict is Verdict.WITHDRAWN
    ]
    *_, requests = max(says, key=lambda each: each[:2], default=((),))
    return {
        edge
        for request in requests
        for edge in (
            *((_qualified(name), request.process.key) for name in request.inputs),
            *((request.process.key, _qualified(name)) for name in request.outputs),
        )
    }


def _qualified(dataset):
    return f"{dataset.namespace}/{dataset.name.replace('.', '/')}"


derived = st.tuples(st.integers(0, 9), inputs)


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), told=st.lists(derived, min_size=1, max_size=5, unique_by=lambda each: each[0]))
def test_whatever_a_dataset_declares_in_whichever_order_the_latest_counts(instances, catalogue, told, data):
    world = World(catalogue)
    payloads = [world.of_dataset("out0", sources, minute) for minute, sources in told]
    repeated = data.draw(st.lists(st.sampled_from(payloads), max_size=3))
    arriving = [
        (data.draw(st.integers(0, 1)), payload) for payload in data.draw(st.permutations(payloads + repeated))
    ]

    instances.deliver(arriving, together=data.draw(st.booleans()))

    _, sources = max(told)
    assert world.graph() == world.edges(*((source, "out0") for source in sources))
