"""Time that runs out before the host's does."""

import asyncio
import json
from datetime import timedelta

import pytest

from lineage.deadline import OF_CALLERS, OF_MESSAGES, deadline, until
from lineage.errors import Fate, Unavailable
from lineage.settings import HOST_JSON


def seconds(written):
    hours, minutes, seconds = map(int, written.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def test_it_is_long_before_the_host_ends_the_process():
    host = seconds(json.loads(HOST_JSON.read_text("utf-8"))["functionTimeout"])

    assert host / 2 >= OF_MESSAGES
    assert OF_CALLERS < 230  # where Azure's front end gives up


async def test_what_is_not_done_in_time_is_cancelled_and_may_be_tried_later():
    cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(Unavailable, match="not done in time") as caught:
        async with until(deadline(0.01)):
            await work()

    assert cancelled.is_set()
    assert caught.value.fate is Fate.DEFERRED


async def test_what_comes_when_it_is_too_late_already_is_not_begun():
    with pytest.raises(Unavailable):
        async with until(deadline(-1)):
            await asyncio.Event().wait()


@pytest.mark.parametrize("by", [None, 60])
async def test_time_that_runs_out_elsewhere_stays_what_it_is(by):
    with pytest.raises(TimeoutError):
        async with until(by and deadline(by)):
            raise TimeoutError


async def test_what_is_done_in_time_is_done():
    async with until(deadline(60)):
        await asyncio.sleep(0)
