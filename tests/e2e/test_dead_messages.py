"""What can never succeed is in the poison queue with its reason, at once, and blocks nothing."""

import base64
import json
import random
from uuid import uuid4

import pytest

GUID = str(uuid4())
NOISE = random.Random(7)  # noqa: S311 - the same noise each time


def _event(**members):
    return {"specversion": "1.0", "id": "1", "source": "test", "type": "test", **members}


# Twenty kinds of malformed message, each with what its reason must name.
MALFORMED = {
    "not JSON": ("nonsense", "not JSON"),
    "empty": ("", "empty"),
    "half of a JSON object": ('{"source": "', "not JSON"),
    "an array": ([1, 2], "an array"),
    "a string": ('"hello"', "a string"),
    "wrong type": ({"source": 1, "target": GUID}, "source"),
    "wrong type deep inside": (
        {"inputs": [GUID], "outputs": [GUID], "process": {"name": ["x"]}},
        "process.name",
    ),
    "bad guid": ({"source": {"guid": "not-a-guid"}, "target": GUID}, "source.guid"),
    "unknown field": ({"source": GUID, "target": GUID, "tarlet": GUID}, "tarlet"),
    "unknown field of the process": (
        {"inputs": [GUID], "process": {"name": "x", "namespase": "y"}},
        "process.namespase",
    ),
    "nothing to write": ({"process": {"name": "x"}}, "inputs"),
    "no target": ({"source": GUID}, "outputs"),
    "columns of nobody knows which input": (
        {"inputs": [GUID, str(uuid4())], "outputs": [GUID], "columns": [{"source": "a", "target": "b"}]},
        "columns.0.source",
    ),
    "upstream of itself": ({"source": GUID, "target": GUID}, "outputs"),
    "unknown mode": ({"source": GUID, "target": GUID, "mode": "merge"}, "mode"),
    "name that no rule understands": ({"source": "the orders", "target": GUID}, "inputs.0"),
    "unknown type": (
        {"source": {"typeName": "no_such_type", "qualifiedName": "a://b"}, "target": GUID},
        "inputs.0",
    ),
    "unknown dataset": (
        {
            "source": {"typeName": "azure_sql_table", "qualifiedName": f"mssql://x/{GUID}"},
            "target": GUID,
            "onMissing": "fail",
        },
        "inputs.0",
    ),
    "unknown guid": ({"source": GUID, "target": str(uuid4()), "onMissing": "fail"}, "inputs.0"),
    "64 KiB of noise": ("".join(NOISE.choices("abcdefghijklmnopqrstuvwxyz .,;", k=65_536)), "not JSON"),
    "not UTF-8": (base64.b64encode(b'{"source": "\xff\xfe"}').decode(), "not JSON"),
    "base64 of nothing": (base64.b64encode(b"  ").decode(), "not JSON"),
    "no data in the CloudEvent": (_event(), "data"),
    "a CloudEvent with a bad request": (_event(data={"source": GUID}), "outputs"),
}


@pytest.fixture
def poisoned(app, wait_for):
    """The dead messages, once so many of them are there."""

    def wait(number):
        dead = []

        def enough():
            while message := app.take_dead():
                dead.append(message)
            return len(dead) >= number

        wait_for(enough)
        return dead

    app.empty_poison_queue()
    return wait


def test_every_malformed_message_is_dead_with_a_reason_that_names_the_field_and_blocks_no_other(
    app, catalogue, unique, wait_for, poisoned
):
    # Given good messages between the bad ones
    names = {
        f"mssql://e2e.database.windows.net/{unique}/dbo/t{number}": "azure_sql_table" for number in range(2)
    }
    source, target = catalogue.scan(names).values()

    for message, _ in MALFORMED.values():
        app.send(message)
    app.send({"source": source, "target": target})

    # Then all the bad ones are dead, each with its own words, and the good one is done
    dead = poisoned(len(MALFORMED))
    reasons = {app.original(message): message["reason"] for message in dead}
    for kind, (message, named) in MALFORMED.items():
        original = message if isinstance(message, str) else json.dumps(message)
        assert named in reasons[original.encode()], kind
    assert {message["attempts"] for message in dead} == {1}
    assert wait_for(lambda: catalogue.edges(source))
    assert len(dead) == len(MALFORMED)


def test_a_dead_message_says_everything_an_operator_needs(app, poisoned):
    app.send({"source": GUID, "target": str(uuid4()), "onMissing": "fail"})

    (dead,) = poisoned(1)

    assert dead["specversion"] == "1.0"
    assert dead["type"] == "lineage.request.dead"
    assert dead["problem"] == "dataset-missing"
    assert dead["errorcode"] == "ATLAS-400-00-07D"
    assert dead["datamapstatus"] == 400
    assert {"id", "time", "firstseen", "attempts", "requestid", "messageid", "invocationid"} <= dead.keys()


def test_a_dead_message_moved_back_unchanged_is_replayed(app, catalogue, unique, poisoned, wait_for):
    # Given a message that is dead because nobody has scanned its datasets
    names = {
        f"mssql://e2e.database.windows.net/{unique}/dbo/t{number}": "azure_sql_table" for number in range(2)
    }
    source, target = names
    app.send({"source": source, "target": target, "onMissing": "fail"})
    (dead,) = poisoned(1)

    # When they have been scanned, and it is put back as it is
    guids = catalogue.scan(names)
    app.send(dead)

    # Then it is done
    assert wait_for(lambda: catalogue.edges(guids[source])) == {(source, target)}


def test_a_replayed_message_that_fails_again_is_not_wrapped_twice(app, unique, poisoned):
    app.send(unique)
    (first,) = poisoned(1)

    app.send(first)

    (second,) = poisoned(1)
    assert second["data"] == first["data"] == unique


def test_a_missing_dataset_is_tried_again_until_the_last_attempt_and_then_dead(app, poisoned):
    app.send({"source": GUID, "target": str(uuid4())})

    (dead,) = poisoned(1)

    assert dead["attempts"] > 1
    assert dead["problem"] == "dataset-missing"
