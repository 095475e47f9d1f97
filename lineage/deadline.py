"""
Time that runs out before the host's does.

The host ends a process in which a function runs longer than `functionTimeout`, with everything else that it handles.
So whoever waits, in a line of messages about one process say, stops waiting long before that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lineage.errors import Unavailable

OF_MESSAGES = 300.0  # seconds: half of functionTimeout; the other half is for setting aside what did not come to its end
OF_CALLERS = 220.0  # seconds: Azure's front end ends a request after 230


def deadline(seconds: float) -> float:
    """So many seconds from now, on the clock of the event loop."""
    return asyncio.get_running_loop().time() + seconds


@asynccontextmanager
async def until(deadline: float | None) -> AsyncIterator[None]:
    """What is not done by then is cancelled: `Unavailable`. None is never."""
    timer = asyncio.timeout_at(deadline)
    try:
        async with timer:
            yield
    except TimeoutError as error:
        if not timer.expired():
            raise
        raise Unavailable(
            "it was not done in time: its turn did not come, or the Data Map is slow"
        ) from error
