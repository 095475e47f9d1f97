"""A client's mistakes are refused, never answered with a failure of the stand-in's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.datamap import relationships, search
from local.datamap.catalogue import Catalogue
from local.datamap.errors import Refused

KEYS = ["guid", "typeName", "uniqueAttributes", "qualifiedName", "attributes", "name", "type"]
TYPE_KEYS = ["name", "superTypes", "attributeDefs", "endDef1", "endDef2", "typeName", "type"]


def junk_of(keys):
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "DataSet", "-1", ""]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(keys), inner, max_size=4),
        max_leaves=8,
    )


junk = junk_of(KEYS)
type_names = st.sampled_from(["DataSet", "Process", "missing"]) | junk
values = junk | st.lists(st.fixed_dictionaries({"guid": st.sampled_from(["-1", "x", -1])}), max_size=2)
attributes = junk | st.dictionaries(
    st.sampled_from(["name", "qualifiedName", "inputs", "outputs", "description"]), values, max_size=5
)
entity_keys = {
    "guid": junk,
    "attributes": attributes,
    "relationshipAttributes": attributes,
    "lastModifiedTS": junk,
}
entities = junk | st.fixed_dictionaries({"typeName": type_names}, optional=entity_keys)
bodies = st.fixed_dictionaries(
    {"entities": st.lists(entities, max_size=3) | junk}, optional={"referredEntities": junk}
)
relationship_bodies = st.fixed_dictionaries(
    {"typeName": st.just("dataset_process_inputs") | junk},
    optional={"end1": values, "end2": values, "attributes": junk},
)


def attempt(question, *arguments):
    """Whether it was taken; anything but a refusal is a failure."""
    try:
        question(*arguments)
    except Refused as refused:
        return refused.status
    return 200


@settings(deadline=None, max_examples=200)
@given(bodies)
def test_any_bulk_is_taken_or_refused(body):
    assert attempt(Catalogue().upsert, body) < 500


@settings(deadline=None)
@given(relationship_bodies)
def test_any_relationship_is_refused_when_there_is_nothing_to_relate(body):
    catalogue = Catalogue()

    assert 400 <= attempt(relationships.create, catalogue.graph, body) < 500
    assert 400 <= attempt(relationships.update, catalogue.graph, body) < 500


definitions = st.fixed_dictionaries(
    {"name": st.just("a") | junk}, optional={k: junk_of(TYPE_KEYS) for k in TYPE_KEYS[1:]}
)


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["entityDefs", "relationshipDefs"]), st.lists(definitions | junk, max_size=2) | junk
    )
)
def test_any_type_definitions_are_taken_or_refused(body):
    assert attempt(Catalogue().registry.create, body) < 500


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["keywords", "limit", "offset", "filter", "continuationToken"]),
        junk_of(["and", "or", "not", "typeName", "attributeName", "operator"]),
    )
)
def test_any_search_is_answered_or_refused(body):
    assert attempt(search.query, Catalogue().graph, body) < 500


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b'"text"'])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/entity/bulk"),
        ("POST", "/entity"),
        ("POST", "/relationship"),
        ("PUT", "/relationship"),
        ("POST", "/types/typedefs"),
        ("POST", "/../../search/query"),
        ("POST", "/../../entity/moveTo"),
    ],
)
async def test_a_body_that_is_no_object_is_400(stand_in, method, path, body):
    assert (await stand_in.call(method, path, data=body)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"continuationToken": "x"},
        {"filter": [1]},
        {"filter": {"and": 1}},
        {"filter": {"attributeName": "name", "operator": "resembles"}},
        {"filter": {"typeName": 1}},
    ],
)
async def test_a_search_that_makes_no_sense_is_400(stand_in, body):
    assert (await stand_in.call("POST", "/../../search/query", json=body)).status == 400


@pytest.mark.parametrize(
    "query", [{"direction": "UP"}, {"depth": "deep"}, {"width": "-"}], ids=["direction", "depth", "width"]
)
async def test_lineage_with_wrong_parameters_is_400(stand_in, dataset, query):
    guid = await stand_in.guid(dataset("a"))

    response = await stand_in.call("GET", f"/lineage/{guid}", params=query)

    assert (response.status, (await response.json())["errorCode"]) == (400, "ATLAS-400-00-026")


async def test_a_route_by_unique_attribute_needs_the_attribute(stand_in):
    assert (await stand_in.call("GET", "/entity/uniqueAttribute/type/DataSet")).status == 400
