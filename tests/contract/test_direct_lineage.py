"""`direct_lineage_dataset_dataset`: lineage without a process, which only Purview has."""

import json

import pytest

pytestmark = pytest.mark.purview_only

TYPE = "direct_lineage_dataset_dataset"
MAPPING = json.dumps([{"Source": "id", "Sink": "id"}])


@pytest.fixture
def pair(datamap):
    """Two datasets, upstream and downstream."""
    return datamap.guid_of(datamap.entity("up")), datamap.guid_of(datamap.entity("down"))


def mapping(datamap, guid):
    return datamap.ok("GET", f"/relationship/guid/{guid}")["relationship"]["attributes"]["columnMapping"]


def test_the_first_end_is_upstream_of_the_second(datamap, pair):
    datamap.relate(TYPE, *pair)

    assert datamap.settled(lambda: datamap.arrows(pair[0]), {pair}) == {pair}


def test_upstream_lists_its_sinks_and_downstream_its_sources(datamap, pair):
    up, down = pair
    datamap.relate(TYPE, *pair)

    assert datamap.settled(lambda: datamap.related(up, "sinks"), {down}) == {down}
    assert datamap.settled(lambda: datamap.related(down, "sources"), {up}) == {up}
    assert datamap.related(up, "sources") == datamap.related(down, "sinks") == set()


def test_the_other_direction_is_another_relationship(datamap, pair):
    up, down = pair

    assert datamap.relate(TYPE, up, down).ok
    assert datamap.relate(TYPE, down, up).ok


def test_the_same_again_is_409_even_with_another_mapping(datamap, pair):
    datamap.relate(TYPE, *pair)

    again = datamap.relate(TYPE, *pair, attributes={"columnMapping": MAPPING})

    assert (again.status_code, again.json()["errorCode"]) == (409, "ATLAS-409-00-004")


def test_a_column_mapping_is_kept(datamap, pair):
    created = datamap.relate(TYPE, *pair, attributes={"columnMapping": MAPPING}).json()

    assert created["attributes"]["columnMapping"] == MAPPING
    assert datamap.settled(lambda: mapping(datamap, created["guid"]), MAPPING) == MAPPING


def test_a_column_mapping_is_changed_by_put_without_the_ends(datamap, pair):
    guid = datamap.relate(TYPE, *pair).json()["guid"]

    datamap.ok(
        "PUT",
        "/relationship",
        json={"guid": guid, "typeName": TYPE, "attributes": {"columnMapping": MAPPING}},
    )

    assert datamap.settled(lambda: mapping(datamap, guid), MAPPING) == MAPPING


def test_a_put_without_attributes_keeps_the_column_mapping(datamap, pair):
    guid = datamap.relate(TYPE, *pair, attributes={"columnMapping": MAPPING}).json()["guid"]

    datamap.ok("PUT", "/relationship", json={"guid": guid, "typeName": TYPE})

    assert mapping(datamap, guid) == MAPPING


def test_a_process_cannot_be_an_end(datamap, pair):
    process = datamap.guid_of(datamap.entity("p", "Process"))

    refused = datamap.relate(TYPE, pair[0], process)

    assert (refused.status_code, refused.json()["errorCode"]) == (400, "ATLAS-400-00-036")


def test_sources_on_the_downstream_entity_make_the_relationship_and_replace_others(datamap, pair):
    up, down = pair
    other = datamap.guid_of(datamap.entity("other"))
    datamap.relate(TYPE, other, down)

    datamap.upsert(datamap.entity("down") | {"relationshipAttributes": {"sources": [{"guid": up}]}})

    assert datamap.settled(lambda: datamap.related(down, "sources"), {up}) == {up}
    assert datamap.settled(lambda: datamap.related(other, "sinks"), set()) == set()


def test_an_edge_shows_its_column_mapping_on_the_entity(datamap, pair):
    datamap.relate(TYPE, *pair, attributes={"columnMapping": MAPPING})

    [shown] = datamap.read(pair[1])["relationshipAttributes"]["sources"]

    assert shown["relationshipAttributes"] == {"typeName": TYPE, "attributes": {"columnMapping": MAPPING}}
