"""SVG without any library: boxes in layers, curves between them, readable in light and in dark."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from lineage.cli.drawing.layout import Layout, Place, lay_out
from lineage.cli.output import plain
from lineage.graph import Entity, Graph

WIDTH, HEIGHT = 220, 48  # of a box
ACROSS, DOWN = 90, 22  # between boxes
MARGIN = 20
LETTERS = 28  # that a box has room for

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1b1b}.type{font-size:11px;fill:#5c5c5c}"
    "rect{fill:#eef4fb;stroke:#4a7ebb}.process{fill:#fdf3e1;stroke:#c68a1d}.base{stroke-width:3}"
    "path{fill:none;stroke:#7a7a7a;marker-end:url(#arrow)}#arrow path{fill:#7a7a7a;stroke:none}"
)
ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z"/></marker>'
)

Point = tuple[float, float]  # the middle of a box's left side


def to_svg(graph: Graph) -> str:
    """A whole document."""
    layout = lay_out(graph)
    at = _points(layout)
    rows = max(map(len, layout.layers))
    width = 2 * MARGIN + len(layout.layers) * (WIDTH + ACROSS) - ACROSS
    height = 2 * MARGIN + rows * (HEIGHT + DOWN) - DOWN
    title = _escaped(f"Lineage of {graph.entities[graph.base].name}")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}">',
            f"<title>{title}</title><style>{STYLE}</style><defs>{ARROW}</defs>",
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            *(_path(route, at) for route in layout.routes.values()),
            *_boxes(graph, at),
            "</svg>",
        ]
    )


def _points(layout: Layout) -> dict[Place, Point]:
    """Each layer centred on the tallest."""
    rows = max(map(len, layout.layers))
    return {
        place: (
            MARGIN + column * (WIDTH + ACROSS),
            MARGIN + (row + (rows - len(layer)) / 2) * (HEIGHT + DOWN) + HEIGHT / 2,
        )
        for column, layer in enumerate(layout.layers)
        for row, place in enumerate(layer)
    }


def _path(route: Sequence[Place], at: Mapping[Place, Point]) -> str:
    """From the right side of the first box to the left side of the last, level through the places between."""
    x, y = at[route[0]]
    x += WIDTH
    steps = [f"M{x:g},{y:g}"]
    for index, place in enumerate(route[1:], start=2):
        to_x, to_y = at[place]
        bend = ACROSS / 2
        steps.append(f"C{x + bend:g},{y:g} {to_x - bend:g},{to_y:g} {to_x:g},{to_y:g}")
        if index < len(route):
            steps.append(f"H{to_x + WIDTH:g}")
        x, y = to_x + WIDTH, to_y
    return f'<path d="{" ".join(steps)}"/>'


def _boxes(graph: Graph, at: Mapping[Place, Point]) -> Iterator[str]:
    for guid, entity in graph.entities.items():
        x, y = at[guid]
        classes = " ".join(_classes(entity, graph.base))
        radius = HEIGHT / 2 if entity.is_process else 4
        box = f'x="{x:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="{radius:g}"'
        yield f'<g><title>{_escaped(entity.qualified_name)}</title><rect class="{classes}" {box}/>'
        yield f'<text x="{x + 14:g}" y="{y - 3:g}">{_short(entity.name)}</text>'
        yield f'<text class="type" x="{x + 14:g}" y="{y + 14:g}">{_short(entity.type_name)}</text></g>'


def _classes(entity: Entity, base: str) -> Iterator[str]:
    yield "process" if entity.is_process else "dataset"
    if entity.guid == base:
        yield "base"


def _short(text: str) -> str:
    """What the box has room for; the whole name is its tooltip."""
    return _escaped(text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…")


def _escaped(text: str) -> str:
    return escape(plain(text))
