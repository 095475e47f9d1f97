"""What a running stand-in remembers: the catalogue, the faults that are set, and the operations it has counted."""

from collections import Counter

from local.datamap.catalogue import Catalogue
from local.datamap.faults import Budget, Faults
from local.datamap.validation import Limits


class State:
    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.operations: Counter[str] = Counter()
        self.misbehave(Faults())

    def misbehave(self, faults: Faults) -> None:
        self.faults = faults
        self.budget = Budget(faults.operations_per_second) if faults.operations_per_second else None
        self._apply()

    def forget(self) -> None:
        """Starts again with the built-in types and nothing else; faults and counters stay."""
        self.catalogue = Catalogue()
        self._apply()

    def _apply(self) -> None:
        self.catalogue.limits = Limits(self.faults.attribute_bytes, self.faults.asset_bytes)
        self.catalogue.graph.visibility_delay = self.faults.visibility_delay_ms / 1000
