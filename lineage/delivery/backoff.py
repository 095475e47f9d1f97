"""When a message that could not be settled is tried again. Pure."""

import random
from dataclasses import dataclass
from datetime import timedelta

from lineage.errors import DataMapError, LineageError


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing, jittered, and ended: after `give_up_after` from the first sight a message is dead."""

    first: timedelta
    longest: timedelta
    give_up_after: timedelta

    def delay(self, error: LineageError, attempts: int, age: timedelta) -> timedelta | None:
        """
        How long until the next attempt; None if it is time to give up.

        The last attempt comes about when patience ends, so that what mends in the meantime is still seen.
        """
        patience = min(self.give_up_after, error.patience or self.give_up_after)
        if age >= self.give_up_after or (age >= patience and attempts > 1):
            return None
        growing = min(self.longest, self.first * float(2 ** min(attempts - 1, 30)))
        spread = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, keeps no secret
        jittered = min(self.longest, growing * spread)
        asked = timedelta(seconds=error.retry_after or 0) if isinstance(error, DataMapError) else timedelta()
        return max(asked, min(jittered, max(patience - age, self.first)))
