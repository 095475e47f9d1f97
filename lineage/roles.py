"""
Who may write lineage: Purview's role Data Curator on a collection, kept in the collection's metadata policy.

No Azure role and no template can grant it; the policy is read, changed and put back whole (Microsoft, "Use REST APIs for
collections and metadata policies"). Whoever does it is a collection administrator.
"""

import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lineage.datamap import DataMap
from lineage.errors import NotFound

Json = dict[str, Any]

CURATOR = "purviewmetadatarole_builtin_data-curator"
COLLECTIONS_VERSION = "2019-11-01-preview"
POLICIES_VERSION = "2021-07-01"
MEMBERS = "principal.microsoft.id"


@dataclass(frozen=True, slots=True)
class Grant:
    """What is to change so that somebody is Data Curator of a collection."""

    collection: str
    friendly_name: str
    policy: Json
    needed: bool  # False if they are already


async def plan_grant(datamap: DataMap, principal: str, collection: str | None) -> Grant:
    """What it takes; a collection is named either way, and the root if left out. Raises `NotFound`."""
    found = await _collection(datamap, collection)
    name = str(found["name"])
    path = f"/policystore/collections/{quote(name, safe='')}/metadataPolicy"
    policy = await datamap.account("GET", path, POLICIES_VERSION)
    changed = granted(policy, name, principal)
    return Grant(name, str(found.get("friendlyName", name)), changed, needed=changed != policy)


async def carry_out(datamap: DataMap, grant: Grant) -> None:
    """Puts the policy back. It is refused if somebody else has changed it meanwhile."""
    path = f"/policystore/metadataPolicies/{quote(grant.policy['id'], safe='')}"
    await datamap.account("PUT", path, POLICIES_VERSION, grant.policy)


def granted(policy: Json, collection: str, principal: str) -> Json:
    """The policy with one more member of the role; the same if they are one already. Pure."""
    changed = copy.deepcopy(policy)
    rules = changed["properties"]["attributeRules"]
    name = f"{CURATOR}:{collection}"
    rule = next((each for each in rules if each["id"] == name), None)
    if rule is None:
        rule = _role_rule(name)
        rules.append(rule)
        _permit(rules, collection, name)
    members = _members(rule)
    if principal not in members:
        members.append(principal)
    return changed


async def _collection(datamap: DataMap, wanted: str | None) -> Json:
    answer = await datamap.account("GET", "/account/collections", COLLECTIONS_VERSION)
    for collection in answer.get("value") or ():
        is_root = "parentCollection" not in collection
        if wanted in (collection["name"], collection.get("friendlyName")) or (wanted is None and is_root):
            return dict(collection)
    raise NotFound(f"there is no collection {wanted or '(the root)'}")


def _members(rule: Json) -> list[str]:
    """Those whom the rule's first condition on a person's id lists; the condition is made if there is none."""
    for condition in rule["dnfCondition"]:
        for clause in condition:
            if clause.get("attributeName") == MEMBERS:
                members: list[str] = clause.setdefault("attributeValueIncludedIn", [])
                return members
    fresh = _role_rule(rule["id"])["dnfCondition"]
    rule["dnfCondition"].extend(fresh)
    added: list[str] = fresh[0][0]["attributeValueIncludedIn"]
    return added


def _permit(rules: list[Json], collection: str, role_rule: str) -> None:
    """What may be done in a collection follows from its roles: the permission rule has to know of the new one."""
    for rule in rules:
        if rule["id"] == f"permission:{collection}":
            rule["dnfCondition"].append([_derived("derived.purview.permission", role_rule)])


def _role_rule(name: str) -> Json:
    members = {"attributeName": MEMBERS, "attributeValueIncludedIn": []}
    condition = [members, _derived("derived.purview.role", CURATOR)]
    return {"kind": "attributerule", "id": name, "name": name, "dnfCondition": [condition]}


def _derived(attribute: str, rule: str) -> Json:
    return {"fromRule": rule, "attributeName": attribute, "attributeValueIncludes": rule}
