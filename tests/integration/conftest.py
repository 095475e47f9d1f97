"""The app's own parts against the Data Map stand-in and Azurite, processes of their own on free ports."""

from contextlib import contextmanager
from uuid import uuid4

import pytest
import requests
from azure.identity import ManagedIdentityCredential

from lineage.datamap import DataMap
from lineage.settings import Settings, Storage
from lineage.tables import Table
from local.catalogue import Catalogue
from local.datamap.identity import SIGN_IN
from local.datamap.process import running, token
from local.process import Process
from local.stack import AZURITE, connection_string
from tests.integration.instances import Instances

SCOPE = "https://purview.azure.net/.default"
NOBODY = "00000000-0000-4000-8000-00000000dead"


class Account:
    """One test's view of the account: datasets under names of its own, faults, and a count of operations."""

    def __init__(self, address):
        self.address = address
        self.run = uuid4().hex[:12]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token(address)}"

    def name(self, suffix):
        """A qualifiedName that nobody else has."""
        return f"test://{self.run}/{suffix}"

    def ask(self, method, path, **how):
        response = self.session.request(method, self.address + path, timeout=30, **how)
        assert response.ok, response.text
        return response.json() if response.content else None

    def atlas(self, method, path, **how):
        return self.ask(method, f"/datamap/api/atlas/v2{path}", **how)

    # What is in the catalogue

    def entity(self, suffix, type_name="DataSet", **attributes):
        """Creates an entity and answers its guid."""
        attributes = {"name": suffix, "qualifiedName": self.name(suffix)} | attributes
        body = {"entities": [{"typeName": type_name, "guid": "-1", "attributes": attributes}]}
        return self.atlas("POST", "/entity/bulk", json=body)["guidAssignments"]["-1"]

    def entities(self, *suffixes, type_name="DataSet"):
        return [self.entity(suffix, type_name) for suffix in suffixes]

    def delete(self, guid):
        self.atlas("DELETE", f"/entity/guid/{guid}")

    def relate(self, type_name, end1, end2, **attributes):
        """Creates a relationship and answers its guid."""
        body = {
            "typeName": type_name,
            "end1": {"guid": end1},
            "end2": {"guid": end2},
            "attributes": attributes,
        }
        return self.atlas("POST", "/relationship", json=body)["guid"]

    def read(self, guid):
        return self.atlas("GET", f"/entity/guid/{guid}")["entity"]

    def find(self, suffix, type_name="DataSet"):
        """The entities of that name: one, or none."""
        path = f"/entity/bulk/uniqueAttribute/type/{type_name}"
        found = self.atlas("GET", path, params={"attr_1:qualifiedName": self.name(suffix)})
        return found.get("entities", [])

    def arrows(self, guid):
        """The lineage around an entity as (from, to)."""
        lineage = self.atlas("GET", f"/lineage/{guid}", params={"direction": "BOTH", "width": 1000})
        return {(edge["fromEntityId"], edge["toEntityId"]) for edge in lineage["relations"]}

    def mapping(self, upstream, downstream):
        """The columnMapping of a direct edge."""
        (edge,) = [
            sink
            for sink in self.read(upstream)["relationshipAttributes"]["sinks"]
            if sink["guid"] == downstream
        ]
        attributes = self.atlas("GET", f"/relationship/guid/{edge['relationshipGuid']}")["relationship"][
            "attributes"
        ]
        return attributes.get("columnMapping")

    # What it does

    def misbehave(self, *fail, **faults):
        """Failures as `{"status": 503, "next": 1}`; what else there is as keyword arguments."""
        self.ask("PUT", "/_control/faults", json={"fail": fail, **faults})

    def mend(self):
        self.ask("DELETE", "/_control/faults")

    @contextmanager
    def counting(self):
        """Counts the Data Map operations of a block, by route."""
        counted = {}
        self.ask("DELETE", "/_control/operations")
        yield counted
        routes = self.ask("GET", "/_control/operations")["byRoute"]
        counted.update({route.replace("/atlas/v2", ""): count for route, count in routes.items()})


@pytest.fixture(scope="session")
def address():
    with running() as address:
        yield address


@pytest.fixture
def account(address):
    account = Account(address)
    yield account
    account.mend()
    account.session.close()


@pytest.fixture
def credential(address, monkeypatch):
    """The app's managed identity, in the environment that App Service makes for it."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{address}/identity/token")
    monkeypatch.setenv("IDENTITY_HEADER", SIGN_IN.identity_header)
    with ManagedIdentityCredential() as credential:
        yield credential


@pytest.fixture
def client(address, credential):
    """The Data Map client, signed in as the app's managed identity."""
    client = DataMap(address, credential, scope=SCOPE, max_concurrency=8)
    yield client
    client.close()


@pytest.fixture
def nobody():
    """A guid that no entity has."""
    return NOBODY


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    """The connection to a storage account: Azurite, in memory."""
    services = [f"--{service}Port=0" for service in ("blob", "queue", "table")]
    command = [
        str(AZURITE),
        "--inMemoryPersistence",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        *services,
    ]
    azurite = Process(command, tmp_path_factory.mktemp("azurite") / "azurite.log")
    try:
        yield Storage(LineageStorage=connection_string(azurite))
    finally:
        azurite.stop()


@pytest.fixture
async def shared_table(storage):
    """A table that is there, for tests that use keys of their own."""
    table = Table(storage, "shared")
    yield table
    await table.close()


@pytest.fixture
async def table(storage):
    """A table of the test's own that nobody has made yet."""
    table = Table(storage, f"own{uuid4().hex}")
    yield table
    await table.close()


@pytest.fixture
async def no_table():
    """A table where nobody listens."""
    address = "http://127.0.0.1:1/devstoreaccount1"
    key = "AccountName=devstoreaccount1;AccountKey=bm9ib2R5"
    table = Table(Storage(LineageStorage=f"{key};TableEndpoint={address};"), "nowhere")
    yield table
    await table.close()


@pytest.fixture(scope="module")
def instances(stack):
    with pytest.MonkeyPatch.context() as patch:
        app_settings = stack.app_settings()
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):  # azure-identity reads them by itself
            patch.setenv(name, app_settings[name])
        yield Instances(Settings.read(app_settings))


@pytest.fixture(scope="module")
def catalogue(stack):
    with Catalogue(stack.addresses) as catalogue:
        yield catalogue
