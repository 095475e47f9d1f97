"""How entities point at each other, and what an array of references does."""

import pytest


@pytest.fixture
def pair(datamap):
    """Two datasets, a and b."""
    return datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("b"))


def test_a_process_and_its_datasets_are_created_in_one_call(datamap):
    ends = {"inputs": [{"guid": "-1"}], "outputs": [{"guid": "-2"}]}

    guids = datamap.upsert(
        datamap.entity("p", "Process", **ends) | {"guid": "-3"},
        datamap.entity("a") | {"guid": "-1"},
        datamap.entity("b") | {"guid": "-2"},
    )["guidAssignments"]

    assert datamap.related(guids["-3"], "inputs") == {guids["-1"]}
    assert datamap.related(guids["-3"], "outputs") == {guids["-2"]}


def test_placeholders_may_refer_to_referred_entities(datamap):
    process = datamap.entity("p", "Process", inputs=[{"guid": "-1"}]) | {"guid": "-3"}
    referred = {"-1": datamap.entity("a") | {"guid": "-1"}}

    result = datamap.ok("POST", "/entity/bulk", json={"entities": [process], "referredEntities": referred})
    guids = result["guidAssignments"]
    datamap.created += guids.values()

    assert datamap.related(guids["-3"], "inputs") == {guids["-1"]}


def test_a_dataset_is_referred_to_by_type_and_qualified_name(datamap, pair):
    reference = {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": datamap.name("a")}}

    process = datamap.guid_of(datamap.entity("p", "Process", inputs=[reference]))

    assert datamap.related(process, "inputs") == {pair[0]}


def test_a_reference_may_name_a_supertype(datamap):
    table = datamap.guid_of(datamap.entity("a", datamap.define("table", "DataSet")))
    reference = {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": datamap.name("a")}}

    process = datamap.guid_of(datamap.entity("p", "Process", inputs=[reference]))

    assert datamap.related(process, "inputs") == {table}


def test_a_reference_is_resolved_within_its_own_payload_too(datamap):
    reference = {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": datamap.name("a")}}

    guids = datamap.upsert(
        datamap.entity("a") | {"guid": "-1"},
        datamap.entity("p", "Process", inputs=[{"guid": "-1"}, reference]) | {"guid": "-2"},
    )["guidAssignments"]

    assert datamap.related(guids["-2"], "inputs") == {guids["-1"]}


def test_references_may_stand_under_relationship_attributes(datamap, pair):
    entity = datamap.entity("p", "Process") | {"relationshipAttributes": {"inputs": [{"guid": pair[0]}]}}

    assert datamap.related(datamap.guid_of(entity), "inputs") == {pair[0]}


def test_relationship_attributes_win_over_attributes(datamap, pair):
    a, b = pair
    entity = datamap.entity("p", "Process", inputs=[{"guid": a}])

    process = datamap.guid_of(entity | {"relationshipAttributes": {"inputs": [{"guid": b}]}})

    assert datamap.related(process, "inputs") == {b}


@pytest.mark.parametrize("where", ["attributes", "relationshipAttributes"])
def test_an_array_replaces(datamap, pair, where):
    a, b = pair
    process = datamap.process("p", [a], [])
    changed = datamap.entity("p", "Process")
    changed.setdefault(where, {})["inputs"] = [{"guid": b}]

    datamap.upsert(changed)

    assert datamap.settled(lambda: datamap.related(process, "inputs"), {b}) == {b}


def test_an_array_that_is_left_out_stays(datamap, pair):
    process = datamap.process("p", [pair[0]], [pair[1]])

    datamap.upsert(datamap.entity("p", "Process", description="changed"))

    assert datamap.related(process, "inputs") == {pair[0]}
    assert datamap.related(process, "outputs") == {pair[1]}


def test_null_leaves_an_array_as_it_is(datamap, pair):
    process = datamap.process("p", [pair[0]], [])

    datamap.upsert(datamap.entity("p", "Process", inputs=None, description="changed"))

    assert datamap.related(process, "inputs") == {pair[0]}


def test_an_empty_array_removes_all_edges(datamap, pair):
    process = datamap.process("p", list(pair), [])

    datamap.upsert(datamap.entity("p", "Process", inputs=[]))

    assert datamap.settled(lambda: datamap.related(process, "inputs"), set()) == set()


def test_an_edge_that_stays_keeps_its_guid(datamap, pair):
    a, b = pair
    process = datamap.process("p", [a], [])
    before = edge_guids(datamap, process)

    datamap.process("p", [a, b], [])

    after = datamap.settled(lambda: set(edge_guids(datamap, process)), {a, b})
    assert after == {a, b}
    assert edge_guids(datamap, process)[a] == before[a]


def test_the_dataset_shows_the_edge_as_well(datamap, pair):
    process = datamap.process("p", [pair[0]], [pair[1]])

    assert datamap.settled(lambda: datamap.related(pair[0], "inputToProcesses"), {process}) == {process}
    assert datamap.settled(lambda: datamap.related(pair[1], "outputFromProcesses"), {process}) == {process}


def test_a_related_entity_is_shown_with_its_edge(datamap, pair):
    process = datamap.process("p", [pair[0]], [])

    [shown] = datamap.read(process)["relationshipAttributes"]["inputs"]

    assert (shown["guid"], shown["typeName"], shown["displayText"]) == (pair[0], "DataSet", "a")
    assert (shown["entityStatus"], shown["relationshipStatus"]) == ("ACTIVE", "ACTIVE")
    assert shown["relationshipType"] == "dataset_process_inputs"
    assert shown["relationshipAttributes"]["typeName"] == "dataset_process_inputs"
    assert datamap.call("GET", f"/relationship/guid/{shown['relationshipGuid']}").ok


def test_a_process_lists_its_datasets_under_attributes_too(datamap, pair):
    attributes = datamap.read(datamap.process("p", [pair[0]], [pair[1]]))["attributes"]

    assert [item["guid"] for item in attributes["inputs"]] == [pair[0]]
    assert [item["guid"] for item in attributes["outputs"]] == [pair[1]]


def test_an_edge_removed_by_an_upsert_is_gone_from_the_other_side(datamap, pair):
    process = datamap.process("p", [pair[0]], [])

    datamap.process("p", [], [])

    assert datamap.settled(lambda: datamap.related(pair[0], "inputToProcesses"), set()) == set()
    assert datamap.related(process, "inputs") == set()


def edge_guids(datamap, process):
    return {
        i["guid"]: i["relationshipGuid"] for i in datamap.read(process)["relationshipAttributes"]["inputs"]
    }
