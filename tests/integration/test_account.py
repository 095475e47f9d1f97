"""The app's own storage account on Azurite: queues, claim checks, and what is said when it does not answer."""

from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from lineage.account import CONTAINER, MESSAGE_LIMIT, PAGE, Account
from lineage.errors import PayloadGone, PayloadTooLarge, StorageFailed
from lineage.settings import Storage


@pytest.fixture
def connection(storage):
    return storage.connection_string.get_secret_value()


@pytest.fixture
def account(storage):
    account = Account(storage)
    yield account
    account.close()


@pytest.fixture
def queue():
    """The name of a queue that nobody has made yet."""
    return f"q{uuid4().hex}"


@pytest.fixture
def raw(connection, queue):
    """The queue, as another client sees it."""
    with QueueClient.from_connection_string(connection, queue) as client:
        yield client


def bodies(account, queue, lease_seconds=30):
    return [leased.body for leased in account.receive(queue, lease_seconds)]


def test_a_queue_that_is_missing_is_made_by_the_first_message(account, queue):
    assert account.receive(queue, 30) == []

    account.send(queue, b"first")
    account.send(queue, b"second")

    assert account.depth(queue) == 2
    assert bodies(account, queue) == [b"first", b"second"]


def test_a_message_may_be_as_large_as_a_queue_takes_and_waits_for_ever(account, queue, raw):
    largest = b"x" * MESSAGE_LIMIT

    account.send(queue, largest)

    (message,) = raw.receive_messages()
    assert message.content.encode() == largest
    assert message.expires_on.year == 9999
    with pytest.raises(StorageFailed):
        account.send(queue, largest + b"x")


def test_text_comes_back_as_it_was_sent(account, queue):
    text = '{"name": "bücher <&> \\"😀\\" 漢"}'.encode()

    account.send(queue, text)

    assert bodies(account, queue) == [text]


def test_a_delayed_message_is_there_and_not_to_be_seen(account, queue):
    account.send(queue, b"later", 3600)

    assert (account.depth(queue), account.receive(queue, 30)) == (1, [])


def test_a_delay_beyond_what_storage_takes_is_the_longest_it_takes(account, queue):
    account.send(queue, b"much later", 365 * 24 * 3600.0)

    assert (account.depth(queue), account.receive(queue, 30)) == (1, [])


def test_a_page_of_messages_is_taken_at_once_and_hidden_from_others(account, queue):
    for number in range(PAGE + 1):
        account.send(queue, str(number).encode())

    pages = [bodies(account, queue) for _ in range(3)]

    assert [len(page) for page in pages] == [PAGE, 1, 0]


def test_what_is_released_is_to_be_seen_again_unchanged_and_what_is_deleted_is_not(account, queue):
    account.send(queue, "ü".encode())
    account.send(queue, b"gone")
    kept, gone = account.receive(queue, 3600)

    account.delete(queue, gone)
    account.release(queue, kept)

    assert bodies(account, queue) == ["ü".encode()]


def test_what_is_gone_or_was_leased_by_others_since_is_fine_to_release(account, queue, raw):
    account.send(queue, b"gone")
    account.send(queue, b"others'")
    gone, others = account.receive(queue, 3600)
    raw.update_message(others.id, others.pop_receipt, visibility_timeout=3600)
    account.delete(queue, gone)

    account.release(queue, gone)
    account.release(queue, others)

    assert account.receive(queue, 30) == []


def test_a_payload_is_kept_fetched_and_removed(account, connection):
    payload = bytes(range(256)) * 1_000
    with BlobServiceClient.from_connection_string(connection) as blobs:
        if blobs.get_container_client(CONTAINER).exists():
            blobs.delete_container(CONTAINER)

    name = account.keep(payload)

    assert account.fetch(name) == payload
    account.discard(name)
    account.discard(name)
    with pytest.raises(PayloadGone, match=f"the payload '{name}' is gone from the container {CONTAINER}"):
        account.fetch(name)


@pytest.fixture
def secret(connection):
    """A blob in another container."""
    with BlobServiceClient.from_connection_string(connection) as blobs:
        container = blobs.create_container(f"c{uuid4().hex}")
        yield container.upload_blob("secret.json", b"hush")


@pytest.mark.parametrize("up", ["../", "./../", "2026/01/01/../../../../", "%2e%2e/", "..\\"])
def test_a_claim_leads_nowhere_but_to_the_apps_own_container(account, secret, up):
    name = f"{up}{secret.container_name}/{secret.blob_name}"
    account.discard(account.keep(b"so that the container is there"))

    with pytest.raises(PayloadGone):
        account.fetch(name)
    account.discard(name)

    assert secret.exists()


@pytest.mark.parametrize("name", ["https://evil.example/x", "a b/ü?x=y#z", ".", "", "2026/11/22/x"])
def test_what_is_no_name_of_a_payload_is_none(account, name):
    with pytest.raises(PayloadGone):
        account.fetch(name)
    account.discard(name)


def test_a_payload_larger_than_the_app_takes_is_not_read(account, monkeypatch):
    name = account.keep(b"x" * 1_000)
    monkeypatch.setattr("lineage.account.PAYLOAD_LIMIT", 999)

    with pytest.raises(PayloadTooLarge, match="1000 bytes"):
        account.fetch(name)


@pytest.mark.parametrize("connection", ["nonsense", "AccountName=x", "AccountKey=bm9ib2R5"])
def test_a_connection_string_that_leads_nowhere_is_said_without_its_key(connection):
    account = Account(Storage(LineageStorage=connection))

    with pytest.raises(StorageFailed, match=r"^storage: ") as caught:
        account.send("lineage", b"x")
    account.close()

    assert "bm9ib2R5" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(20)
def test_an_account_that_does_not_answer_is_given_up_after_seconds():
    """Not after minutes, as the SDK would: whoever waits for an answer has long given up."""
    nowhere = "http://127.0.0.1:1/devstoreaccount1"
    account = Account(
        Storage(
            LineageStorage=f"AccountName=a;AccountKey=bm9ib2R5;QueueEndpoint={nowhere};BlobEndpoint={nowhere};"
        )
    )

    for call in (lambda: account.send("lineage", b"x"), lambda: account.keep(b"x")):
        with pytest.raises(StorageFailed, match=r"^storage: "):
            call()
    account.close()
