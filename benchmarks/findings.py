"""What the figures come to: each claim about this app with its target, its value and whether it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.competitors import THIS_APP
from benchmarks.datamaps import FLAT, FLAT_BUDGET
from benchmarks.results import Cell, Results

PROCESS, AGAIN = "process lineage", "the same again"
BATCHED, UNCHANGED = 0.1, 0.01  # operations per message
TIMES_BEST_PEER = 10.0
TIMES_FLOOR = 2.5
OVERHEAD_MS = 10.0
FLAT_WITHIN = 1.5  # times; what counts as not growing


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the summary."""

    claim: str
    target: str
    value: str
    holds: bool


def findings(results: Results) -> Iterator[Finding]:
    """Those for which there are figures."""
    ours = [cell for cell in results.cells if cell.app == THIS_APP.name]
    for work, limit in ((PROCESS, BATCHED), (AGAIN, UNCHANGED)):
        if cells := [cell for cell in ours if cell.work == work]:
            most = max(cell.operations_per_message for cell in cells)
            yield Finding(
                f"{work}: Data Map operations per message", f"at most {limit:g}", f"{most:.3f}", most <= limit
            )
    if cell := results.find(THIS_APP.name, FLAT_BUDGET.name, PROCESS):
        yield from _against_peers(results, cell)
    if cell := results.find(THIS_APP.name, FLAT.name, PROCESS):
        times = results.times_floor(cell) or 0.0
        yield Finding(
            f"{PROCESS}: CPU per message, as a multiple of a function that does nothing",
            f"at most {TIMES_FLOOR:g}",
            f"{times:.1f}",
            times <= TIMES_FLOOR,
        )
    overhead = results.latency.overhead_ms
    yield Finding(
        "One HTTP request to an idle app, beyond its Data Map call",
        f"at most {OVERHEAD_MS:g} ms",
        f"{overhead:.1f} ms",
        overhead <= OVERHEAD_MS,
    )
    yield from _growth(results.growth)


def _against_peers(results: Results, cell: Cell) -> Iterator[Finding]:
    times = results.times_best_peer(cell) or 0.0
    yield Finding(
        f"{PROCESS} at {cell.datamap}: messages landed per second, as a multiple of the best peer's",
        f"at least {TIMES_BEST_PEER:g}",
        f"{times:.1f}",
        times >= TIMES_BEST_PEER,
    )
    lost = sum(each.lost for each in results.cells if each.app == THIS_APP.name)
    yield Finding("Messages this app lost, in all of the run", "0", f"{lost}", lost == 0)


def _growth(cells: tuple[Cell, ...]) -> Iterator[Finding]:
    """Between the fewest messages and the most."""
    first, last = cells[0], cells[-1]
    growing = {
        "Data Map operations per message": (first.operations_per_message, last.operations_per_message),
        "CPU per message": (first.cpu_ms, last.cpu_ms),
        "memory": (first.peak_bytes, last.peak_bytes),
    }
    for what, (before, after) in growing.items():
        times = after / before if before else 1.0
        yield Finding(
            f"{last.messages:,} messages instead of {first.messages:,}: {what}",
            f"at most {FLAT_WITHIN:g} times",
            f"{times:.2f} times",
            times <= FLAT_WITHIN,
        )
