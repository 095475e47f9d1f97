"""Creating, matching and updating entities."""

import pytest

NOT_FOUND = "ATLAS-404-00-005"


def test_a_new_entity_is_reported_under_create_and_its_placeholder_is_resolved(datamap):
    result = datamap.upsert(datamap.entity("a") | {"guid": "-1"})

    [created] = result["mutatedEntities"]["CREATE"]
    assert result["guidAssignments"]["-1"] == created["guid"]
    assert created["typeName"] == "DataSet"
    assert created["status"] == "ACTIVE"


def test_an_entity_sent_without_a_guid_is_in_guid_assignments_under_a_made_up_placeholder(datamap):
    result = datamap.upsert(datamap.entity("a"))

    [(placeholder, guid)] = result["guidAssignments"].items()
    assert placeholder.startswith("-")
    assert guid == result["mutatedEntities"]["CREATE"][0]["guid"]


def test_placeholders_may_be_numbers(datamap):
    result = datamap.upsert(datamap.entity("a") | {"guid": -7})

    assert set(result["guidAssignments"]) == {"-7"}


def test_the_same_type_and_qualified_name_is_the_same_entity(datamap):
    first = datamap.guid_of(datamap.entity("a"))

    assert datamap.guid_of(datamap.entity("a", description="again")) == first


def test_the_same_qualified_name_under_an_unrelated_type_is_another_entity(datamap):
    assert datamap.guid_of(datamap.entity("a")) != datamap.guid_of(datamap.entity("a", "Process"))


def test_a_change_is_reported_under_update(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    result = datamap.upsert(datamap.entity("a", description="changed"))

    assert [entity["guid"] for entity in result["mutatedEntities"]["UPDATE"]] == [guid]
    assert "CREATE" not in result["mutatedEntities"]


def test_sending_the_same_again_changes_nothing_but_still_resolves_placeholders(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    result = datamap.upsert(datamap.entity("a") | {"guid": "-1"})

    assert result["guidAssignments"] == {"-1": guid}
    assert not result.get("mutatedEntities")


@pytest.mark.purview_only
def test_last_modified_ts_counts_changes_from_one(datamap):
    def version():
        return datamap.read(guid)["lastModifiedTS"]

    guid = datamap.guid_of(datamap.entity("a"))
    assert datamap.settled(version, "1") == "1"

    datamap.upsert(datamap.entity("a"))
    assert datamap.settled(version, "1") == "1"

    datamap.upsert(datamap.entity("a", description="changed"))
    assert datamap.settled(version, "2") == "2"


def test_attributes_that_are_not_sent_stay(datamap):
    guid = datamap.guid_of(datamap.entity("a", description="kept"))

    datamap.upsert(datamap.entity("a", owner="new"))

    def read():
        attributes = datamap.read(guid)["attributes"]
        return attributes["description"], attributes["owner"]

    assert datamap.settled(read, ("kept", "new")) == ("kept", "new")


def test_attributes_that_the_type_does_not_declare_vanish_without_an_error(datamap):
    """So a columnMapping on a plain Process seems to succeed and shows nothing."""
    guid = datamap.guid_of(datamap.entity("p", "Process", columnMapping="[]", nonsense=1))

    assert {"columnMapping", "nonsense"}.isdisjoint(datamap.read(guid)["attributes"])


def test_a_process_type_of_ones_own_keeps_a_column_mapping(datamap):
    type_name = datamap.define("process", "Process", {"name": "columnMapping", "typeName": "string"})
    guid = datamap.guid_of(datamap.entity("p", type_name, columnMapping="[]"))

    assert datamap.read(guid)["attributes"]["columnMapping"] == "[]"


def test_the_single_entity_route_does_as_the_bulk_one(datamap):
    result = datamap.ok("POST", "/entity", json={"entity": datamap.entity("a") | {"guid": "-1"}})
    datamap.created += result["guidAssignments"].values()

    assert result["mutatedEntities"]["CREATE"][0]["guid"] == result["guidAssignments"]["-1"]


def test_an_entity_is_read_by_type_and_qualified_name(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    found = datamap.ok(
        "GET", "/entity/uniqueAttribute/type/DataSet", params={"attr:qualifiedName": datamap.name("a")}
    )

    assert found["entity"]["guid"] == guid


def test_a_supertype_finds_an_entity_by_qualified_name(datamap):
    type_name = datamap.define("table", "DataSet")
    guid = datamap.guid_of(datamap.entity("a", type_name))

    found = datamap.ok(
        "GET", "/entity/uniqueAttribute/type/DataSet", params={"attr:qualifiedName": datamap.name("a")}
    )

    assert (found["entity"]["guid"], found["entity"]["typeName"]) == (guid, type_name)


def test_an_upsert_by_supertype_updates_the_entity_of_the_subtype(datamap):
    """AtlasGraphUtilsV2 looks for the type itself, then for its subtypes, on every upsert too."""
    guid = datamap.guid_of(datamap.entity("a", datamap.define("table", "DataSet")))

    assert datamap.guid_of(datamap.entity("a", description="by supertype")) == guid


def test_several_entities_are_read_by_guid(datamap):
    guids = {datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("b"))}

    found = datamap.ok("GET", "/entity/bulk", params={"guid": list(guids)})

    assert {entity["guid"] for entity in found["entities"]} == guids


def test_reading_several_by_qualified_name_leaves_out_those_that_are_not_there(datamap):
    guid = datamap.guid_of(datamap.entity("a"))
    names = {"attr_0:qualifiedName": datamap.name("a"), "attr_1:qualifiedName": datamap.name("missing")}

    found = datamap.ok("GET", "/entity/bulk/uniqueAttribute/type/DataSet", params=names)

    assert [entity["guid"] for entity in found["entities"]] == [guid]


def test_reading_several_by_qualified_name_answers_without_entities_when_none_is_there(datamap):
    names = {"attr_0:qualifiedName": datamap.name("missing")}

    found = datamap.ok("GET", "/entity/bulk/uniqueAttribute/type/DataSet", params=names)

    assert not found.get("entities")


def test_the_header_of_an_entity_has_its_type_and_status(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    header = datamap.ok("GET", f"/entity/guid/{guid}/header")

    assert (header["guid"], header["typeName"], header["status"]) == (guid, "DataSet", "ACTIVE")
    assert header["attributes"]["qualifiedName"] == datamap.name("a")


def test_relationships_are_left_out_when_asked(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    entity = datamap.ok("GET", f"/entity/guid/{guid}", params={"ignoreRelationships": "true"})["entity"]

    assert not entity.get("relationshipAttributes")


def test_a_partial_update_needs_only_what_changes(datamap):
    guid = datamap.guid_of(datamap.entity("a", owner="kept"))

    datamap.ok(
        "PUT",
        "/entity/uniqueAttribute/type/DataSet",
        params={"attr:qualifiedName": datamap.name("a")},
        json={"entity": {"typeName": "DataSet", "attributes": {"description": "new"}}},
    )

    def read():
        attributes = datamap.read(guid)["attributes"]
        return attributes["description"], attributes["owner"], attributes["name"]

    assert datamap.settled(read, ("new", "kept", "a")) == ("new", "kept", "a")


def test_one_attribute_is_updated_by_guid(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    datamap.ok("PUT", f"/entity/guid/{guid}", params={"name": "description"}, json="new")

    def description():
        return datamap.read(guid)["attributes"]["description"]

    assert datamap.settled(description, "new") == "new"


def test_an_array_cannot_be_updated_as_one_attribute(datamap):
    guid = datamap.guid_of(datamap.entity("p", "Process"))

    refused = datamap.call("PUT", f"/entity/guid/{guid}", params={"name": "inputs"}, json=[])

    assert (refused.status_code, refused.json()["errorCode"]) == (400, "ATLAS-400-00-027")


@pytest.mark.parametrize("route", ["guid", "bulk", "uniqueAttribute"])
def test_a_deleted_entity_is_reported_and_no_longer_found_by_name(datamap, route):
    guid = datamap.guid_of(datamap.entity("a"))
    name = {"attr:qualifiedName": datamap.name("a")}
    path, query = {
        "guid": (f"/entity/guid/{guid}", None),
        "bulk": ("/entity/bulk", {"guid": guid}),
        "uniqueAttribute": ("/entity/uniqueAttribute/type/DataSet", name),
    }[route]

    result = datamap.ok("DELETE", path, params=query)

    def found():
        return datamap.call("GET", "/entity/uniqueAttribute/type/DataSet", params=name).status_code

    assert [entity["guid"] for entity in result["mutatedEntities"]["DELETE"]] == [guid]
    assert datamap.settled(found, 404) == 404


def test_a_deleted_name_may_be_created_again_as_a_new_entity(datamap):
    guid = datamap.guid_of(datamap.entity("a"))
    datamap.ok("DELETE", f"/entity/guid/{guid}")

    assert datamap.guid_of(datamap.entity("a")) != guid
