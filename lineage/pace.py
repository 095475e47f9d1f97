"""
One signal for every call of the process: when the Data Map throttles or is down, all of them hold back.

After a failure nobody calls until the pause is over; then one call goes first, and only if it succeeds do the others
follow. So an outage costs one call per pause, and pauses grow to a quarter of a minute, however many messages wait.
"""

import asyncio
import random
import time
from collections.abc import Callable

from lineage.errors import Unavailable

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 15.0  # seconds


class Pace:
    """The state of the Data Map as this process knows it. Belongs to one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._declared = 0.0  # when the current pause was
        self._probing = False
        self._changed = asyncio.Event()

    @property
    def pause(self) -> float:
        """Seconds until the next call may go; 0 if it may go now."""
        return max(0.0, self._until - self._clock())

    async def turn(self, patience: float) -> float:
        """
        Waits until a call may go and answers the time it went; `Unavailable` if that is more than `patience` away.

        Whoever got a turn says afterwards how it went: `succeeded` or `failed`.
        """
        give_up = self._clock() + patience
        while self._failures and (self._probing or self.pause):
            left = give_up - self._clock()
            if left <= 0 or (not self._probing and self.pause > left):
                raise Unavailable(
                    "the Data Map is not available at present; calls are held back",
                    retry_after=max(self.pause, 1.0),
                )
            await self._wait(left if self._probing else self.pause)
        self._probing = bool(self._failures)
        return self._clock()

    def succeeded(self) -> None:
        """The Data Map answers: everybody may call."""
        self._failures = 0
        self._probing = False
        self._notify()

    def failed(self, went: float, retry_after: float | None) -> None:
        """The call that went at `went` was throttled or not answered. Calls of before the pause add nothing to it."""
        if self._failures and went < self._declared:
            return
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

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
