"""What pipelines call: a request is checked, and then on the queue, however large it is."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

import lineage
from lineage.account import MESSAGE_LIMIT, Account
from lineage.envelope import SENT, open_envelope, read_payload
from lineage.errors import InvalidRequest, InvalidSettings
from lineage.openlineage import read_event
from lineage.request import read_request
from lineage.sender import Sender

REQUEST = {"source": "mssql://s/d/dbo/ä", "target": "mssql://s/d/dbo/b"}


@pytest.fixture
def connection(storage):
    return storage.connection_string.get_secret_value()


@pytest.fixture
def queue():
    return f"q{uuid4().hex}"


@pytest.fixture
def account(storage):
    account = Account(storage)
    yield account
    account.close()


@pytest.fixture
def sent(account, queue):
    """What lies on the queue, as envelopes and payloads."""

    def sent():
        envelopes = [open_envelope(leased.body) for leased in account.receive(queue, 30)]
        return [
            (envelope, read_payload(account.fetch(envelope.claim) if envelope.claim else envelope.original))
            for envelope in envelopes
        ]

    return sent


def large(size):
    """A request of about so many bytes."""
    columns = [{"source": f"{number:050}", "target": "t"} for number in range(size // 90)]
    return REQUEST | {"columns": columns}


def test_one_call_sends_one_request_and_answers_its_id(connection, queue, sent):
    key = lineage.send(REQUEST, storage=connection, queue=queue)

    ((envelope, payload),) = sent()
    assert payload == REQUEST
    assert key == read_request(REQUEST).key
    assert (envelope.kind, envelope.subject, envelope.claim) == (SENT, key, None)


def test_a_request_in_a_cloud_event_is_sent_as_if_it_were_bare(connection, queue, sent):
    event = {"specversion": "1.0", "id": "1", "source": "tests", "type": "any", "data": REQUEST}

    key = lineage.send(event, storage=connection, queue=queue)

    assert [payload for _, payload in sent()] == [REQUEST]
    assert key == read_request(REQUEST).key


def test_a_request_is_sent_as_a_model_too(connection, queue, sent):
    request = read_request(REQUEST | {"id": "run 7", "process": {"name": "load"}, "mode": "append"})

    key = lineage.send(request, storage=connection, queue=queue)

    ((_, payload),) = sent()
    assert key == "run 7"
    assert read_request(payload) == request


def test_what_is_no_request_is_told_every_mistake_and_not_sent(connection, queue, account):
    with pytest.raises(InvalidRequest) as caught:
        lineage.send({"source": 5, "extra": 1}, storage=connection, queue=queue)

    assert [mistake.path for mistake in caught.value.mistakes] == ["source", "extra"]
    assert account.receive(queue, 30) == []


@pytest.mark.parametrize("size", [MESSAGE_LIMIT * 2, 3_000_000])
def test_what_is_too_large_for_a_queue_goes_by_claim_check(connection, queue, sent, size):
    request = large(size)

    key = lineage.send(request, storage=connection, queue=queue)

    ((envelope, payload),) = sent()
    assert envelope.claim
    assert (payload, envelope.subject) == (request, key)


def test_it_is_the_sealed_message_that_has_to_fit(connection, queue, sent):
    """Around the limit each of them arrives: quotes are escaped in an envelope, and it has members of its own."""
    requests = [large(size) for size in range(40_000, MESSAGE_LIMIT + 2_000, 2_000)]

    with Sender(connection, queue=queue) as sender:
        for request in requests:
            sender.send(request)

    found = sent()
    assert [payload for _, payload in found] == requests
    assert {envelope.claim is None for envelope, _ in found} == {True, False}


def test_with_an_endpoint_the_other_services_are_those_of_the_same_account():
    sender = Sender("https://contoso.queue.core.windows.net/", credential=None)
    settings = sender._account._settings
    sender.close()

    assert settings.blob_url == "https://contoso.blob.core.windows.net"
    assert json.loads(settings.model_dump_json())["connection_string"] is None


EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2025-01-01T00:00:00Z",
    "producer": "https://example.com/producer",
    "run": {"runId": "0197f0a0-0000-7000-8000-000000000001"},
    "job": {"namespace": "jobs", "name": "load"},
    "inputs": [{"namespace": "file", "name": "/a"}],
    "outputs": [{"namespace": "file", "name": "/b"}],
}


def test_an_event_is_sent_condensed_and_needs_no_blob_for_what_is_not_kept(connection, queue, sent):
    facets = {
        "environment-properties": {"secret": "hush"},
        "spark.logicalPlan": {"plan": "x" * MESSAGE_LIMIT},
    }
    event = EVENT | {"run": EVENT["run"] | {"facets": facets}}

    key = lineage.send(event, storage=connection, queue=queue)

    ((envelope, payload),) = sent()
    assert envelope.claim is None
    assert "hush" not in json.dumps(payload)
    assert payload == read_event(event).event.to_json()
    assert (envelope.subject, key) == (EVENT["run"]["runId"],) * 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "JSON"),
        (datetime(2025, 1, 1, tzinfo=UTC), "datetime"),
        ({1, 2}, "set"),
        ("\ud800", "surrogate"),
    ],
)
@pytest.mark.parametrize(
    "given",
    [
        lambda value: REQUEST | {"process": {"name": "load", "attributes": {"a": [value]}}},
        lambda value: EVENT | {"job": EVENT["job"] | {"facets": {"documentation": {"description": value}}}},
    ],
    ids=["request", "event"],
)
def test_what_json_cannot_hold_is_said_and_not_sent(connection, queue, account, given, value, said):
    with pytest.raises(InvalidRequest, match=said):
        lineage.send(given(value), storage=connection, queue=queue)

    assert account.receive(queue, 30) == []


def test_a_model_that_holds_what_json_cannot_is_not_sent_either(connection, queue, account):
    request = read_request(REQUEST | {"process": {"name": "load", "attributes": {"a": "\ud800"}}})

    with pytest.raises(InvalidRequest):
        lineage.send(request, storage=connection, queue=queue)

    assert account.receive(queue, 30) == []


@pytest.mark.parametrize(
    "storage",
    [
        "http://contoso.queue.core.windows.net",
        "https://contoso.queue.core.windows.net/?sv=2024-11-04&sig=hush",
        "https://contoso.queue.core.windows.net/lineage",
        "https://contoso.blob.core.windows.net",
        "https://contoso.queue.core.windows.net:port",
        "HTTP://contoso.queue.core.windows.net",
        "https://",
        "contoso",
        "",
    ],
)
def test_what_is_neither_an_endpoint_nor_a_connection_string_is_said_at_once(storage):
    with pytest.raises(InvalidSettings, match="write the queue endpoint, as https://") as caught:
        Sender(storage)

    assert "hush" not in str(caught.value)


def test_a_connection_string_may_begin_with_an_endpoint():
    storage = "QueueEndpoint=https://contoso.queue.core.windows.net/;SharedAccessSignature=sig=hush"

    with Sender(storage) as sender:
        assert sender._account._settings.connection_string.get_secret_value() == storage
