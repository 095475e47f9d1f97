"""What the app knows of a Data Map's datasets: found, near, of unknown types, gone; and what asking costs."""

import asyncio

import pytest

from lineage.catalogue import Catalogue, Found
from lineage.naming import Asset
from lineage.outcomes import WrittenEntity
from lineage.plan import Node

BY_NAME = "GET /entity/bulk/uniqueAttribute/type/{typeName}"
BY_GUID = "GET /entity/bulk"


@pytest.fixture
def catalogue(client):
    return Catalogue(client)


@pytest.fixture
def asset(account):
    def asset(suffix, type_name="DataSet"):
        return Asset(type_name, account.name(suffix))

    return asset


@pytest.fixture
def node(account):
    def node(suffix, guid, type_name="DataSet"):
        return Node(type_name, account.name(suffix), guid)

    return node


async def test_each_asset_is_found_or_not(catalogue, account, asset, node):
    there, view = account.entity("there"), account.entity("v", "azure_sql_view")
    unknown = asset("x", "no_such_type")
    table = asset("v", "azure_sql_table")

    found = await catalogue.find([asset("there"), asset("gone"), unknown, table])

    assert found[asset("there")] == Found(node("there", there))
    assert found[asset("gone")] == Found()
    assert found[table] == Found(near=(node("v", view, "azure_sql_view"),))
    assert "no_such_type" in found[unknown].unknown_type
    assert await catalogue.find([]) == {}


async def test_what_was_found_is_remembered_and_what_was_not_is_looked_for_again(catalogue, account, asset):
    account.entity("there")
    await catalogue.find([asset("there"), asset("late")])
    late = account.entity("late")

    with account.counting() as counted:
        found = await catalogue.find([asset("there"), asset("late")])

    assert counted == {BY_NAME: 1}
    assert found[asset("late")].node.guid == late


async def test_other_spellings_are_not_looked_for_again_at_once(catalogue, account, asset):
    table = asset("gone", "azure_sql_table")
    with account.counting() as first:
        await catalogue.find([table])
    with account.counting() as again:
        await catalogue.find([table])

    assert first[BY_NAME] > again[BY_NAME] == 1


async def test_many_who_ask_at_once_share_a_call(catalogue, account, asset):
    guid = account.entity("there")

    with account.counting() as counted:
        found = await asyncio.gather(*(catalogue.find([asset("there")]) for _ in range(50)))

    assert counted == {BY_NAME: 1}
    assert {each[asset("there")].node.guid for each in found} == {guid}


async def test_a_guid_that_does_not_exist_costs_the_others_nothing_but_calls(
    catalogue, account, node, nobody
):
    up, gone = account.entities("up", "gone")
    account.delete(gone)

    found = await catalogue.find_guids([up, nobody, gone])
    with account.counting() as counted:
        again = await catalogue.find_guids([up])

    assert found == {up: node("up", up), nobody: None, gone: None}
    assert (again, counted) == ({up: node("up", up)}, {})


async def test_guids_that_the_data_map_names_are_gone_without_asking(catalogue, account, nobody):
    up = account.entity("up")

    with account.counting() as counted:
        gone = await catalogue.gone({up, nobody}, f"Referenced entity {nobody} is not found")

    assert (gone, counted) == ({nobody}, {})


async def test_where_it_names_none_all_that_are_gone_are_found(catalogue, account, nobody):
    up, deleted = account.entities("up", "deleted")
    account.delete(deleted)

    assert await catalogue.gone({up, deleted, nobody}, "Relationship end is invalid") == {deleted, nobody}
    assert await catalogue.gone({up}, "Relationship end is invalid") == set()
    assert await catalogue.gone(set(), "Relationship end is invalid") == set()


async def test_what_a_write_created_is_known_and_what_turned_out_to_be_gone_is_not(
    catalogue, account, asset, nobody
):
    created = WrittenEntity(
        guid=nobody, type_name="DataSet", qualified_name=account.name("new"), result="created"
    )
    catalogue.remember([created])
    with account.counting() as counted:
        known = await catalogue.find([asset("new")])

    catalogue.forget({nobody})

    assert (known[asset("new")].node.guid, counted) == (nobody, {})
    assert await catalogue.find([asset("new")]) == {asset("new"): Found()}
    assert await catalogue.find_guids([nobody]) == {nobody: None}
