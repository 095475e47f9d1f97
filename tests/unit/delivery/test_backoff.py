"""When a message is tried again: growing, jittered, and ended."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.delivery.backoff import Backoff
from lineage.errors import AnotherWrites, DatasetMissing, Mistake, SignInFailed, Unavailable

BACKOFF = Backoff(first=timedelta(seconds=30), longest=timedelta(hours=1), give_up_after=timedelta(hours=24))
NO_TIME = timedelta()
ages = st.timedeltas(min_value=NO_TIME, max_value=timedelta(hours=23, minutes=59))


@given(st.integers(1, 10**9), ages)
def test_a_message_comes_back_after_a_while_and_before_patience_ends(attempts, age):
    delay = BACKOFF.delay(Unavailable("down"), attempts, age)

    assert NO_TIME < delay <= min(BACKOFF.longest, max(BACKOFF.give_up_after - age, BACKOFF.first))


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 30), (2, 60), (3, 120), (7, 1_920), (8, 3_600)])
def test_delays_double_up_to_the_longest(attempts, seconds):
    delays = [BACKOFF.delay(Unavailable("down"), attempts, NO_TIME).total_seconds() for _ in range(50)]

    assert seconds * 0.75 <= min(delays) < max(delays) <= min(seconds * 1.25, 3_600)


def test_when_patience_has_ended_it_is_given_up():
    assert BACKOFF.delay(Unavailable("down"), 1, timedelta(hours=24)) is None
    assert BACKOFF.delay(SignInFailed("no token"), 1, timedelta(days=365)) is None


def test_the_last_attempt_comes_about_when_patience_ends():
    delay = BACKOFF.delay(Unavailable("down"), 50, timedelta(hours=23, minutes=59, seconds=50))

    assert timedelta(seconds=10) <= delay <= BACKOFF.first


def test_the_data_map_is_not_asked_before_it_wants_to_be():
    error = Unavailable("throttled", retry_after=7_200.0)

    assert BACKOFF.delay(error, 1, NO_TIME) == timedelta(hours=2)


def test_where_it_wants_less_the_delay_is_our_own():
    assert BACKOFF.delay(Unavailable("throttled", retry_after=0.1), 1, NO_TIME) >= timedelta(seconds=22)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (4, 40), (9, 60)])
def test_who_waits_for_another_instance_comes_back_soon(attempts, seconds):
    delays = [BACKOFF.delay(AnotherWrites(5.0), attempts, NO_TIME).total_seconds() for _ in range(50)]

    assert seconds * 0.75 <= min(delays) < max(delays) <= min(seconds * 1.25, 60)


def test_when_the_other_instance_has_to_be_done_it_comes_back():
    assert timedelta(seconds=0.1) <= BACKOFF.delay(AnotherWrites(0.1), 1, NO_TIME) <= timedelta(seconds=0.125)


def test_an_error_may_be_worth_less_patience():
    error = DatasetMissing(Mistake("inputs.0", "gone"), final=False, patience=timedelta(seconds=40))

    assert timedelta(seconds=5) <= BACKOFF.delay(error, 1, timedelta(seconds=35)) <= BACKOFF.first
    assert BACKOFF.delay(error, 2, timedelta(seconds=40)) is None


def test_no_error_is_worth_more_patience_than_the_setting():
    error = DatasetMissing(Mistake("inputs.0", "gone"), final=False, patience=timedelta(days=365))

    assert BACKOFF.delay(error, 1, timedelta(hours=24)) is None
