"""The chart: an SVG of plain bars, which follows the reader's light or dark mode and needs no background."""

from collections.abc import Iterator
from html import escape

from benchmarks.competitors import FLOOR, THIS_APP
from benchmarks.findings import PROCESS
from benchmarks.results import Cell, Results, in_order

TITLE = "Process lineage: messages landed per second"
WIDTH = 760
LABELS = 190  # where bars begin
REACH = 360  # what the longest bar takes
BAR = 18
STEP = 24
GAP = 40
TOP = 56
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .quiet { fill: #59636e }
  .group { font-weight: 600 }
  .peer { fill: #8c959f }
  .app { fill: #0969da }
  .floor { stroke: #59636e; stroke-dasharray: 3 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .peer { fill: #656c76 }
    .app { fill: #4493f8 }
    .floor { stroke: #9198a1 }
  }
"""


def chart(results: Results) -> str:
    """Process lineage landed per second, a bar for each app, in a group for each Data Map."""
    cells = [cell for cell in results.cells if cell.work == PROCESS]
    groups = [
        [cell for cell in cells if cell.datamap == datamap and cell.app != FLOOR.name]
        for datamap in in_order(cell.datamap for cell in cells)
    ]
    floor = next((cell.rate for cell in cells if cell.app == FLOOR.name), 0.0)
    scale = REACH / max([floor, *(cell.rate for cell in cells)])
    height = TOP + sum(GAP + STEP * len(group) for group in groups)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>{TITLE}</title><style>{STYLE}</style>",
            _text(0, 18, TITLE, "title"),
            *_floor(floor * scale, height),
            *_groups(groups, scale),
            "</svg>\n",
        )
    )


def _floor(reach: float, height: int) -> Iterator[str]:
    """A line at what a function that does nothing drains."""
    if reach:
        x = LABELS + reach
        yield f'<line class="floor" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height}"/>'
        yield _text(x, TOP - 14, "a function that does nothing", "quiet", anchor="middle")


def _groups(groups: list[list[Cell]], scale: float) -> Iterator[str]:
    y = TOP
    for group in groups:
        yield _text(0, y + 14, f"Data Map: {group[0].datamap}", "group")
        y += GAP - BAR + 4
        for cell in group:
            yield from _bar(cell, y, scale)
            y += STEP
        y += BAR - 4


def _bar(cell: Cell, y: int, scale: float) -> Iterator[str]:
    kind = "app" if cell.app == THIS_APP.name else "peer"
    width = max(1.0, cell.rate * scale)
    yield _text(LABELS - 8, y + 14, cell.app, "quiet", anchor="end")
    yield f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    lost = f", {cell.lost / cell.messages:.0%} lost" if cell.lost else ""
    yield _text(LABELS + width + 6, y + 14, f"{cell.rate:.0f}{lost}")


def _text(x: float, y: float, text: str, kind: str = "", *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
