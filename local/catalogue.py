"""What a person does in Purview's portal, for the demo and the tests: have assets, and look at lineage."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import requests

from local.stack import Addresses

TIMEOUT = 30  # seconds
UNKNOWN_TYPE = "ATLAS-400-00-014"
PAGE = 50  # names in one request line


class Catalogue:
    """The Data Map seen from outside the app, over its public API."""

    def __init__(self, addresses: Addresses) -> None:
        self._atlas = f"{addresses.datamap}/datamap/api/atlas/v2"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token(addresses)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def scan(self, assets: Mapping[str, str]) -> dict[str, str]:
        """Puts assets (typeName by qualifiedName) in as a scan would; answers their guids by qualifiedName."""
        entities = [
            {
                "typeName": kind,
                "guid": f"-{number}",
                "attributes": {"qualifiedName": name, "name": name.split("/")[-1]},
            }
            for number, (name, kind) in enumerate(assets.items(), start=1)
        ]
        guids = self._call("POST", "/entity/bulk", json={"entities": entities})["guidAssignments"]
        return {name: guids[f"-{number}"] for number, name in enumerate(assets, start=1)}

    def lineage(self, guid: str) -> dict[str, Any]:
        """Everything up and down from a dataset."""
        return self._call("GET", f"/lineage/{guid}", params={"direction": "BOTH", "depth": 9, "width": 1000})

    def edges(self, guid: str) -> set[tuple[str, str]]:
        """The edges around a dataset, as pairs of qualifiedNames in the direction data flows."""
        graph = self.lineage(guid)
        names = {
            guid: entity["attributes"]["qualifiedName"] for guid, entity in graph["guidEntityMap"].items()
        }
        return {(names[edge["fromEntityId"]], names[edge["toEntityId"]]) for edge in graph["relations"]}

    def entity(self, type_name: str, qualified_name: str) -> dict[str, Any]:
        """One entity with its relationships."""
        answer = self._call(
            "GET", f"/entity/uniqueAttribute/type/{type_name}", params={"attr:qualifiedName": qualified_name}
        )
        return dict(answer["entity"])

    def entities(self, type_name: str, qualified_names: Sequence[str]) -> list[dict[str, Any]]:
        """Those of one type that exist; none if nobody has registered the type."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(qualified_names), PAGE):
            page = qualified_names[start : start + PAGE]
            params = {f"attr_{number}:qualifiedName": name for number, name in enumerate(page, start=1)}
            try:
                answer = self._call("GET", f"/entity/bulk/uniqueAttribute/type/{type_name}", params=params)
            except requests.HTTPError as error:
                if error.response.json().get("errorCode") == UNKNOWN_TYPE:
                    return []
                raise
            found += answer.get("entities") or ()
        return found

    def relationship(self, guid: str) -> dict[str, Any]:
        """One relationship with its attributes."""
        return dict(self._call("GET", f"/relationship/guid/{guid}")["relationship"])

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._session.request(method, f"{self._atlas}{path}", timeout=TIMEOUT, **options)
        answer.raise_for_status()
        return dict(answer.json())


def token(addresses: Addresses) -> str:
    """A token for the Data Map, from the managed-identity endpoint."""
    answer = requests.get(
        addresses.identityEndpoint,
        params={"api-version": "2019-08-01", "resource": "https://purview.azure.net"},
        headers={"X-IDENTITY-HEADER": addresses.identityHeader},
        timeout=TIMEOUT,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
