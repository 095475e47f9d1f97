"""Collections and the policies in which roles are granted."""

import copy

import pytest

IDENTITY = "33333333-3333-4333-8333-333333333333"
CURATOR = "purviewmetadatarole_builtin_data-curator"


@pytest.fixture
async def account(stand_in):
    """Calls a route of the account and gives status and body."""

    async def call(method, path, **how):
        response = await stand_in.client.request(method, path, headers=stand_in.headers, **how)
        return response.status, (await response.json() if response.content_length else None)

    return call


@pytest.fixture
async def sales(account):
    """The name of a collection under the root."""
    parent = {"type": "CollectionReference", "referenceName": "local"}
    await account(
        "PUT", "/account/collections/abc123", json={"friendlyName": "Sales", "parentCollection": parent}
    )
    return "abc123"


async def collection_of(stand_in, guid):
    return (await stand_in.get(f"/entity/guid/{guid}"))["entity"]["collectionId"]


@pytest.mark.usefixtures("sales")
async def test_collections_have_names_and_parents(account):
    _, listed = await account("GET", "/account/collections")

    names = {
        c["name"]: (c["friendlyName"], c.get("parentCollection", {}).get("referenceName"))
        for c in listed["value"]
    }
    assert names == {"local": ("local", None), "abc123": ("Sales", "local")}


async def test_new_entities_are_in_the_root_collection(stand_in, dataset):
    assert await collection_of(stand_in, await stand_in.guid(dataset("a"))) == "local"


@pytest.mark.parametrize("path", ["/entity/bulk?collectionId=abc123", "/entity?collectionId=abc123"])
async def test_a_collection_id_on_an_upsert_also_moves_what_is_there_already(stand_in, dataset, sales, path):
    """Why nobody should send one along with assets of others."""
    guid = await stand_in.guid(dataset("a"))
    body = {"entity": dataset("a"), "entities": [dataset("a")]}

    assert (await stand_in.call("POST", path, json=body)).status == 200

    assert await collection_of(stand_in, guid) == sales


async def test_an_upsert_without_a_collection_id_leaves_an_entity_where_it_is(stand_in, dataset, sales):
    await stand_in.call("POST", "/entity/bulk?collectionId=abc123", json={"entities": [dataset("a")]})

    assert await collection_of(stand_in, await stand_in.guid(dataset("a", owner="me"))) == sales


async def test_entities_are_moved(stand_in, dataset, account, sales):
    guid = await stand_in.guid(dataset("a"))

    status, _ = await account(
        "POST", "/datamap/api/entity/moveTo?collectionId=abc123", json={"entityGuids": [guid]}
    )

    assert status == 200
    assert await collection_of(stand_in, guid) == sales


async def test_an_unknown_collection_is_refused_and_nothing_is_written(stand_in, dataset):
    response = await stand_in.call(
        "POST", "/entity/bulk?collectionId=nowhere", json={"entities": [dataset("a")]}
    )

    assert response.status == 400
    name = {"attr:qualifiedName": "stand-in://a"}
    assert (await stand_in.call("GET", "/entity/uniqueAttribute/type/DataSet", params=name)).status == 404


@pytest.mark.usefixtures("sales")
async def test_a_collection_with_assets_or_collections_in_it_cannot_be_deleted(stand_in, dataset, account):
    await stand_in.call("POST", "/entity/bulk?collectionId=abc123", json={"entities": [dataset("a")]})

    assert (await account("DELETE", "/account/collections/abc123"))[0] == 409
    assert (await account("DELETE", "/account/collections/local"))[0] == 409


async def test_a_role_is_granted_by_putting_the_whole_policy_back(account):
    _, policy = await account("GET", "/policystore/collections/local/metadataPolicy")
    changed = copy.deepcopy(policy)
    [rule] = [r for r in changed["properties"]["attributeRules"] if r["id"] == f"{CURATOR}:local"]
    [members] = [c for c in rule["dnfCondition"][0] if c["attributeName"] == "principal.microsoft.id"]
    members["attributeValueIncludedIn"].append(IDENTITY)

    status, put = await account("PUT", f"/policystore/metadataPolicies/{policy['id']}", json=changed)

    assert (status, put["version"]) == (200, policy["version"] + 1)
    _, read = await account("GET", "/policystore/collections/local/metadataPolicy")
    assert read["properties"] == changed["properties"]


async def test_a_policy_that_somebody_else_changed_meanwhile_is_409(account):
    _, policy = await account("GET", "/policystore/collections/local/metadataPolicy")
    await account("PUT", f"/policystore/metadataPolicies/{policy['id']}", json=policy)

    assert (await account("PUT", f"/policystore/metadataPolicies/{policy['id']}", json=policy))[0] == 409


async def test_a_fresh_sub_collection_has_no_curators_rule_and_inherits_from_its_parent(account, sales):
    _, policy = await account("GET", f"/policystore/collections/{sales}/metadataPolicy")

    rules = {rule["id"]: rule for rule in policy["properties"]["attributeRules"]}
    assert set(rules) == {
        f"purviewmetadatarole_builtin_collection-administrator:{sales}",
        f"permission:{sales}",
    }
    inherited = {condition[0]["fromRule"] for condition in rules[f"permission:{sales}"]["dnfCondition"]}
    assert "permission:local" in inherited


@pytest.mark.usefixtures("sales")
async def test_policies_are_listed(account):
    _, listed = await account("GET", "/policystore/metadataPolicies")

    assert len(listed["values"]) == 2


async def test_what_is_not_there_is_404(account):
    assert (await account("GET", "/policystore/collections/nowhere/metadataPolicy"))[0] == 404
    assert (await account("PUT", "/policystore/metadataPolicies/nowhere", json={}))[0] == 404
    assert (await account("GET", "/account/collections/nowhere"))[0] == 404
    assert (await account("DELETE", "/account/collections/nowhere"))[0] == 404
