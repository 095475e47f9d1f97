"""
What arrives while a call is under way goes together into the next one.

Natural batching: an idle app waits for nothing, a busy one shares its calls, and nobody has to choose a delay. A batch
that is refused is told apart by halving, so that one bad item never fails the others it shares a call with.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from lineage.errors import LineageError
from lineage.telemetry import telemetry

Item = TypeVar("Item")
Result = TypeVar("Result")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most `size`; `itertools` has it from Python 3.12 on."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


async def gather_all(calls: Iterable[Awaitable[Result]]) -> list[Result]:
    """The results of all, or the first error once all have ended: none is left running unobserved."""
    pending = list(calls)
    if len(pending) <= 1:  # as mostly: a task of its own would be for nothing
        return [await call for call in pending]
    results = await asyncio.gather(*pending, return_exceptions=True)
    values: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        values.append(result)
    return values


@dataclass(eq=False, slots=True)
class _Waiting(Generic[Item, Result]):
    """An item that waits for its result."""

    item: Item
    key: Hashable
    result: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    caller: object = field(default_factory=lambda: telemetry().caller())


class Batcher(Generic[Item, Result]):
    """
    Collects items for `send`, which answers one result for each, in their order.

    At most `size` items share a call and at most `concurrency` calls are under way. A second call starts only when
    there is a full batch for it. An item may `weigh` as much as several. Items with the same key never share a call and
    are sent in the order they came.
    An error that `divides` accepts is halved until it concerns a single item; any other fails the whole batch.
    Where nobody waits for the results, an idle batcher may `linger` for so many seconds before it starts a call.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        size: int,
        concurrency: int = 1,
        divides: Callable[[Exception], bool] = lambda _error: False,
        linger: float = 0,
        weigh: Callable[[Item], int] = lambda _item: 1,
    ) -> None:
        self._send = send
        self._size = size
        self._concurrency = concurrency
        self._divides = divides
        self._linger = linger
        self._weigh = weigh
        self._waiting: list[_Waiting[Item, Result]] = []
        self._busy_keys: set[Hashable] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._wake: asyncio.Handle | None = None

    async def submit(self, item: Item, *, key: Hashable | None = None) -> Result:
        """The item's own result, or the error that concerns it."""
        waiting: _Waiting[Item, Result] = _Waiting(item, key)
        self._waiting.append(waiting)
        if self._wake is None:  # after everything else that is ready now, which may submit as well
            self._wake = asyncio.get_running_loop().call_later(self._linger, self._start_calls)
        return await waiting.result

    def _start_calls(self) -> None:
        self._wake = None
        while len(self._calls) < self._concurrency and (batch := self._take()):
            call = asyncio.create_task(self._run(batch))
            self._calls.add(call)
            call.add_done_callback(self._ended)

    def _take(self) -> list[_Waiting[Item, Result]]:
        """The next batch, or nothing while a call is under way and the batch is not full."""
        batch: list[_Waiting[Item, Result]] = []
        keys = set(self._busy_keys)
        room = self._size
        for waiting in self._waiting:
            if room <= 0:
                break
            if waiting.result.cancelled():
                continue
            if waiting.key not in keys:
                room -= self._weigh(waiting.item)
                if room < 0 and batch:
                    break
                batch.append(waiting)
            if waiting.key is not None:
                keys.add(waiting.key)
        if self._calls and room > 0:
            return []
        taken = set(map(id, batch))
        self._waiting = [w for w in self._waiting if id(w) not in taken and not w.result.cancelled()]
        self._busy_keys |= {waiting.key for waiting in batch if waiting.key is not None}
        return batch

    async def _run(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            await self._settle(batch)
        finally:
            self._busy_keys -= {waiting.key for waiting in batch}

    async def _settle(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            with telemetry().on_behalf_of([waiting.caller for waiting in batch]):
                results = await self._send([waiting.item for waiting in batch])
            settled = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 - it is handed on to whom it concerns
            if len(batch) > 1 and self._divides(error):
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
                return
            for waiting in batch:
                if not waiting.result.done():
                    waiting.result.set_exception(copy(error) if isinstance(error, LineageError) else error)
        else:
            for waiting, result in settled:
                if not waiting.result.done():
                    waiting.result.set_result(result)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._start_calls()
