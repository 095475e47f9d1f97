"""What the doors call, as far as it needs neither storage nor Data Map."""

import asyncio

import pytest

from lineage import service as services
from lineage.errors import Unavailable
from lineage.service import Service
from lineage.settings import Settings

REQUEST = {"id": "run-7", "source": "a", "target": "b"}
EVENT = {
    "eventTime": "2026-05-01T12:00:00Z",
    "run": {"runId": "one"},
    "job": {"namespace": "etl", "name": "load"},
}


@pytest.fixture
def service():
    return Service(
        Settings.read(
            {
                "PURVIEW_ACCOUNT_NAME": "contoso",
                "LINEAGE_QUEUE_NAME": "lineage",
                "LineageStorage": "UseDevelopmentStorage=true",
            }
        )
    )


async def never(*_):
    await asyncio.Event().wait()


@pytest.mark.parametrize("payload", [REQUEST, EVENT, [EVENT, EVENT]])
async def test_what_is_not_done_in_time_says_which_request_it_is(service, monkeypatch, payload):
    monkeypatch.setattr(service.corridor, "walk", never)
    monkeypatch.setattr(service.runs, "add", never)
    monkeypatch.setattr(service, "enqueue_event", never)

    with pytest.raises(Unavailable, match="in time") as caught:
        await service.apply(payload, by=services.deadline(0.01))

    assert caught.value.request_key
    assert payload is not REQUEST or caught.value.request_key == "run-7"


async def test_the_time_of_a_message_runs_from_when_it_came(service, monkeypatch):
    """Not from when its payload was fetched, which may have had to wait as well."""
    monkeypatch.setattr(services, "OF_MESSAGES", 60.0)
    came = asyncio.get_running_loop().time()
    given = []

    async def deliver(_received, handle):
        await asyncio.sleep(0.1)
        given.append(handle.keywords["by"])

    monkeypatch.setattr(service._delivery, "deliver", deliver)
    await service.consume(None)

    assert given[0] - came == pytest.approx(60, abs=0.09)


async def test_while_the_data_map_is_paused_nothing_is_explained_either(service):
    pace = service.datamap._pace
    pace.failed(await pace.turn(1), Unavailable("down", retry_after=300))

    with pytest.raises(Unavailable, match="not available at present") as caught:
        await service.explain(REQUEST)

    assert caught.value.retry_after > 200
