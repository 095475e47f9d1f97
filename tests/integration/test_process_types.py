"""Attributes that a type does not declare are dropped by the Data Map without a word; the app says which."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest

from lineage.errors import SignInFailed
from lineage.process_types import ProcessTypes


@pytest.fixture
def types(client):
    return ProcessTypes(client)


def process(type_name, **attributes):
    return {
        "typeName": type_name,
        "guid": "-1",
        "attributes": {"name": "n", "qualifiedName": "q", **attributes},
    }


async def test_what_the_data_map_drops_is_said_and_what_it_keeps_is_not(types, account):
    kept = f"kept_{uuid4().hex}"
    account.atlas(
        "POST",
        "/types/typedefs",
        json={
            "entityDefs": [
                {
                    "name": kept,
                    "superTypes": ["Process"],
                    "attributeDefs": [{"name": "query", "typeName": "string", "isOptional": True}],
                },
                {"name": f"{kept}_too", "superTypes": [kept], "attributeDefs": []},
            ]
        },
    )

    told = await types.warnings(
        process(f"{kept}_too", query="SELECT 1", owner="me", inputs=[], columnMapping="[]")
    )

    assert told == (
        f"process: {kept}_too declares no attribute 'columnMapping': the Data Map does not keep it",
    )
    guid = account.atlas(
        "POST",
        "/entity/bulk",
        json={
            "entities": [
                {
                    "typeName": f"{kept}_too",
                    "guid": "-1",
                    "attributes": {
                        "name": "n",
                        "qualifiedName": account.name("p"),
                        "query": "SELECT 1",
                        "columnMapping": "[]",
                    },
                }
            ]
        },
    )["guidAssignments"]["-1"]
    attributes = account.read(guid)["attributes"]
    assert attributes["query"] == "SELECT 1"
    assert "columnMapping" not in attributes


async def test_a_type_is_asked_for_once_however_many_ask_and_only_where_there_is_a_question(types, account):
    with account.counting() as counted:
        await types.warnings(process("databricks_process", inputs=[], outputs=[], description="d"))
        await types.warnings(process("lineage_process", columnMapping="[]", sql="SELECT 1"))
    assert not counted

    with account.counting() as counted:
        told = await asyncio.gather(
            *(types.warnings(process("Process", columnMapping="[]")) for _ in range(20))
        )
        await types.warnings(process("Process", columnMapping="[]"))

    assert len(set(told)) == 1
    assert "Process declares no attribute 'columnMapping'" in told[0][0]
    assert sum(counted.values()) == 3  # Process, Asset, Referenceable


async def test_our_own_type_can_be_asked_about_before_it_is_registered(types):
    (told,) = await types.warnings(process("lineage_process", cost="7"))

    assert "lineage_process declares no attribute 'cost'" in told


@pytest.mark.parametrize("type_name", ["no_such_type", "a/b"])
async def test_of_a_type_that_is_not_there_nothing_is_said_and_it_is_asked_for_again(
    types, account, type_name
):
    with account.counting() as counted:
        for _ in range(2):
            assert await types.warnings(process(type_name, columnMapping="[]")) == ()

    assert sum(counted.values()) == 2


@pytest.mark.parametrize("error", [SignInFailed("no token"), RuntimeError("a bug")])
async def test_what_could_not_be_asked_is_asked_again_by_the_next(types, client, monkeypatch, error):
    """A token that cannot be had for a moment, say: by itself it would be raised again for ten minutes."""

    async def failing(_name):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(client, "type_definition", failing)
        with suppress(RuntimeError):
            assert await types.warnings(process("Process", columnMapping="[]")) == ()

    (told,) = await types.warnings(process("Process", columnMapping="[]"))
    assert "columnMapping" in told


async def test_one_that_stops_waiting_does_not_take_the_answer_from_the_others(types):
    first, second = (
        asyncio.create_task(types.warnings(process("Process", columnMapping="[]"))) for _ in range(2)
    )
    await asyncio.sleep(0)
    first.cancel()

    assert len(await second) == 1


async def test_a_data_map_that_does_not_answer_holds_no_request_up(types, account):
    account.misbehave({"status": 403, "next": 1})

    assert await types.warnings(process("Process", columnMapping="[]")) == ()
