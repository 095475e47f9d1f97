"""How much work a run has: enough to be steady, and little enough to be over in minutes."""

from dataclasses import dataclass

from benchmarks.datamaps import FLAT, FLAT_BUDGET, PER_ENTITY, PER_ENTITY_BUDGET, DataMap

EVENTS_PER_RUN = 4  # messages for which there is one OpenLineage run, which has three events


@dataclass(frozen=True, slots=True)
class Round:
    """A Data Map with so many messages of process lineage for it, and so many for each of the other works."""

    datamap: DataMap
    messages: int
    others: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """A whole run."""

    name: str
    rounds: tuple[Round, ...]
    growth: tuple[int, ...]
    requests: int


# Where there is a budget, a peer lands 25 messages a second at most, however long the queue.
DEFAULT = Sizes(
    "full",
    (
        Round(FLAT, 2000, 2000),
        Round(PER_ENTITY, 600, 600),
        Round(FLAT_BUDGET, 2000, 500),
        Round(PER_ENTITY_BUDGET, 200, 200),
    ),
    growth=(1_000, 10_000, 100_000),
    requests=50,
)
QUICK = Sizes("quick", (Round(FLAT, 200, 200), Round(FLAT_BUDGET, 300, 0)), growth=(200, 1_000), requests=20)
