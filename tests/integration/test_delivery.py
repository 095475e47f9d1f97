"""The end of the corridor on Azurite: what becomes of each message, and what is said of it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lineage.account import Account
from lineage.delivery import Delivery, PoisonQueue, Received, poison, poison_queue
from lineage.delivery.backoff import Backoff
from lineage.delivery.history import DEFERRED
from lineage.delivery.settle import LARGE_AT_ONCE, TryAgain
from lineage.envelope import SENT, open_envelope, read_payload, seal
from lineage.errors import DatasetMissing, InvalidRequest, Mistake, NotAuthorized, PayloadGone, Unavailable
from lineage.outcomes import Outcome, Outcomes, Record
from lineage.settings import Storage
from lineage.storage import StorageAccount

REQUEST = {"source": "a", "target": "bücher"}
BODY = json.dumps(REQUEST).encode()
BACKOFF = Backoff(first=timedelta(seconds=30), longest=timedelta(hours=1), give_up_after=timedelta(hours=24))
LAST = 5  # deliveries
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
SOON = 3_600.0  # seconds; any message is visible within it


class Desk:
    """A delivery with a queue of its own, and what lies on its two queues."""

    def __init__(self, storage, outcomes):
        self.storage = storage
        self.outcomes = outcomes
        self.queue = f"q{uuid4().hex}"
        self.delivery = Delivery(storage, outcomes, self.queue, backoff=BACKOFF, max_dequeue_count=LAST)
        self.poison = PoisonQueue(storage, self.queue)

    async def deliver(self, handle, body=BODY, **more):
        given = {"message_id": uuid4().hex, "attempt": 1, "inserted": datetime.now(UTC), "invocation_id": "i"}
        await self.delivery.deliver(Received(body, **given | more), handle)

    async def visible(self):
        return [leased.body for leased in await self.storage.receive(self.queue, 30)]

    async def depths(self):
        """How many messages wait on the queue, and how many are dead."""
        queues = (self.queue, poison_queue(self.queue))
        for queue in queues:  # so that both are there
            await self.storage.send(queue, b"-")
            for leased in await self.storage.receive(queue, 30):
                if leased.body == b"-":
                    await self.storage.delete(queue, leased)
        return tuple([await self.storage.depth(queue) for queue in queues])


@pytest.fixture
async def account(storage):
    account = StorageAccount(storage)
    yield account
    account.close()


@pytest.fixture
async def outcomes(table):
    outcomes = Outcomes(table)
    yield outcomes
    await outcomes.flush()


@pytest.fixture
def desk(account, outcomes):
    return Desk(account, outcomes)


def done(key="the id", status="done"):
    async def handle(payload):
        assert payload == REQUEST
        return Outcome(id=key, status=status)

    return handle


def failing(error):
    async def handle(_payload):
        raise error

    return handle


def everything(_dead):
    return True


async def never(_payload):
    raise AssertionError("the payload was not to be handled")


def missing(**more):
    return DatasetMissing(Mistake("inputs.0", "no entity"), **{"final": False, **more})


# Done


@pytest.mark.parametrize("status", ["done", "superseded", "accumulated"])
async def test_a_message_that_is_handled_is_done_and_its_outcome_kept(desk, status):
    await desk.deliver(done(status=status))
    await desk.outcomes.flush()

    record = await desk.outcomes.find("the id")
    assert (record.status, record.attempts, record.outcome.id) == (status, 1, "the id")
    assert await desk.depths() == (0, 0)


async def test_a_payload_is_removed_when_its_message_is_done(desk):
    claim = await desk.storage.keep(BODY)

    await desk.deliver(done(), seal(b"", SENT, {"subject": "the id"}, claim=claim))

    with pytest.raises(PayloadGone):
        await desk.storage.fetch(claim)
    assert (await desk.outcomes.find("the id")).status == "done"


async def test_only_so_many_large_payloads_are_handled_at_once(desk):
    at_once, most, full = 0, 0, asyncio.Event()

    async def handle(_payload):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == LARGE_AT_ONCE:
            full.set()
        await asyncio.wait_for(full.wait(), 30)
        await asyncio.sleep(0.05)  # in which one more would come, if it could
        at_once -= 1
        return Outcome(id="the id", status="done")

    claims = [await desk.storage.keep(BODY) for _ in range(LARGE_AT_ONCE + 4)]
    bodies = [seal(b"", SENT, {"subject": "the id"}, claim=claim) for claim in claims]
    await asyncio.gather(*(desk.deliver(handle, body) for body in bodies))

    assert most == LARGE_AT_ONCE


async def test_that_an_outcome_cannot_be_kept_makes_nothing_undone(account, no_table):
    desk = Desk(account, Outcomes(no_table))
    claim = await account.keep(BODY)

    await desk.deliver(done())
    await desk.deliver(done(), seal(b"", SENT, {"subject": "the id"}, claim=claim))
    await desk.outcomes.flush()

    assert await desk.depths() == (0, 0)


# A payload that is gone


@pytest.mark.parametrize("status", ["done", "superseded", "accumulated"])
async def test_a_duplicate_whose_payload_is_gone_because_it_is_done_has_nothing_left_to_do(desk, status):
    claim = await desk.storage.keep(BODY)
    body = seal(b"", SENT, {"subject": "the id"}, claim=claim)

    await desk.deliver(done(status=status), body)
    await desk.deliver(never, body)

    assert await desk.depths() == (0, 0)
    assert (await desk.outcomes.find("the id")).status == status


async def test_that_another_message_of_the_same_id_is_done_says_nothing_of_a_payload_that_is_gone(desk):
    start, complete = [await desk.storage.keep(BODY) for _ in range(2)]
    await desk.deliver(done(status="accumulated"), seal(b"", SENT, {"subject": "the id"}, claim=start))
    await desk.storage.discard(complete)

    await desk.deliver(never, seal(b"", SENT, {"subject": "the id"}, claim=complete))

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.claim) == ("payload-gone", complete)


@pytest.mark.parametrize("status", ["queued", "deferred", "dead", None])
async def test_a_payload_that_is_gone_before_its_message_is_done_is_said(desk, status):
    claim = await desk.storage.keep(BODY)
    await desk.storage.discard(claim)
    now = datetime.now(UTC)
    if status:
        await desk.outcomes.record_now(Record(id="the id", status=status, first_seen=now, last_seen=now))

    await desk.deliver(never, seal(b"", SENT, {"subject": "the id"}, claim=claim))

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.claim, dead.attributes["subject"]) == ("payload-gone", claim, "the id")


@pytest.mark.parametrize("subject", [{"subject": "the id"}, {}])
async def test_where_nobody_can_say_whether_it_is_done_the_message_is_not_lost(account, no_table, subject):
    desk = Desk(account, Outcomes(no_table))
    claim = await account.keep(BODY)
    await account.discard(claim)

    await desk.deliver(never, seal(b"", SENT, subject, claim=claim))

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.claim) == ("payload-gone", claim)


# Deferred


@pytest.mark.parametrize("error", [Unavailable("down"), NotAuthorized("no role"), missing()])
async def test_what_may_mend_by_itself_comes_back_later(desk, error):
    await desk.deliver(failing(error))

    assert await desk.visible() == []
    assert await desk.depths() == (1, 0)


async def test_a_deferral_carries_the_message_to_the_byte_and_what_it_has_been_through(desk, monkeypatch):
    sent = []
    monkeypatch.setattr(Account, "send", lambda _account, *message: sent.append(message))
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    error = Unavailable("down", http_status=503, error_code="X", request_id="r", retry_after=300.0)

    await desk.deliver(failing(error), inserted=long_ago, traceparent=TRACE)
    await desk.deliver(failing(error), sent[0][1])

    envelopes = [open_envelope(message) for _, message, _ in sent]
    assert [(queue, delay) for queue, _, delay in sent] == [(desk.queue, 300.0)] * 2
    assert [envelope.original for envelope in envelopes] == [BODY, BODY]
    assert [envelope.kind for envelope in envelopes] == [DEFERRED, DEFERRED]
    assert [envelope.attributes["attempts"] for envelope in envelopes] == [1, 2]
    assert len({envelope.attributes["firstseen"] for envelope in envelopes}) == 1
    attributes = envelopes[1].attributes
    assert (attributes["problem"], attributes["reason"]) == ("data-map-unavailable", "down")
    assert (attributes["errorcode"], attributes["requestid"]) == ("X", "r")
    assert attributes["traceparent"] == TRACE


async def test_a_deferral_is_recorded_with_its_reason_and_when_it_comes_back(desk):
    await desk.deliver(failing(Unavailable("down", error_code="X")), seal(BODY, SENT, {"subject": "the id"}))
    await desk.outcomes.flush()

    record = await desk.outcomes.find("the id")
    assert (record.status, record.problem, record.reason) == ("deferred", "data-map-unavailable", "down")
    assert record.error_code == "X"
    assert record.next_attempt > record.last_seen - timedelta(seconds=5)


async def test_a_message_that_grows_too_large_by_its_reason_goes_by_claim_check(desk, monkeypatch):
    large = json.dumps({**REQUEST, "id": "x" * 60_000}).encode()
    sent = []
    monkeypatch.setattr(Account, "send", lambda _account, *message: sent.append(message))

    await desk.deliver(failing(missing(final=False)), large)
    await desk.deliver(failing(Unavailable("ü" * 8_000)), large)

    claims = [open_envelope(message).claim for _, message, _ in sent]
    assert claims[0] is None
    assert await desk.storage.fetch(claims[1]) == large


# Dead


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (InvalidRequest(Mistake("inputs", "what is this")), "invalid-request"),
        (missing(final=True), "dataset-missing"),
    ],
)
async def test_what_can_never_succeed_is_dead_with_its_reason(desk, error, problem):
    await desk.deliver(failing(error), message_id="message-7", invocation_id="invocation-7")
    await desk.outcomes.flush()

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.reason, dead.original) == (problem, str(error), BODY)
    assert (dead.attributes["messageid"], dead.attributes["invocationid"]) == ("message-7", "invocation-7")
    assert (await desk.outcomes.find("message-7")).status == "dead"


async def test_what_nobody_can_read_is_dead_and_keeps_its_bytes(desk):
    await desk.deliver(never, b"\xff\x00 nonsense")

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.original) == ("invalid-request", b"\xff\x00 nonsense")


async def test_when_patience_has_ended_a_message_is_dead(desk):
    await desk.deliver(failing(Unavailable("down")), inserted=datetime.now(UTC) - timedelta(hours=25))

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.reason) == ("data-map-unavailable", "down")


# Bugs of our own


@pytest.mark.parametrize("attempt", [1, LAST - 1])
async def test_over_a_bug_the_host_tries_again_and_is_told_no_more_than_its_kind(desk, attempt):
    with pytest.raises(TryAgain, match=r"^bug:ZeroDivisionError$") as caught:
        await desk.deliver(failing(ZeroDivisionError("secret")), attempt=attempt)

    assert caught.value.__cause__ is None
    assert await desk.depths() == (0, 0)


@pytest.mark.parametrize("attempt", [LAST, LAST + 1])
async def test_on_the_last_attempt_the_reason_is_kept(desk, attempt):
    await desk.deliver(failing(ZeroDivisionError("by zero")), attempt=attempt)

    (dead,) = await desk.poison.messages()
    assert (dead.problem, dead.reason, dead.original) == ("bug:ZeroDivisionError", "by zero", BODY)


async def test_nothing_of_a_message_is_in_the_logs(desk, caplog):
    caplog.set_level("INFO", "lineage")
    for error in (Unavailable("hush"), missing(final=True), InvalidRequest(Mistake("hush", "hush"))):
        await desk.deliver(failing(error), json.dumps({"source": "hush"}).encode())
    await desk.deliver(failing(ValueError("hush")), attempt=LAST)

    lines = [record.getMessage() for record in caplog.records if record.name == "lineage"]
    fates = [json.loads(line)["fate"] for line in lines if json.loads(line)["event"] == "lineage.message"]
    assert fates == ["deferred", "dead", "dead", "dead"]
    assert "hush" not in "".join(lines)


# Storage that does not answer


async def test_a_message_that_cannot_be_put_back_stays_with_the_host(outcomes):
    nowhere = StorageAccount(Storage(LineageStorage="nonsense"))
    desk = Desk(nowhere, outcomes)

    for error in (Unavailable("down"), missing(final=True)):
        with pytest.raises(TryAgain, match=r"^storage-failed$"):
            await desk.deliver(failing(error))
    nowhere.close()


async def test_a_bug_whose_message_cannot_be_buried_is_in_the_logs_all_the_same(outcomes, caplog):
    nowhere = StorageAccount(Storage(LineageStorage="nonsense"))

    with pytest.raises(TryAgain, match=r"^storage-failed$"):
        await Desk(nowhere, outcomes).deliver(failing(ZeroDivisionError("hush")), attempt=LAST)

    (line,) = [json.loads(record.message) for record in caplog.records if "lineage.message" in record.message]
    assert (line["fate"], line["problem"]) == ("retried", "bug:ZeroDivisionError")
    assert "test_delivery.py" in line["stack"]
    nowhere.close()


# The poison queue in an operator's hands


async def test_a_replay_gives_back_the_original_and_then_takes_the_dead_message_away(desk):
    bodies = [BODY, b"nonsense", "bücher".encode()]
    for body in bodies:
        await desk.deliver(failing(missing(final=True)), body)

    dry = await desk.poison.replay()
    replayed = await desk.poison.replay(dry_run=False)

    assert [dead.original for dead in dry] == [dead.original for dead in replayed] == bodies
    assert await desk.visible() == bodies
    assert await desk.poison.messages() == []


async def test_a_request_that_is_replayed_is_queued_again_and_says_so(desk, account, outcomes):
    error = InvalidRequest(Mistake("", "no"))
    error.request_key = "the id"
    await desk.deliver(failing(error))
    await outcomes.flush()
    assert (await outcomes.find("the id")).status == "dead"
    poison = PoisonQueue(account, desk.queue, outcomes)

    await poison.replay()
    assert (await outcomes.find("the id")).status == "dead", "a dry run changes nothing"
    await poison.replay(dry_run=False)

    record = await outcomes.find("the id")
    assert (record.status, record.problem, record.attempts) == ("queued", None, 0)


async def test_a_replay_ends_though_what_is_replayed_dies_again_at_once(desk, account, storage):
    for number in range(40):
        await account.send(poison_queue(desk.queue), f"dead {number}".encode())
    again = Account(storage)

    def dying(message):
        again.send(poison_queue(desk.queue), b"again: " + message.original)
        return True

    replayed = await desk.poison.replay(dying, dry_run=False)
    again.close()

    originals = [message.original for message in replayed]
    assert sorted(originals) == sorted(f"dead {number}".encode() for number in range(40))
    assert await account.depth(desk.queue) == await account.depth(poison_queue(desk.queue)) == 40


async def test_on_a_way_longer_than_its_leases_each_message_is_met_once(desk, account, monkeypatch):
    monkeypatch.setattr(poison, "LEASE_SECONDS", 1)
    receipts = []

    async def receive(queue, lease_seconds):
        receipts.append(queue)
        await asyncio.sleep(1.1)  # whatever was leased before is visible again
        return await StorageAccount.receive(account, queue, lease_seconds)

    for number in range(70):
        await account.send(poison_queue(desk.queue), f"dead {number}".encode())
    monkeypatch.setattr(account, "receive", receive)

    met = await desk.poison.messages()

    assert [message.original for message in met] == [f"dead {number}".encode() for number in range(70)]
    assert len(receipts) == 3
    monkeypatch.undo()
    assert len(await desk.poison.messages()) == 70, "all are visible again"


async def test_a_replay_of_a_claim_check_starts_anew_under_the_same_id(desk):
    claim = await desk.storage.keep(BODY)
    await desk.deliver(failing(missing(final=True)), seal(b"", SENT, {"subject": "the id"}, claim=claim))

    await desk.poison.replay(dry_run=False)

    (body,) = await desk.visible()
    envelope = open_envelope(body)
    assert (envelope.kind, envelope.claim, envelope.subject) == (SENT, claim, "the id")
    assert envelope.attributes == {"subject": "the id"}
    assert read_payload(await desk.storage.fetch(claim)) == REQUEST


async def test_dropping_takes_the_payload_along(desk):
    claim = await desk.storage.keep(BODY)
    await desk.deliver(failing(missing(final=True)), seal(b"", SENT, {"subject": "the id"}, claim=claim))

    await desk.poison.drop(everything)
    assert await desk.storage.fetch(claim) == BODY
    await desk.poison.drop(everything, dry_run=False)

    assert await desk.depths() == (0, 0)
    with pytest.raises(PayloadGone):
        await desk.storage.fetch(claim)


async def test_more_than_a_page_of_dead_messages_is_seen_whole_and_each_once(desk):
    poison = poison_queue(desk.queue)
    for number in range(70):
        await desk.storage.send(poison, str(number).encode())

    chosen = await desk.poison.replay(lambda dead: dead.original.endswith(b"7"), dry_run=False)
    left = await desk.poison.messages()

    assert [int(dead.original) for dead in chosen] == [7, 17, 27, 37, 47, 57, 67]
    assert sorted(int(dead.original) for dead in left) == [n for n in range(70) if n % 10 != 7]
