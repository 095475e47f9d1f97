"""Taking events when storage does not: what a client is told decides whether an event is lost."""

import json
from types import SimpleNamespace

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
    """A service whose queue takes events but for those of some jobs."""

    def __init__(self, *, refuses=(), error=None):
        self.refuses = refuses
        self.error = error or StorageFailed("no answer")
        self.taken = []

    async def enqueue_event(self, event):
        if event.job.name in self.refuses:
            raise self.error
        self.taken.append(event.job.name)


def event(name):
    return {**EVENT, "job": {"namespace": "etl", "name": name}}


async def post(call, queue, payload):
    return await http.answer(call(queue, payload), INVOCATION)


@pytest.mark.parametrize("error", [StorageFailed("no answer"), InvalidSettings([])])
async def test_an_event_that_cannot_be_queued_is_503_and_says_when_to_come_back(error):
    answer = await post(intake.take, Queue(refuses=["load"], error=error), EVENT)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_batch_of_which_nothing_can_be_queued_is_503_so_that_it_is_sent_again():
    answer = await post(intake.take_batch, Queue(refuses=["a", "b"]), [event("a"), event("b")])

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_events_that_may_be_sent_again_are_told_from_those_that_may_not():
    queue = Queue(refuses=["b"])

    answer = await post(intake.take_batch, queue, [event("a"), event("b"), event(None)])

    assert answer.status_code == 200
    body = json.loads(answer.get_body())
    assert queue.taken == ["a"]
    assert body["summary"] == {
        "received": 3,
        "successful": 1,
        "failed": 2,
        "retriable": 1,
        "non_retriable": 1,
    }
    assert [(each["index"], each["retriable"]) for each in body["failed_events"]] == [(1, True), (2, False)]
    assert body["failed_events"][0]["reason"] == "no answer"


async def test_a_batch_of_nothing_but_bad_events_lists_them_all():
    answer = await post(intake.take_batch, Queue(), [event(None), {}])

    assert answer.status_code == 200
    assert json.loads(answer.get_body())["summary"]["failed"] == 2


async def test_a_bug_is_a_500_that_names_the_invocation():
    answer = await post(intake.take, Queue(refuses=["load"], error=KeyError("x")), EVENT)

    assert answer.status_code == 500
    assert "an invocation" in json.loads(answer.get_body())["detail"]
