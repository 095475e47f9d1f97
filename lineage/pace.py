"""
One signal for every call of the process: when to call the Data Map, and how fast.

When it is down, nobody calls until a pause is over; then one call goes first, and only if it succeeds do the others
follow: an outage costs one call per pause, however many messages wait. When it throttles, calls are spaced as well: a
little below the rate at which it refused, and gently faster again while it does not, so that the app settles near what
it is allowed instead of running against the wall every second.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable

from lineage.errors import Unavailable

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 15.0  # seconds
BACK_OFF = 0.8  # of the rate, at a refusal
FASTER = 0.02  # of the rate, each second without one
SLOWEST = 0.5  # calls a second
FORGOTTEN_AFTER = 300.0  # seconds without a refusal, after which calls are not spaced any more
OBSERVED = 1.0  # seconds over which the rate of calls is measured


class Pace:
    """The state of the Data Map as this process knows it. Belongs to one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._declared = 0.0  # when the current pause was
        self._probing = False
        self._changed = asyncio.Event()
        self._rate = Rate(clock)

    @property
    def pause(self) -> float:
        """Seconds until the next call may go; 0 if it may go now."""
        return max(0.0, self._until - self._clock())

    async def turn(self, patience: float) -> float:
        """
        Waits until a call may go and answers the time it went; `Unavailable` if that is more than `patience` away.

        Whoever got a turn says afterwards how it went: `succeeded`, `failed` or `ended`.
        """
        give_up = self._clock() + patience
        while True:
            await self._until_well(give_up)
            self._probing = bool(self._failures)
            slot = 0.0 if self._probing else self._rate.slot()
            if slot:
                await asyncio.sleep(slot)
            if (
                self._probing or not self.pause
            ):  # else somebody was refused while this call waited for its place
                return self._clock()

    def succeeded(self) -> None:
        """The Data Map answers: everybody may call."""
        self._rate.accepted()
        self._failures = 0
        self._probing = False
        self._notify()

    def failed(self, went: float, retry_after: float | None, *, throttled: bool) -> None:
        """The call that went at `went` was throttled or not answered. Calls of before the pause add nothing to it."""
        if self._failures and went < self._declared:
            return
        if throttled:
            self._rate.refused()
        self._failures += 1
        growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 16))
        self._declared = self._clock()
        self._until = self._declared + max(retry_after or 0.0, growing * random.uniform(0.75, 1.25))  # noqa: S311
        self._probing = False
        self._notify()

    def ended(self) -> None:
        """The call says nothing about the Data Map's health: it was cancelled, or the app could not sign in."""
        self._probing = False
        self._notify()

    async def _until_well(self, give_up: float) -> None:
        """Waits for the end of a pause, and for the one call that tries whether it is over."""
        while self._failures and (self._probing or self.pause):
            left = give_up - self._clock()
            if left <= 0 or (not self._probing and self.pause > left):
                raise Unavailable(
                    "the Data Map is not available at present; calls are held back",
                    retry_after=max(self.pause, 1.0),
                )
            await self._wait(left if self._probing else self.pause)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Rate:
    """Calls a second: unlimited until one is refused for being too many, and then additive up, multiplicative down."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limit: float | None = None
        self._next = 0.0  # when the next call may go
        self._moved = 0.0  # when the limit was last changed
        self._refused = 0.0
        self._accepted: deque[float] = deque()

    @property
    def limit(self) -> float | None:
        """Calls a second at present; None while there is no limit."""
        return self._limit

    def slot(self) -> float:
        """Takes the next free place and answers how many seconds away it is."""
        now = self._clock()
        if self._limit is None:
            return 0.0
        place = max(now, self._next)
        self._next = place + 1 / self._limit
        return place - now

    def accepted(self) -> None:
        """A call was taken."""
        now = self._clock()
        self._accepted.append(now)
        self._drop_old(now)
        if self._limit is None:
            return
        if now - self._refused > FORGOTTEN_AFTER:
            self._limit = None
        elif now - self._moved >= 1:
            self._limit *= 1 + FASTER
            self._moved = now

    def refused(self) -> None:
        """A call was one too many: the limit is brought down, or set below what went well until now."""
        now = self._clock()
        self._drop_old(now)
        self._limit = max(SLOWEST, BACK_OFF * (self._limit or len(self._accepted) / OBSERVED))
        self._moved = self._refused = now

    def _drop_old(self, now: float) -> None:
        while self._accepted and self._accepted[0] < now - OBSERVED:
            self._accepted.popleft()
