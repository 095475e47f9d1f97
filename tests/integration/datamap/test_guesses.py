"""Where nothing public says what Purview does, the stand-in does as Atlas' source or as clients expect.

These are not in the contract suite: on a real account they may come out otherwise.
"""

import pytest


async def refusal(response):
    return response.status, (await response.json())["errorCode"]


async def test_a_deleted_entity_is_still_read_by_guid_as_deleted(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))
    await stand_in.call("DELETE", f"/entity/guid/{guid}")

    assert (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["status"] == "DELETED"


async def test_deleting_what_is_not_there_is_no_error(stand_in):
    response = await stand_in.call("DELETE", "/entity/guid/00000000-0000-4000-8000-000000000000")

    assert (response.status, await response.json()) == (200, {})


async def test_a_deleted_entity_cannot_be_referred_to(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))
    await stand_in.call("DELETE", f"/entity/guid/{guid}")
    process = {
        "typeName": "Process",
        "attributes": {"name": "p", "qualifiedName": "p", "inputs": [{"guid": guid}]},
    }

    assert await refusal(await stand_in.bulk(process)) == (404, "ATLAS-404-00-00A")


async def test_a_relationship_deleted_twice_is_404_00f(stand_in, dataset):
    up, down = await stand_in.guid(dataset("up")), await stand_in.guid(dataset("down"))
    body = {"typeName": "direct_lineage_dataset_dataset", "end1": {"guid": up}, "end2": {"guid": down}}
    guid = (await (await stand_in.call("POST", "/relationship", json=body)).json())["guid"]
    await stand_in.call("DELETE", f"/relationship/guid/{guid}")

    assert await refusal(await stand_in.call("DELETE", f"/relationship/guid/{guid}")) == (
        404,
        "ATLAS-404-00-00F",
    )
    assert (await stand_in.get(f"/relationship/guid/{guid}"))["relationship"]["status"] == "DELETED"


async def test_an_end_named_by_unique_attributes_counts_as_changed_in_a_put(stand_in, dataset):
    """AtlasRelationshipStoreV2.update compares guids only."""
    up, down = await stand_in.guid(dataset("up")), await stand_in.guid(dataset("down"))
    body = {"typeName": "direct_lineage_dataset_dataset", "end1": {"guid": up}, "end2": {"guid": down}}
    guid = (await (await stand_in.call("POST", "/relationship", json=body)).json())["guid"]
    by_name = {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": "stand-in://up"}}

    put = await stand_in.call("PUT", "/relationship", json={"guid": guid, "end1": by_name})

    assert await refusal(put) == (404, "ATLAS-400-00-069")


@pytest.mark.parametrize(("sent", "status"), [("0", 412), ("1", 412), ("2", 200), (None, 200)])
async def test_an_outdated_last_modified_ts_is_412(stand_in, dataset, sent, status):
    await stand_in.bulk(dataset("a"))
    await stand_in.bulk(dataset("a", description="changed"))

    response = await stand_in.bulk(dataset("a", owner="me") | {"lastModifiedTS": sent})

    assert response.status == status
    assert ("PreConditionCheckFailed" in await response.text()) is (status == 412)


async def test_a_last_modified_ts_of_zero_creates_what_is_new(stand_in, dataset):
    assert (await stand_in.bulk(dataset("a") | {"lastModifiedTS": "0"})).status == 200


async def test_null_clears_a_plain_attribute(stand_in, dataset):
    guid = await stand_in.guid(dataset("a", description="old"))

    await stand_in.bulk(dataset("a", description=None))

    assert (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["attributes"]["description"] is None


async def test_null_in_a_partial_update_changes_nothing(stand_in, dataset):
    guid = await stand_in.guid(dataset("a", description="old"))
    path, name = "/entity/uniqueAttribute/type/DataSet", {"attr:qualifiedName": "stand-in://a"}

    await stand_in.call("PUT", path, params=name, json={"entity": {"attributes": {"description": None}}})

    assert (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["attributes"]["description"] == "old"


@pytest.mark.parametrize(
    ("sent", "kept"), [(5, "5"), (True, "true"), ([{"Source": "a", "Sink": None}], "[{Source=a, Sink=null}]")]
)
async def test_what_is_sent_for_a_string_is_kept_as_java_prints_it(stand_in, dataset, sent, kept):
    """So a columnMapping that is sent as an array instead of a string succeeds, and is of no use to anybody."""
    guid = await stand_in.guid(dataset("a", description=sent))

    assert (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["attributes"]["description"] == kept


async def test_a_process_as_an_input_of_a_process_is_400_045(stand_in):
    def process(name, **attributes):
        return {"typeName": "Process", "attributes": {"name": name, "qualifiedName": name} | attributes}

    guid = await stand_in.guid(process("p"))

    assert await refusal(await stand_in.bulk(process("q", inputs=[{"guid": guid}]))) == (
        400,
        "ATLAS-400-00-045",
    )


async def test_a_version_goes_up_once_a_batch_however_much_of_an_entity_changed(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))
    process = {"typeName": "Process", "attributes": {"name": "p", "qualifiedName": "p"}}
    changed = await stand_in.guid(process)
    process["attributes"] |= {"description": "new", "inputs": [{"guid": guid}], "outputs": [{"guid": guid}]}

    await stand_in.bulk(process)

    assert (await stand_in.get(f"/entity/guid/{changed}"))["entity"]["lastModifiedTS"] == "2"


async def test_mutated_entities_are_left_out_when_nothing_changed(stand_in, dataset):
    await stand_in.bulk(dataset("a"))

    assert set(await (await stand_in.bulk(dataset("a"))).json()) == {"guidAssignments"}


async def test_a_name_that_another_entity_has_cannot_be_taken(stand_in, dataset):
    await stand_in.bulk(dataset("taken"))
    guid = await stand_in.guid(dataset("a"))

    renamed = await stand_in.bulk(dataset("taken") | {"guid": guid})

    assert await refusal(renamed) == (409, "ATLAS-409-00-003")


async def test_an_entity_may_be_renamed_by_its_guid(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))

    assert (await stand_in.bulk(dataset("b") | {"guid": guid})).status == 200

    assert await stand_in.guid(dataset("b")) == guid
    assert await stand_in.guid(dataset("a")) != guid


async def test_two_entities_of_one_payload_with_the_same_name_are_one(stand_in, dataset):
    response = await stand_in.bulk(
        dataset("a") | {"guid": "-1"}, dataset("a", description="second") | {"guid": "-2"}
    )

    body = await response.json()
    assert body["guidAssignments"]["-1"] == body["guidAssignments"]["-2"]
    assert [e["attributes"]["description"] for e in body["mutatedEntities"]["CREATE"]] == ["second"]


async def test_a_process_reports_the_datasets_that_it_now_touches_under_update(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))
    process = {
        "typeName": "Process",
        "attributes": {"name": "p", "qualifiedName": "p", "inputs": [{"guid": guid}]},
    }

    body = await (await stand_in.bulk(process)).json()

    assert [entity["guid"] for entity in body["mutatedEntities"]["UPDATE"]] == [guid]
    assert body["mutatedEntities"]["UPDATE"][0]["lastModifiedTS"] == "1"


@pytest.mark.parametrize(("attribute", "value"), [("size", "many"), ("tags", "one"), ("options", [])])
async def test_a_value_of_the_wrong_type_is_404_007(stand_in, attribute, value):
    types = {"size": "int", "tags": "array<string>", "options": "map<string,string>"}
    attributes = [{"name": name, "typeName": type_name} for name, type_name in types.items()]
    definition = {"name": "measured", "superTypes": ["DataSet"], "attributeDefs": attributes}
    await stand_in.call("POST", "/types/typedefs", json={"entityDefs": [definition]})
    fits = {"name": "m", "qualifiedName": "m", "size": 3, "tags": ["a"], "options": {"a": "b"}}

    assert (await stand_in.bulk({"typeName": "measured", "attributes": fits})).status == 200
    wrong = await stand_in.bulk({"typeName": "measured", "attributes": fits | {attribute: value}})
    assert await refusal(wrong) == (404, "ATLAS-404-00-007")


async def test_a_legacy_end_of_one_entity_is_listed_under_attributes_as_one(stand_in):
    types = {
        "entityDefs": [{"name": name, "superTypes": ["Asset"]} for name in ("house", "roof")],
        "relationshipDefs": [
            {
                "name": "house_roof",
                "endDef1": {
                    "type": "house",
                    "name": "roof",
                    "cardinality": "SINGLE",
                    "isLegacyAttribute": True,
                },
                "endDef2": {"type": "roof", "name": "house", "cardinality": "SINGLE"},
            }
        ],
    }
    assert (await stand_in.call("POST", "/types/typedefs", json=types)).status == 200
    roof = await stand_in.guid({"typeName": "roof", "attributes": {"name": "r", "qualifiedName": "r"}})
    house = {"typeName": "house", "attributes": {"name": "h", "qualifiedName": "h"}}
    guid = await stand_in.guid(house)

    async def shown():
        return (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["attributes"]["roof"]

    assert await shown() is None
    assert (
        await stand_in.call("PUT", f"/entity/guid/{guid}", params={"name": "roof"}, json={"guid": roof})
    ).status == 200
    assert await shown() == {"guid": roof, "typeName": "roof"}


async def test_a_type_that_is_used_cannot_be_deleted(stand_in):
    definition = {"name": "used", "superTypes": ["DataSet"]}
    await stand_in.call("POST", "/types/typedefs", json={"entityDefs": [definition]})
    guid = await stand_in.guid({"typeName": "used", "attributes": {"name": "u", "qualifiedName": "u"}})

    path = "/types/typedef/name/used"
    assert await refusal(await stand_in.call("DELETE", path)) == (409, "ATLAS-409-00-002")
    await stand_in.call("DELETE", f"/entity/guid/{guid}")
    assert (await stand_in.call("DELETE", path)).status == 204


async def test_a_type_that_others_inherit_from_cannot_be_deleted(stand_in):
    assert await refusal(await stand_in.call("DELETE", "/types/typedef/name/DataSet")) == (
        409,
        "ATLAS-409-00-002",
    )


async def test_a_type_cannot_be_its_own_supertype(stand_in):
    body = {"entityDefs": [{"name": "a", "superTypes": ["b"]}, {"name": "b", "superTypes": ["a"]}]}

    assert await refusal(await stand_in.call("POST", "/types/typedefs", json=body)) == (
        400,
        "ATLAS-400-00-002",
    )


async def test_type_definitions_are_created_all_or_none(stand_in):
    body = {"entityDefs": [{"name": "good", "superTypes": []}, {"name": "bad", "superTypes": ["missing"]}]}

    assert await refusal(await stand_in.call("POST", "/types/typedefs", json=body)) == (
        400,
        "ATLAS-400-00-014",
    )
    assert (await stand_in.call("GET", "/types/entitydef/name/good")).status == 404


async def test_parents_are_part_of_lineage_when_asked(stand_in):
    def named(type_name, name, **more):
        return {"typeName": type_name, "attributes": {"name": name, "qualifiedName": name}} | more

    schema = await stand_in.guid(named("azure_sql_schema", "dbo"))
    table = await stand_in.guid(
        named("azure_sql_table", "t", relationshipAttributes={"dbSchema": {"guid": schema}})
    )

    found = await stand_in.get(f"/lineage/{table}", params={"includeParent": "true"})

    assert [(p["childEntityId"], p["parentEntityId"]) for p in found["parentRelations"]] == [(table, schema)]
    assert schema in found["guidEntityMap"]
    assert (await stand_in.get(f"/lineage/{table}"))["parentRelations"] == []
