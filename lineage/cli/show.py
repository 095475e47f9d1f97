"""`lineage show`: the lineage around a dataset, as a picture or as JSON."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from lineage.catalogue import Catalogue, Found
from lineage.cli.drawing import Graph, to_dot, to_mermaid, to_svg, to_tree
from lineage.cli.drawing.graph import Direction
from lineage.cli.environment import not_found, open_datamap, run
from lineage.cli.output import AsJson, note, out, say_json, say_raw
from lineage.datamap import DataMap
from lineage.errors import NotFound
from lineage.naming import Asset
from lineage.references import Reference, understood
from lineage.request import LineageRequest, read_request
from lineage.settings import PurviewSettings

WIDTH = 1000  # neighbours of one node: all of them, for all that can be drawn
DEEPEST = 31  # of the Data Map's lineage query


class Around(StrEnum):
    """Which way to look."""

    BOTH = "both"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


QUERY: Mapping[Around, str] = {
    Around.BOTH: "BOTH",
    Around.UPSTREAM: "INPUT",
    Around.DOWNSTREAM: "OUTPUT",
}
BRANCHES: Mapping[Around, tuple[Direction, ...]] = {
    Around.BOTH: ("upstream", "downstream"),
    Around.UPSTREAM: ("upstream",),
    Around.DOWNSTREAM: ("downstream",),
}

Ref = Annotated[
    str,
    typer.Argument(
        help="A guid; a qualifiedName with --type; or any name a request may use, as a storage or JDBC URL.",
    ),
]
TypeName = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPENAME", help="REF is the qualifiedName of one of this type."),
]
Namespace = Annotated[
    str | None, typer.Option(metavar="NAMESPACE", help="REF is an OpenLineage name in this namespace.")
]
Depth = Annotated[int, typer.Option(min=1, max=DEEPEST, help="How many steps away.")]
Mermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")]
Dot = Annotated[bool, typer.Option("--dot", help="Print Graphviz' language.")]
Svg = Annotated[bool, typer.Option("--svg", help="Print an SVG picture.")]


def show(
    ref: Ref,
    *,
    type_name: TypeName = None,
    namespace: Namespace = None,
    depth: Depth = 3,
    direction: Annotated[Around, typer.Option(help="Which way to look.")] = Around.BOTH,
    mermaid: Mermaid = False,
    dot: Dot = False,
    svg: Svg = False,
    as_json: AsJson = False,
) -> None:
    """Draw the lineage around a dataset."""
    forms: dict[Callable[[Graph], str], bool] = {to_mermaid: mermaid, to_dot: dot, to_svg: svg}
    wanted = [draw for draw, is_wanted in forms.items() if is_wanted]
    if len(wanted) + as_json > 1:
        raise typer.BadParameter("one of --mermaid, --dot, --svg and --json")
    graph = run(_graph(_dataset(ref, type_name, namespace), QUERY[direction], depth), as_json=as_json)
    if as_json:
        say_json(graph.to_json())
    elif wanted:
        say_raw(wanted[0](graph))
    else:
        out().print(to_tree(graph, BRANCHES[direction]), soft_wrap=True)


def _dataset(ref: str, type_name: str | None, namespace: str | None) -> Any:
    """As a request would write it."""
    if type_name:
        return {"typeName": type_name, "qualifiedName": ref}
    return {"namespace": namespace, "name": ref} if namespace else ref


async def _graph(dataset: Any, direction: str, depth: int) -> Graph:
    request = read_request({"source": dataset, "target": dataset})
    async with open_datamap() as (datamap, settings):
        guid = await _guid(datamap, settings, request)
        try:
            answer = await datamap.lineage(guid, direction=direction, depth=depth, width=WIDTH)
        except NotFound:
            raise not_found(f"no dataset or process has the guid {guid}", "check the guid") from None
    return Graph.read(answer)


async def _guid(datamap: DataMap, settings: PurviewSettings, request: LineageRequest) -> str:
    reference: Reference = understood(request, settings.naming_rules, "fail")["inputs.0"]
    if isinstance(reference, str):
        return reference
    found = (await Catalogue(datamap).find({reference}))[reference]
    node = found.node or (found.near[0] if len(found.near) == 1 else None)
    if node is None or node.guid is None:
        raise not_found(*_missing(reference, found))
    if found.node is None:
        note(f"found as {node.type_name} {node.qualified_name}")
    return node.guid


def _missing(asset: Asset, found: Found) -> tuple[str, str]:
    """What is not there, and what to do about it."""
    what = found.unknown_type or f"no {asset.type_name} has the qualifiedName {asset.qualified_name}"
    if not found.near:
        return what, "check the name, or have the source scanned"
    near = ", ".join(f"{node.type_name} {node.qualified_name}" for node in found.near)
    return f"{what}; several come near: {near}", "name the one you mean with --type and its qualifiedName"
