"""The whole way of a request inside the app: what is resolved, in which order it is written, what is said of it."""

import asyncio
import time
from uuid import uuid4

import pytest

from lineage.account import Account
from lineage.envelope import open_envelope, read_payload
from lineage.errors import AnotherWrites, DatasetMissing, Fate, InvalidRequest, Refused
from lineage.openlineage import read_event
from lineage.request import read_request
from lineage.service import Service
from lineage.settings import Settings

COLUMNS = [{"source": "a", "target": "b"}]


@pytest.fixture
def app_settings(address, storage):
    """With a queue of its own."""
    return {
        "PURVIEW_ENDPOINT": address,
        "LINEAGE_QUEUE_NAME": f"q{uuid4().hex}",
        "LineageStorage": storage.connection_string.get_secret_value(),
    }


@pytest.fixture
async def service(app_settings, credential):
    """The app's parts, put together as the app does it."""
    assert credential
    service = Service(Settings.read(app_settings))
    yield service
    await service.close()


@pytest.fixture
def walk(service):
    async def walk(on_missing="wait", **payload):
        return await service.corridor.walk(read_request(payload), on_missing)

    return walk


@pytest.fixture
def load(account):
    """A process of the test's own."""
    return {"name": "load", "qualifiedName": account.name("load")}


@pytest.fixture
def named(account):
    def named(suffix):
        return {"typeName": "DataSet", "qualifiedName": account.name(suffix)}

    return named


async def test_a_request_is_written_and_its_outcome_says_what(walk, account, named, load):
    up, down = account.entities("up", "down")

    outcome = await walk(id="run-7", inputs=[named("up")], outputs=[down], process=load)

    assert (outcome.id, outcome.status, outcome.process.result) == ("run-7", "done", "created")
    assert account.arrows(outcome.process.guid) == {(up, outcome.process.guid), (outcome.process.guid, down)}


async def test_what_the_request_says_about_missing_datasets_counts_more_than_the_setting(walk, named, load):
    fates = {}
    for on_missing in ("wait", "fail"):
        with pytest.raises(DatasetMissing) as caught:
            await walk("create", inputs=[named("gone")], process=load, onMissing=on_missing)
        fates[on_missing] = caught.value.fate

    assert fates == {"wait": Fate.DEFERRED, "fail": Fate.DEAD}
    assert (await walk("fail", inputs=[named("new")], process=load, onMissing="create")).datasets[
        0
    ].result == "created"


async def test_a_dataset_that_was_created_is_known_to_the_next_request(walk, account, named, load):
    await walk("create", inputs=[named("new")], process=load)

    with account.counting() as counted:
        await walk("fail", inputs=[named("new")], outputs=[], process=load)

    assert not [route for route in counted if "uniqueAttribute" in route]


async def test_how_a_dataset_was_found_is_said_in_the_outcome(walk, account, load):
    view = {"typeName": "azure_sql_view", "attributes": {"name": "v", "qualifiedName": account.name("v")}}
    account.atlas("POST", "/entity/bulk", json={"entities": [view]})
    asked = {"typeName": "azure_sql_table", "qualifiedName": account.name("v")}

    outcome = await walk(inputs=[asked], process=load)

    assert outcome.warnings == (
        f"inputs.0: azure_sql_table {account.name('v')} was found as azure_sql_view {account.name('v')}",
    )


async def test_of_two_events_about_a_process_the_newer_one_stays(walk, account, load):
    old, new = account.entities("old", "new")

    first = await walk(inputs=[new], process=load, eventTime="2026-01-02T00:00:00Z")
    second = await walk(inputs=[old], process=load, eventTime="2026-01-01T00:00:00Z")

    assert (first.status, second.status) == ("done", "superseded")
    assert account.arrows(first.process.guid) == {(new, first.process.guid)}


async def test_of_many_events_at_once_the_newest_stays_in_whatever_order_they_come(walk, account, load):
    guids = account.entities(*(f"n{number}" for number in range(8)))
    order = [3, 6, 0, 7, 2, 5, 1, 4]

    await asyncio.gather(
        *(
            walk(inputs=[guids[number]], process=load, eventTime=f"2026-01-0{number + 1}T00:00:00Z")
            for number in order
        )
    )

    ((upstream, _),) = account.arrows(guids[7])
    assert upstream == guids[7]
    assert account.arrows(guids[0]) == set()


async def test_while_a_write_that_was_cut_off_may_still_arrive_other_instances_do_not_write(
    service, walk, account, load, app_settings
):
    up, down = account.entities("up", "down")
    said = {"inputs": [up], "outputs": [down], "eventTime": "2026-01-01T00:00:00Z"}
    await walk(**said, process=load)
    account.misbehave(latencyMs=1_000)
    cut_off = asyncio.create_task(walk(**said, process=load | {"description": "old"}))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cut_off, 0.5)
    account.mend()
    newer = read_request(
        {**said, "process": load | {"description": "new"}, "eventTime": "2026-01-02T00:00:00Z"}
    )

    other = Service(Settings.read(app_settings))
    with pytest.raises(AnotherWrites):
        await other.corridor.walk(newer, "wait")
    await other.close()
    outcome = await service.corridor.walk(newer, "wait")

    assert account.read(outcome.process.guid)["attributes"]["description"] == "new"


async def test_columns_added_to_one_edge_at_once_are_all_there(walk, account):
    up, down = account.entities("up", "down")

    await asyncio.gather(
        *(
            walk(source=up, target=down, mode="append", columns=[{"source": column, "target": column}])
            for column in "abcdef"
        )
    )

    assert all(f'"{column}"' in account.mapping(up, down) for column in "abcdef")


async def test_additions_to_different_datasets_do_not_wait_for_each_other(walk, account):
    """Each takes half a second or more: eight, one after the other, would take four."""
    up, *downs = account.entities("up", *"abcdefgh")
    account.misbehave(latencyMs=500)

    began = time.monotonic()
    await asyncio.gather(*(walk(source=up, target=down, mode="append") for down in downs))

    assert time.monotonic() - began < 4
    account.mend()
    assert account.arrows(up) == {(up, down) for down in downs}


async def test_an_event_that_could_not_be_written_does_not_keep_older_ones_from_counting(
    walk, account, nobody, load
):
    up = account.entity("up")
    with pytest.raises(DatasetMissing):
        await walk(inputs=[nobody], process=load, eventTime="2026-01-02T00:00:00Z")

    outcome = await walk(inputs=[up], process=load, eventTime="2026-01-01T00:00:00Z")

    assert outcome.status == "done"


async def test_a_guid_that_does_not_exist_is_named_by_its_path(walk, account, nobody):
    with pytest.raises(DatasetMissing) as caught:
        await walk(inputs=[account.entity("up"), nobody], outputs=[account.entity("down")])

    assert [mistake.path for mistake in caught.value.mistakes] == ["inputs.1"]
    assert caught.value.facts()["errorCode"] == "ATLAS-400-00-07D"


async def test_removing_what_is_not_there_is_done_whatever_is_to_be_done_about_missing_datasets(
    walk, account, nobody, named, load
):
    columns = [{"source": {"dataset": nobody, "column": "a"}, "target": "b"}]

    for on_missing in ("wait", "create", "fail"):
        direct = await walk(on_missing, inputs=[named("gone")], outputs=[named("away")], action="remove")
        process = await walk(
            on_missing,
            inputs=[nobody],
            outputs=[named("gone")],
            columns=columns,
            process=load,
            action="remove",
        )
        assert (direct.removed, process.removed) == (0, 0)

    assert account.find("gone") == account.find("away") == []


async def test_edges_are_removed_though_a_dataset_beside_them_is_gone(walk, account, nobody):
    up, other, down = account.entities("up", "other", "down")
    await walk(inputs=[up, other], outputs=[down])

    outcome = await walk(inputs=[up, nobody, other], outputs=[down], action="remove")
    again = await walk(inputs=[nobody], outputs=[down], action="remove")

    assert (outcome.removed, again.removed) == (2, 0)


async def test_a_dataset_that_is_its_own_upstream_is_refused_before_anything_is_written(walk, account):
    up = account.entity("up")

    with account.counting() as counted, pytest.raises(InvalidRequest, match="cannot be upstream of itself"):
        await walk(inputs=[up], outputs=[up])

    assert counted == {}


# For later


async def test_a_request_is_recorded_as_queued_before_its_message_can_be_done(service, monkeypatch):
    """Else the record of its end could be followed by one that says that it waits."""
    happened = []
    send, record = Account.send, service.outcomes.record_within

    def watched_send(account, *message):
        happened.append("sent")
        send(account, *message)

    async def watched_record(what, seconds):
        await record(what, seconds)
        happened.append(what.status)

    monkeypatch.setattr(Account, "send", watched_send)
    monkeypatch.setattr(service.outcomes, "record_within", watched_record)

    assert await service.enqueue({"id": "run-7", "source": "a", "target": "b"}) == "run-7"
    await service.outcomes.flush()

    assert happened == ["queued", "sent"]
    assert (await service.outcomes.find("run-7")).status == "queued"


async def test_what_is_no_request_is_neither_queued_nor_recorded(service):
    with pytest.raises(InvalidRequest):
        await service.enqueue({"id": "run-8", "source": "a"})

    assert await service.outcomes.find("run-8") is None
    assert await service.storage.receive(service.settings.queue_name, 30) == []


async def test_an_edge_that_was_taken_away_is_written_again_when_it_is_asked_for(service, walk, account):
    """What is remembered of it is forgotten with it."""
    up, down = account.entities("up", "down")

    for action in ("write", "remove", "write"):
        await walk(action=action, source=up, target=down)
        await service._memory.flush()

    assert account.arrows(down) == {(up, down)}


async def test_what_comes_again_after_a_failure_half_way_costs_only_what_was_not_written(
    service, walk, account
):
    """Else a request with more edges than there is time for would begin anew each time."""
    sources, down = account.entities("a", "b", "c"), account.entity("down")
    account.misbehave({"status": 400, "body": "atlas", "next": 1, "route": "POST /atlas/v2/relationship"})
    with pytest.raises(Refused):
        await walk(inputs=sources, outputs=[down])
    await service._memory.flush()

    with account.counting() as counted:
        outcome = await walk(inputs=sources, outputs=[down])

    assert counted == {"POST /relationship": 1}
    assert {edge.end1 for edge in outcome.relationships} == set(sources)
    assert account.arrows(down) == {(source, down) for source in sources}


def event(name, **more):
    job = {"namespace": "batch", "name": name}
    return {"eventTime": "2026-05-01T12:00:00Z", "run": {"runId": str(uuid4())}, "job": job, **more}


async def test_a_batch_is_one_message_and_each_of_its_events_becomes_one(service):
    events = [read_event(event(f"job{number}")).event for number in range(3)]
    queue = service.settings.queue_name

    await service.enqueue_batch(events)
    (message,) = await service.storage.receive(queue, 30)
    outcome = await service.apply(read_payload(open_envelope(message.body).original))

    assert open_envelope(message.body).subject == outcome.id
    assert (outcome.status, outcome.detail) == ("done", "3 events, each on the queue by itself")
    posted = [
        read_payload(open_envelope(each.body).original) for each in await service.storage.receive(queue, 30)
    ]
    assert sorted(each["job"]["name"] for each in posted) == ["job0", "job1", "job2"]


async def test_an_array_on_the_queue_with_an_event_that_is_none_is_refused_before_anything_is_sent(service):
    with pytest.raises(InvalidRequest, match=r"an array is a batch of .* 1\.job\.name: needs text"):
        await service.apply([event("good"), event("")])

    assert await service.storage.receive(service.settings.queue_name, 30) == []


async def test_a_large_batch_goes_by_claim_check_as_a_whole(service):
    inputs = [{"namespace": "pg", "name": uuid4().hex * 30} for _ in range(100)]
    events = [read_event(event(f"job{number}", inputs=inputs)).event for number in range(5)]

    await service.enqueue_batch(events)

    (message,) = await service.storage.receive(service.settings.queue_name, 30)
    assert open_envelope(message.body).claim


@pytest.mark.parametrize(
    ("options", "name"), [("", "query into out"), ("none", "20260501_123456_00042_a1b2c")]
)
async def test_how_jobs_become_processes_is_a_setting(app_settings, credential, account, options, name):
    assert credential
    service = Service(Settings.read(app_settings | {"LINEAGE_OPENLINEAGE_OPTIONS": options}))
    sides = {
        side: [{"namespace": f"trino://{account.run}", "name": table}]
        for side, table in (("inputs", "in"), ("outputs", "out"))
    }
    query = event("20260501_123456_00042_a1b2c", eventType="COMPLETE", **sides)

    outcome, explained = await service.apply(query), await service.explainer.explain(query)

    assert outcome.process.qualified_name == f"lineage://batch/{name}"
    assert f"lineage://batch/{name}" in str(explained.to_json())
    await service.close()
