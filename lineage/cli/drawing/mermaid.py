"""Mermaid, which GitHub, Azure DevOps wikis and many others draw: datasets as boxes, processes rounded."""

from lineage.cli.output import plain
from lineage.graph import Entity, Graph


def to_mermaid(graph: Graph) -> str:
    """A flowchart from left to right."""
    ids = {guid: f"n{number}" for number, guid in enumerate(graph.entities)}
    nodes = [f"    {ids[guid]}{_shape(entity)}" for guid, entity in graph.entities.items()]
    edges = [f"    {ids[source]} --> {ids[target]}" for source, target in graph.arrows]
    return "\n".join(["flowchart LR", *nodes, *edges, f"    style {ids[graph.base]} stroke-width:3px"])


def _shape(entity: Entity) -> str:
    label = f'"{_escaped(entity.name)}<br/>{_escaped(entity.type_name)}"'
    return f"([{label}])" if entity.is_process else f"[{label}]"


def _escaped(text: str) -> str:
    """Mermaid's own entities, by code point, for all that could mean something to it or to HTML."""
    return "".join(each if each.isalnum() or each in " ._-/" else f"#{ord(each)};" for each in plain(text))
