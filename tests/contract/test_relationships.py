"""Relationships by themselves: no upserts, and stricter about their ends than about anything else."""

import pytest

A_GUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ends(datamap):
    """A process and a dataset that nothing connects."""
    return datamap.guid_of(datamap.entity("p", "Process")), datamap.guid_of(datamap.entity("a"))


def refusal(response):
    return response.status_code, response.json()["errorCode"]


def test_a_relationship_is_created_and_read_by_its_guid(datamap, ends):
    process, dataset = ends

    created = datamap.relate("dataset_process_inputs", process, dataset).json()
    read = datamap.ok("GET", f"/relationship/guid/{created['guid']}")["relationship"]

    for body in (created, read):
        assert (body["typeName"], body["status"]) == ("dataset_process_inputs", "ACTIVE")
        assert (body["end1"]["guid"], body["end2"]["guid"]) == (process, dataset)


def test_extended_info_adds_the_ends(datamap, ends):
    guid = datamap.relate("dataset_process_inputs", *ends).json()["guid"]

    read = datamap.ok("GET", f"/relationship/guid/{guid}", params={"extendedInfo": "true"})

    assert set(read["referredEntities"]) == set(ends)


def test_ends_are_found_by_qualified_name_under_a_supertype(datamap):
    process = datamap.guid_of(datamap.entity("p", datamap.define("process", "Process")))
    dataset = datamap.guid_of(datamap.entity("a", datamap.define("table", "DataSet")))
    body = {
        "typeName": "process_dataset_outputs",
        "guid": "-1",
        "provenanceType": 0,
        "version": 0,
        "end1": {"typeName": "Process", "uniqueAttributes": {"qualifiedName": datamap.name("p")}},
        "end2": {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": datamap.name("a")}},
    }

    created = datamap.ok("POST", "/relationship", json=body)

    assert (created["end1"]["guid"], created["end2"]["guid"]) == (process, dataset)


def test_the_ends_of_a_process_edge_may_be_swapped_and_the_arrow_is_right(datamap, ends):
    process, dataset = ends

    created = datamap.relate("dataset_process_inputs", dataset, process)

    assert created.ok
    assert datamap.settled(lambda: datamap.arrows(dataset), {(dataset, process)}) == {(dataset, process)}


def test_a_relationship_that_exists_is_409_004(datamap, ends):
    datamap.relate("dataset_process_inputs", *ends)

    assert refusal(datamap.relate("dataset_process_inputs", *ends)) == (409, "ATLAS-409-00-004")


def test_a_relationship_that_an_upsert_made_exists_as_well(datamap):
    dataset = datamap.guid_of(datamap.entity("a"))
    process = datamap.process("p", [dataset], [])

    assert refusal(datamap.relate("dataset_process_inputs", process, dataset)) == (409, "ATLAS-409-00-004")


@pytest.mark.parametrize(
    ("end", "expected"), [("end1", "Process"), ("end2", "DataSet")], ids=["first end", "second end"]
)
def test_an_end_that_is_not_there_is_400_07d_naming_the_type_it_should_have(datamap, ends, end, expected):
    bodies = {"end1": {"guid": ends[0]}, "end2": {"guid": ends[1]}, end: {"guid": A_GUID}}

    response = datamap.call("POST", "/relationship", json={"typeName": "dataset_process_inputs"} | bodies)

    assert refusal(response) == (400, "ATLAS-400-00-07D")
    assert response.json()["errorMessage"] == f"Relationship end is invalid. Expected {expected} but is NULL"


def test_an_unknown_relationship_type_is_400_028(datamap, ends):
    response = datamap.relate("DataFlow", *ends)

    assert refusal(response) == (400, "ATLAS-400-00-028")
    assert response.json()["errorMessage"] == "invalid value: unknown relationship type'DataFlow'"


def test_ends_of_the_wrong_types_are_400_036(datamap):
    a, b = datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("b"))

    assert refusal(datamap.relate("dataset_process_inputs", a, b)) == (400, "ATLAS-400-00-036")


def test_a_deleted_relationship_is_204_without_a_body_and_gone_from_both_ends(datamap, ends):
    process, dataset = ends
    guid = datamap.relate("dataset_process_inputs", *ends).json()["guid"]

    deleted = datamap.call("DELETE", f"/relationship/guid/{guid}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert datamap.settled(lambda: datamap.related(process, "inputs"), set()) == set()
    assert datamap.settled(lambda: datamap.related(dataset, "inputToProcesses"), set()) == set()


def test_a_deleted_relationship_may_be_created_again(datamap, ends):
    guid = datamap.relate("dataset_process_inputs", *ends).json()["guid"]
    datamap.call("DELETE", f"/relationship/guid/{guid}")

    again = datamap.relate("dataset_process_inputs", *ends)

    assert again.ok
    assert again.json()["guid"] != guid


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_relationship_guid_is_404_00c(datamap, method):
    assert refusal(datamap.call(method, f"/relationship/guid/{A_GUID}")) == (404, "ATLAS-404-00-00C")


def test_an_update_of_an_unknown_relationship_is_404_00c(datamap):
    body = {"guid": A_GUID, "typeName": "dataset_process_inputs"}

    assert refusal(datamap.call("PUT", "/relationship", json=body)) == (404, "ATLAS-404-00-00C")


def test_a_change_of_type_is_404_with_the_code_400_06a(datamap, ends):
    guid = datamap.relate("dataset_process_inputs", *ends).json()["guid"]

    response = datamap.call(
        "PUT", "/relationship", json={"guid": guid, "typeName": "process_dataset_outputs"}
    )

    assert refusal(response) == (404, "ATLAS-400-00-06A")


def test_a_change_of_an_end_is_404_with_the_code_400_069(datamap, ends):
    guid = datamap.relate("dataset_process_inputs", *ends).json()["guid"]
    other = datamap.guid_of(datamap.entity("b"))
    body = {
        "guid": guid,
        "typeName": "dataset_process_inputs",
        "end1": {"guid": ends[0]},
        "end2": {"guid": other},
    }

    assert refusal(datamap.call("PUT", "/relationship", json=body)) == (404, "ATLAS-400-00-069")


def test_deleting_an_entity_deletes_its_relationships(datamap, ends):
    process, dataset = ends
    datamap.relate("dataset_process_inputs", *ends)

    datamap.ok("DELETE", f"/entity/guid/{dataset}")

    assert datamap.settled(lambda: datamap.related(process, "inputs"), set()) == set()
