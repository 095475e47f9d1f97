"""A stand-in inside the test's own process."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from local.datamap import create_app
from local.datamap.identity import SIGN_IN
from local.datamap.tokens import PURVIEW

API = "/datamap/api/atlas/v2"


class StandIn:
    """A client of the stand-in, signed in."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method, path, **how):
        return await self.client.request(method, API + path, **({"headers": self.headers} | how))

    async def get(self, path, **how):
        response = await self.call("GET", path, **how)
        assert response.ok, await response.text()
        return await response.json()

    async def bulk(self, *entities):
        return await self.call("POST", "/entity/bulk", json={"entities": entities})

    async def guid(self, entity):
        response = await self.bulk(entity | {"guid": "-1"})
        assert response.ok, await response.text()
        return (await response.json())["guidAssignments"]["-1"]

    async def misbehave(self, **faults):
        response = await self.client.put("/_control/faults", json=faults)
        assert response.status == 200, await response.text()

    async def operations(self):
        return await (await self.client.get("/_control/operations")).json()


def dataset(name, **attributes):
    attributes = {"name": name, "qualifiedName": f"stand-in://{name}"} | attributes
    return {"typeName": "DataSet", "attributes": attributes}


@pytest.fixture(name="dataset")
def dataset_fixture():
    """Makes the body of a DataSet of a name."""
    return dataset


@pytest.fixture
async def start():
    """Starts a stand-in with what `create_app` takes."""
    clients = []

    async def starting(*args, **kwargs):
        client = TestClient(TestServer(create_app(*args, **kwargs)))
        await client.start_server()
        clients.append(client)
        asked = {"resource": PURVIEW}
        header = {"X-IDENTITY-HEADER": SIGN_IN.identity_header}
        answer = await client.get("/identity/token", params=asked, headers=header)
        return StandIn(client, (await answer.json())["access_token"])

    yield starting
    for client in clients:
        await client.close()


@pytest.fixture
async def stand_in(start):
    return await start()
