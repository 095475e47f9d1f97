"""For a terminal: what lies upstream and downstream, as a tree. Where ways meet again, the rest is drawn once."""

from rich.text import Text
from rich.tree import Tree

from lineage.cli.output import plain
from lineage.graph import Entity, Graph, Step


def to_tree(graph: Graph, directions: tuple[Step, ...] = ("upstream", "downstream")) -> Tree:
    """The dataset at the root, with a branch for each direction."""
    base = graph.entities[graph.base]
    root = Tree(Text.assemble(_label(base), "\n", (plain(base.qualified_name), "dim")))
    for direction in directions:
        branch = root.add(Text(direction, "italic"))
        _grow(branch, graph, graph.base, direction, {graph.base})
        if not branch.children:
            branch.add(Text("nothing", "dim"))
    return root


def _grow(branch: Tree, graph: Graph, guid: str, direction: Step, drawn: set[str]) -> None:
    """Depth first, without recursion: a chain may be longer than Python's stack."""
    waiting = [(branch, each) for each in reversed(graph.next(guid, direction))]
    while waiting:
        parent, entity = waiting.pop()
        if entity.guid in drawn:
            parent.add(Text.assemble(_label(entity), (" (above)", "dim")))
            continue
        drawn.add(entity.guid)
        twig = parent.add(_label(entity))
        waiting += [(twig, each) for each in reversed(graph.next(entity.guid, direction))]


def _label(entity: Entity) -> Text:
    style = "yellow" if entity.is_process else "bold cyan"
    return Text.assemble((plain(entity.name), style), (f"  {plain(entity.type_name)}", "dim"))
