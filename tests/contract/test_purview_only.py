"""What the Data Map adds to Atlas: search, collections, and the older base path."""

import pytest

pytestmark = pytest.mark.purview_only


def found_by(datamap, **body):
    result = datamap.purview("POST", "/search/query", json={"limit": 100} | body)
    assert result.ok, result.text
    return {item["id"] for item in result.json()["value"]}


def name_filter(operator, value):
    return {"attributeName": "qualifiedName", "operator": operator, "attributeValue": value}


def test_search_finds_an_entity_by_keyword_without_regard_to_case(datamap):
    name = f"Keyword{datamap.run}"
    guid = datamap.guid_of(datamap.entity(name))

    assert datamap.settled(lambda: found_by(datamap, keywords=name.upper()), {guid}) == {guid}


@pytest.mark.parametrize("operator", ["eq", "contains", "prefix"])
def test_search_filters_on_the_qualified_name_without_regard_to_case(datamap, operator):
    guid = datamap.guid_of(datamap.entity("MixedCase"))
    wanted = name_filter(operator, datamap.name("mixedcase"))

    assert datamap.settled(lambda: found_by(datamap, filter=wanted), {guid}) == {guid}


def test_search_combines_filters_on_type_and_name(datamap):
    dataset, process = datamap.guid_of(datamap.entity("a")), datamap.guid_of(datamap.entity("a", "Process"))
    named = name_filter("eq", datamap.name("a"))

    of_type = {"and": [named, {"entityType": "Process"}]}
    not_of_type = {"and": [named, {"not": {"entityType": "Process"}}]}

    assert datamap.settled(lambda: found_by(datamap, filter=of_type), {process}) == {process}
    assert datamap.settled(lambda: found_by(datamap, filter=not_of_type), {dataset}) == {dataset}


def test_search_includes_subtypes_when_asked(datamap):
    guid = datamap.guid_of(datamap.entity("a", "azure_sql_table"))
    named = name_filter("eq", datamap.name("a"))

    def of(**more):
        return found_by(datamap, filter={"and": [named, {"typeName": "DataSet"} | more]})

    assert datamap.settled(lambda: of(includeSubTypes=True), {guid}) == {guid}
    assert of() == set()


def test_search_counts_all_and_gives_them_in_pages(datamap):
    for n in range(3):
        datamap.guid_of(datamap.entity(f"page{n}"))
    body = {"filter": name_filter("prefix", datamap.name("page")), "limit": 2}

    def count():
        return datamap.purview("POST", "/search/query", json=body).json()["@search.count"]

    assert datamap.settled(count, 3) == 3
    first = datamap.purview("POST", "/search/query", json=body).json()
    second = datamap.purview("POST", "/search/query", json=body | {"offset": 2}).json()
    assert (len(first["value"]), len(second["value"])) == (2, 1)


def test_the_older_base_path_and_an_api_version_lead_to_the_same(datamap):
    guid = datamap.guid_of(datamap.entity("a"))

    for base in ("/datamap/api", "/catalog/api"):
        for query in ({}, {"api-version": "2023-09-01"}):
            url = f"{datamap.address}{base}/atlas/v2/entity/guid/{guid}"
            assert datamap.session.get(url, params=query, timeout=30).json()["entity"]["guid"] == guid


def test_an_entity_says_which_collection_it_is_in(datamap):
    assert datamap.read(datamap.guid_of(datamap.entity("a")))["collectionId"]


def test_collections_are_listed_by_their_names(datamap):
    listed = datamap.session.get(
        f"{datamap.address}/account/collections", params={"api-version": "2019-11-01-preview"}, timeout=30
    ).json()

    assert all(collection["name"] and collection["friendlyName"] for collection in listed["value"])
