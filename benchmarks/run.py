"""The whole run: every competitor, every Data Map, every work it can do."""

from collections.abc import Callable, Iterator

from benchmarks import latency, works
from benchmarks.arena import Arena
from benchmarks.competitors import FLOOR, PEERS, THIS_APP, Competitor
from benchmarks.datamaps import FLAT
from benchmarks.results import Cell, Results
from benchmarks.sizes import EVENTS_PER_RUN, Round, Sizes
from benchmarks.works import Work

Say = Callable[[str], None]


def run(sizes: Sizes, say: Say) -> Results:
    """Everything; `say` is told of each cell when it is done."""
    cells: list[Cell] = []
    for competitor in (FLOOR, *PEERS):
        with Arena(competitor) as arena:
            cells += _drains(arena, sizes, say)
    with Arena(THIS_APP) as arena:
        cells += _drains(arena, sizes, say)
        idle = latency.measure(arena, sizes.requests)
        say(f"{THIS_APP.name}: an idle request takes {idle.overhead_ms:.1f} ms beyond the Data Map's")
        growth = tuple(_told(_grow(arena, sizes.growth), say))
    return Results(tuple(cells), growth, idle)


def _drains(arena: Arena, sizes: Sizes, say: Say) -> Iterator[Cell]:
    """Every Data Map, and every work that the competitor can do."""
    for each in _rounds(arena.competitor, sizes):
        yield from _told(_drain(arena, each), say)


def _rounds(competitor: Competitor, sizes: Sizes) -> tuple[Round, ...]:
    """The floor meets no Data Map, so one round is enough for it."""
    return sizes.rounds if competitor.writes else sizes.rounds[:1]


def _drain(arena: Arena, each: Round) -> Iterator[Cell]:
    guids = arena.renew()
    for work in _works(arena.competitor, each, guids):
        yield arena.drain(work, each.datamap)


def _works(competitor: Competitor, each: Round, guids: list[str]) -> Iterator[Work]:
    label = each.datamap.name.replace(" ", "-").replace("/", "-")
    processes = works.process_lineage(guids, each.messages, label)
    yield processes
    if not each.others:
        return
    yield works.unchanged(processes, each.others)
    yield works.direct_lineage(guids, each.others)
    if competitor.speaks_openlineage:
        yield works.openlineage_runs(guids, each.others // EVENTS_PER_RUN, label)


def _grow(arena: Arena, counts: tuple[int, ...]) -> Iterator[Cell]:
    """Ever more messages go through the queue, for a new process each time."""
    for count in counts:
        guids = arena.renew()
        yield arena.drain(works.process_lineage(guids, count, f"growth-{count}"), FLAT)


def _told(cells: Iterator[Cell], say: Say) -> Iterator[Cell]:
    for cell in cells:
        say(
            f"{cell.app:22} {cell.datamap:42} {cell.work:16} {cell.messages:6} messages {cell.rate:7.1f}/s"
            f" {cell.lost:5} lost {cell.operations_per_message:6.2f} operations {cell.cpu_ms:6.2f} ms CPU"
        )
        yield cell
