"""The writer against a Data Map: what is there afterwards, what the outcome says, and what it cost."""

import asyncio
import json

import pytest

from lineage.columns import ATTRIBUTE_LIMIT, read_process_mapping
from lineage.errors import NotAuthorized, ReferenceMissing, Refused, TooLarge, TypeMissing, Unavailable
from lineage.outcomes import Outcome, WrittenEntity, WrittenRelationship
from lineage.plan import (
    DIRECT_LINEAGE,
    PROCESS_TYPE,
    Plan,
    plan_direct,
    plan_direct_removal,
    plan_process,
    plan_process_removal,
)
from lineage.request import read_request
from lineage.resolver import Resolver
from lineage.writer import Writer

BULK = "POST /entity/bulk"
EDGE = "POST /relationship"
COLUMNS = [{"source": "a", "target": "b"}]


@pytest.fixture
def writer(client):
    return Writer(client, collection=None)


@pytest.fixture
async def our_type(client, account):
    """Our process type, registered, so that no write has to do it."""
    await Writer(client, collection=None).write(
        *await planned(client, {"inputs": [], "process": {"name": account.name("type")}}), "type"
    )


async def planned(client, payload):
    """The plan for a request, with what it has to know of the Data Map, and its nodes."""
    request = read_request({"onMissing": "create", **payload})
    nodes = (await Resolver(client).resolve(request, request.on_missing)).nodes
    if request.process is None:
        if request.action == "write":
            return plan_direct(request, nodes), nodes
        sources = [node.guid for path, node in nodes.items() if path.startswith("inputs.")]
        return plan_direct_removal(nodes, await client.entities_by_guid(sources)), nodes
    type_name = request.process.type_name or PROCESS_TYPE
    current = await client.entity_by_qualified_name(type_name, request.process.key)
    if request.action == "remove":
        return plan_process_removal(request, nodes, current), nodes
    return plan_process(request, request.process, nodes, current if request.mode == "append" else None), nodes


@pytest.fixture
def write(client, writer):
    async def write(**payload):
        return await writer.write(*await planned(client, payload), "the id")

    return write


@pytest.fixture
def load(account):
    """A process of the test's own."""
    return {"name": "load", "qualifiedName": account.name("load")}


def results(outcome):
    return [relationship.result for relationship in outcome.relationships]


# Process lineage


async def test_a_process_is_written_with_its_lineage(write, account, load):
    up, down = account.entities("up", "down")

    outcome = await write(inputs=[up], outputs=[down], process=load)

    process = outcome.process.guid
    assert account.arrows(up) == {(up, process), (process, down)}
    assert outcome == Outcome(
        id="the id",
        process=WrittenEntity(
            guid=process, type_name=PROCESS_TYPE, qualified_name=account.name("load"), result="created"
        ),
        datasets=(
            WrittenEntity(guid=up, type_name="DataSet", result="unchanged"),
            WrittenEntity(guid=down, type_name="DataSet", result="unchanged"),
        ),
    )


@pytest.mark.usefixtures("our_type")
async def test_a_process_costs_one_operation_however_many_datasets_it_has(client, writer, account, load):
    guids = account.entities(*(f"n{number}" for number in range(30)))
    plan, nodes = await planned(client, {"inputs": guids[:20], "outputs": guids[20:], "process": load})

    with account.counting() as counted:
        await writer.write(plan, nodes, "x")

    assert counted == {BULK: 1}


async def test_our_type_is_registered_with_the_first_process_that_needs_it(client, writer, account, load):
    account.ask("DELETE", "/_control/catalogue")
    up = account.entity("up")
    plan, nodes = await planned(client, {"inputs": [up], "process": load})

    with account.counting() as first:
        outcome = await writer.write(plan, nodes, "x")
    with account.counting() as second:
        await writer.write(plan, nodes, "x")

    assert first == {BULK: 2, "POST /types/typedefs": 1}
    assert second == {BULK: 1}
    assert account.arrows(up) == {(up, outcome.process.guid)}


async def test_the_same_process_again_changes_nothing(write, account, load):
    payload = {"inputs": [account.entity("up")], "outputs": [account.entity("down")], "process": load}

    first, again = await write(**payload), await write(**payload)

    assert (first.process.guid, again.process.result) == (again.process.guid, "unchanged")


async def test_what_is_declared_is_the_whole_truth_about_a_process(write, account, load):
    a, b, c = account.entities("a", "b", "c")
    await write(inputs=[a, b], outputs=[c], process=load)

    outcome = await write(inputs=[b], process=load)

    process = outcome.process.guid
    assert outcome.process.result == "updated"
    assert account.arrows(process) == {(b, process), (process, c)}


async def test_an_empty_side_takes_its_edges_away(write, account, load):
    up, down = account.entities("up", "down")
    await write(inputs=[up], outputs=[down], process=load)

    outcome = await write(inputs=[], process=load)

    assert account.arrows(down) == {(outcome.process.guid, down)}


async def test_columns_of_a_process_are_kept_by_the_data_map(write, account, load):
    up, down = account.entities("up", "down")

    outcome = await write(
        inputs=[{"typeName": "DataSet", "qualifiedName": account.name("up")}],
        outputs=[{"typeName": "DataSet", "qualifiedName": account.name("down")}],
        process=load,
        columns=COLUMNS,
    )

    mapping = account.read(outcome.process.guid)["attributes"]["columnMapping"]
    assert read_process_mapping(mapping) == {(account.name("up"), account.name("down")): [("a", "b")]}
    assert {dataset.guid for dataset in outcome.datasets} == {up, down}


async def test_as_many_columns_are_kept_as_the_data_map_takes(write, account, load):
    """The stand-in refuses a value longer than the Data Map's limit for an attribute."""
    up, down = account.entities("up", "down")
    columns = [{"source": f"ü{number}", "target": f"ö{number}"} for number in range(2_000)]

    process = await write(inputs=[up], outputs=[down], process=load, columns=columns)
    direct = await write(inputs=[up], outputs=[down], columns=columns)

    kept = account.read(process.process.guid)["attributes"]["columnMapping"]
    assert ATTRIBUTE_LIMIT - 100 < len(kept) <= ATTRIBUTE_LIMIT
    assert ATTRIBUTE_LIMIT - 100 < len(account.mapping(up, down)) <= ATTRIBUTE_LIMIT
    assert ["pairs were left out" in outcome.warnings[0] for outcome in (process, direct)] == [True, True]


@pytest.mark.usefixtures("our_type")
async def test_more_datasets_than_a_call_may_create_come_first_in_several(client, writer, account, load):
    missing = [
        {"typeName": "DataSet", "qualifiedName": account.name(f"new-{number}")} for number in range(120)
    ]
    down = account.entity("down")
    plan, nodes = await planned(client, {"inputs": missing, "outputs": [down], "process": load})

    with account.counting() as counted:
        outcome = await writer.write(plan, nodes, "x")

    created = {dataset.guid for dataset in outcome.datasets if dataset.result == "created"}
    assert len(created) == len(missing)
    assert counted == {BULK: 4}
    assert outcome.process.result == "created"
    assert account.arrows(down) == {(outcome.process.guid, down)} | {
        (guid, outcome.process.guid) for guid in created
    }


@pytest.mark.usefixtures("our_type")
async def test_datasets_that_do_not_exist_are_created_with_the_process_in_one_operation(
    client, writer, account, load
):
    missing = {"typeName": "DataSet", "qualifiedName": account.name("new"), "displayName": "New"}
    plan, nodes = await planned(
        client, {"inputs": [account.entity("up")], "outputs": [missing], "process": load}
    )

    with account.counting() as counted:
        outcome = await writer.write(plan, nodes, "x")

    (created,) = account.find("new")
    assert counted == {BULK: 1}
    assert created["attributes"]["name"] == "New"
    assert account.arrows(created["guid"]) >= {(outcome.process.guid, created["guid"])}
    assert outcome.datasets[1] == WrittenEntity(
        guid=created["guid"], type_name="DataSet", qualified_name=account.name("new"), result="created"
    )


async def test_a_process_of_another_type_is_written_as_such(write, account, load):
    outcome = await write(inputs=[], process=load | {"typeName": "adf_copy_activity", "description": "x"})

    written = account.read(outcome.process.guid)
    assert (written["typeName"], written["attributes"]["description"]) == ("adf_copy_activity", "x")


async def test_a_process_type_that_does_not_exist_is_not_invented(client, writer, account, load):
    plan, nodes = await planned(client, {"inputs": [], "process": load | {"typeName": "no_such_process"}})

    with account.counting() as counted, pytest.raises(TypeMissing, match="no_such_process"):
        await writer.write(plan, nodes, "x")

    assert counted == {BULK: 1}


async def test_new_processes_go_to_the_collection_of_the_settings_and_datasets_stay(client, account, load):
    parent = {"type": "CollectionReference", "referenceName": "local"}
    account.ask("PUT", "/account/collections/gold", json={"parentCollection": parent})
    up = account.entity("up")

    outcome = await Writer(client, collection="gold").write(
        *await planned(client, {"inputs": [up], "process": load}), "x"
    )

    assert account.read(outcome.process.guid)["collectionId"] == "gold"
    assert account.read(up)["collectionId"] == "local"


# Appending and removing


async def test_appending_to_a_process_leaves_what_is_there(write, account, load):
    a, b, c, d = account.entities("a", "b", "c", "d")
    await write(inputs=[a], outputs=[c], process=load)

    outcome = await write(inputs=[a, b], outputs=[d], process=load, mode="append")

    process = outcome.process.guid
    assert account.arrows(process) == {(a, process), (b, process), (process, c), (process, d)}
    assert [(edge.relationship_type, edge.end2, edge.result) for edge in outcome.relationships] == [
        ("dataset_process_inputs", b, "created"),
        ("process_dataset_outputs", d, "created"),
    ]


async def test_appending_to_a_process_that_is_not_there_creates_it(write, account, load):
    up = account.entity("up")

    outcome = await write(inputs=[up], process=load, mode="append")

    assert outcome.process.result == "created"
    assert account.arrows(up) == {(up, outcome.process.guid)}


async def test_an_edge_that_a_neighbour_added_meanwhile_is_fine(client, writer, account, load):
    up = account.entity("up")
    plan, nodes = await planned(client, {"inputs": [up], "process": load, "mode": "append"})

    first, again = await writer.write(plan, nodes, "x"), await writer.write(plan, nodes, "x")

    assert (results(first), results(again)) == (["created"], ["unchanged"])


async def test_a_process_is_removed(write, account, load):
    up, down = account.entities("up", "down")
    written = await write(inputs=[up], outputs=[down], process=load)

    outcome = await write(process=load, action="remove")
    again = await write(process=load, action="remove")

    assert account.read(written.process.guid)["status"] == "DELETED"
    assert account.arrows(up) == set()
    assert (outcome.removed, outcome.process, again.removed) == (1, None, 0)


async def test_edges_of_a_process_are_removed_and_the_process_stays(write, account, load):
    a, b, c = account.entities("a", "b", "c")
    process = (await write(inputs=[a, b], outputs=[c], process=load)).process.guid

    outcome = await write(inputs=[a], outputs=[c], process=load, action="remove")

    assert outcome.removed == 2
    assert account.arrows(process) == {(b, process)}


async def test_direct_edges_are_removed_and_others_stay(write, account):
    a, b, c = account.entities("a", "b", "c")
    await write(inputs=[a, b], outputs=[c])

    outcome = await write(inputs=[a], outputs=[c], action="remove")

    assert (outcome.removed, account.arrows(c)) == (1, {(b, c)})


async def test_what_is_gone_already_is_fine_to_remove(writer, account):
    up, down = account.entities("up", "down")
    edge = account.relate(DIRECT_LINEAGE, up, down)
    plan = Plan(remove_relationships=(edge,), remove_entity=up)

    await writer.write(plan, {}, "x")
    outcome = await writer.write(plan, {}, "x")

    assert outcome.removed == 2
    assert account.find("up") == []


# Direct lineage


async def test_direct_lineage_is_written_from_each_input_to_each_output(write, account):
    a, b, c, d = account.entities("a", "b", "c", "d")

    outcome = await write(inputs=[a, b], outputs=[c, d])

    assert account.arrows(c) | account.arrows(d) == {(a, c), (a, d), (b, c), (b, d)}
    assert outcome.process is None
    written = outcome.relationships[1]
    assert written == WrittenRelationship(
        relationship_type=DIRECT_LINEAGE, end1=a, end2=d, guid=written.guid, result="created"
    )
    assert account.atlas("GET", f"/relationship/guid/{written.guid}")


async def test_a_direct_edge_costs_one_operation(client, writer, account):
    up, down = account.entities("up", "down")
    plan, nodes = await planned(client, {"inputs": [up], "outputs": [down], "columns": COLUMNS})

    with account.counting() as counted:
        await writer.write(plan, nodes, "x")

    assert counted == {EDGE: 1}


async def test_a_direct_edge_that_is_there_is_left_alone(client, writer, account):
    up, down = account.entities("up", "down")
    account.relate(DIRECT_LINEAGE, up, down, columnMapping='[{"Source":"x","Sink":"y"}]')
    plan, nodes = await planned(client, {"inputs": [up], "outputs": [down]})

    with account.counting() as counted:
        outcome = await writer.write(plan, nodes, "x")

    assert (counted, results(outcome)) == ({EDGE: 1}, ["unchanged"])
    assert account.mapping(up, down) == '[{"Source":"x","Sink":"y"}]'


async def test_the_columns_of_a_direct_edge_are_brought_up_to_date(write, account):
    up, down = account.entities("up", "down")

    outcomes = [
        await write(inputs=[up], outputs=[down], columns=columns)
        for columns in (COLUMNS, COLUMNS, [{"source": "c", "target": "d"}], [])
    ]

    assert [results(outcome) for outcome in outcomes] == [
        ["created"],
        ["unchanged"],
        ["updated"],
        ["updated"],
    ]
    assert account.mapping(up, down) == "[]"


async def test_columns_are_appended_to_those_of_a_direct_edge(write, account):
    up, down = account.entities("up", "down")
    await write(inputs=[up], outputs=[down], columns=COLUMNS)

    outcome = await write(
        inputs=[up], outputs=[down], columns=[*COLUMNS, {"source": "c", "target": "d"}], mode="append"
    )

    assert results(outcome) == ["updated"]
    assert json.loads(account.mapping(up, down)) == [
        {"Source": "a", "Sink": "b"},
        {"Source": "c", "Sink": "d"},
    ]


async def test_appended_columns_that_do_not_fit_beside_those_of_a_direct_edge_are_said(write, account):
    up, down = account.entities("up", "down")
    some = [{"source": f"first-{number:04}", "target": "x"} for number in range(600)]
    more = [{"source": f"second-{number:04}", "target": "x"} for number in range(600)]

    first = await write(inputs=[up], outputs=[down], columns=some)
    then = await write(inputs=[up], outputs=[down], columns=more, mode="append")

    kept = [pair["Source"] for pair in json.loads(account.mapping(up, down))]
    assert (first.warnings, results(then)) == ((), ["updated"])
    assert kept[:600] == [pair["source"] for pair in some]
    assert then.warnings == (
        f"columns: {1_200 - len(kept)} pairs were left out: an attribute of the Data Map holds 32768 bytes",
    )


async def test_an_edge_that_is_there_but_not_to_be_seen_yet_is_tried_again_later(client, writer, account):
    up, down = account.entities("up", "down")
    plan, nodes = await planned(client, {"inputs": [up], "outputs": [down], "columns": COLUMNS})
    account.misbehave(visibilityDelayMs=60_000)
    account.relate(DIRECT_LINEAGE, up, down)

    with pytest.raises(Unavailable, match=f"the edge {up} -> {down} is there, but not to be seen yet"):
        await writer.write(plan, nodes, "x")


async def test_direct_lineage_creates_what_is_missing_first(write, account):
    up, new = account.entity("up"), {"typeName": "DataSet", "qualifiedName": account.name("new")}

    outcome = await write(inputs=[up], outputs=[new])

    (created,) = account.find("new")
    assert account.arrows(up) == {(up, created["guid"])}
    assert outcome.relationships[0].end2 == created["guid"]


# Many at once


@pytest.mark.usefixtures("our_type")
async def test_plans_written_at_the_same_time_share_one_operation(client, writer, account):
    up = account.entity("up")
    plans = [
        await planned(client, {"inputs": [up], "process": {"name": account.name(f"p{number}")}})
        for number in range(40)
    ]

    with account.counting() as counted:
        outcomes = await asyncio.gather(*(writer.write(*plan, "x") for plan in plans))

    assert counted == {BULK: 1}
    assert {outcome.process.result for outcome in outcomes} == {"created"}
    assert account.arrows(up) == {(up, outcome.process.guid) for outcome in outcomes}


@pytest.mark.usefixtures("our_type")
async def test_one_bad_plan_fails_alone(client, writer, account, nobody):
    up = account.entity("up")
    inputs = {3: [nobody], 5: [account.entity("p", "Process")]}
    plans = [
        await planned(
            client, {"inputs": inputs.get(number, [up]), "process": {"name": account.name(f"p{number}")}}
        )
        for number in range(8)
    ]

    outcomes = await asyncio.gather(*(writer.write(*plan, "x") for plan in plans), return_exceptions=True)

    assert {number: type(outcome) for number, outcome in enumerate(outcomes)} == {
        number: {3: ReferenceMissing, 5: Refused}.get(number, Outcome) for number in range(8)
    }
    assert nobody in str(outcomes[3])
    assert len(account.arrows(up)) == 6


@pytest.mark.usefixtures("our_type")
async def test_a_batch_that_is_too_large_is_split(client, writer, account):
    up = account.entity("up")
    plans = [
        await planned(client, {"inputs": [up], "process": {"name": account.name(f"p{number}")}})
        for number in range(8)
    ]
    account.misbehave({"status": 413, "next": 3})

    with account.counting() as counted:
        await asyncio.gather(*(writer.write(*plan, "x") for plan in plans))

    assert counted[BULK] == 3 + 4
    assert len(account.arrows(up)) == 8


async def test_a_single_plan_that_is_too_large_says_so(write, account, load):
    up = account.entity("up")
    account.misbehave({"status": 413, "next": 1, "route": "POST /atlas/v2/entity/bulk"})

    with pytest.raises(TooLarge):
        await write(inputs=[up], process=load)


@pytest.mark.usefixtures("our_type")
async def test_a_missing_role_fails_every_plan_of_the_batch_and_costs_one_operation(client, writer, account):
    plans = [
        await planned(client, {"inputs": [], "process": {"name": account.name(f"p{number}")}})
        for number in range(8)
    ]
    account.misbehave({"status": 403, "next": 100})

    with account.counting() as counted:
        outcomes = await asyncio.gather(*(writer.write(*plan, "x") for plan in plans), return_exceptions=True)

    assert counted == {BULK: 1}
    assert {type(outcome) for outcome in outcomes} == {NotAuthorized}


@pytest.mark.usefixtures("our_type")
async def test_two_plans_for_one_process_are_written_in_their_order(client, writer, account, load):
    """Each by itself: in one call only the last would be written, and the others be told that they were."""
    a, b = account.entities("a", "b")
    plans = [await planned(client, {"inputs": [guid], "process": load}) for guid in (a, b, a, b)]

    with account.counting() as counted:
        outcomes = await asyncio.gather(*(writer.write(*plan, "x") for plan in plans))

    (process,) = {outcome.process.guid for outcome in outcomes}
    assert counted == {BULK: 4}
    assert [outcome.process.result for outcome in outcomes] == ["created", "updated", "updated", "updated"]
    assert account.arrows(process) == {(b, process)}


@pytest.mark.usefixtures("our_type")
async def test_a_dataset_that_two_plans_create_is_one(client, writer, account):
    new = {"typeName": "DataSet", "qualifiedName": account.name("new")}
    plans = [
        await planned(client, {"outputs": [new], "process": {"name": account.name(f"p{number}")}})
        for number in range(2)
    ]

    outcomes = await asyncio.gather(*(writer.write(*plan, "x") for plan in plans))

    (created,) = account.find("new")
    assert account.arrows(created["guid"]) == {
        (outcome.process.guid, created["guid"]) for outcome in outcomes
    }


# Interruptions


async def test_a_write_that_was_cut_off_is_finished_by_writing_it_again(client, writer, account):
    a, b, c = account.entities("a", "b", "c")
    plan, nodes = await planned(client, {"inputs": [a, b], "outputs": [c], "columns": None})
    account.misbehave({"status": 500, "next": 1, "route": "POST /atlas/v2/relationship"})

    with pytest.raises(Unavailable):
        await writer.write(plan, nodes, "x")
    outcome = await writer.write(plan, nodes, "x")

    assert sorted(results(outcome)) == ["created", "unchanged"]
    assert account.arrows(c) == {(a, c), (b, c)}


@pytest.mark.usefixtures("our_type")
async def test_a_process_whose_answer_was_lost_is_written_once(client, writer, account, load):
    up = account.entity("up")
    plan, nodes = await planned(client, {"inputs": [up], "process": load})
    account.misbehave({"drop": True, "next": 1, "afterWork": True})

    outcome = await writer.write(plan, nodes, "x")

    assert outcome.process.result == "unchanged"
    assert account.arrows(up) == {(up, outcome.process.guid)}


async def test_a_direct_edge_to_nothing_is_refused(client, writer, account, nobody):
    plan, nodes = await planned(client, {"inputs": [account.entity("up")], "outputs": [nobody]})

    with pytest.raises(ReferenceMissing):
        await writer.write(plan, nodes, "x")


async def test_a_plan_that_changes_nothing_costs_nothing(writer, account):
    with account.counting() as counted:
        outcome = await writer.write(Plan(warnings=("said",)), {}, "the id")

    assert counted == {}
    assert outcome == Outcome(id="the id", warnings=("said",))
