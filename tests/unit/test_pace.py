"""The pace of calls: who may go while the Data Map is well, is down, or is being asked whether it is well again."""

import asyncio

import pytest

from lineage.errors import Unavailable
from lineage.pace import FIRST_PAUSE, LONGEST_PAUSE, Pace

LONG = 1_000.0  # seconds of patience that no test lasts
JITTER = 1.25


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


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

    assert [await pace.turn(0.0) for _ in range(3)] == [7.0, 7.0, 7.0]
    assert pace.pause == 0


async def test_after_a_failure_nobody_goes_until_the_pause_is_over(pace):
    pace.failed(await pace.turn(0.0), None, throttled=False)

    assert 0 < pace.pause <= FIRST_PAUSE * JITTER
    with pytest.raises(Unavailable, match="calls are held back") as caught:
        await pace.turn(0.0)
    assert caught.value.retry_after >= pace.pause


async def test_whoever_has_not_the_patience_for_the_pause_is_told_at_once_how_long_it_is(pace):
    pace.failed(await pace.turn(0.0), 60.0, throttled=False)

    with pytest.raises(Unavailable) as caught:
        await pace.turn(59.0)

    assert caught.value.retry_after == pace.pause == 60.0


async def test_a_pause_is_never_shorter_than_the_data_map_asks_for(pace):
    pace.failed(await pace.turn(0.0), 300.0, throttled=False)

    assert pace.pause == 300.0


async def test_pauses_grow_to_a_quarter_of_a_minute_and_no_further(pace, clock):
    pauses = []
    for _ in range(40):
        pace.failed(await pace.turn(0.0), None, throttled=False)
        pauses.append(pace.pause)
        clock.now += pace.pause

    assert pauses[0] <= FIRST_PAUSE * JITTER
    assert all(earlier < later for earlier, later in zip(pauses[:4:2], pauses[2:6:2], strict=True))
    assert all(LONGEST_PAUSE * 0.75 <= pause <= LONGEST_PAUSE * JITTER for pause in pauses[6:])


async def test_failures_of_calls_from_before_the_pause_add_nothing_to_it(pace, clock):
    turns = [await pace.turn(0.0) for _ in range(8)]
    clock.now = 1.0
    pace.failed(turns[0], None, throttled=False)
    pause = pace.pause

    for turn in turns[1:]:
        pace.failed(turn, None, throttled=False)

    assert pace.pause == pause


async def test_after_the_pause_one_goes_first_and_the_others_follow_its_success(pace, clock):
    pace.failed(await pace.turn(0.0), None, throttled=False)
    clock.now += pace.pause
    await pace.turn(0.0)
    others = [asyncio.create_task(pace.turn(LONG)) for _ in range(5)]
    await settled()
    assert not any(task.done() for task in others)

    pace.succeeded()

    assert await asyncio.gather(*others) == [clock.now] * 5


async def test_if_the_first_one_fails_the_others_wait_for_the_next_pause(pace, clock):
    pace.failed(await pace.turn(0.0), None, throttled=False)
    clock.now += pace.pause
    went = await pace.turn(0.0)

    pace.failed(went, 60.0, throttled=False)

    with pytest.raises(Unavailable):
        await pace.turn(59.0)
    assert pace.pause == 60.0


async def test_if_the_first_one_says_nothing_another_goes_in_its_place(pace, clock):
    pace.failed(await pace.turn(0.0), None, throttled=False)
    clock.now += pace.pause
    await pace.turn(0.0)
    others = [asyncio.create_task(pace.turn(LONG)) for _ in range(3)]
    await settled()

    pace.ended()
    await settled()

    assert [task.done() for task in others].count(True) == 1
    pace.succeeded()
    await asyncio.gather(*others)


async def test_who_waits_no_longer_than_patience_while_another_goes_first_is_told_to_come_back(pace, clock):
    pace.failed(await pace.turn(0.0), None, throttled=False)
    clock.now += pace.pause
    await pace.turn(0.0)

    with pytest.raises(Unavailable) as caught:
        await pace.turn(0.0)

    assert caught.value.retry_after == 1.0


async def test_whoever_stops_waiting_is_in_nobodys_way(pace, clock):
    pace.failed(await pace.turn(0.0), None, throttled=False)
    clock.now += pace.pause
    await pace.turn(0.0)
    waiting = asyncio.create_task(pace.turn(LONG))
    await settled()

    waiting.cancel()
    await settled()
    pace.succeeded()

    assert waiting.cancelled()
    assert await pace.turn(0.0) == clock.now
