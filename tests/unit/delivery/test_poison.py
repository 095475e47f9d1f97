"""How a message of the poison queue is read: ours with its reason, or the host's own."""

import pytest

from lineage.account import Leased
from lineage.delivery.history import DEFERRED
from lineage.delivery.poison import DEAD, HOSTS_OWN, DeadMessage, poison_queue
from lineage.envelope import SENT, seal

REQUEST = b'{"source": "a", "target": "b"}'


def read(body):
    return DeadMessage.read(Leased("id", "receipt", body))


def test_the_poison_queue_is_named_as_the_host_names_it():
    assert poison_queue("lineage") == "lineage-poison"


def test_a_dead_message_says_why_and_gives_the_original_back():
    reason = {"problem": "dataset-missing", "reason": "no entity", "attempts": 3, "errorcode": "ATLAS"}

    assert read(seal(REQUEST, DEAD, reason)) == DeadMessage(
        "id", "dataset-missing", "no entity", REQUEST, None, {"attempts": 3, "errorcode": "ATLAS"}
    )


@pytest.mark.parametrize("body", [REQUEST, b"", b"\xff", b"nonsense"])
def test_what_the_host_moved_there_is_the_message_itself(body):
    assert read(body) == DeadMessage("id", "host-gave-up", HOSTS_OWN, body, None, {})


def test_a_deferral_that_the_host_moved_there_keeps_what_it_had_been_through():
    dead = read(seal(REQUEST, DEFERRED, {"problem": "data-map-unavailable", "attempts": 4}))

    assert (dead.problem, dead.reason, dead.original) == ("host-gave-up", HOSTS_OWN, REQUEST)
    assert dead.attributes["attempts"] == 4


def test_a_request_in_a_senders_envelope_is_the_hosts_own_too():
    dead = read(seal(REQUEST, SENT, {"subject": "run-7"}))

    assert (dead.problem, dead.original) == ("host-gave-up", REQUEST)


def test_of_a_claim_check_the_claim_is_known():
    dead = read(seal(b"", DEAD, {"problem": "p", "reason": "r"}, claim="2026/01/01/x"))

    assert (dead.claim, dead.original) == ("2026/01/01/x", b"")


def test_a_dead_message_that_says_nothing_is_shown_all_the_same():
    dead = read(seal(REQUEST, DEAD, {}))

    assert (dead.problem, dead.reason, dead.original) == ("", "", REQUEST)
