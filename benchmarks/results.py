"""What was measured, and the ratios that are reported."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.competitors import FLOOR, PEERS


@dataclass(frozen=True, slots=True)
class Cell:
    """One app draining one piece of work from one Data Map."""

    app: str
    datamap: str
    work: str
    messages: int
    landed: int
    seconds: float
    operations: int
    cpu_seconds: float
    base_bytes: int
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Messages landed per second."""
        return self.landed / self.seconds if self.seconds else 0.0

    @property
    def lost(self) -> int:
        """Messages in the poison queue, or gone without lineage."""
        return self.messages - self.landed

    @property
    def operations_per_message(self) -> float:
        """Data Map operations, refused ones included, for each message sent."""
        return self.operations / self.messages

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of the functions process for each message sent."""
        return self.cpu_seconds / self.messages * 1000

    @property
    def bytes_per_message(self) -> float:
        """How far memory grew during the drain, for each message."""
        return (self.peak_bytes - self.base_bytes) / self.messages


@dataclass(frozen=True, slots=True)
class Latency:
    """Medians in milliseconds: a request to the idle app, and the Data Map call it needs, made directly."""

    request_ms: float
    datamap_ms: float

    @property
    def overhead_ms(self) -> float:
        """What the app adds."""
        return self.request_ms - self.datamap_ms


@dataclass(frozen=True, slots=True)
class Results:
    """Everything of one run."""

    cells: tuple[Cell, ...]
    growth: tuple[Cell, ...]
    latency: Latency

    def find(self, app: str, datamap: str, work: str) -> Cell | None:
        """One cell, if it was measured."""
        return next((c for c in self.cells if (c.app, c.datamap, c.work) == (app, datamap, work)), None)

    def best_peer(self, cell: Cell) -> Cell | None:
        """The peer that landed most messages per second in the same work on the same Data Map."""
        peers = {peer.name for peer in PEERS}
        same = [c for c in self.cells if c.app in peers and (c.datamap, c.work) == (cell.datamap, cell.work)]
        return max(same, key=lambda c: c.rate, default=None)

    def times_best_peer(self, cell: Cell) -> float | None:
        """Messages landed per second, as a multiple of the best peer's."""
        best = self.best_peer(cell)
        return cell.rate / best.rate if best and best.rate else None

    def floor(self, cell: Cell) -> Cell | None:
        """The function that does nothing, on messages of the same kind: it needs no Data Map."""
        return next((c for c in self.cells if c.app == FLOOR.name and c.work == cell.work), None)

    def times_floor(self, cell: Cell) -> float | None:
        """CPU per message, as a multiple of the floor's."""
        floor = self.floor(cell)
        return cell.cpu_ms / floor.cpu_ms if floor and floor.cpu_ms else None


def in_order(values: Iterable[str]) -> Iterator[str]:
    """Each value once, in the order it first came."""
    return iter(dict.fromkeys(values))
