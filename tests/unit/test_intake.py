"""Taking events when storage does not: what a client is told decides whether an event is lost."""

import gzip
import json
import threading
from types import SimpleNamespace

import azure.functions as func
import pytest

from lineage import http, intake
from lineage.errors import InvalidSettings, StorageFailed

EVENT = {
    "eventTime": "2026-05-01T12:00:00Z",
    "run": {"runId": "one"},
    "job": {"namespace": "etl", "name": "load"},
}
INVOCATION = SimpleNamespace(invocation_id="an invocation", trace_context=SimpleNamespace(trace_parent=None))


class Queue:
    """A service whose queue takes events, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.messages = []

    async def enqueue_event(self, event):
        await self.enqueue_batch([event])

    async def enqueue_batch(self, events):
        if self.error:
            raise self.error
        self.messages.append([event.job.name for event in events])


def event(name):
    return {**EVENT, "job": {"namespace": "etl", "name": name}}


async def post(queue, payload, understand=intake.understand):
    async def response():
        return await intake.take(queue, understand(payload))

    return await http.answer(response(), INVOCATION)


@pytest.mark.parametrize("error", [StorageFailed("no answer"), InvalidSettings([])])
@pytest.mark.parametrize("payload", [EVENT, [EVENT, event("other")], [EVENT, {}]])
async def test_what_cannot_be_queued_is_503_and_says_when_to_come_back(error, payload):
    answer = await post(Queue(error), payload)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_batch_is_one_message_whatever_address_it_came_to():
    for understand in (intake.understand, intake.understand_batch):
        queue = Queue()

        answer = await post(queue, [event("a"), event("b")], understand)

        assert (answer.status_code, answer.get_body()) == (204, b"")
        assert queue.messages == [["a", "b"]]


async def test_events_that_are_wrong_are_listed_and_the_others_taken():
    queue = Queue()

    answer = await post(queue, [event("a"), event(None), event("b")])

    assert answer.status_code == 200
    assert queue.messages == [["a", "b"]]
    body = json.loads(answer.get_body())
    assert body["summary"] == {
        "received": 3,
        "successful": 2,
        "failed": 1,
        "retriable": 0,
        "non_retriable": 1,
    }
    (failed,) = body["failed_events"]
    assert (failed["index"], failed["retriable"]) == (1, False)
    assert "job.name" in failed["reason"]


async def test_a_batch_of_nothing_but_bad_events_lists_them_all_and_queues_nothing():
    queue = Queue(StorageFailed("never asked"))

    answer = await post(queue, [event(None), {}])

    assert answer.status_code == 200
    assert json.loads(answer.get_body())["summary"]["failed"] == 2


@pytest.mark.parametrize(
    "body",
    [json.dumps(EVENT).encode(), b" " * http.LARGE + b"{}", gzip.compress(b"[]")],
    ids=["an event", "large", "compressed"],
)
async def test_what_takes_long_to_read_is_read_in_a_thread(body):
    request = func.HttpRequest("POST", "/", body=body)

    thread = await http.understood(request, lambda _: threading.current_thread())

    assert (thread is threading.main_thread()) == (len(body) < http.LARGE and body[:1] == b"{")


async def test_a_bug_is_a_500_that_names_the_invocation():
    answer = await post(Queue(KeyError("x")), EVENT)

    assert answer.status_code == 500
    assert "an invocation" in json.loads(answer.get_body())["detail"]
