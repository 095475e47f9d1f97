"""Messages that stand in line behind each other while the Data Map is slow: each is set aside in time."""

import asyncio
import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from lineage.delivery import Received
from lineage.service import Service
from lineage.settings import Settings


@pytest.fixture
async def service(address, storage, credential):
    assert credential
    service = Service(
        Settings.read(
            {
                "PURVIEW_ENDPOINT": address,
                "LINEAGE_QUEUE_NAME": f"q{uuid4().hex}",
                "LineageStorage": storage.connection_string.get_secret_value(),
            }
        )
    )
    yield service
    await service.close()


async def test_of_a_line_of_messages_about_one_process_those_that_do_not_come_in_time_are_set_aside(
    service, account, monkeypatch
):
    """Each waits for the one before it, whose write takes half a second: ten take five, and have but one and a half."""
    monkeypatch.setattr("lineage.service.OF_MESSAGES", 1.5)
    up, down = account.entities("up", "down")
    process = {"name": "load", "qualifiedName": account.name("load")}
    requests = [
        {
            "id": account.name(each),
            "inputs": [up],
            "outputs": [down],
            "process": process | {"description": each},
        }
        for each in "abcdefghij"
    ]
    await service.apply({"inputs": [up], "outputs": [down], "process": process})
    account.misbehave(latencyMs=500)

    began = time.monotonic()
    await asyncio.gather(*map(service.consume, map(message, requests)))
    took = time.monotonic() - began
    await service.outcomes.flush()
    records = [await service.outcomes.find(request["id"]) for request in requests]

    assert took < 4
    assert {record.status for record in records} == {"done", "deferred"}
    assert all("in time" in record.reason for record in records if record.status == "deferred")
    account.mend()
    outcome = await service.apply(requests[-1])
    assert outcome.process.result == "updated"
    assert account.read(outcome.process.guid)["attributes"]["description"] == "j"


def message(request):
    body = json.dumps(request).encode()
    return Received(body, message_id=uuid4().hex, attempt=1, inserted=datetime.now(UTC), invocation_id="i")
