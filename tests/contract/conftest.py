"""The contract of the Data Map, as plain HTTP.

By itself the suite starts the stand-in. Pointed elsewhere, the very same tests say whether a real account, or an
Apache Atlas 2.x server, keeps the contract too:

    pytest tests/contract --datamap-endpoint https://ACCOUNT.purview.azure.com --datamap-token "$TOKEN"
    pytest tests/contract --datamap-endpoint http://atlas:21000 --datamap-base-path /api/atlas/v2 \
        --datamap-token "Basic ..." -m "not purview_only"

Everything is created under names of its own and deleted again. Elsewhere reads may lag behind writes, so what is read
back is read again for a while before it counts as wrong.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from local.datamap.process import running, token

PATIENCE = 20.0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("datamap", "the Data Map that the contract is held against")
    group.addoption("--datamap-endpoint", help="base URL; or DATAMAP_ENDPOINT; the stand-in when absent")
    group.addoption("--datamap-token", help="access token, or a whole Authorization value; or DATAMAP_TOKEN")
    group.addoption("--datamap-base-path", help="/datamap/api/atlas/v2, or /api/atlas/v2 for Apache Atlas")


class DataMap:
    """One test's view of the Data Map: requests, unique names, and what has to be cleaned up."""

    def __init__(self, address: str, authorization: str, base_path: str, patience: float) -> None:
        self.address = address
        self.base_path = base_path
        self.authorization = authorization
        self.patience = patience
        self.session = requests.Session()
        self.session.headers["Authorization"] = authorization
        self.run = uuid4().hex[:12]
        self.created: list[str] = []
        self.types: list[str] = []

    # Asking

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        """A call to a route of Atlas."""
        return self.session.request(method, self.address + self.base_path + path, timeout=30, **how)

    def purview(self, method: str, path: str, **how: Any) -> requests.Response:
        """A call to a route that only Purview has, next to the Atlas ones."""
        base = self.base_path.removesuffix("/atlas/v2")
        return self.session.request(method, self.address + base + path, timeout=30, **how)

    def ok(self, method: str, path: str, **how: Any) -> Any:
        response = self.call(method, path, **how)
        assert response.ok, response.text
        return response.json() if response.content else None

    def settled(self, read: Callable[[], Any], wanted: Any) -> Any:
        """What is read once it is as wanted, or in the end."""
        deadline = time.monotonic() + self.patience
        while (found := read()) != wanted and time.monotonic() < deadline:
            time.sleep(0.5)
        return found

    # Writing

    def name(self, suffix: str) -> str:
        """A qualifiedName that nobody else has."""
        return f"contract://{self.run}/{suffix}"

    def entity(self, suffix: str, type_name: str = "DataSet", **attributes: Any) -> dict[str, Any]:
        return {
            "typeName": type_name,
            "attributes": {"name": suffix, "qualifiedName": self.name(suffix)} | attributes,
        }

    def upsert(self, *entities: dict[str, Any]) -> dict[str, Any]:
        """Creates or updates and gives the EntityMutationResult."""
        result = self.ok("POST", "/entity/bulk", json={"entities": entities})
        self.created += result["guidAssignments"].values()
        return result

    def guid_of(self, entity: dict[str, Any]) -> str:
        """Upserts one entity."""
        return self.upsert(entity | {"guid": "-1"})["guidAssignments"]["-1"]

    def process(self, suffix: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        """Upserts a Process between entities given by guid."""
        ends = {
            "inputs": [{"guid": guid} for guid in inputs],
            "outputs": [{"guid": guid} for guid in outputs],
        }
        return self.guid_of(self.entity(suffix, "Process", **ends, **attributes))

    def relate(self, type_name: str, end1: str, end2: str, **more: Any) -> requests.Response:
        body = {"typeName": type_name, "end1": {"guid": end1}, "end2": {"guid": end2}}
        return self.call("POST", "/relationship", json=body | more)

    def define(self, suffix: str, super_type: str, *attributes: dict[str, Any]) -> str:
        """Creates an entity type and gives its name."""
        name = f"contract_{self.run}_{suffix}"
        definition = {
            "category": "ENTITY",
            "name": name,
            "superTypes": [super_type],
            "attributeDefs": attributes,
        }
        self.types.append(name)
        self.ok("POST", "/types/typedefs", json={"entityDefs": [definition]})
        return name

    # Reading

    def read(self, guid: str) -> dict[str, Any]:
        return self.ok("GET", f"/entity/guid/{guid}")["entity"]

    def related(self, guid: str, attribute: str) -> set[str]:
        """The guids an entity is related to under a relationship attribute."""
        return {
            item["guid"] for item in self.read(guid)["relationshipAttributes"][attribute] if is_active(item)
        }

    def lineage(self, guid: str, **query: Any) -> dict[str, Any]:
        return self.ok("GET", f"/lineage/{guid}", params={"direction": "BOTH"} | query)

    def arrows(self, guid: str, **query: Any) -> set[tuple[str, str]]:
        """The lineage around an entity as (from, to)."""
        return {(r["fromEntityId"], r["toEntityId"]) for r in self.lineage(guid, **query)["relations"]}

    def clean_up(self) -> None:
        if self.created:
            self.call("DELETE", "/entity/bulk", params={"guid": list(dict.fromkeys(self.created))})
        for name in reversed(self.types):
            self.call("DELETE", f"/types/typedef/name/{name}")
        self.session.close()


def is_active(reference: dict[str, Any]) -> bool:
    """Atlas goes on listing deleted edges, marked as such."""
    return reference.get("relationshipStatus", "ACTIVE") == "ACTIVE"


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, float]]:
    """Address, Authorization and patience of the Data Map under test."""
    address = setting(request, "endpoint")
    if address is None:
        with running() as address:
            yield address, f"Bearer {token(address)}", 0.0
        return
    given = setting(request, "token") or ""
    yield address.rstrip("/"), given if " " in given else f"Bearer {given}", PATIENCE


@pytest.fixture
def datamap(request: pytest.FixtureRequest, target: tuple[str, str, float]) -> Iterator[DataMap]:
    address, authorization, patience = target
    base_path = setting(request, "base-path") or "/datamap/api/atlas/v2"
    datamap = DataMap(address, authorization, base_path, patience)
    yield datamap
    datamap.clean_up()


def setting(request: pytest.FixtureRequest, name: str) -> str | None:
    option = request.config.getoption(f"--datamap-{name}", default=None)
    return option or os.environ.get(f"DATAMAP_{name.replace('-', '_').upper()}")
