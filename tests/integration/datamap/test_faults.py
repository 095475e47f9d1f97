"""Misbehaviour on demand."""

import time

import aiohttp
import pytest

BULK = "POST /atlas/v2/entity/bulk"


async def statuses(stand_in, dataset, calls):
    return [(await stand_in.bulk(dataset(f"d{n}"))).status for n in range(calls)]


async def found(stand_in, name):
    path = "/entity/uniqueAttribute/type/DataSet"
    return (
        await stand_in.call("GET", path, params={"attr:qualifiedName": f"stand-in://{name}"})
    ).status == 200


async def test_the_next_calls_fail_with_the_status_and_then_no_more(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 503, "next": 2}])

    assert await statuses(stand_in, dataset, 4) == [503, 503, 200, 200]


async def test_several_failures_come_one_after_the_other(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 503, "next": 1}, {"status": 408, "next": 1}])

    assert await statuses(stand_in, dataset, 3) == [503, 408, 200]


async def test_a_probability_of_one_fails_every_call(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 500, "probability": 1}])

    assert set(await statuses(stand_in, dataset, 5)) == {500}


async def test_a_probability_fails_some_calls(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 429, "probability": 0.5}])

    assert set(await statuses(stand_in, dataset, 100)) == {200, 429}


async def test_a_failure_may_be_of_one_route(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 503, "next": 1, "route": BULK}])

    assert (await stand_in.call("GET", "/types/typedefs/headers")).status == 200
    assert await statuses(stand_in, dataset, 2) == [503, 200]


async def test_a_failed_call_does_nothing(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 503, "next": 1}])

    await stand_in.bulk(dataset("lost"))

    assert not await found(stand_in, "lost")


async def test_a_call_may_fail_after_its_work_is_done(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 504, "next": 1, "afterWork": True}])

    assert (await stand_in.bulk(dataset("done"))).status == 504
    assert await found(stand_in, "done")


@pytest.mark.parametrize("after_work", [False, True])
async def test_a_connection_is_dropped_before_or_after_the_work(stand_in, dataset, after_work):
    await stand_in.misbehave(fail=[{"drop": True, "next": 1, "afterWork": after_work}])

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await stand_in.bulk(dataset("dropped"))

    assert await found(stand_in, "dropped") is after_work


async def test_403_looks_as_published_answers_do(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 403, "probability": 1}])

    answer = await stand_in.bulk(dataset("a"))

    expected = {"error": {"code": "Unauthorized", "message": "Not authorized to access account"}}
    assert (answer.status, await answer.json()) == (403, expected)


async def test_a_failure_may_look_like_one_of_atlas_or_of_a_proxy_or_of_nothing(stand_in, dataset):
    bodies = ("gateway", "atlas", "html", "empty")
    await stand_in.misbehave(fail=[{"status": 500, "next": 1, "body": body} for body in bodies])

    answers = [await stand_in.bulk(dataset("a")) for _ in bodies]

    assert (await answers[0].json())["error"]["message"] == "Internal Server Error"
    assert (await answers[1].json())["errorCode"] == "ATLAS-500-00-001"
    assert answers[2].content_type == "text/html"
    assert await answers[3].read() == b""


async def test_a_failure_may_ask_to_retry_later(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 429, "next": 1, "retryAfterSeconds": 7}])

    assert (await stand_in.bulk(dataset("a"))).headers["Retry-After"] == "7"


async def test_beyond_the_budget_the_answer_is_429_with_retry_after(stand_in, dataset):
    await stand_in.misbehave(operationsPerSecond=2, retryAfterSeconds=1)

    answers = [await stand_in.bulk(dataset("a")) for _ in range(10)]

    assert [answer.status for answer in answers][:2] == [200, 200]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}


async def test_beyond_the_budget_there_is_no_retry_after_unless_it_is_set(stand_in, dataset):
    await stand_in.misbehave(operationsPerSecond=1)

    answers = [await stand_in.bulk(dataset("a")) for _ in range(5)]

    assert all("Retry-After" not in answer.headers for answer in answers)
    assert 429 in {answer.status for answer in answers}


async def test_latency_grows_with_the_entities(stand_in, dataset):
    await stand_in.misbehave(latencyMs=20, latencyMsPerEntity=20)

    started = time.monotonic()
    await stand_in.bulk(*(dataset(f"d{n}") for n in range(4)))

    assert time.monotonic() - started >= 0.1


async def test_a_slow_body_trickles_in_and_is_whole(stand_in, dataset):
    await stand_in.misbehave(slowBodyMs=100)

    started = time.monotonic()
    answer = await stand_in.bulk(dataset("slow") | {"guid": "-1"})

    assert set((await answer.json())["guidAssignments"]) == {"-1"}
    assert time.monotonic() - started >= 0.1


async def test_writes_are_seen_late_by_readers_but_at_once_by_writers(stand_in, dataset):
    await stand_in.misbehave(visibilityDelayMs=60_000)
    guid = await stand_in.guid(dataset("late"))

    assert not await found(stand_in, "late")
    assert (await stand_in.call("GET", f"/entity/guid/{guid}")).status == 404
    assert await stand_in.guid(dataset("late")) == guid


async def test_late_relationships_are_in_no_answer_yet(stand_in, dataset):
    up, down = await stand_in.guid(dataset("up")), await stand_in.guid(dataset("down"))
    body = {"typeName": "direct_lineage_dataset_dataset", "end1": {"guid": up}, "end2": {"guid": down}}
    await stand_in.misbehave(visibilityDelayMs=60_000)

    created = await (await stand_in.call("POST", "/relationship", json=body)).json()

    assert (await stand_in.call("GET", f"/relationship/guid/{created['guid']}")).status == 404
    assert (await stand_in.get(f"/entity/guid/{up}"))["entity"]["relationshipAttributes"]["sinks"] == []
    assert (await stand_in.get(f"/lineage/{up}"))["relations"] == []
    assert (await stand_in.call("POST", "/relationship", json=body)).status == 409


async def test_readers_go_on_seeing_what_a_late_change_has_replaced(stand_in, dataset):
    guid = await stand_in.guid(dataset("a", description="old"))
    await stand_in.misbehave(visibilityDelayMs=60_000)

    changed = await (await stand_in.bulk(dataset("a", description="new"))).json()

    [header] = changed["mutatedEntities"]["UPDATE"]
    assert (header["attributes"]["description"], header["lastModifiedTS"]) == ("new", "2")
    for read in (
        (await stand_in.get(f"/entity/guid/{guid}"))["entity"],
        await stand_in.get(f"/entity/guid/{guid}/header"),
        (await stand_in.get(f"/lineage/{guid}"))["guidEntityMap"][guid],
    ):
        assert (read["attributes"]["description"], read["lastModifiedTS"]) == ("old", "1")
    assert "mutatedEntities" not in await (await stand_in.bulk(dataset("a", description="new"))).json()


async def test_readers_go_on_seeing_a_relationships_old_attributes(stand_in, dataset):
    up, down = await stand_in.guid(dataset("up")), await stand_in.guid(dataset("down"))
    body = {"typeName": "direct_lineage_dataset_dataset", "end1": {"guid": up}, "end2": {"guid": down}}
    guid = (await (await stand_in.call("POST", "/relationship", json=body)).json())["guid"]
    await stand_in.misbehave(visibilityDelayMs=60_000)

    put = await stand_in.call(
        "PUT", "/relationship", json={"guid": guid, "attributes": {"columnMapping": "[]"}}
    )

    assert (await put.json())["attributes"] == {"columnMapping": "[]"}
    assert (await stand_in.get(f"/relationship/guid/{guid}"))["relationship"]["attributes"] == {}


async def test_late_writes_are_seen_in_the_end(stand_in, dataset):
    guid = await stand_in.guid(dataset("changed"))
    await stand_in.misbehave(visibilityDelayMs=50)
    await stand_in.bulk(dataset("late"), dataset("changed", description="new"))

    async def description():
        return (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["attributes"]["description"]

    deadline = time.monotonic() + 5
    while not (await found(stand_in, "late") and await description() == "new"):
        assert time.monotonic() < deadline


async def test_an_attribute_value_over_32_kb_is_refused(stand_in, dataset):
    fits, too_long = dataset("fits", description="x" * 32_768), dataset("long", description="x" * 32_769)

    assert (await stand_in.bulk(fits)).status == 200
    assert (await stand_in.bulk(too_long)).status == 400


async def test_the_limits_are_settings(stand_in, dataset):
    await stand_in.misbehave(attributeBytes=1000, assetBytes=1500)

    assert (await stand_in.bulk(dataset("a", description="x" * 1001))).status == 400
    assert (await stand_in.bulk(dataset("a", description="x" * 900, owner="x" * 900))).status == 400
    assert (await stand_in.bulk(dataset("a", description="x" * 900))).status == 200


async def test_the_limits_count_bytes_not_letters(stand_in, dataset):
    await stand_in.misbehave(attributeBytes=100)

    assert (await stand_in.bulk(dataset("a", description="é" * 51))).status == 400


async def test_delete_mends_everything(stand_in, dataset):
    await stand_in.misbehave(
        fail=[{"status": 503, "probability": 1}], attributeBytes=1, operationsPerSecond=1
    )

    assert (await stand_in.client.delete("/_control/faults")).status == 204

    assert await statuses(stand_in, dataset, 5) == [200] * 5
    assert await (await stand_in.client.get("/_control/faults")).json() == {}


async def test_what_is_set_can_be_read_and_shows_what_is_used_up(stand_in, dataset):
    await stand_in.misbehave(latencyMs=1, fail=[{"status": 503, "next": 3}])
    await stand_in.bulk(dataset("a"))

    assert await (await stand_in.client.get("/_control/faults")).json() == {
        "latencyMs": 1,
        "fail": [{"status": 503, "next": 2}],
    }


async def test_put_replaces_what_was_set(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 503, "probability": 1}])
    await stand_in.misbehave(latencyMs=1)

    assert await statuses(stand_in, dataset, 1) == [200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency": 5},
        {"latencyMs": -1},
        {"operationsPerSecond": 0},
        {"fail": [{"status": 503}]},
        {"fail": [{"next": 1}]},
        {"fail": [{"status": 503, "drop": True, "next": 1}]},
        {"fail": [{"status": 503, "next": 1, "probability": 0.5}]},
        {"fail": [{"status": 200, "next": 1}]},
        {"fail": [{"status": 599, "next": 1}]},
        {"fail": [{"drop": True, "probability": 2}]},
        [],
    ],
)
async def test_a_wrong_setting_is_refused_with_its_place_and_changes_nothing(stand_in, wrong):
    await stand_in.misbehave(latencyMs=1)

    answer = await stand_in.client.put("/_control/faults", json=wrong)

    assert answer.status == 400
    assert all(error["problem"] for error in (await answer.json())["errors"])
    assert await (await stand_in.client.get("/_control/faults")).json() == {"latencyMs": 1}
