"""The shapes of answers: what a caller is told when something is wrong, and when to come back."""

import asyncio
import json
import threading
from types import SimpleNamespace

import azure.functions as func
import pytest

from lineage import http
from lineage.errors import Unavailable

INVOCATION = SimpleNamespace(invocation_id="an invocation", trace_context=SimpleNamespace(trace_parent=None))


@pytest.mark.parametrize(
    ("asked", "told"), [(0.3, "1"), (1.0, "1"), (1.2, "2"), (90.0, "90"), (None, "30"), (0.0, "30")]
)
def test_a_caller_is_told_to_come_back_not_too_early(asked, told):
    """Of 0.3 seconds "0" would be left, which is: now."""
    assert http.problem(Unavailable("down", retry_after=asked)).headers["Retry-After"] == told


async def test_a_caller_is_answered_before_azure_gives_up_on_the_request(monkeypatch):
    monkeypatch.setattr(http, "OF_CALLERS", 0.01)

    async def never():
        await asyncio.Event().wait()

    answer = await http.answer(never(), INVOCATION)

    assert answer.status_code == 503
    assert "not done in time" in json.loads(answer.get_body())["detail"]


@pytest.mark.parametrize(("size", "elsewhere"), [(10, False), (200_000, True)])
async def test_a_long_body_is_read_in_a_thread_so_that_others_are_answered_meanwhile(
    monkeypatch, size, elsewhere
):
    threads = []

    def read(body):
        threads.append(threading.current_thread())
        return json.loads(body)

    monkeypatch.setattr(http, "read_payload", read)
    sent = {"id": "x" * size}
    request = func.HttpRequest("POST", "/api/lineage", body=json.dumps(sent).encode())

    assert await http.payload(request) == sent
    assert (threads != [threading.main_thread()]) is elsewhere
