"""The figures as Markdown tables."""

from collections.abc import Iterable, Sequence

from benchmarks.competitors import FLOOR
from benchmarks.findings import findings
from benchmarks.results import Cell, Results, in_order

MEGABYTE = 1024 * 1024
NONE = "·"
COLUMNS = (
    "work",
    "Data Map",
    "app",
    "messages",
    "landed/s",
    "times best peer",
    "lost",
    "operations per message",
    "CPU ms per message",
    "times floor",
    "peak MB",
)
GROWTH = (
    "messages",
    "landed/s",
    "operations per message",
    "CPU ms per message",
    "peak MB",
    "grown by",
)


def table(results: Results) -> str:
    """Every cell, by work and Data Map; the floor stands where it was measured."""
    cells = [
        cell
        for work in in_order(cell.work for cell in results.cells)
        for datamap in in_order(cell.datamap for cell in results.cells)
        for cell in results.cells
        if (cell.work, cell.datamap) == (work, datamap)
    ]
    return _markdown(COLUMNS, (_row(results, cell) for cell in cells), text=3)


def growth(results: Results) -> str:
    """How cost grows with what goes through the queue."""
    rows = (
        (
            f"{cell.messages:,}",
            f"{cell.rate:.0f}",
            f"{cell.operations_per_message:.3f}",
            f"{cell.cpu_ms:.1f}",
            f"{cell.peak_bytes / MEGABYTE:.0f}",
            f"{cell.bytes_per_message / 1024:.1f} KB per message",
        )
        for cell in results.growth
    )
    return _markdown(GROWTH, rows, text=0)


def summary(results: Results) -> str:
    """What the figures come to, targets missed included."""
    rows = (
        (each.claim, each.target, each.value, "yes" if each.holds else "**no**") for each in findings(results)
    )
    return _markdown(("this app", "target", "measured", "met"), rows, text=4)


def _row(results: Results, cell: Cell) -> tuple[str, ...]:
    return (
        cell.work,
        cell.datamap,
        cell.app,
        f"{cell.messages:,}",
        f"{cell.rate:.0f}",
        _ratio(None if cell.app == FLOOR.name else results.times_best_peer(cell)),
        _lost(cell),
        f"{cell.operations_per_message:.3f}",
        f"{cell.cpu_ms:.1f}",
        _ratio(results.times_floor(cell)),
        f"{cell.peak_bytes / MEGABYTE:.0f}",
    )


def _ratio(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _lost(cell: Cell) -> str:
    return f"**{cell.lost}** ({cell.lost / cell.messages:.0%})" if cell.lost else "0"


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]], *, text: int) -> str:
    """The first `text` columns hold text, the others numbers, which stand to the right."""
    rule = ["---" if number < text else "---:" for number in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))
