"""pyapacheatlas, a client of a Purview engineer, does on the stand-in what its users do on an account.

It makes its addresses from an account's name; only those are changed here. It signs in through azure-identity's own
managed identity code.
"""

import json

import pytest
from azure.identity import ManagedIdentityCredential
from pyapacheatlas.core import AtlasEntity, AtlasProcess, PurviewClient
from pyapacheatlas.core.typedef import (
    AtlasAttributeDef,
    ChildEndDef,
    EntityTypeDef,
    ParentEndDef,
    RelationshipTypeDef,
)
from pyapacheatlas.core.util import AtlasException
from pyapacheatlas.core.whatif import WhatIfValidator
from pyapacheatlas.readers.reader import Reader, ReaderConfiguration

from local.datamap.identity import SIGN_IN


@pytest.fixture(scope="module")
def client(datamap):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("IDENTITY_ENDPOINT", f"{datamap}/identity/token")
        environment.setenv("IDENTITY_HEADER", SIGN_IN.identity_header)
        with ManagedIdentityCredential() as credential:
            client = PurviewClient("local", credential)
            client.endpoint_url = f"{datamap}/catalog/api/atlas/v2"
            client.discovery.endpoint_url = f"{datamap}/catalog/api"
            client.collections.endpoint_url = f"{datamap}/"
            yield client


@pytest.fixture
def tables(client, request):
    """Two tables of this test's own, uploaded."""
    names = [f"pyaa://{request.node.name}/{side}" for side in ("source", "sink")]
    entities = [
        AtlasEntity(n.rpartition("/")[2], "azure_sql_table", n, guid=str(-i)) for i, n in enumerate(names, 1)
    ]
    guids = client.upload_entities(entities)["guidAssignments"]
    return [
        {"guid": guids[e.guid], "typeName": e.typeName, "qualifiedName": e.qualifiedName} for e in entities
    ]


def upload_process(client, tables, type_name="Process", **attributes):
    source, sink = tables
    process = AtlasProcess(
        "process",
        type_name,
        f"{source['qualifiedName']}/process",
        guid=-100,
        inputs=[{"guid": source["guid"]}],
        outputs=[{"guid": sink["guid"]}],
        attributes=attributes,
    )
    return client.upload_entities([process])["guidAssignments"]["-100"]


def code_of(refused):
    return json.loads(str(refused.value))["errorCode"]


def test_entities_and_a_process_are_uploaded_in_one_batch(client):
    source = AtlasEntity("a", "DataSet", "pyaa://batch/a", guid=-1)
    sink = AtlasEntity("b", "DataSet", "pyaa://batch/b", guid=-2)
    process = AtlasProcess("p", "Process", "pyaa://batch/p", inputs=[source], outputs=[sink], guid=-3)

    result = client.upload_entities([source, sink, process])

    guids = result["guidAssignments"]
    lineage = client.get_entity_lineage(guids["-3"])
    assert {(r["fromEntityId"], r["toEntityId"]) for r in lineage["relations"]} == {
        (guids["-1"], guids["-3"]),
        (guids["-3"], guids["-2"]),
    }


def test_entities_are_uploaded_in_batches_that_keep_what_depends_together(client):
    entities = [AtlasEntity(f"e{n}", "DataSet", f"pyaa://batches/{n}", guid=-n) for n in range(1, 6)]

    results = client.upload_entities(entities, batch_size=2)

    assert sum(len(result["guidAssignments"]) for result in results) == 5


def test_entities_are_read_by_guid_by_name_and_as_headers(client, tables):
    source, sink = tables

    by_guid = client.get_entity(guid=[source["guid"], sink["guid"]])
    by_name = client.get_entity(
        qualifiedName=[source["qualifiedName"], "pyaa://missing"], typeName="azure_sql_table"
    )
    single = client.get_single_entity(guid=source["guid"])
    header = client.get_entity_header(guid=source["guid"])

    assert [e["guid"] for e in by_guid["entities"]] == [source["guid"], sink["guid"]]
    assert [e["guid"] for e in by_name["entities"]] == [source["guid"]]
    assert single["entity"]["guid"] == header["guid"] == source["guid"]


def test_an_entity_that_is_not_there_raises_its_code(client):
    with pytest.raises(AtlasException) as refused:
        client.get_single_entity(guid="00000000-0000-4000-8000-000000000000")

    assert code_of(refused) == "ATLAS-404-00-005"


def test_partial_updates_by_guid_and_by_name_keep_the_rest(client, tables):
    source = tables[0]
    upload_process(client, tables)

    client.partial_update_entity(guid=source["guid"], attributes={"description": "by guid"})
    client.partial_update_entity(
        typeName="azure_sql_table", qualifiedName=source["qualifiedName"], attributes={"owner": "by name"}
    )

    entity = client.get_single_entity(guid=source["guid"])["entity"]
    assert (entity["attributes"]["description"], entity["attributes"]["owner"]) == ("by guid", "by name")
    assert entity["relationshipAttributes"]["inputToProcesses"]


def test_the_outputs_of_a_process_are_overwritten_by_what_was_read_and_changed(client, tables):
    """As in its sample update_entity_and_lineage.py, which reads the outputs under attributes."""
    process_guid = upload_process(client, tables)
    process = client.get_single_entity(guid=process_guid)["entity"]
    assert [output["guid"] for output in process["attributes"]["outputs"]] == [tables[1]["guid"]]

    process["attributes"]["outputs"] = []
    process["relationshipAttributes"].pop("outputs")
    client.upload_entities([process])

    lineage = client.get_entity_lineage(process_guid)
    assert {r["fromEntityId"] for r in lineage["relations"]} == {tables[0]["guid"]}


def test_a_process_without_inputs_and_outputs_leaves_them_as_they_are(client, tables):
    guid = upload_process(client, tables)
    same = AtlasProcess(
        "p", "Process", f"{tables[0]['qualifiedName']}/process", inputs=None, outputs=None, guid=-1
    )

    client.upload_entities([same])

    assert len(client.get_entity_lineage(guid)["relations"]) == 2


def test_column_lineage_from_a_spreadsheets_rows_reaches_the_lineage_header(client, tables):
    source, sink = (table["qualifiedName"] for table in tables)
    mapped = EntityTypeDef(
        "pyaa_mapped_process", superTypes=["Process"], attributeDefs=[AtlasAttributeDef("columnMapping")]
    )
    client.upload_typedefs(entityDefs=[mapped], force_update=True)
    guid = upload_process(client, tables, "pyaa_mapped_process")
    row = {
        "Source qualifiedName": source,
        "Source column": "id",
        "Target qualifiedName": sink,
        "Target column": "key",
        "Process qualifiedName": f"{source}/process",
        "Process typeName": "pyaa_mapped_process",
        "Process name": "process",
    }

    client.upload_entities(Reader(ReaderConfiguration()).parse_column_mapping([row]))

    lineage = client.get_entity_lineage(tables[0]["guid"])
    assert json.loads(lineage["guidEntityMap"][guid]["attributes"]["columnMapping"]) == [
        {
            "DatasetMapping": {"Source": source, "Sink": sink},
            "ColumnMapping": [{"Source": "id", "Sink": "key"}],
        }
    ]
    assert len(lineage["relations"]) == 2


def test_columns_are_related_to_their_table(client, tables):
    table = tables[0]
    columns = [
        AtlasEntity(
            name,
            "azure_sql_column",
            f"{table['qualifiedName']}#{name}",
            guid=-10 - n,
            attributes={"data_type": "int"},
            relationshipAttributes={"table": {"guid": table["guid"]}},
        )
        for n, name in enumerate(("id", "key"))
    ]

    client.upload_entities(columns)

    shown = client.get_single_entity(guid=table["guid"])["entity"]["relationshipAttributes"]["columns"]
    assert {column["displayText"] for column in shown} == {"id", "key"}


def test_lineage_without_a_process_through_an_entitys_sources(client, tables):
    """As in its sample create_lineage_no_process.py."""
    source, sink = tables
    entity = AtlasEntity("sink", "azure_sql_table", sink["qualifiedName"], guid=-1)
    entity.addRelationship(sources=[{"guid": source["guid"]}])

    client.upload_entities([entity])

    [relation] = client.get_entity_lineage(source["guid"], direction="OUTPUT")["relations"]
    assert (relation["fromEntityId"], relation["toEntityId"]) == (source["guid"], sink["guid"])


def test_relationships_are_uploaded_read_and_deleted(client, tables):
    source, sink = tables
    body = {
        "typeName": "direct_lineage_dataset_dataset",
        "attributes": {"columnMapping": "[]"},
        "guid": -100,
        "end1": {"guid": source["guid"]},
        "end2": {"guid": sink["guid"]},
    }

    guid = client.upload_relationship(body)["guid"]
    read = client.get_relationship(guid)["relationship"]
    with pytest.raises(AtlasException) as refused:
        client.upload_relationship(body)
    client.delete_relationship(guid)

    assert read["attributes"] == {"columnMapping": "[]"}
    assert code_of(refused) == "ATLAS-409-00-004"
    assert client.get_entity_lineage(source["guid"])["relations"] == []


def test_the_next_level_of_lineage(client, tables):
    process = upload_process(client, tables)

    found = client.get_entity_next_lineage(tables[0]["guid"], "OUTPUT")

    assert set(found["guidEntityMap"]) == {process, tables[1]["guid"]}


def test_typedefs_are_uploaded_updated_listed_and_deleted(client):
    house = EntityTypeDef("pyaa_house", superTypes=["DataSet"])
    room = EntityTypeDef("pyaa_room", superTypes=["DataSet"])
    rooms = RelationshipTypeDef(
        "pyaa_house_rooms",
        relationshipCategory="COMPOSITION",
        endDef1=ParentEndDef("rooms", "pyaa_house"),
        endDef2=ChildEndDef("house", "pyaa_room"),
    )

    client.upload_typedefs(entityDefs=[house, room], relationshipDefs=[rooms])
    house.addAttributeDef(AtlasAttributeDef("street"))
    client.upload_typedefs(entityDefs=[house], force_update=True)

    read = client.get_typedef(name="pyaa_house")
    assert [attribute["name"] for attribute in read["attributeDefs"]] == ["street"]
    assert "rooms" in {attribute["name"] for attribute in read["relationshipAttributeDefs"]}
    listed = client.get_all_typedefs()
    client.delete_typedefs(
        relationshipDefs=[d for d in listed["relationshipDefs"] if d["name"] == "pyaa_house_rooms"],
        entityDefs=[d for d in listed["entityDefs"] if d["name"].startswith("pyaa_house")],
    )
    client.delete_type("pyaa_room")
    left = client.get_all_typedefs()["entityDefs"]
    assert {"pyaa_house", "pyaa_room"}.isdisjoint(definition["name"] for definition in left)


def test_its_validator_understands_the_type_definitions(client):
    validator = WhatIfValidator(type_defs=client.get_all_typedefs())
    known = AtlasEntity("t", "azure_sql_column", "pyaa://whatif#c", attributes={"data_type": "int"})
    unknown = AtlasEntity("t", "no_such_type", "pyaa://whatif")

    assert validator.entity_type_exists(known.to_json())
    assert not validator.entity_missing_attributes(known.to_json())
    assert not validator.entity_type_exists(unknown.to_json())


def test_search_finds_entities_page_by_page(client):
    entities = [AtlasEntity(f"needle {n}", "DataSet", f"pyaa://search/{n}", guid=-n) for n in range(1, 6)]
    guids = client.upload_entities(entities)["guidAssignments"]

    found = client.discovery.search_entities("needle", limit=2)
    filtered = client.discovery.search_entities("needle", search_filter={"typeName": "azure_sql_table"})

    assert {item["id"] for item in found} == set(guids.values())
    assert list(filtered) == []


def test_entities_are_deleted_by_guid_and_by_name(client, tables):
    source, sink = tables

    by_guid = client.delete_entity(guid=[source["guid"]])
    by_name = client.delete_entity(qualifiedName=sink["qualifiedName"], typeName="azure_sql_table")

    assert by_guid["mutatedEntities"]["DELETE"][0]["guid"] == source["guid"]
    assert by_name["mutatedEntities"]["DELETE"][0]["guid"] == sink["guid"]


def test_collections_are_made_and_take_entities_in(client, tables):
    [root] = [c["name"] for c in client.collections.list_collections() if "parentCollection" not in c]
    client.collections.create_or_update_collection("pyaa01", "Ours", root)

    client.collections.move_entities([tables[0]["guid"]], "pyaa01")
    created = client.collections.upload_entities(
        [AtlasEntity("c", "DataSet", "pyaa://collected", guid=-1)], "pyaa01"
    )

    for guid in (tables[0]["guid"], created["guidAssignments"]["-1"]):
        assert client.get_single_entity(guid=guid)["entity"]["collectionId"] == "pyaa01"
    client.delete_entity(guid=[tables[0]["guid"], created["guidAssignments"]["-1"]])
    client.collections.delete_collection("pyaa01")
    assert "pyaa01" not in {c["name"] for c in client.collections.list_collections()}
