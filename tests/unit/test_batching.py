"""What arrives while a call is under way goes together into the next one; each gets its own result."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.batching import Batcher, gather_all


class Divisible(Exception):
    """Concerns some item of the batch."""


class Calls:
    """A `send` that keeps what it was given, and answers each item by `result(item)` when `open` lets it."""

    def __init__(self):
        self.batches = []
        self.under_way = 0
        self.most_under_way = 0
        self.open = asyncio.Event()

    async def send(self, items):
        self.batches.append(list(items))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        return [f"result of {item}" for item in items]


async def settled():
    """Lets everything that is ready run."""
    for _ in range(10):
        await asyncio.sleep(0)


def submit_all(batcher, items, key=lambda _item: None):
    return [asyncio.create_task(batcher.submit(item, key=key(item))) for item in items]


@pytest.fixture
async def calls():
    return Calls()


async def test_what_is_submitted_at_the_same_moment_shares_a_call(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=10)

    results = await asyncio.gather(*(batcher.submit(item) for item in "abc"))

    assert calls.batches == [["a", "b", "c"]]
    assert results == ["result of a", "result of b", "result of c"]


async def test_an_idle_batcher_sends_a_single_item_at_once(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=10)

    assert await batcher.submit("a") == "result of a"
    assert await batcher.submit("b") == "result of b"
    assert calls.batches == [["a"], ["b"]]


async def test_what_arrives_while_a_call_is_under_way_goes_together_into_the_next(calls):
    batcher = Batcher(calls.send, size=10, concurrency=4)
    tasks = submit_all(batcher, "a")
    await settled()
    for item in "bcd":
        tasks += submit_all(batcher, item)
        await settled()
    assert calls.batches == [["a"]]

    calls.open.set()
    await asyncio.gather(*tasks)

    assert calls.batches == [["a"], ["b", "c", "d"]]


async def test_no_call_carries_more_than_the_size(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=3)

    await asyncio.gather(*submit_all(batcher, range(8)))

    assert calls.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]


async def test_what_weighs_more_leaves_less_room_in_a_call(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=4, weigh=len)

    await asyncio.gather(*submit_all(batcher, ["aa", "bbb", "c", "dddddd", "e"]))

    assert calls.batches == [["aa"], ["bbb", "c"], ["dddddd"], ["e"]]


async def test_too_few_results_are_everybodys_error():
    async def send(items):
        return items[1:]

    batcher = Batcher(send, size=10)

    results = await asyncio.gather(*submit_all(batcher, "ab"), return_exceptions=True)

    assert [type(result) for result in results] == [ValueError, ValueError]


async def test_a_second_call_starts_only_for_a_full_batch_and_never_more_than_allowed(calls):
    batcher = Batcher(calls.send, size=2, concurrency=2)
    tasks = submit_all(batcher, range(7))
    await settled()
    assert calls.batches == [[0, 1], [2, 3]]

    calls.open.set()
    await asyncio.gather(*tasks)

    assert calls.batches == [[0, 1], [2, 3], [4, 5], [6]]
    assert calls.most_under_way == 2


async def test_items_of_one_key_never_share_a_call_and_go_in_order(calls):
    batcher = Batcher(calls.send, size=10)
    tasks = submit_all(batcher, ["a1", "b1", "a2", "a3", "c1", "b2"], key=lambda item: item[0])

    calls.open.set()
    await asyncio.gather(*tasks)

    assert calls.batches == [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]


async def test_an_item_waits_while_another_of_its_key_is_under_way_and_the_rest_goes_ahead(calls):
    batcher = Batcher(calls.send, size=2, concurrency=2)
    tasks = submit_all(batcher, ["a1", "b1", "a2", "c1", "d1"], key=lambda item: item[0])
    await settled()

    assert calls.batches == [["a1", "b1"], ["c1", "d1"]]
    calls.open.set()
    await asyncio.gather(*tasks)
    assert calls.batches[2:] == [["a2"]]


async def test_items_without_a_key_may_always_share_a_call(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=10)

    await asyncio.gather(*submit_all(batcher, ["same", "same"]))

    assert calls.batches == [["same", "same"]]


async def test_a_divisible_error_is_halved_until_it_concerns_one_item_alone():
    sent = []

    async def send(items):
        sent.append(items)
        if 5 in items:
            raise Divisible
        return items

    batcher = Batcher(send, size=8, divides=lambda error: isinstance(error, Divisible))

    results = await asyncio.gather(*submit_all(batcher, range(8)), return_exceptions=True)

    assert [result for result in results if result != 5][:5] == [0, 1, 2, 3, 4]
    assert [type(result) for result in results].count(Divisible) == 1
    assert isinstance(results[5], Divisible)
    assert len(sent) == 7  # 8, then 4 + 4, then 2 + 2, then 1 + 1


async def test_any_other_error_fails_the_whole_batch_after_one_call(calls):
    async def send(items):
        calls.batches.append(items)
        raise ConnectionError

    batcher = Batcher(send, size=8, divides=lambda error: isinstance(error, Divisible))

    results = await asyncio.gather(*submit_all(batcher, range(8)), return_exceptions=True)

    assert [type(result) for result in results] == [ConnectionError] * 8
    assert len(calls.batches) == 1


async def test_after_a_failure_the_next_batch_is_sent():
    failures = [ConnectionError()]

    async def send(items):
        if failures:
            raise failures.pop()
        return items

    batcher = Batcher(send, size=2)

    results = await asyncio.gather(
        *submit_all(batcher, range(4), key=lambda item: item % 2), return_exceptions=True
    )

    assert [type(result) for result in results] == [ConnectionError, ConnectionError, int, int]


async def test_who_stops_waiting_before_the_call_is_not_sent_and_disturbs_nobody(calls):
    batcher = Batcher(calls.send, size=10)
    tasks = submit_all(batcher, "a")
    await settled()
    tasks += submit_all(batcher, "bcd")
    await settled()

    tasks[2].cancel()
    calls.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert calls.batches == [["a"], ["b", "d"]]
    assert isinstance(results.pop(2), asyncio.CancelledError)
    assert results == ["result of a", "result of b", "result of d"]


@pytest.mark.parametrize("fails", [False, True])
async def test_who_stops_waiting_during_the_call_disturbs_nobody(calls, fails):
    async def send(items):
        results = await calls.send(items)
        if fails:
            raise ConnectionError
        return results

    batcher = Batcher(send, size=10)
    first, second = submit_all(batcher, "ab")
    await settled()

    first.cancel()
    calls.open.set()

    with suppress(ConnectionError):
        assert await second == "result of b"
    assert first.cancelled()


async def test_who_stops_waiting_for_a_key_lets_the_next_of_that_key_go(calls):
    calls.open.set()
    batcher = Batcher(calls.send, size=10)
    first, second = submit_all(batcher, ["a1", "a2"], key=lambda item: item[0])
    await asyncio.sleep(0)

    first.cancel()
    await settled()

    assert second.done()


WORK = st.lists(
    st.tuples(st.sampled_from([None, "k", "l"]), st.booleans(), st.sampled_from(["wait", "now"])), max_size=40
)


@given(
    work=WORK,
    size=st.integers(1, 5),
    concurrency=st.integers(1, 3),
    pauses=st.lists(st.integers(0, 4), min_size=1),
)
async def test_whatever_is_submitted_each_gets_its_own_result_within_the_bounds(
    work, size, concurrency, pauses
):
    under_way, sent, pauses = [], [], cycle(pauses)

    async def send(items):
        keys = [key for _, key, _ in items if key]
        busy = {key for batch in under_way for _, key, _ in batch}
        assert len(items) <= size
        assert len(under_way) < concurrency
        assert max(Counter(keys).values(), default=0) <= 1
        assert not busy & set(keys)
        under_way.append(items)
        for _ in range(next(pauses)):
            await asyncio.sleep(0)
        under_way.remove(items)
        if any(bad for *_, bad in items):
            raise Divisible
        sent.extend(items)
        return [number for number, *_ in items]

    batcher = Batcher(
        send, size=size, concurrency=concurrency, divides=lambda error: isinstance(error, Divisible)
    )
    tasks = []
    for number, (key, bad, pace) in enumerate(work):
        tasks += [asyncio.create_task(batcher.submit((number, key, bad), key=key))]
        if pace == "wait":
            await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)

    for number, (_, bad, _) in enumerate(work):
        assert isinstance(results[number], Divisible) if bad else results[number] == number
    for wanted in ("k", "l"):
        numbers = [number for number, key, _ in sent if key == wanted]
        assert numbers == sorted(numbers)


async def test_gathering_answers_in_order_and_fails_only_when_all_have_ended():
    ended = []

    async def call(number):
        await asyncio.sleep(0)
        if number == 1:
            raise ConnectionError
        await settled()
        ended.append(number)
        return number

    assert await gather_all(map(call, [3, 2])) == [3, 2]
    with pytest.raises(ConnectionError):
        await gather_all(map(call, [1, 4]))
    assert ended[-1] == 4
