"""Reading lineage."""

import pytest

A_GUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def chain(datamap):
    """Guids by name: a -> p -> b -> q -> c."""
    a, b, c = (datamap.guid_of(datamap.entity(name)) for name in "abc")
    return {"a": a, "b": b, "c": c, "p": datamap.process("p", [a], [b]), "q": datamap.process("q", [b], [c])}


def arrows(chain, *names):
    return {(chain[start], chain[end]) for start, end in names}


ALL = ("ap", "pb", "bq", "qc")


@pytest.mark.parametrize(
    ("direction", "seen"), [("INPUT", ("ap", "pb")), ("OUTPUT", ("bq", "qc")), ("BOTH", ALL)]
)
def test_relations_run_with_the_data_whichever_way_was_asked(datamap, chain, direction, seen):
    wanted = arrows(chain, *seen)

    assert datamap.settled(lambda: datamap.arrows(chain["b"], direction=direction), wanted) == wanted


@pytest.mark.parametrize(("depth", "seen"), [(1, ("ap", "pb")), (2, ALL)])
def test_one_step_leads_from_dataset_through_process_to_dataset(datamap, chain, depth, seen):
    wanted = arrows(chain, *seen)

    assert datamap.settled(lambda: datamap.arrows(chain["a"], depth=depth), wanted) == wanted


def test_lineage_starts_at_a_process_as_well(datamap, chain):
    wanted = arrows(chain, "ap", "pb")

    assert datamap.settled(lambda: datamap.arrows(chain["p"], depth=1), wanted) == wanted


def test_lineage_is_found_by_qualified_name(datamap, chain):
    found = datamap.ok(
        "GET",
        "/lineage/uniqueAttribute/type/DataSet",
        params={"attr:qualifiedName": datamap.name("b"), "direction": "BOTH"},
    )

    assert found["baseEntityGuid"] == chain["b"]


def test_the_map_has_a_header_for_every_node(datamap, chain):
    def nodes():
        return set(datamap.lineage(chain["a"])["guidEntityMap"])

    assert datamap.settled(nodes, set(chain.values())) == set(chain.values())
    header = datamap.lineage(chain["a"])["guidEntityMap"][chain["p"]]
    assert (header["typeName"], header["status"]) == ("Process", "ACTIVE")
    assert header["attributes"]["qualifiedName"] == datamap.name("p")


@pytest.mark.purview_only
def test_an_entity_without_lineage_is_alone_on_its_map(datamap):
    guid = datamap.guid_of(datamap.entity("alone"))

    found = datamap.lineage(guid)

    assert set(found["guidEntityMap"]) == {guid}
    assert found["relations"] == found["parentRelations"] == []
    assert found["widthCounts"] == {"INPUT": {guid: 0}, "OUTPUT": {guid: 0}}


@pytest.mark.purview_only
def test_width_counts_have_the_asked_directions_and_count_neighbours(datamap, chain):
    counts = datamap.lineage(chain["c"], direction="INPUT")["widthCounts"]

    assert counts == {"INPUT": {chain[name]: 1 for name in "cqbp"} | {chain["a"]: 0}}


@pytest.mark.purview_only
def test_width_limits_the_neighbours_but_not_their_count(datamap):
    up = datamap.guid_of(datamap.entity("up"))
    downs = [datamap.guid_of(datamap.entity(f"down{n}")) for n in range(3)]
    for down in downs:
        datamap.relate("direct_lineage_dataset_dataset", up, down)

    found = datamap.lineage(up, width=2)

    assert len(found["relations"]) == 2
    assert found["widthCounts"]["OUTPUT"][up] == 3


@pytest.mark.purview_only
def test_a_direct_edge_is_one_step(datamap):
    a, b, c = (datamap.guid_of(datamap.entity(name)) for name in "abc")
    for start, end in ((a, b), (b, c)):
        datamap.relate("direct_lineage_dataset_dataset", start, end)

    assert datamap.arrows(a, depth=1) == {(a, b)}
    assert datamap.arrows(a, depth=2) == {(a, b), (b, c)}


@pytest.mark.purview_only
def test_a_relation_has_the_guid_of_its_relationship(datamap, chain):
    relations = datamap.lineage(chain["b"], direction="INPUT", depth=1)["relations"]

    types = {
        datamap.ok("GET", f"/relationship/guid/{r['relationshipId']}")["relationship"]["typeName"]
        for r in relations
    }
    assert types == {"dataset_process_inputs", "process_dataset_outputs"}


@pytest.mark.purview_only
def test_a_column_mapping_is_in_the_header_of_its_process(datamap):
    a, b = datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("b"))
    type_name = datamap.define("process", "Process", {"name": "columnMapping", "typeName": "string"})
    ends = {"inputs": [{"guid": a}], "outputs": [{"guid": b}]}
    process = datamap.guid_of(datamap.entity("p", type_name, columnMapping="[]", **ends))

    assert datamap.lineage(a)["guidEntityMap"][process]["attributes"]["columnMapping"] == "[]"


@pytest.mark.purview_only
def test_the_next_level_comes_without_the_base_entity(datamap, chain):
    found = datamap.purview("GET", f"/lineage/{chain['a']}/next", params={"direction": "OUTPUT"}).json()

    assert set(found["guidEntityMap"]) == {chain["p"], chain["b"]}
    assert found["widthCounts"] == {"OUTPUT": None}
    assert "parentRelations" not in found


@pytest.mark.purview_only
@pytest.mark.parametrize("direction", ["BOTH", None])
def test_the_next_level_has_one_direction(datamap, chain, direction):
    refused = datamap.purview("GET", f"/lineage/{chain['a']}/next", params={"direction": direction})

    assert (refused.status_code, refused.json()["errorCode"]) == (400, "ATLAS-400-00-029")


@pytest.mark.purview_only
def test_a_process_has_no_next_level(datamap, chain):
    refused = datamap.purview("GET", f"/lineage/{chain['p']}/next", params={"direction": "OUTPUT"})

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-006")


@pytest.mark.purview_only
def test_derived_lineage_of_what_is_no_parent_process_is_404_011(datamap, chain):
    refused = datamap.call(
        "GET", f"/lineage/{chain['a']}", params={"direction": "BOTH", "getDerivedLineage": "true"}
    )

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-011")


def test_lineage_of_an_unknown_guid_is_404_005(datamap):
    refused = datamap.call("GET", f"/lineage/{A_GUID}", params={"direction": "BOTH"})

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-005")


def test_lineage_of_what_is_neither_dataset_nor_process_is_404_011(datamap):
    guid = datamap.guid_of(datamap.entity("asset", datamap.define("asset", "Asset")))

    refused = datamap.call("GET", f"/lineage/{guid}", params={"direction": "BOTH"})

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-011")


def test_lineage_of_an_unknown_qualified_name_is_404_009(datamap):
    query = {"attr:qualifiedName": datamap.name("missing"), "direction": "BOTH"}

    refused = datamap.call("GET", "/lineage/uniqueAttribute/type/DataSet", params=query)

    assert (refused.status_code, refused.json()["errorCode"]) == (404, "ATLAS-404-00-009")
