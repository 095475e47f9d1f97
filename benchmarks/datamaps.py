"""
How the Data Map behaves: what an answer takes, and how many operations a second it allows.

Purview sells capacity by operations, 25 a second per capacity unit; what its answers take is not published.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DataMap:
    """A behaviour of the stand-in."""

    name: str
    latency_ms: int
    per_entity_ms: int = 0
    budget: int | None = None

    @property
    def faults(self) -> dict[str, Any]:
        """As `/_control/faults` takes it; beyond the budget calls get 429 with `Retry-After: 1`."""
        limits = {"operationsPerSecond": self.budget, "retryAfterSeconds": 1} if self.budget else {}
        return {"latencyMs": self.latency_ms, "latencyMsPerEntity": self.per_entity_ms, **limits}


FLAT = DataMap("50 ms", 50)
PER_ENTITY = DataMap("50 ms + 20 ms per entity", 50, 20)
FLAT_BUDGET = DataMap("50 ms, 25 operations/s", 50, budget=25)
PER_ENTITY_BUDGET = DataMap("50 ms + 20 ms per entity, 25 operations/s", 50, 20, budget=25)
