"""The pace of calls: who may go while the Data Map is well, is down, or is being asked whether it is well again."""

import asyncio

import pytest

from lineage.errors import Unavailable
from lineage.pace import FIRST_PAUSE, LONGEST_PAUSE, Pace, Rate

LONG = 1_000.0  # seconds of patience that no test lasts
JITTER = 1.25


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def down(retry_after=None, *, throttled=False):
    return Unavailable("down", http_status=429 if throttled else 503, retry_after=retry_after)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    return Pace(clock=clock)


async def settled():
    """Lets every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_while_all_is_well_everybody_goes_at_once(pace, clock):
    clock.now = 7.0

    assert [(await pace.turn(0.0)).went for _ in range(3)] == [7.0, 7.0, 7.0]
    assert pace.pause == 0


async def test_after_a_failure_nobody_goes_until_the_pause_is_over(pace):
    pace.failed(await pace.turn(0.0), down(None))

    assert 0 < pace.pause <= FIRST_PAUSE * JITTER
    with pytest.raises(Unavailable, match="calls are held back") as caught:
        await pace.turn(0.0)
    assert caught.value.retry_after >= pace.pause


async def test_whoever_has_not_the_patience_for_the_pause_is_told_at_once_how_long_it_is(pace):
    pace.failed(await pace.turn(0.0), down(60.0))

    with pytest.raises(Unavailable) as caught:
        await pace.turn(59.0)

    assert caught.value.retry_after == pace.pause == 60.0


async def test_a_pause_is_never_shorter_than_the_data_map_asks_for(pace):
    pace.failed(await pace.turn(0.0), down(300.0))

    assert pace.pause == 300.0


async def test_pauses_grow_to_a_quarter_of_a_minute_and_no_further(pace, clock):
    pauses = []
    for _ in range(40):
        pace.failed(await pace.turn(0.0), down(None))
        pauses.append(pace.pause)
        clock.now += pace.pause

    assert pauses[0] <= FIRST_PAUSE * JITTER
    assert all(earlier < later for earlier, later in zip(pauses[:4:2], pauses[2:6:2], strict=True))
    assert all(LONGEST_PAUSE * 0.75 <= pause <= LONGEST_PAUSE * JITTER for pause in pauses[6:])


async def test_failures_of_calls_from_before_the_pause_add_nothing_to_it(pace, clock):
    turns = [await pace.turn(0.0) for _ in range(8)]
    clock.now = 1.0
    pace.failed(turns[0], down(None))
    pause = pace.pause

    for turn in turns[1:]:
        pace.failed(turn, down(None))

    assert pace.pause == pause


async def test_after_the_pause_one_goes_first_and_the_others_follow_its_success(pace, clock):
    pace.failed(await pace.turn(0.0), down(None))
    clock.now += pace.pause
    first = await pace.turn(0.0)
    others = [asyncio.create_task(pace.turn(LONG)) for _ in range(5)]
    await settled()
    assert not any(task.done() for task in others)

    pace.succeeded(first)

    assert [turn.went for turn in await asyncio.gather(*others)] == [clock.now] * 5


async def test_if_the_first_one_fails_the_others_wait_for_the_next_pause(pace, clock):
    pace.failed(await pace.turn(0.0), down(None))
    clock.now += pace.pause
    went = await pace.turn(0.0)

    pace.failed(went, down(60.0))

    with pytest.raises(Unavailable):
        await pace.turn(59.0)
    assert pace.pause == 60.0


async def test_if_the_first_one_says_nothing_another_goes_in_its_place(pace, clock):
    pace.failed(await pace.turn(0.0), down(None))
    clock.now += pace.pause
    first = await pace.turn(0.0)
    others = [asyncio.create_task(pace.turn(LONG)) for _ in range(3)]
    await settled()

    pace.ended(first)
    await settled()

    (second,) = [task for task in others if task.done()]
    pace.succeeded(second.result())
    await asyncio.gather(*others)


async def test_who_waits_no_longer_than_patience_while_another_goes_first_is_told_to_come_back(pace, clock):
    pace.failed(await pace.turn(0.0), down(None))
    clock.now += pace.pause
    first = await pace.turn(0.0)

    with pytest.raises(Unavailable) as caught:
        await pace.turn(0.0)

    assert caught.value.retry_after == 1.0
    assert pace.is_held_back(first) is False


async def test_whoever_stops_waiting_is_in_nobodys_way(pace, clock):
    pace.failed(await pace.turn(0.0), down(None))
    clock.now += pace.pause
    first = await pace.turn(0.0)
    waiting = asyncio.create_task(pace.turn(LONG))
    await settled()

    waiting.cancel()
    await settled()
    pace.succeeded(first)

    assert waiting.cancelled()
    assert (await pace.turn(0.0)).went == clock.now


async def test_an_answer_to_a_call_of_before_the_pause_neither_ends_it_nor_stops_the_process(pace, clock):
    early, failing = await pace.turn(0.0), await pace.turn(0.0)
    clock.now += 1
    pace.failed(failing, down(30.0))
    pace.failed(early, down(3_600.0))

    pace.succeeded(early)

    assert pace.pause == 30.0
    with pytest.raises(Unavailable):
        await asyncio.wait_for(pace.turn(1.0), 5)


async def test_a_turn_given_before_somebody_failed_does_not_count_any_more(pace):
    turn = await pace.turn(0.0)
    pace.failed(await pace.turn(0.0), down())

    assert pace.is_held_back(turn)


async def test_why_calls_are_held_back_is_said(pace):
    pace.failed(await pace.turn(0.0), Unavailable("HTTP 503: maintenance", http_status=503))

    with pytest.raises(Unavailable, match="HTTP 503: maintenance"):
        await pace.turn(0.0)


async def throttle(pace, clock):
    """A second of fifty calls, of which the last is refused."""
    turns = [await pace.turn(0.0) for _ in range(50)]
    for turn in turns[:-1]:
        pace.succeeded(turn)
    pace.failed(turns[-1], down(1.0, throttled=True))
    clock.now += 1.0
    pace.succeeded(await pace.turn(0.0))


async def test_after_a_refusal_calls_are_spaced_below_the_rate_that_was_too_much(pace, clock):
    await throttle(pace, clock)

    assert (await pace.turn(0.0)).went == clock.now
    second = asyncio.create_task(pace.turn(LONG))
    await settled()

    assert not second.done()  # it waits for its place, a fortieth of a second away
    second.cancel()


async def test_nobody_takes_a_place_that_lies_beyond_patience(pace, clock):
    await throttle(pace, clock)
    await pace.turn(0.0)

    for _ in range(100):
        with pytest.raises(Unavailable, match="throttles") as caught:
            await pace.turn(0.0)
        assert 0 < caught.value.retry_after < 0.1


def test_calls_settle_near_the_rate_that_is_allowed(clock):
    allowed, rate, accepted, refused = 25.0, Rate(clock), 0, 0
    left = allowed  # calls that may go now, as many as a second's at most
    while clock.now < 300.0:
        left -= 1
        if left >= 0:
            accepted += 1
            rate.accepted()
        else:
            refused += 1
            rate.refused()
            clock.now += 1.0  # as the Data Map asks
            left = min(allowed, left + allowed)
        wait = rate.wait() if rate.limit else 0.001
        rate.take()
        clock.now += wait
        left = min(allowed, left + wait * allowed)

    assert accepted / clock.now > 0.95 * allowed
    assert refused < 0.02 * accepted
