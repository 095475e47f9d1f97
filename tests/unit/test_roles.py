"""Granting a role: the policy afterwards is the policy before, with one more member."""

import copy

from lineage.roles import CURATOR, granted


def rule(name, *members):
    included = {"attributeName": "principal.microsoft.id", "attributeValueIncludedIn": list(members)}
    derived = {
        "fromRule": CURATOR,
        "attributeName": "derived.purview.role",
        "attributeValueIncludes": CURATOR,
    }
    return {"kind": "attributerule", "id": name, "name": name, "dnfCondition": [[included, derived]]}


def permission(collection):
    return {
        "kind": "attributerule",
        "id": f"permission:{collection}",
        "name": f"permission:{collection}",
        "dnfCondition": [[{"fromRule": "permission:root"}]],
    }


def policy(*rules):
    return {"id": "p", "name": "n", "version": 3, "properties": {"attributeRules": list(rules), "more": 1}}


def rules_of(changed):
    return {each["id"]: each for each in changed["properties"]["attributeRules"]}


def test_a_member_joins_those_there_are():
    before = policy(rule(f"{CURATOR}:abc", "one"), permission("abc"))
    kept = copy.deepcopy(before)

    after = granted(before, "abc", "two")

    assert after == policy(rule(f"{CURATOR}:abc", "one", "two"), permission("abc"))
    assert before == kept, "what was read is not changed"


def test_who_is_a_member_already_changes_nothing():
    before = policy(rule(f"{CURATOR}:abc", "one"), permission("abc"))

    assert granted(before, "abc", "one") == before


def test_a_collection_without_the_role_gets_its_rule_and_its_permission():
    after = rules_of(granted(policy(permission("abc")), "abc", "one"))

    assert after[f"{CURATOR}:abc"] == rule(f"{CURATOR}:abc", "one")
    assert after["permission:abc"]["dnfCondition"] == [
        [{"fromRule": "permission:root"}],
        [
            {
                "fromRule": f"{CURATOR}:abc",
                "attributeName": "derived.purview.permission",
                "attributeValueIncludes": f"{CURATOR}:abc",
            }
        ],
    ]


def test_a_role_that_is_held_by_groups_alone_gets_a_condition_for_people():
    groups = rule(f"{CURATOR}:abc")
    groups["dnfCondition"][0][0] = {"attributeName": "principal.microsoft.groups"}

    after = rules_of(granted(policy(groups), "abc", "one"))[f"{CURATOR}:abc"]["dnfCondition"]

    assert after == [groups["dnfCondition"][0], *rule("", "one")["dnfCondition"]]


def test_the_role_of_another_collection_is_another_role():
    before = policy(rule(f"{CURATOR}:other", "one"), permission("abc"))

    assert rules_of(granted(before, "abc", "one"))[f"{CURATOR}:other"] == rule(f"{CURATOR}:other", "one")
