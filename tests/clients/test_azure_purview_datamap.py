"""Microsoft's own SDK, azure-purview-datamap, on the stand-in: over TLS, signed in with a client secret.

Its models are generated from the API's specification, so what it reads back has the specified shape.
"""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.purview.datamap import DataMapClient
from azure.purview.datamap.models import (
    AtlasEntitiesWithExtInfo,
    AtlasEntity,
    AtlasEntityDef,
    AtlasEntityWithExtInfo,
    AtlasObjectId,
    AtlasRelationship,
    AtlasTypesDef,
    AutoCompleteOptions,
    MoveEntitiesOptions,
    QueryOptions,
    SuggestOptions,
)

from local.datamap.identity import SIGN_IN

TENANT = "11111111-1111-4111-8111-111111111111"
APP = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(scope="module")
def client(datamap_over_tls, certificate):
    credential = ClientSecretCredential(
        TENANT,
        APP,
        SIGN_IN.client_secret,
        authority=datamap_over_tls,
        disable_instance_discovery=True,
        connection_verify=str(certificate),
    )
    with (
        credential,
        DataMapClient(datamap_over_tls, credential, connection_verify=str(certificate)) as client,
    ):
        yield client


def entity(suffix, type_name="DataSet", **more):
    attributes = {"name": suffix, "qualifiedName": f"sdk://{suffix}"}
    return AtlasEntity(type_name=type_name, attributes=attributes | more.pop("attributes", {}), **more)


def upload(client, *entities):
    """Uploads and gives the guids in order."""
    numbered = [e | {"guid": str(-n)} for n, e in enumerate(map(dict, entities), 1)]
    result = client.entity.batch_create_or_update(AtlasEntitiesWithExtInfo({"entities": numbered}))
    return [result.guid_assignments[e["guid"]] for e in numbered]


@pytest.fixture
def chain(client, request):
    """A dataset, a process and another dataset, linked."""
    prefix = request.node.name
    ends = {"inputs": [{"guid": "-1"}], "outputs": [{"guid": "-3"}]}
    return upload(
        client,
        entity(f"{prefix}/a"),
        entity(f"{prefix}/p", "Process", attributes=ends),
        entity(f"{prefix}/b"),
    )


def relate(client, first, second, mapping):
    return client.relationship.create(
        AtlasRelationship(
            type_name="direct_lineage_dataset_dataset",
            end1=AtlasObjectId(guid=first, type_name="DataSet"),
            end2=AtlasObjectId(guid=second, type_name="DataSet"),
            attributes={"columnMapping": mapping},
        )
    )


class TestEntity:
    def test_one_is_created_and_read_by_guid(self, client):
        result = client.entity.create_or_update(AtlasEntityWithExtInfo(entity=entity("one", guid="-1")))

        read = client.entity.get(result.guid_assignments["-1"])

        assert read.entity.attributes["qualifiedName"] == "sdk://one"
        assert read.entity.status == "ACTIVE"

    def test_the_result_has_headers_by_what_happened(self, client):
        created = client.entity.create_or_update(AtlasEntityWithExtInfo(entity=entity("headers")))
        changed = entity("headers", attributes={"description": "new"})
        updated = client.entity.create_or_update(AtlasEntityWithExtInfo(entity=changed))

        assert created.mutated_entities["CREATE"][0].last_modified_ts == "1"
        assert updated.mutated_entities["UPDATE"][0].last_modified_ts == "2"

    def test_several_are_read_by_guid(self, client, chain):
        read = client.entity.get_by_ids(guid=chain)

        assert [e.guid for e in read.entities] == chain

    def test_a_process_shows_its_datasets_with_the_guids_of_the_edges(self, client, chain):
        [shown] = client.entity.get(chain[1]).entity.relationship_attributes["inputs"]

        assert shown["guid"] == chain[0]
        assert (
            client.relationship.get(shown["relationshipGuid"]).relationship.type_name
            == "dataset_process_inputs"
        )

    def test_one_is_read_and_partly_updated_and_deleted_by_name(self, client, chain):
        name = client.entity.get_header(chain[0]).attributes["qualifiedName"]
        change = AtlasEntityWithExtInfo(
            entity=AtlasEntity(type_name="DataSet", attributes={"description": "new"})
        )

        updated = client.entity.update_by_unique_attribute("DataSet", change, attribute=name)
        read = client.entity.get_by_unique_attribute("DataSet", attribute=name)
        deleted = client.entity.delete_by_unique_attribute("DataSet", attribute=name)

        assert [header.guid for header in updated.partial_updated_entities] == [chain[0]]
        assert read.entity.attributes["description"] == "new"
        assert deleted.mutated_entities["DELETE"][0].guid == chain[0]

    def test_one_attribute_is_updated(self, client, chain):
        result = client.entity.update_attribute_by_id(chain[0], "new", name="description")

        assert result.mutated_entities["PARTIAL_UPDATE"][0].guid == chain[0]

    def test_several_are_read_by_name(self, client, chain):
        names = [client.entity.get_header(guid).attributes["qualifiedName"] for guid in (chain[0], chain[2])]

        read = client.entity.batch_get_by_unique_attributes(
            "DataSet", params={"attr_1:qualifiedName": names[0], "attr_2:qualifiedName": names[1]}
        )

        assert [e.guid for e in read.entities] == [chain[0], chain[2]]

    def test_several_are_deleted(self, client, chain):
        deleted = client.entity.batch_delete(guid=chain)

        assert [header.guid for header in deleted.mutated_entities["DELETE"]] == chain
        assert client.entity.delete(chain[0]).mutated_entities is None

    def test_they_are_moved_to_a_collection(self, client, chain):
        result = client.entity.move_entities_to_collection(
            MoveEntitiesOptions(entity_guids=[chain[0]]), collection_id="local"
        )

        assert result.mutated_entities["UPDATE"][0].guid == chain[0]

    def test_a_missing_one_is_a_resource_not_found_error(self, client):
        with pytest.raises(ResourceNotFoundError) as refused:
            client.entity.get("00000000-0000-4000-8000-000000000000")

        assert "ATLAS-404-00-005" in refused.value.response.text()

    def test_a_refusal_is_read_into_the_specified_model(self, client):
        with pytest.raises(HttpResponseError) as refused:
            upload(client, entity("bad", "no_such_type"))

        assert refused.value.model.error_code == "ATLAS-400-00-014"
        assert refused.value.model.request_id


class TestRelationship:
    def test_one_is_created_updated_read_and_deleted(self, client, chain):
        created = relate(client, chain[0], chain[2], "[]")
        changed = AtlasRelationship(
            guid=created.guid, type_name=created.type_name, attributes={"columnMapping": "[1]"}
        )

        updated = client.relationship.update(changed)
        read = client.relationship.get(created.guid, extended_info=True)
        client.relationship.delete(created.guid)

        assert (created.last_modified_ts, updated.last_modified_ts) == ("1", "2")
        assert read.relationship.attributes == {"columnMapping": "[1]"}
        assert set(read.referred_entities) == {chain[0], chain[2]}
        with pytest.raises(ResourceNotFoundError):
            client.relationship.delete(created.guid)

    def test_one_that_exists_is_a_resource_exists_error(self, client, chain):
        relate(client, chain[0], chain[2], "[]")

        with pytest.raises(ResourceExistsError) as refused:
            relate(client, chain[0], chain[2], "[]")

        assert "ATLAS-409-00-004" in refused.value.response.text()


class TestLineage:
    def test_it_is_read_by_guid(self, client, chain):
        a, p, b = chain

        found = client.lineage.get(a, direction="BOTH", depth=3)

        assert (found.base_entity_guid, found.lineage_direction, found.lineage_depth) == (a, "BOTH", 3)
        assert set(found.guid_entity_map) == {a, p, b}
        assert {(r.from_entity_id, r.to_entity_id) for r in found.relations} == {(a, p), (p, b)}
        assert found.width_counts["OUTPUT"] == {a: 1, p: 1, b: 0}

    def test_it_is_read_by_name(self, client, chain):
        name = client.entity.get_header(chain[2]).attributes["qualifiedName"]

        found = client.lineage.get_by_unique_attribute("DataSet", direction="INPUT", attribute=name)

        assert found.base_entity_guid == chain[2]
        assert len(found.relations) == 2

    def test_the_next_page(self, client, chain):
        found = client.lineage.get_next_page(chain[0], direction="OUTPUT", offset=0, limit=10)

        assert set(found.guid_entity_map) == {chain[1], chain[2]}


class TestTypeDefinition:
    @pytest.fixture
    def definition(self, client):
        types = AtlasTypesDef(
            entity_defs=[
                AtlasEntityDef(category="ENTITY", name="sdk_type", super_types=["Process"], attribute_defs=[])
            ]
        )
        created = client.type_definition.batch_create(types)
        yield created.entity_defs[0]
        client.type_definition.delete("sdk_type")

    def test_one_is_read_by_name_and_by_guid(self, client, definition):
        by_name = client.type_definition.get_entity_by_name("sdk_type")
        by_guid = client.type_definition.get_entity_by_id(definition.guid)

        assert by_name.super_types == by_guid.super_types == ["Process"]
        assert client.type_definition.get_by_name("sdk_type").category == "ENTITY"

    def test_one_is_updated(self, client, definition):
        types = AtlasTypesDef(
            {"entityDefs": [{"name": "sdk_type", "superTypes": ["Process"], "description": "changed"}]}
        )

        assert client.type_definition.batch_update(types).entity_defs[0].description == "changed"
        assert client.type_definition.get_entity_by_name("sdk_type").guid == definition.guid

    def test_they_are_listed(self, client, definition):
        listed = client.type_definition.get()
        headers = client.type_definition.get_headers()

        assert definition.name in {d.name for d in listed.entity_defs}
        assert definition.name in {header.name for header in headers}
        assert {d.name for d in listed.relationship_defs} >= {"direct_lineage_dataset_dataset"}

    def test_a_relationship_definition_has_its_ends(self, client):
        found = client.type_definition.get_relationship_by_name("dataset_process_inputs")

        assert (found.end_def1.type, found.end_def2.type) == ("Process", "DataSet")
        assert found.relationship_category == "AGGREGATION"

    def test_they_are_deleted_in_bulk(self, client):
        types = {"entityDefs": [{"category": "ENTITY", "name": "sdk_bulk", "superTypes": ["DataSet"]}]}
        client.type_definition.batch_create(types)

        client.type_definition.batch_delete(types)

        with pytest.raises(ResourceNotFoundError):
            client.type_definition.get_by_name("sdk_bulk")


class TestDiscovery:
    def test_a_query_is_answered_in_pages(self, client):
        guids = upload(client, *(entity(f"needle{n}") for n in range(3)))

        first = client.discovery.query(QueryOptions(keywords="NEEDLE", limit=2))
        second = client.discovery.query(
            QueryOptions(keywords="NEEDLE", limit=2, continuation_token=first.continuation_token)
        )

        assert first.search_count == 3
        assert [item.id for item in first["value"] + second["value"]] == guids
        assert second.continuation_token is None

    def test_a_query_is_filtered(self, client, chain):
        name = client.entity.get_header(chain[0]).attributes["qualifiedName"].upper()
        named = {"attributeName": "qualifiedName", "operator": "eq", "attributeValue": name}

        found = client.discovery.query(QueryOptions(filter={"and": [{"entityType": "DataSet"}, named]}))

        assert [item.id for item in found["value"]] == [chain[0]]

    def test_suggestions_and_completions(self, client):
        [guid] = upload(client, entity("haystack"))

        suggested = client.discovery.suggest(SuggestOptions(keywords="hayst"))
        completed = client.discovery.auto_complete(AutoCompleteOptions(keywords="hayst"))

        assert [item.id for item in suggested["value"]] == [guid]
        assert [item.text for item in completed["value"]] == ["haystack"]
