"""Lineage as a picture: a tree for terminals, Mermaid and Graphviz for documents, SVG for everything else. Pure."""

from lineage.cli.drawing.dot import to_dot
from lineage.cli.drawing.mermaid import to_mermaid
from lineage.cli.drawing.svg import to_svg
from lineage.cli.drawing.tree import to_tree

__all__ = ["to_dot", "to_mermaid", "to_svg", "to_tree"]
