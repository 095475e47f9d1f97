"""When a message that could not be settled is tried again. Pure."""

import random
from dataclasses import dataclass
from datetime import timedelta

from lineage.errors import AnotherWrites, LineageError

# Another instance is mostly done in no time; after a crash its hold has to expire.
NOT_LONG = timedelta(minutes=1)


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
        asked = timedelta(seconds=error.retry_after or 0)
        first, longest = self.first, self.longest
        if isinstance(error, AnotherWrites):
            first, longest = min(asked, first), min(NOT_LONG, longest)
        growing = min(longest, first * float(2 ** min(attempts - 1, 30)))
        spread = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, keeps no secret
        jittered = min(longest, growing * spread)
        return max(asked, min(jittered, max(patience - age, first)))
