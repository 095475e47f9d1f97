"""The lineage around a dataset, over HTTP."""

from uuid import uuid4

import pytest
import requests

SERVER = "mssql://around.database.windows.net"
TABLE = "azure_sql_table"


@pytest.fixture
def look(app):
    """Asks with these parameters; answers the response."""

    def get(**parameters):
        return requests.get(
            f"{app.addresses.functions}/api/lineage",
            params=parameters,
            headers={"x-functions-key": app.addresses.functionKey},
            timeout=60,
        )

    return get


@pytest.fixture
def chain(app, catalogue, unique):
    """Raw -> load -> clean -> gold: the qualifiedName and guid of each table."""
    names = [f"{SERVER}/{unique}/dbo/{name}" for name in ("raw", "clean", "gold")]
    guids = catalogue.scan(dict.fromkeys(names, TABLE))
    process = {"name": unique, "namespace": "around"}
    assert app.post({"source": names[0], "target": names[1], "process": process}).status_code == 200
    assert app.post({"source": names[1], "target": names[2]}).status_code == 200
    return [(name, guids[name]) for name in names]


def test_the_lineage_around_a_dataset_is_told_both_ways(look, chain, unique):
    (raw, _), (clean, guid), (gold, _) = chain

    answer = look(typeName=TABLE, qualifiedName=clean)

    assert answer.status_code == 200, answer.text
    graph = answer.json()
    names = {node["guid"]: node["qualifiedName"] for node in graph["nodes"]}
    load = f"lineage://around/{unique}"
    assert graph["base"] == guid
    assert {(names[edge["from"]], names[edge["to"]]) for edge in graph["edges"]} == {
        (raw, load),
        (load, clean),
        (clean, gold),
    }
    assert (graph["cutOff"], graph["warnings"]) == ([], [])
    assert {"guid": guid, "typeName": TABLE, "name": "clean", "qualifiedName": clean} in graph["nodes"]


def test_one_way_and_fewer_steps_can_be_asked_for(look, chain):
    (raw, _), _, (gold, guid) = chain

    near = look(guid=guid, direction="upstream", depth=1).json()
    nothing = look(guid=guid, direction="downstream").json()

    assert raw not in [node["qualifiedName"] for node in near["nodes"]]
    assert len(near["edges"]) == 1
    assert [node["qualifiedName"] for node in nothing["nodes"]] == [gold]


def test_a_dataset_under_another_spelling_is_found_and_that_is_said(look, catalogue, unique):
    view = f"{SERVER}/{unique}/dbo/view"
    guid = catalogue.scan({view: "azure_sql_view"})[view]

    graph = look(typeName=TABLE, qualifiedName=view).json()

    assert graph["base"] == guid
    assert graph["warnings"] == [f"found as azure_sql_view {view}"]


@pytest.mark.parametrize(
    ("parameters", "path", "message"),
    [
        ({}, "", "give either guid, or typeName with qualifiedName"),
        ({"guid": "7"}, "guid", "not a guid"),
        ({"typeName": TABLE}, "", "give either"),
        ({"guid": str(uuid4()), "typeName": TABLE, "qualifiedName": "x"}, "", "give either"),
        ({"guid": str(uuid4()), "depth": "99"}, "depth", "31"),
        ({"guid": str(uuid4()), "depth": "deep"}, "depth", "integer"),
        ({"guid": str(uuid4()), "direction": "sideways"}, "direction", "upstream"),
        ({"guid": str(uuid4()), "size": "9"}, "size", "no such field"),
    ],
)
def test_a_question_that_cannot_be_understood_is_a_problem_that_names_the_parameter(
    look, parameters, path, message
):
    answer = look(**parameters)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["path"] == path
    assert message in error["message"]


NOBODY = "6d1f3c1e-0000-4000-8000-000000000404"  # no entity has it
NOWHERE = f"{SERVER}/{NOBODY}/dbo/nowhere"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"guid": NOBODY}, NOBODY),
        ({"typeName": TABLE, "qualifiedName": NOWHERE}, NOWHERE),
        ({"typeName": "no_such_type", "qualifiedName": "x://y"}, "no_such_type"),
    ],
)
def test_what_is_not_there_is_not_found_and_named(look, parameters, named):
    answer = look(**parameters)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:purview-lineage:problem:unknown-dataset"
    assert named in answer.json()["detail"]


@pytest.mark.needs_keys
def test_it_needs_a_key_which_may_be_in_the_query(app, chain):
    _, (_, guid), _ = chain

    assert app.get(f"/api/lineage?guid={guid}", key=False).status_code == 401
    assert app.get(f"/api/lineage?guid={guid}&code={app.addresses.functionKey}", key=False).status_code == 200
