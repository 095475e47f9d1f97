"""Collections and policies, which are other services of an account: signed in, but no operations of the Data Map."""

from typing import Any

from local.datamap.operation import Call, Routes


def _list_collections(call: Call) -> Any:
    collections = call.catalogue.collections.all()
    return {"value": collections, "count": len(collections)}


def _get_collection(call: Call) -> Any:
    return call.catalogue.collections.get(call.path["name"])


def _put_collection(call: Call) -> Any:
    return call.catalogue.collections.put(call.path["name"], call.object())


def _delete_collection(call: Call) -> None:
    call.catalogue.delete_collection(call.path["name"])


def _list_policies(call: Call) -> Any:
    return {"values": call.catalogue.collections.policies()}


def _get_policy(call: Call) -> Any:
    return call.catalogue.collections.policy_of(call.path["name"])


def _put_policy(call: Call) -> Any:
    return call.catalogue.collections.put_policy(call.path["policyId"], call.object())


# Collections are at /account/collections, and at /collections for older clients such as pyapacheatlas.
ROUTES: Routes = [
    *(("GET", f"{base}/collections", _list_collections) for base in ("/account", "")),
    *(("GET", f"{base}/collections/{{name}}", _get_collection) for base in ("/account", "")),
    *(("PUT", f"{base}/collections/{{name}}", _put_collection) for base in ("/account", "")),
    *(("DELETE", f"{base}/collections/{{name}}", _delete_collection) for base in ("/account", "")),
    ("GET", "/policystore/metadataPolicies", _list_policies),
    ("GET", "/policystore/collections/{name}/metadataPolicy", _get_policy),
    ("PUT", "/policystore/metadataPolicies/{policyId}", _put_policy),
]
