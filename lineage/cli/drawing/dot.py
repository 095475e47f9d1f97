"""Graphviz' language, for pictures of any size: datasets as boxes, processes rounded."""

from lineage.cli.output import plain
from lineage.graph import Entity, Graph


def to_dot(graph: Graph) -> str:
    """A digraph from left to right."""
    nodes = [f"  {_quoted(guid)} [{_attributes(each, graph.base)}];" for guid, each in graph.entities.items()]
    edges = [f"  {_quoted(source)} -> {_quoted(target)};" for source, target in graph.arrows]
    return "\n".join(["digraph lineage {", "  rankdir=LR;", "  node [shape=box];", *nodes, *edges, "}"])


def _attributes(entity: Entity, base: str) -> str:
    styles = [
        style for style, is_so in (("rounded", entity.is_process), ("bold", entity.guid == base)) if is_so
    ]
    style = f", style={_quoted(','.join(styles))}" if styles else ""
    label, tooltip = f"{entity.name}\n{entity.type_name}", entity.qualified_name
    return f"label={_quoted(label)}, tooltip={_quoted(tooltip)}{style}"


def _quoted(text: str) -> str:
    escaped = plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
