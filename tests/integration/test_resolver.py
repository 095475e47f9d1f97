"""The resolver against a Data Map: what it finds, what it says of what it does not find, and what looking costs."""

import asyncio

import pytest

from lineage.errors import (
    DatasetMissing,
    Fate,
    InvalidRequest,
    NotAuthorized,
    ReferenceMissing,
    Unavailable,
)
from lineage.naming import Rules
from lineage.outcomes import WrittenEntity
from lineage.plan import Node
from lineage.request import read_request
from lineage.resolver import Resolver

TABLE = "azure_sql_table"
BY_NAME = "GET /entity/bulk/uniqueAttribute/type/{typeName}"
BY_GUID = "GET /entity/bulk"
NO_REFERENCE = ReferenceMissing("Relationship end is invalid", http_status=400, error_code="ATLAS-400-00-07D")


@pytest.fixture
def resolver(client):
    return Resolver(client)


@pytest.fixture
def named(account):
    """A dataset by type and qualifiedName."""

    def named(suffix, type_name="DataSet", **more):
        return {"typeName": type_name, "qualifiedName": account.name(suffix), **more}

    return named


def direct(inputs, outputs, **more):
    return read_request({"inputs": inputs, "outputs": outputs, **more})


def said(caught):
    return [(mistake.path, mistake.message) for mistake in caught.value.mistakes]


# What is found


async def test_datasets_are_found_by_name_with_the_type_and_guid_they_have(resolver, account, named):
    up, down = account.entity("up"), account.entity("down", TABLE)

    resolved = await resolver.resolve(direct([named("up")], [named("down", TABLE)]), "fail")

    assert resolved.nodes == {
        "inputs.0": Node("DataSet", account.name("up"), up),
        "outputs.0": Node(TABLE, account.name("down"), down),
    }
    assert resolved.warnings == ()


async def test_a_dataset_named_by_a_supertype_has_its_own_type(resolver, account, named):
    guid = account.entity("orders", TABLE)
    other = account.entity("other")

    resolved = await resolver.resolve(direct([named("orders")], [other]), "fail")

    assert resolved.nodes["inputs.0"] == Node(TABLE, account.name("orders"), guid)


async def test_datasets_of_one_type_cost_one_call_and_once_known_none(resolver, account, named):
    account.entities("a", "b", "c")
    request = direct([named("a"), named("b")], [named("c")])

    with account.counting() as first:
        found = await resolver.resolve(request, "fail")
    with account.counting() as again:
        remembered = await resolver.resolve(request, "fail")

    assert (first, again) == ({BY_NAME: 1}, {})
    assert remembered == found


async def test_each_type_costs_a_call(resolver, account, named):
    account.entity("a"), account.entity("b", TABLE), account.entity("c", "hive_table")

    with account.counting() as counted:
        await resolver.resolve(direct([named("a"), named("b", TABLE)], [named("c", "hive_table")]), "fail")

    assert counted == {BY_NAME: 3}


async def test_requests_at_the_same_time_share_their_calls(resolver, account, named):
    account.entities("shared", *(f"own-{number}" for number in range(20)))
    requests = [direct([named("shared")], [named(f"own-{number}")]) for number in range(20)]

    with account.counting() as counted:
        resolved = await asyncio.gather(*(resolver.resolve(request, "fail") for request in requests))

    assert counted == {BY_NAME: 1}
    assert len({one.nodes["inputs.0"].guid for one in resolved}) == 1
    assert len({one.nodes["outputs.0"].guid for one in resolved}) == 20


async def test_hundreds_of_datasets_cost_a_few_calls(resolver, account, named):
    suffixes = [f"n{number}" for number in range(250)]
    account.entities(*suffixes)
    other = account.entity("other")

    with account.counting() as counted:
        resolved = await resolver.resolve(direct([named(suffix) for suffix in suffixes], [other]), "fail")

    assert [resolved.nodes[f"inputs.{number}"].qualified_name for number in range(250)] == list(
        map(account.name, suffixes)
    )
    assert 3 <= counted[BY_NAME] <= 9


async def test_a_guid_is_taken_at_its_word(resolver, account, nobody):
    with account.counting() as counted:
        resolved = await resolver.resolve(direct([nobody.upper()], [{"guid": nobody}]), "fail")

    assert counted == {}
    assert set(resolved.nodes.values()) == {Node("DataSet", None, nobody)}


async def test_a_guid_is_looked_up_where_columns_of_a_process_need_its_name(resolver, account):
    up, down = account.entities("up", "down")
    columns = [{"source": "a", "target": "b"}]
    request = direct([up.upper()], [down], process={"name": "load"}, columns=columns)

    with account.counting() as first:
        resolved = await resolver.resolve(request, "fail")
    with account.counting() as again:
        await resolver.resolve(request, "fail")

    assert (first, again) == ({BY_GUID: 1}, {})
    assert resolved.nodes == {
        "inputs.0": Node("DataSet", account.name("up"), up),
        "outputs.0": Node("DataSet", account.name("down"), down),
    }


@pytest.mark.parametrize(
    "more", [{"process": {"name": "load"}}, {"columns": [{"source": "a", "target": "b"}]}]
)
async def test_a_guid_is_not_looked_up_where_nothing_needs_its_name(resolver, account, nobody, more):
    with account.counting() as counted:
        await resolver.resolve(direct([nobody], [nobody], **more), "fail")

    assert counted == {}


async def test_a_dataset_of_a_column_is_found_like_any_other(resolver, account, named):
    a, b = account.entities("a", "b")
    columns = [
        {"source": {"dataset": named("a"), "column": "x"}, "target": "z"},
        {"source": {"dataset": b, "column": "y"}, "target": "z"},
    ]

    resolved = await resolver.resolve(
        direct([named("a"), named("b")], [named("c")], columns=columns), "create"
    )

    assert resolved.nodes["columns.0.source.dataset"].guid == a
    assert resolved.nodes["columns.1.source.dataset"].guid == b


async def test_names_go_through_the_naming_rules(resolver, account):
    guid = account.entity("load", "Process")
    lake = f"https://l{account.run}.dfs.core.windows.net/silver/orders"
    body = {
        "entities": [
            {"typeName": "azure_datalake_gen2_path", "attributes": {"name": "o", "qualifiedName": lake}}
        ]
    }
    (orders,) = account.atlas("POST", "/entity/bulk", json=body)["guidAssignments"].values()
    spellings = [
        lake,
        f"abfss://silver@l{account.run}.dfs.core.windows.net/orders",
        {"namespace": f"abfss://silver@l{account.run}.dfs.core.windows.net", "name": "/orders"},
    ]

    resolved = await resolver.resolve(direct(spellings, [guid]), "fail")

    assert {resolved.nodes[f"inputs.{number}"].guid for number in range(3)} == {orders}


async def test_a_users_own_rules_come_first(client, account):
    guid = account.entity("orders")
    rules = Rules.parse(
        '[{"namespace": "mine", "name": "{table}", "typeName": "DataSet", '
        f'"qualifiedName": "test://{account.run}/{{table}}"}}]'
    )

    resolved = await Resolver(client, rules).resolve(
        direct([{"namespace": "mine", "name": "orders"}], [guid]),
        "fail",
    )

    assert resolved.nodes["inputs.0"].guid == guid


# What is not understood


async def test_names_that_no_rule_understands_are_all_said_before_anything_is_looked_up(
    resolver, account, named
):
    columns = [
        {"source": {"dataset": "??", "column": "x"}, "target": {"dataset": named("b"), "column": "y"}},
    ]
    request = direct(["my table", named("a")], [{"namespace": "nowhere", "name": "b c"}], columns=columns)

    with account.counting() as counted, pytest.raises(InvalidRequest) as caught:
        await resolver.resolve(request, "wait")

    assert counted == {}
    assert said(caught) == [
        ("inputs.0", "no naming rule understands 'my table': write typeName and qualifiedName"),
        (
            "outputs.0",
            (
                "no naming rule understands the namespace 'nowhere' with the name 'b c': "
                "write typeName and qualifiedName"
            ),
        ),
        (
            "columns.0.source.dataset",
            "no naming rule understands '??': write typeName and qualifiedName",
        ),
    ]


async def test_a_type_that_does_not_exist_is_said_at_each_dataset_of_it(resolver, named):
    request = direct([named("a", "no_such_type"), named("b", "no_such_type")], [named("c", "no_such_type")])

    with pytest.raises(InvalidRequest) as caught:
        await resolver.resolve(request, "create")

    message = "ATLAS-400-00-014: Type ENTITY with name no_such_type does not exist"
    assert sorted(said(caught)) == [("inputs.0", message), ("inputs.1", message), ("outputs.0", message)]


# What is not there


@pytest.mark.parametrize(("on_missing", "fate"), [("wait", Fate.DEFERRED), ("fail", Fate.DEAD)])
async def test_every_dataset_that_is_not_there_is_said(resolver, account, named, on_missing, fate):
    account.entity("there")
    request = direct([named("there"), named("gone", TABLE)], [named("away")])

    with pytest.raises(DatasetMissing) as caught:
        await resolver.resolve(request, on_missing)

    assert said(caught) == [
        ("inputs.1", f"no {TABLE} has the qualifiedName {account.name('gone')}"),
        ("outputs.0", f"no DataSet has the qualifiedName {account.name('away')}"),
    ]
    assert caught.value.fate is fate


async def test_a_deleted_dataset_is_not_there(resolver, account, named):
    account.delete(account.entity("gone"))

    with pytest.raises(DatasetMissing):
        await resolver.resolve(direct([named("gone")], [named("gone")]), "fail")


async def test_what_is_missing_is_looked_for_again_each_time(resolver, account, named):
    request = direct([named("late")], [account.entity("down")])
    with pytest.raises(DatasetMissing):
        await resolver.resolve(request, "wait")

    guid = account.entity("late")

    assert (await resolver.resolve(request, "wait")).nodes["inputs.0"].guid == guid


async def test_a_missing_dataset_is_created_if_that_is_asked_for(resolver, account, named):
    request = direct(
        [
            named("plain"),
            named("called", displayName="Orders"),
            f"https://x{account.run}.dfs.core.windows.net/a/b.csv",
        ],
        [account.entity("down")],
    )

    nodes = (await resolver.resolve(request, "create")).nodes

    assert nodes["inputs.0"] == Node("DataSet", account.name("plain"), None, "plain")
    assert nodes["inputs.1"] == Node("DataSet", account.name("called"), None, "Orders")
    assert nodes["inputs.2"].display_name == "b.csv"


async def test_what_is_to_be_removed_need_not_be_there(resolver, named, nobody):
    request = direct([named("gone"), nobody], [named("gone")], action="remove")

    nodes = (await resolver.resolve(request, "fail")).nodes

    assert [nodes[path].guid for path in ("inputs.0", "inputs.1", "outputs.0")] == [None, nobody, None]


@pytest.mark.parametrize("on_missing", ["wait", "fail", "create"])
async def test_a_guid_that_is_not_there_is_said_where_its_name_is_needed(
    resolver, account, nobody, on_missing
):
    """A guid is given by Purview: there is nothing to create it from."""
    columns = [{"source": {"dataset": nobody, "column": "a"}, "target": "b"}]
    gone = account.entity("gone")
    account.delete(gone)
    inputs = [account.entity("up"), nobody]

    with pytest.raises(DatasetMissing) as caught:
        await resolver.resolve(direct(inputs, [gone], process={"name": "load"}, columns=columns), on_missing)

    assert sorted(said(caught)) == [
        ("columns.0.source.dataset", f"no entity has the guid {nobody}"),
        ("inputs.1", f"no entity has the guid {nobody}"),
        ("outputs.0", f"no entity has the guid {gone}"),
    ]
    assert caught.value.fate is (Fate.DEAD if on_missing == "fail" else Fate.DEFERRED)


async def test_removing_never_waits_for_a_guid_whose_name_columns_would_need(resolver, account, nobody):
    columns = [{"source": {"dataset": nobody, "column": "a"}, "target": "b"}]
    request = direct(
        [nobody], [account.entity("down")], process={"name": "load"}, columns=columns, action="remove"
    )

    nodes = (await resolver.resolve(request, "wait")).nodes

    assert nodes["inputs.0"].guid == nodes["columns.0.source.dataset"].guid == nobody


# What is there under another spelling


@pytest.fixture
def lake(account):
    """Names of files in a lake of the test's own, and entities for them."""

    def lake(path, type_name="azure_datalake_gen2_path", *, endpoint="dfs", scanned=True):
        name = f"https://l{account.run}.{endpoint}.core.windows.net/silver/{path}"
        if scanned:
            entity = {"typeName": type_name, "attributes": {"name": path, "qualifiedName": name}}
            account.atlas("POST", "/entity/bulk", json={"entities": [entity]})
        return name

    return lake


@pytest.mark.parametrize("on_missing", ["wait", "create", "fail"])
async def test_the_only_one_that_comes_near_is_used_and_said(resolver, account, lake, on_missing):
    scanned = lake("orders/")
    asked = lake("orders", scanned=False)

    resolved = await resolver.resolve(direct([asked], [account.entity("down")]), on_missing)

    assert resolved.nodes["inputs.0"].qualified_name == scanned
    assert resolved.warnings == (
        f"inputs.0: azure_datalake_gen2_path {asked} was found as azure_datalake_gen2_path {scanned}",
    )


@pytest.mark.parametrize("on_missing", ["wait", "create", "fail"])
async def test_of_several_that_come_near_none_is_chosen(resolver, account, lake, on_missing):
    slash, blob = lake("orders/"), lake("orders", "azure_blob_path", endpoint="blob")
    asked = lake("orders", scanned=False)

    with pytest.raises(DatasetMissing) as caught:
        await resolver.resolve(direct([asked], [account.entity("down")]), on_missing)

    assert said(caught) == [
        (
            "inputs.0",
            (
                f"no azure_datalake_gen2_path has the qualifiedName {asked}; several come near, name the one you mean: "
                f"azure_datalake_gen2_path {slash}, azure_blob_path {blob}"
            ),
        ),
    ]


@pytest.mark.parametrize("on_missing", ["wait", "fail"])
async def test_removing_never_waits_for_one_of_several_that_come_near(resolver, account, lake, on_missing):
    """None of them is the one that is named, so there is nothing of it to take away."""
    lake("orders/"), lake("orders", "azure_blob_path", endpoint="blob")
    asked = lake("orders", scanned=False)
    request = direct([asked], [account.entity("down")], action="remove")

    nodes = (await resolver.resolve(request, on_missing)).nodes

    assert (nodes["inputs.0"].qualified_name, nodes["inputs.0"].guid) == (asked, None)


async def test_the_exact_name_counts_more_than_what_comes_near(resolver, account, lake):
    lake("orders/")
    exact = lake("orders")

    resolved = await resolver.resolve(direct([exact], [account.entity("down")]), "fail")

    assert (resolved.nodes["inputs.0"].qualified_name, resolved.warnings) == (exact, ())


async def test_a_view_is_found_where_a_pipeline_says_table(resolver, account, named):
    guid = account.entity("orders", "azure_sql_view")

    resolved = await resolver.resolve(direct([named("orders", TABLE)], [account.entity("down")]), "fail")

    assert resolved.nodes["inputs.0"] == Node("azure_sql_view", account.name("orders"), guid)


# What expires in the middle


@pytest.fixture
def forgetful(client, monkeypatch):
    """A resolver that has forgotten everything by the time it looks again."""
    monkeypatch.setattr("lineage.catalogue.REMEMBERED_FOR", 0.0)
    monkeypatch.setattr("lineage.catalogue.NEAR_FOR", 0.0)
    return Resolver(client)


async def test_what_was_found_counts_even_if_it_is_forgotten_at_once(forgetful, account, named, lake):
    up, down = account.entity("up"), account.entity("down", TABLE)
    scanned, asked = lake("orders/"), lake("orders", scanned=False)
    columns = [{"source": {"dataset": named("up"), "column": "a"}, "target": "b"}]

    for more in ({}, {"process": {"name": "load"}}, {"process": {"name": "load"}, "columns": columns}):
        nodes = (await forgetful.resolve(direct([named("up"), asked], [down], **more), "wait")).nodes

        assert (nodes["inputs.0"].guid, nodes["outputs.0"].guid) == (up, down)
        assert nodes["inputs.1"].qualified_name == scanned


async def test_several_that_come_near_are_said_even_if_they_are_forgotten_at_once(forgetful, account, lake):
    lake("orders/"), lake("orders", "azure_blob_path", endpoint="blob")
    asked = lake("orders", scanned=False)

    with pytest.raises(DatasetMissing, match="several come near"):
        await forgetful.resolve(direct([asked], [account.entity("down")]), "create")


async def test_a_guid_keeps_its_name_even_if_it_is_forgotten_at_once(forgetful, account):
    up, down = account.entities("up", "down")
    request = direct([up], [down], process={"name": "load"}, columns=[{"source": "a", "target": "b"}])

    nodes = (await forgetful.resolve(request, "wait")).nodes

    assert [node.qualified_name for node in nodes.values()] == [account.name("up"), account.name("down")]


# What a write finds out


async def test_a_written_dataset_is_known_without_looking(resolver, account, named, nobody):
    down = account.entity("down")
    written = WrittenEntity(
        guid=nobody, type_name="DataSet", qualified_name=account.name("new"), result="created"
    )
    seen = WrittenEntity(guid=down, type_name="DataSet", qualified_name=account.name("x"), result="unchanged")

    resolver.remember([written, seen])
    with account.counting() as counted:
        resolved = await resolver.resolve(direct([named("new")], [down]), "fail")

    assert counted == {}
    assert resolved.nodes["inputs.0"].guid == nobody
    with pytest.raises(DatasetMissing):
        await resolver.resolve(direct([named("x")], [down]), "fail")


async def test_a_guid_that_the_data_map_names_is_the_missing_one(resolver, account, nobody):
    up = account.entity("up")
    nodes = {"inputs.0": Node("DataSet", None, up), "outputs.0": Node("DataSet", None, nobody)}
    answer = ReferenceMissing(f"Referenced entity {nobody} is not found", error_code="ATLAS-404-00-00A")

    with account.counting() as counted:
        error = await resolver.missing(nodes, "wait", answer)

    assert counted == {}
    assert [(mistake.path, mistake.message) for mistake in error.mistakes] == [
        ("outputs.0", f"no entity has the guid {nobody}"),
    ]
    assert (error.fate, error.answer) == (Fate.DEFERRED, answer)


@pytest.mark.parametrize(
    ("on_missing", "fate"), [("wait", Fate.DEFERRED), ("create", Fate.DEFERRED), ("fail", Fate.DEAD)]
)
async def test_where_the_data_map_names_none_it_is_asked_for_all_that_are_missing(
    resolver, account, nobody, on_missing, fate
):
    up, gone = account.entities("up", "gone")
    account.delete(gone)
    nodes = {
        "inputs.0": Node("DataSet", None, up),
        "inputs.1": Node("DataSet", None, gone),
        "outputs.0": Node("DataSet", None, nobody),
        "outputs.1": Node("DataSet", account.name("new"), None),
    }

    error = await resolver.missing(nodes, on_missing, NO_REFERENCE)

    assert {(mistake.path, mistake.message) for mistake in error.mistakes} == {
        ("inputs.1", f"no entity has the guid {gone}"),
        ("outputs.0", f"no entity has the guid {nobody}"),
    }
    assert error.fate is fate
    assert error.facts()["errorCode"] == "ATLAS-400-00-07D"


async def test_a_dataset_that_turned_out_missing_is_forgotten(resolver, account, named):
    guid = account.entity("orders")
    down = account.entity("down")
    request = direct([named("orders")], [down])
    nodes = (await resolver.resolve(request, "wait")).nodes
    account.delete(guid)

    assert (await resolver.resolve(request, "wait")).nodes == nodes
    await resolver.missing(nodes, "wait", NO_REFERENCE)

    with pytest.raises(DatasetMissing):
        await resolver.resolve(request, "wait")
    again = account.entity("orders")
    assert (await resolver.resolve(request, "wait")).nodes["inputs.0"].guid == again


# A Data Map that is not well


@pytest.mark.parametrize(
    ("failure", "kind"),
    [({"status": 403, "next": 1}, NotAuthorized), ({"status": 500, "next": 1}, Unavailable)],
)
async def test_a_failure_to_look_is_no_missing_dataset(resolver, account, named, failure, kind):
    guid = account.entity("up")
    request = direct([named("up")], [guid])
    account.misbehave(failure)

    with pytest.raises(kind):
        await resolver.resolve(request, "create")

    assert (await resolver.resolve(request, "create")).nodes["inputs.0"].guid == guid
