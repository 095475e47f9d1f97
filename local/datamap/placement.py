"""Collections, and the metadata policies that say who may do what in them.

As much as granting a role needs: collections are listed and made (Account API, `2019-11-01-preview`), a collection's
policy is read, and put back whole with one more member in a rule (azure-docs, tutorial-metadata-policy-collections-apis).
"""

from typing import Any
from uuid import uuid4

from local.datamap.errors import gateway_refusal
from local.datamap.payload import mapping

ROOT = "local"
_ADMINISTRATOR = "purviewmetadatarole_builtin_collection-administrator"
_CURATOR = "purviewmetadatarole_builtin_data-curator"
_READER = "purviewmetadatarole_builtin_purview-reader"


class Collections:
    def __init__(self, root: str = ROOT) -> None:
        self.root = root
        self._collections: dict[str, dict[str, Any]] = {root: {"name": root, "friendlyName": root}}
        self._policies = {root: _policy(root, None)}

    def __contains__(self, name: str) -> bool:
        return name in self._collections

    def get(self, name: str) -> dict[str, Any]:
        found = self._collections.get(name)
        if found is None:
            raise gateway_refusal(404, "NotFound", f"Collection {name} does not exist")
        return found

    def all(self) -> list[dict[str, Any]]:
        return list(self._collections.values())

    def put(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        parent = mapping(body, "parentCollection").get("referenceName", self.root)
        self.get(parent)
        self._collections[name] = {
            "name": name,
            "friendlyName": body.get("friendlyName", name),
            "parentCollection": {"type": "CollectionReference", "referenceName": parent},
        }
        self._policies.setdefault(name, _policy(name, parent))
        return self._collections[name]

    def delete(self, name: str) -> None:
        self.get(name)
        if name == self.root or any(
            c.get("parentCollection", {}).get("referenceName") == name for c in self._collections.values()
        ):
            raise gateway_refusal(
                409, "Conflict", f"Collection {name} has collections of its own or is the root"
            )
        del self._collections[name], self._policies[name]

    def policies(self) -> list[dict[str, Any]]:
        return list(self._policies.values())

    def policy_of(self, collection: str) -> dict[str, Any]:
        found = self._policies.get(collection)
        if found is None:
            raise gateway_refusal(404, "NotFound", f"Collection {collection} has no metadata policy")
        return found

    def put_policy(self, policy_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replaces a whole policy if it is built on its current version."""
        for collection, policy in self._policies.items():
            if policy["id"] == policy_id:
                if body.get("version") != policy["version"]:
                    raise gateway_refusal(409, "Conflict", f"The policy is at version {policy['version']}")
                self._policies[collection] = policy | {
                    "version": policy["version"] + 1,
                    "properties": mapping(body, "properties"),
                }
                return self._policies[collection]
        raise gateway_refusal(404, "NotFound", f"Policy {policy_id} does not exist")


def _policy(collection: str, parent: str | None) -> dict[str, Any]:
    """A root collection has a rule for each role; a sub-collection is made with its administrators' rule only."""
    roles = [_ADMINISTRATOR] if parent else [_ADMINISTRATOR, _CURATOR, _READER]
    rules = [_role_rule(f"{role}:{collection}", role) for role in roles]
    return {
        "name": f"policy_collection_{collection}",
        "id": str(uuid4()),
        "version": 0,
        "properties": {
            "description": "",
            "decisionRules": [],
            "attributeRules": [*rules, _permission_rule(collection, roles, parent)],
            "collection": {"type": "CollectionReference", "referenceName": collection},
        },
    }


def _role_rule(name: str, role: str) -> dict[str, Any]:
    members = {"attributeName": "principal.microsoft.id", "attributeValueIncludedIn": []}
    return _rule(name, [[members, _derived("derived.purview.role", role)]])


def _permission_rule(collection: str, roles: list[str], parent: str | None) -> dict[str, Any]:
    sources = [f"{role}:{collection}" for role in roles] + ([f"permission:{parent}"] if parent else [])
    return _rule(f"permission:{collection}", [[_derived("derived.purview.permission", s)] for s in sources])


def _derived(attribute: str, rule: str) -> dict[str, Any]:
    return {"fromRule": rule, "attributeName": attribute, "attributeValueIncludes": rule}


def _rule(name: str, conditions: list[Any]) -> dict[str, Any]:
    return {"kind": "attributerule", "id": name, "name": name, "dnfCondition": conditions}
