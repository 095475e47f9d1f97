"""A clock that stands still while the whole machine does: virtual machines are halted now and then, for a minute at times."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

TICK = 0.1  # seconds
LATE = 1.0  # seconds: nothing but a machine that stands still keeps a sleeping thread for longer


class Clock:
    """A context manager: a thread that does nothing but look how late it wakes up."""

    def __init__(self) -> None:
        self._stood = 0.0
        self._last = time.monotonic()
        self._ended = Event()
        self._thread = Thread(target=self._tick, name="clock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def now(self) -> float:
        """Seconds, without those in which the machine stood still."""
        moment = time.monotonic()
        return moment - self._stood - self._late(moment)

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            moment = time.monotonic()
            self._stood += self._late(moment)
            self._last = moment

    def _late(self, moment: float) -> float:
        late = moment - self._last - TICK
        return late if late > LATE else 0.0
