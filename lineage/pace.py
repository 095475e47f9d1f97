"""
One signal for every call of the process: when to call the Data Map, and how fast.

When it is down, nobody calls until a pause is over; then one call goes first, and only if it succeeds do the others
follow: an outage costs one call per pause, however many messages wait. When it throttles, calls are spaced as well:
below the rate at which it refused, soon faster again while it does not, and gently near that rate, so that the app
settles close to what it is allowed instead of running against the wall every second.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from lineage.errors import Unavailable

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 15.0  # seconds
BACK_OFF = 0.85  # of the rate, at a refusal
FASTER = 0.05  # of the rate, each second without one,
GENTLY = 0.01  # and where it is near the rate that was refused last
NEAR = 0.95  # of that rate
SLOWEST = 0.5  # calls a second
FORGOTTEN_AFTER = 300.0  # seconds without a refusal, after which calls are not spaced any more
OBSERVED = 1.0  # seconds over which the rate of calls is measured


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """The right to make one call. Whoever has it says afterwards how the call went."""

    went: float


class Pace:
    """The state of the Data Map as this process knows it. Belongs to one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._why = ""
        self._until = 0.0
        self._declared = 0.0  # when the current pause was
        self._probe: Turn | None = None  # the one call that tries whether it is over
        self._changed = asyncio.Event()
        self._rate = Rate(clock)

    @property
    def pause(self) -> float:
        """Seconds until the next call may go; 0 if it may go now."""
        return max(0.0, self._until - self._clock()) if self._failures else 0.0

    async def turn(self, patience: float) -> Turn:
        """Waits until a call may go; `Unavailable` if that is more than `patience` seconds away."""
        give_up = self._clock() + patience
        while True:
            if not self._failures:
                await self._take_slot(give_up)
                if not self._failures:  # else somebody failed while this call waited for its place
                    return Turn(self._clock())
            elif self._probe is None and not self.pause:
                self._probe = Turn(self._clock())
                return self._probe
            else:
                await self._wait(give_up)

    def is_held_back(self, turn: Turn) -> bool:
        """Whether somebody has failed since the turn was given, so that it does not count any more."""
        return bool(self._failures) and turn is not self._probe

    def succeeded(self, turn: Turn) -> None:
        """The Data Map answers: everybody may call. An answer to a call of before the pause says nothing new."""
        self._rate.accepted()
        if not self._failures or turn.went >= self._declared:
            self._failures = 0
            self._end(self._probe)

    def failed(self, turn: Turn, why: Unavailable) -> None:
        """The call was throttled or not answered. Calls of before the pause add nothing to it."""
        if not self._failures or turn.went >= self._declared:
            if why.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                self._rate.refused()
            self._failures += 1
            growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 16))
            self._declared = self._clock()
            jittered = growing * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, keeps no secret
            self._until = self._declared + max(why.retry_after or 0.0, jittered)
            self._why = why.detail
        self._end(turn)

    def ended(self, turn: Turn) -> None:
        """The call says nothing about the Data Map's health: it was cancelled, or the app could not sign in."""
        self._end(turn)

    def _end(self, turn: Turn | None) -> None:
        if turn is self._probe:
            self._probe = None
        self._changed.set()
        self._changed = asyncio.Event()

    async def _take_slot(self, give_up: float) -> None:
        """Waits for a place in the line, which nobody takes who would give up before it comes."""
        wait = self._rate.wait()
        if wait and self._clock() + wait > give_up:
            raise Unavailable("the Data Map throttles; too many calls wait already", retry_after=wait)
        self._rate.take()
        if wait:
            await asyncio.sleep(wait)

    async def _wait(self, give_up: float) -> None:
        """For the end of the pause, or of the call that tries whether it is over."""
        left = give_up - self._clock()
        if left <= 0 or (self._probe is None and self.pause > left):
            raise Unavailable(f"calls are held back: {self._why}", retry_after=max(self.pause, 1.0))
        try:
            await asyncio.wait_for(self._changed.wait(), left if self._probe else min(left, self.pause))
        except TimeoutError:
            return


class Rate:
    """Calls a second: unlimited until one is refused for being too many, then less; up again soon, but gently near there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limit: float | None = None
        self._refused_at: float | None = None  # the limit that was too high
        self._next = 0.0  # when the next call may go
        self._moved = 0.0  # when the limit was last changed
        self._refused = 0.0
        self._accepted: deque[float] = deque()

    @property
    def limit(self) -> float | None:
        """Calls a second at present; None while there is no limit."""
        return self._limit

    def wait(self) -> float:
        """Seconds until the next free place."""
        return max(0.0, self._next - self._clock()) if self._limit else 0.0

    def take(self) -> None:
        """Takes that place."""
        if self._limit:
            self._next = max(self._clock(), self._next) + 1 / self._limit

    def accepted(self) -> None:
        """A call was taken."""
        now = self._clock()
        self._accepted.append(now)
        self._drop_old(now)
        if self._limit is None:
            return
        if now - self._refused > FORGOTTEN_AFTER:
            self._limit = self._refused_at = None
        elif now - self._moved >= 1:
            self._limit *= 1 + (GENTLY if self._is_near else FASTER)
            self._moved = now

    def refused(self) -> None:
        """A call was one too many: the limit is brought down, or set to what has been answered well until now."""
        now = self._clock()
        self._drop_old(now)
        self._refused_at = self._limit
        limit = BACK_OFF * self._limit if self._limit else len(self._accepted) / OBSERVED
        self._limit = max(SLOWEST, limit)
        self._moved = self._refused = now

    @property
    def _is_near(self) -> bool:
        return (
            self._limit is not None and self._refused_at is not None and self._limit > NEAR * self._refused_at
        )

    def _drop_old(self, now: float) -> None:
        while self._accepted and self._accepted[0] < now - OBSERVED:
            self._accepted.popleft()
