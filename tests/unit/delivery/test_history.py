"""What a message has been through: only a deferral carries it, and nothing in it is trusted to be well-formed."""

from datetime import UTC, datetime, timedelta

import pytest

from lineage.delivery.history import DEFERRED, History, Received
from lineage.delivery.poison import DEAD
from lineage.envelope import SENT, Envelope, open_envelope, seal

MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
OTHER = f"00-{'c' * 32}-{'d' * 16}-00"


def received(**more):
    given = {"body": b"{}", "message_id": "m", "attempt": 1, "inserted": NOON, "invocation_id": "i"}
    return Received(**given | more)


def history(attributes=None, kind=DEFERRED, **more):
    return History.of(Envelope(b"{}", None, kind, attributes or {}), received(**more))


def test_a_message_that_is_new_has_been_seen_when_it_was_put_on_the_queue():
    assert history(kind=None) == History(attempts=1, first_seen=NOON, traceparent="")


def test_a_message_of_which_the_host_does_not_say_when_it_came_is_seen_now():
    assert datetime.now(UTC) - history(inserted=None).first_seen < timedelta(minutes=1)


def test_a_deferral_carries_on_where_it_was_put_back():
    carried = {"attempts": 3, "firstseen": MORNING.isoformat(), "traceparent": TRACE}

    assert history(carried, attempt=2, traceparent=OTHER) == History(5, MORNING, TRACE)


@pytest.mark.parametrize("kind", [None, SENT, DEAD, "other"])
def test_any_other_message_starts_anew_and_its_trace_goes_on(kind):
    carried = {"attempts": 3, "firstseen": MORNING.isoformat(), "traceparent": TRACE}

    assert history(carried, kind, traceparent=OTHER) == History(1, NOON, TRACE)


@pytest.mark.parametrize(
    "traceparent", [None, "", "00-trace", TRACE.upper(), TRACE + "\n", 5, [], "0" * 70_000]
)
def test_what_is_no_traceparent_is_not_carried_on(traceparent):
    assert history({"traceparent": traceparent}, traceparent=OTHER).traceparent == OTHER
    assert history({"traceparent": traceparent}, traceparent="nonsense").traceparent == ""


@pytest.mark.parametrize("attempts", [None, "3", -5, 1.5, [], {}])
def test_attempts_that_are_no_count_are_none(attempts):
    assert history({"attempts": attempts}).attempts == 1


@pytest.mark.parametrize("moment", [None, "", "yesterday", 5, "2026-13-01", [], "9" * 5_000])
def test_a_first_sight_that_is_no_time_is_that_of_the_queue(moment):
    assert history({"firstseen": moment}).first_seen == NOON


def test_a_first_sight_without_a_zone_is_in_utc():
    assert history({"firstseen": "2026-01-01T08:00:00"}).first_seen == MORNING


def test_what_is_written_on_an_envelope_is_read_from_it():
    first = History(7, MORNING, TRACE)

    sealed = open_envelope(seal(b"{}", DEFERRED, first.attributes()))

    assert History.of(sealed, received()) == History(8, MORNING, TRACE)


def test_no_trace_is_no_attribute():
    assert History(1, NOON, "").attributes().keys() == {"attempts", "firstseen"}
