"""Type definitions."""

import pytest

MAPPING = {"name": "columnMapping", "typeName": "string", "isOptional": True, "cardinality": "SINGLE"}


def entity_def(datamap, name):
    return datamap.ok("GET", f"/types/entitydef/name/{name}")


def test_a_type_of_ones_own_is_read_back_by_name(datamap):
    name = datamap.define("process", "Process", MAPPING)

    found = entity_def(datamap, name)

    assert found["superTypes"] == ["Process"]
    assert [attribute["name"] for attribute in found["attributeDefs"]] == ["columnMapping"]
    assert datamap.ok("GET", f"/types/typedef/name/{name}")["name"] == name


def test_a_type_that_exists_is_409_001(datamap):
    name = datamap.define("process", "Process", MAPPING)
    definition = {"category": "ENTITY", "name": name, "superTypes": ["Process"], "attributeDefs": []}

    refused = datamap.call("POST", "/types/typedefs", json={"entityDefs": [definition]})

    assert (refused.status_code, refused.json()["errorCode"]) == (409, "ATLAS-409-00-001")


def test_put_changes_a_type(datamap):
    name = datamap.define("process", "Process")
    definition = entity_def(datamap, name) | {"attributeDefs": [MAPPING]}

    datamap.ok("PUT", "/types/typedefs", json={"entityDefs": [definition]})

    def attributes():
        return [attribute["name"] for attribute in entity_def(datamap, name)["attributeDefs"]]

    assert datamap.settled(attributes, ["columnMapping"]) == ["columnMapping"]


@pytest.mark.parametrize(
    "kind", ["typedef", "entitydef", "relationshipdef", "enumdef", "structdef", "classificationdef"]
)
def test_an_unknown_type_is_404_001(datamap, kind):
    refused = datamap.call("GET", f"/types/{kind}/name/contract_{datamap.run}_missing")

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-001")


def test_a_deleted_type_is_204_and_gone(datamap):
    name = datamap.define("process", "Process")

    deleted = datamap.call("DELETE", f"/types/typedef/name/{name}")

    assert deleted.status_code == 204
    assert datamap.call("GET", f"/types/entitydef/name/{name}").status_code == 404


def test_types_are_deleted_in_bulk(datamap):
    name = datamap.define("process", "Process")

    deleted = datamap.call("DELETE", "/types/typedefs", json={"entityDefs": [entity_def(datamap, name)]})

    assert deleted.status_code == 204
    assert datamap.call("GET", f"/types/entitydef/name/{name}").status_code == 404


def test_the_list_of_types_has_the_base_types_and_the_process_relationships(datamap):
    listed = datamap.ok("GET", "/types/typedefs")

    entity_types = {definition["name"] for definition in listed["entityDefs"]}
    relationship_types = {definition["name"] for definition in listed["relationshipDefs"]}
    assert {"Referenceable", "Asset", "DataSet", "Process"} <= entity_types
    assert {"dataset_process_inputs", "process_dataset_outputs"} <= relationship_types


def test_the_list_is_of_one_category_when_asked(datamap):
    listed = datamap.ok("GET", "/types/typedefs", params={"type": "relationship"})

    assert listed["relationshipDefs"]
    assert not listed["entityDefs"]


@pytest.mark.parametrize(
    ("relationship", "process_end", "dataset_end"),
    [
        ("dataset_process_inputs", "inputs", "inputToProcesses"),
        ("process_dataset_outputs", "outputs", "outputFromProcesses"),
    ],
)
def test_the_first_end_of_a_process_relationship_is_the_process(
    datamap, relationship, process_end, dataset_end
):
    found = datamap.ok("GET", f"/types/relationshipdef/name/{relationship}")

    assert (found["endDef1"]["type"], found["endDef1"]["name"]) == ("Process", process_end)
    assert (found["endDef2"]["type"], found["endDef2"]["name"]) == ("DataSet", dataset_end)


@pytest.mark.purview_only
def test_direct_lineage_leads_from_sources_to_sinks_and_maps_columns(datamap):
    found = datamap.ok("GET", "/types/relationshipdef/name/direct_lineage_dataset_dataset")

    assert (found["endDef1"]["type"], found["endDef2"]["type"]) == ("DataSet", "DataSet")
    assert (found["endDef1"]["name"], found["endDef2"]["name"]) == ("sinks", "sources")
    assert "columnMapping" in {attribute["name"] for attribute in found["attributeDefs"]}


@pytest.mark.purview_only
@pytest.mark.parametrize("name", ["databricks_process", "adf_copy_operation"])
def test_some_built_in_processes_have_a_column_mapping(datamap, name):
    assert "columnMapping" in {attribute["name"] for attribute in entity_def(datamap, name)["attributeDefs"]}


def test_the_base_process_has_no_column_mapping(datamap):
    assert "columnMapping" not in {a["name"] for a in entity_def(datamap, "Process")["attributeDefs"]}


def test_a_custom_relationship_type_connects_entities(datamap):
    house, room = datamap.define("house", "Asset"), datamap.define("room", "Asset")
    name = f"contract_{datamap.run}_house_rooms"
    definition = {
        "category": "RELATIONSHIP",
        "name": name,
        "relationshipCategory": "COMPOSITION",
        "propagateTags": "NONE",
        "endDef1": {"type": house, "name": "rooms", "isContainer": True, "cardinality": "SET"},
        "endDef2": {"type": room, "name": "house", "isContainer": False, "cardinality": "SINGLE"},
    }
    datamap.ok("POST", "/types/typedefs", json={"relationshipDefs": [definition]})
    datamap.types.append(name)

    guids = datamap.upsert(
        datamap.entity("h", house) | {"guid": "-1"},
        datamap.entity("r", room) | {"guid": "-2", "relationshipAttributes": {"house": {"guid": "-1"}}},
    )["guidAssignments"]

    assert datamap.related(guids["-1"], "rooms") == {guids["-2"]}
    assert datamap.read(guids["-2"])["relationshipAttributes"]["house"]["guid"] == guids["-1"]
