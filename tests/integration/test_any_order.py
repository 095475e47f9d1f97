"""Whatever arrives, how often, in which order and through which faults: the graph is the one a simple model predicts."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.errors import LineageError
from lineage.service import Service
from lineage.settings import Settings
from tests.integration.losing_nothing import TABLES, world

START = datetime(2024, 5, 6, tzinfo=UTC)

sides = st.lists(st.sampled_from(TABLES[:6]), min_size=1, max_size=3, unique=True)
# A request about one of three jobs: when it happened, and what it read and wrote then.
runs = st.tuples(st.integers(0, 2), st.integers(0, 50), sides, sides)
faults = st.lists(
    st.sampled_from(
        [
            {"status": 503, "next": 1},
            {"status": 500, "next": 1},
            {"status": 429, "next": 1},
            {"status": 408, "next": 1},
            {"drop": True, "next": 2},
            {"status": 503, "next": 1, "afterWork": True},
        ]
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def it():
    with world() as made, pytest.MonkeyPatch.context() as patch:
        made.stack.functions.stop()  # the app runs in this process instead
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):  # azure-identity reads them by itself
            patch.setenv(name, made.stack.app_settings()[name])
        yield made


async def deliver(service, request):
    """As a queue does: again and again until it is done."""
    for _ in range(40):
        try:
            return await service.apply(request)
        except LineageError as error:
            if error.fate != "deferred":  # nothing here is wrong with the request itself
                raise
            await asyncio.sleep(0.01)
    raise AssertionError("never done")


def job(namespace, number, moment, inputs, outputs):
    return {
        "process": {"name": f"job{number}", "namespace": namespace},
        "inputs": inputs,
        "outputs": outputs,
        "eventTime": (START + timedelta(minutes=moment)).isoformat(),
        "columns": [
            {
                "source": {"dataset": inputs[0], "column": "a"},
                "target": {"dataset": outputs[0], "column": f"m{moment}"},
            }
        ],
    }


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(), runs=st.lists(runs, min_size=1, max_size=8, unique_by=lambda run: run[:2]), faults=faults
)
def test_the_graph_is_that_of_the_newest_run_of_each_job(it, runs, faults, data):
    namespace = uuid4().hex
    requests = [job(namespace, *run) for run in runs]
    arriving = data.draw(
        st.permutations(requests + data.draw(st.lists(st.sampled_from(requests), max_size=5)))
    )
    it.misbehave(fail=faults)

    async def everything():
        service = Service(Settings.read(it.stack.app_settings()))
        try:
            await asyncio.gather(*(deliver(service, request) for request in arriving))
        finally:
            await service.close()

    asyncio.run(everything())
    it.mend()

    newest = {number: run for run in sorted(runs, key=lambda run: run[1]) for number in [run[0]]}
    for number, (_, moment, inputs, outputs) in newest.items():
        entity = it.catalogue.entity("lineage_process", f"lineage://{namespace}/job{number}")
        related = entity["relationshipAttributes"]
        assert {end["displayText"] for end in active(related["inputs"])} == {
            name.split("/")[-1] for name in inputs
        }
        assert {end["displayText"] for end in active(related["outputs"])} == {
            name.split("/")[-1] for name in outputs
        }
        assert f"m{moment}" in entity["attributes"]["columnMapping"]


changes = st.tuples(
    st.sampled_from(["write", "remove"]),
    st.sampled_from([(a, b) for a in range(4) for b in range(4) if a != b]),
    st.integers(1, 2),
)


@pytest.mark.timeout(300)
@settings(max_examples=10, deadline=None)
@given(changes=st.lists(changes, min_size=1, max_size=10), faults=faults)
def test_direct_edges_are_those_written_and_not_removed_since(it, changes, faults):
    namespace = uuid4().hex
    names = [f"mssql://any.database.windows.net/{namespace}/dbo/t{number}" for number in range(4)]
    guids = it.catalogue.scan(dict.fromkeys(names, "azure_sql_table"))
    it.misbehave(fail=faults)

    async def everything():
        service = Service(Settings.read(it.stack.app_settings()))
        for action, (source, target), times in changes:
            for _ in range(times):
                await deliver(service, {"action": action, "source": names[source], "target": names[target]})
        await service.close()

    asyncio.run(everything())
    it.mend()

    there = {}
    for action, pair, _ in changes:
        there[pair] = action == "write"
    expected = {pair for pair, written in there.items() if written}
    found = {
        (source, names.index(target))
        for source, name in enumerate(names)
        for upstream, target in it.catalogue.edges(guids[name])
        if upstream == name
    }
    assert found == expected


def active(ends):
    return [end for end in ends if end["relationshipStatus"] == "ACTIVE"]
