"""At least once, whatever happens: every message is done, comes back by itself, or is dead with its reason."""

import asyncio
import json
import random
import time
from contextlib import closing
from uuid import uuid4

import pytest
import requests
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

import lineage
from tests.integration.losing_nothing import TABLES, ask, expected, job, world

PATIENT = {"LINEAGE_GIVE_UP_AFTER": "01:00:00"}


@pytest.mark.timeout(180)
def test_two_thousand_messages_outlive_ten_kills_of_the_app():
    jobs = [job(number) for number in range(2000)]
    moments = random.Random(4)  # noqa: S311 - which moments is not the point
    with world(lease_seconds=5, **PATIENT) as it:
        it.misbehave(latencyMs=150, latencyMsPerEntity=40)  # slow enough to be still at work at the last kill
        it.send(map(json.dumps, jobs))

        for _ in range(10):
            time.sleep(moments.uniform(0.3, 1.2))
            assert it.waiting() > 0, "the queue was empty before the last kill"
            it.stack.functions.kill()
            it.stack.start_functions()
        it.mend()
        it.wait_until_drained()

        assert it.dead() == 0
        assert it.processes(expected(it, jobs)) == expected(it, jobs)


@pytest.mark.timeout(180)
def test_an_outage_far_beyond_the_hosts_retries_loses_nothing_and_costs_few_calls():
    jobs = [job(number) for number in range(300)]
    with world(LINEAGE_RETRY_AFTER_MAX="00:00:02", **PATIENT) as it:
        # Given a Data Map that is down, then throttles, then drops connections
        calls = []
        for fault in (
            {"status": 503, "probability": 1},
            {"status": 429, "probability": 1, "retryAfterSeconds": 2},
            {"drop": True, "probability": 1},
        ):
            it.misbehave(fail=[fault])
            it.operations(reset=True)
            it.send(jobs[len(calls) * 100 : len(calls) * 100 + 100])
            time.sleep(7)  # seven times the host's own delay between its five deliveries
            calls.append(it.operations())

        # When it works again
        it.mend()
        it.wait_until_drained()

        # Then all is written, nothing is dead, and the outage cost a handful of calls
        assert it.dead() == 0
        assert it.processes(expected(it, jobs)) == expected(it, jobs)
        assert max(calls) <= 20, calls


def test_good_messages_are_written_and_bad_ones_dead_each_with_its_reason_and_replayed_when_mended():
    good = [job(number) for number in range(500)]
    bad = [message for number in range(5) for message in bad_messages(number)]
    mixed = [json.dumps(message) for message in good] + [text for text, _ in bad]
    random.Random(5).shuffle(mixed)  # noqa: S311 - any order will do
    with world() as it:
        it.send(mixed)
        it.wait_until_drained()

        # Then the good are written, and the bad are dead, each with the right reason
        assert it.processes(expected(it, good)) == expected(it, good)
        dead = asyncio.run(it.poison_queue().messages())
        reasons = {message.original.decode(): message.reason for message in dead}
        assert len(dead) == len(bad) == 100
        assert [text for text, named in bad if named not in reasons[text]] == []

        # When the datasets that half of them miss have been scanned, and these are replayed in one call
        missing = [message for message in dead if message.problem == "dataset-missing"]
        it.catalogue.scan({name: "azure_sql_table" for number in range(5) for name in missing_tables(number)})
        replayed = asyncio.run(
            it.poison_queue().replay(lambda message: message.problem == "dataset-missing", dry_run=False)
        )
        it.wait_until_drained()

        # Then they are written, and the others are where they were
        assert len(replayed) == len(missing) == 50
        assert it.dead() == 50
        names = [f"lineage://bad/{kind}-{number}" for number in range(5) for kind in range(10)]
        assert len(it.processes(names)) == 50


def missing_tables(number):
    return [f"mssql://late.database.windows.net/n{number}/dbo/k{kind}" for kind in range(10)]


def bad_messages(number):
    """Twenty kinds, as (text, what the reason names). The first ten are mended when their tables are scanned."""
    tables = missing_tables(number)
    for kind, table in enumerate(tables):
        side, other = ("inputs", "outputs") if kind % 2 else ("outputs", "inputs")
        request = {
            side: [TABLES[kind], {"typeName": "azure_sql_table", "qualifiedName": table}],
            other: [TABLES[kind + 10]],
            "process": {"name": f"{kind}-{number}", "namespace": "bad"},
            "onMissing": "fail",
        }
        yield json.dumps(request), table
    yield f"nonsense {number}", "not JSON"
    yield json.dumps([number]), "an array"
    yield json.dumps({"source": number, "target": TABLES[0]}), "source"
    yield json.dumps({"source": TABLES[0], "target": TABLES[1], f"x{number}": 1}), f"x{number}"
    yield json.dumps({"source": f"orders {number}", "target": TABLES[1]}), "inputs.0"
    yield json.dumps({"source": TABLES[number]}), "outputs"
    yield json.dumps({"source": TABLES[number], "target": TABLES[number]}), "upstream of itself"
    yield json.dumps({"source": TABLES[0], "target": TABLES[1], "mode": f"m{number}"}), "mode"
    yield (
        json.dumps({"inputs": [], "process": {"name": "x" * 5000, "namespace": f"{number}"}}),
        "process.name",
    )
    yield json.dumps({"source": {"guid": f"g{number}"}, "target": TABLES[1]}), "source.guid"


def test_three_megabytes_travel_by_claim_check_and_leave_nothing_behind():
    request = job(1) | {"columns": [{"source": f"column_{n}", "target": f"{n:040}"} for n in range(40_000)]}
    assert len(json.dumps(request)) > 3_000_000
    with world() as it, closing(BlobServiceClient.from_connection_string(it.stack.storage)) as blobs:
        key = lineage.send(request, storage=it.stack.storage)
        it.wait_until_drained()

        assert it.processes(expected(it, [request])) == expected(it, [request])
        assert list(blobs.get_container_client("lineage-payloads").list_blobs()) == []
        record = ask(it, key)
        assert record["status"] == "done"
        assert "pairs were left out" in record["outcome"]["warnings"][0]


def test_a_payload_is_kept_while_its_message_is_dead_and_replayed_from_there():
    table = "mssql://late.database.windows.net/big/dbo/t"
    request = {
        "inputs": [table],
        "outputs": [TABLES[0]],
        "process": {"name": "big", "namespace": "tests"},
        "columns": [{"source": f"column_{n}", "target": f"{n:040}"} for n in range(2_000)],
        "onMissing": "fail",
    }
    with world() as it, closing(BlobServiceClient.from_connection_string(it.stack.storage)) as blobs:
        container = blobs.get_container_client("lineage-payloads")
        lineage.send(request, storage=it.stack.storage)
        it.wait_until(it.dead)
        assert len(list(container.list_blobs())) == 1

        it.catalogue.scan({table: "azure_sql_table"})
        asyncio.run(it.poison_queue().replay(dry_run=False))
        it.wait_until(lambda: it.processes(["lineage://tests/big"]))

        it.wait_until(lambda: not list(container.list_blobs()))
        assert it.dead() == 0


def test_datasets_that_are_scanned_later_get_their_lineage_by_themselves():
    late = [f"mssql://late.database.windows.net/w/dbo/t{number}" for number in range(10)]
    requests_ = [{**job(number), "inputs": [name], "onMissing": "wait"} for number, name in enumerate(late)]
    with world(**PATIENT) as it:
        it.send(requests_)
        it.wait_until(lambda: it.log().count('"fate": "deferred"') >= 10)

        it.guids |= it.catalogue.scan(dict.fromkeys(late, "azure_sql_table"))
        it.wait_until_drained()

        assert it.dead() == 0
        assert it.processes(expected(it, requests_)) == expected(it, requests_)


def test_an_old_message_after_a_newer_one_of_the_same_job_changes_nothing():
    newer = job(1) | {"eventTime": "2024-05-06T10:00:00Z"}
    older = {**newer, "inputs": [TABLES[5]], "eventTime": "2024-05-06T12:00:00+03:00"}
    with world() as it:
        key = lineage.send(newer, storage=it.stack.storage)
        it.wait_until(lambda: ask(it, key)["status"] == "done" if "status" in ask(it, key) else False)
        key = lineage.send(older, storage=it.stack.storage)
        it.wait_until(lambda: ask(it, key).get("status") == "superseded")

        assert it.processes(expected(it, [newer])) == expected(it, [newer])


def test_storage_that_is_not_as_it_was_deployed_loses_no_message():
    with world() as it, closing(TableServiceClient.from_connection_string(it.stack.storage)) as tables:
        # Given neither a poison queue nor a table
        it.poison.delete_queue()
        tables.delete_table("lineageoutcomes") if list(tables.list_tables()) else None

        # When a message is done and another dies
        it.send([job(1), "nonsense"])
        it.wait_until_drained()

        # Then one is written, and the other in a poison queue that was made for it
        assert it.processes(expected(it, [job(1)])) == expected(it, [job(1)])
        (dead,) = asyncio.run(it.poison_queue().messages())
        assert dead.original == b"nonsense"


def test_a_payload_that_somebody_removed_is_said():
    request = job(1) | {"columns": [{"source": f"c{n}", "target": f"{n:040}"} for n in range(2_000)]}
    with world() as it, closing(BlobServiceClient.from_connection_string(it.stack.storage)) as blobs:
        it.stack.functions.stop()
        key = lineage.send(request, storage=it.stack.storage)
        container = blobs.get_container_client("lineage-payloads")
        for blob in container.list_blobs():
            container.delete_blob(blob.name)
        it.stack.start_functions()
        it.wait_until(it.dead)

        (dead,) = asyncio.run(it.poison_queue().messages())
        assert dead.problem == "payload-gone"
        assert "is gone from the container lineage-payloads" in dead.reason
        assert dead.attributes["subject"] == key


def test_outcomes_that_cannot_be_recorded_cost_no_lineage():
    with world() as it:
        parts = dict(part.split("=", 1) for part in it.stack.storage.rstrip(";").split(";"))
        dark = {**parts, "TableEndpoint": "http://127.0.0.1:9/devstoreaccount1"}
        it.stack.functions.stop()
        it.stack.settings["LineageStorage"] = ";".join(f"{name}={value}" for name, value in dark.items())
        it.stack.start_functions()

        jobs = [job(number) | {"eventTime": "2024-05-06T10:00:00Z"} for number in range(20)]
        it.send([*jobs, "nonsense"])
        it.wait_until_drained()

        assert it.processes(expected(it, jobs)) == expected(it, jobs)
        assert it.dead() == 1


def test_what_the_host_itself_gave_up_on_says_so_and_is_replayed():
    with world() as it:
        # Given a message that the host moved, as it does after five deliveries that ended the process
        it.poison.send_message(json.dumps(job(1)))

        (dead,) = asyncio.run(it.poison_queue().messages())
        assert dead.problem == "host-gave-up"
        asyncio.run(it.poison_queue().replay(dry_run=False))
        it.wait_until_drained()

        assert it.processes(expected(it, [job(1)])) == expected(it, [job(1)])


def test_looking_at_the_poison_queue_changes_nothing_and_dropping_takes_only_what_was_chosen():
    with world() as it:
        it.send([f"nonsense {number}" for number in range(40)])
        it.wait_until(lambda: it.dead() == 40)
        poison = it.poison_queue()

        async def look_and_drop():
            seen = await poison.messages()
            dry = await poison.drop(lambda message: message.original.endswith(b"7"))
            again = await poison.messages()
            dropped = await poison.drop(lambda message: message.original.endswith(b"7"), dry_run=False)
            return seen, dry, again, dropped, await poison.messages()

        seen, dry, again, dropped, left = asyncio.run(look_and_drop())
        assert len(seen) == len(again) == 40
        assert [message.id for message in dry] == [message.id for message in dropped]
        assert len(dropped) == 4
        assert len(left) == it.dead() == 36


def test_a_role_that_is_missing_is_said_in_the_outcome_and_the_message_waits_for_it():
    with world(**PATIENT) as it:
        it.misbehave(fail=[{"status": 403, "probability": 1}])
        key = lineage.send(job(1), storage=it.stack.storage)
        it.wait_until(lambda: ask(it, key).get("status") == "deferred")

        record = ask(it, key)
        assert record["problem"] == "data-map-not-authorized"
        assert "needs the role Data Curator on the root collection" in record["reason"]
        assert "object id" in record["reason"]

        it.mend()
        it.wait_until_drained()
        assert it.processes(expected(it, [job(1)])) == expected(it, [job(1)])


def test_asking_asynchronously_answers_202_with_the_place_of_the_outcome():
    with world() as it:
        addresses = it.stack.addresses
        headers = {"x-functions-key": addresses.functionKey, "Prefer": "respond-async"}
        request = job(1) | {"id": f"runs/{uuid4()} #1"}

        answer = requests.post(
            f"{addresses.functions}/api/lineage", json=request, headers=headers, timeout=10
        )

        assert answer.status_code == 202
        assert answer.json() == {"id": request["id"], "status": "queued"}
        place = addresses.functions + answer.headers["Location"]

        def outcome():
            return requests.get(place, headers=headers, timeout=10).json()

        it.wait_until(lambda: outcome().get("status") == "done")
        assert outcome()["id"] == request["id"]
        assert outcome()["outcome"]["process"]["result"] == "created"
