"""What the Data Map refuses, with which status and which code: the code is what counts, some statuses mislead."""

from uuid import UUID, uuid4

import pytest

A_GUID = "00000000-0000-4000-8000-000000000000"


def refusal(response):
    return response.status_code, response.json()["errorCode"]


def post(datamap, *entities):
    return datamap.call("POST", "/entity/bulk", json={"entities": entities})


def test_an_unknown_entity_type_is_400_014(datamap):
    response = post(datamap, datamap.entity("a", "no_such_type"))

    assert refusal(response) == (400, "ATLAS-400-00-014")
    assert "no_such_type" in response.json()["errorMessage"]


@pytest.mark.parametrize("missing", ["name", "qualifiedName"])
def test_a_missing_mandatory_attribute_is_404_007(datamap, missing):
    entity = datamap.entity("a")
    del entity["attributes"][missing]

    response = post(datamap, entity)

    assert refusal(response) == (404, "ATLAS-404-00-007")
    assert f"DataSet.{missing}: mandatory attribute value missing in type" in response.json()["errorMessage"]


def test_mandatory_attributes_must_be_sent_on_every_upsert(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    response = post(
        datamap, {"typeName": "DataSet", "guid": guid, "attributes": {"description": "only this"}}
    )

    assert refusal(response) == (404, "ATLAS-404-00-007")


@pytest.mark.purview_only
def test_a_column_needs_its_data_type(datamap):
    response = post(datamap, datamap.entity("a#c", "azure_sql_column"))

    assert refusal(response) == (404, "ATLAS-404-00-007")
    assert "azure_sql_column.data_type" in response.json()["errorMessage"]


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param({"guid": "-99"}, id="a placeholder that is not in the payload"),
        pytest.param({"guid": A_GUID}, id="an unknown guid"),
        pytest.param(
            {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": f"contract://{uuid4()}"}},
            id="an unknown qualifiedName",
        ),
    ],
)
def test_a_reference_to_what_is_not_there_is_404_00a(datamap, reference):
    response = post(datamap, datamap.entity("p", "Process", inputs=[reference]))

    assert refusal(response) == (404, "ATLAS-404-00-00A")


def test_a_reference_that_names_nothing_is_400_021(datamap):
    response = post(datamap, datamap.entity("p", "Process", inputs=[{"typeName": "DataSet"}]))

    assert refusal(response) == (400, "ATLAS-400-00-021")


def test_an_empty_bulk_is_400_01a(datamap):
    assert refusal(post(datamap)) == (400, "ATLAS-400-00-01A")


def test_one_bad_entity_fails_the_whole_bulk(datamap):
    bad = datamap.entity("p", "Process", inputs=[{"guid": "-99"}])

    assert not post(datamap, datamap.entity("good"), bad).ok

    found = datamap.call(
        "GET", "/entity/uniqueAttribute/type/DataSet", params={"attr:qualifiedName": datamap.name("good")}
    )
    assert found.status_code == 404


def test_a_failed_bulk_leaves_existing_edges_alone(datamap):
    a, b = datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("b"))
    process = datamap.process("p", [a], [])

    fails = datamap.entity("p", "Process", inputs=[{"guid": b}], outputs=[{"guid": "-99"}])

    assert not post(datamap, fails).ok
    assert datamap.related(process, "inputs") == {a}


def test_an_unknown_guid_is_404_005(datamap):
    assert refusal(datamap.call("GET", f"/entity/guid/{A_GUID}")) == (404, "ATLAS-404-00-005")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_qualified_name_is_404_009(datamap, method):
    name = {"attr:qualifiedName": datamap.name("missing")}

    response = datamap.call(method, "/entity/uniqueAttribute/type/DataSet", params=name)

    assert refusal(response) == (404, "ATLAS-404-00-009")


@pytest.mark.purview_only
def test_a_refusal_carries_a_request_id_in_body_and_header(datamap):
    response = datamap.call("GET", f"/entity/guid/{A_GUID}")

    assert UUID(response.json()["requestId"])
    assert response.headers["x-ms-request-id"]


def test_without_a_token_the_answer_is_401(datamap):
    response = datamap.call("GET", "/types/typedefs", headers={"Authorization": None})

    assert response.status_code == 401


def test_there_is_no_route_to_post_lineage_relations(datamap):
    """Found in the wild, with a relationshipType DataFlow; neither Atlas nor Purview has it."""
    response = datamap.call("POST", "/lineage/relations", json={"relationshipType": "DataFlow"})

    assert response.status_code in (404, 405)
