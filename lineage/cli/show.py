"""`lineage show`: the lineage around a dataset, as a picture or as JSON."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from lineage.around import DEEPEST, DEPTH, Direction, look_around
from lineage.cli.drawing import to_dot, to_mermaid, to_svg, to_tree
from lineage.cli.environment import open_datamap, run
from lineage.cli.output import AsJson, note, out, say_json, say_raw
from lineage.graph import Graph, Step
from lineage.request import read_request

BRANCHES: Mapping[Direction, tuple[Step, ...]] = {
    Direction.BOTH: ("upstream", "downstream"),
    Direction.UPSTREAM: ("upstream",),
    Direction.DOWNSTREAM: ("downstream",),
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
    depth: Depth = DEPTH,
    direction: Annotated[Direction, typer.Option(help="Which way to look.")] = Direction.BOTH,
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
    graph = run(_graph(_dataset(ref, type_name, namespace), direction, depth), as_json=as_json)
    for warning in graph.warnings:
        note(warning)
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


async def _graph(dataset: Any, direction: Direction, depth: int) -> Graph:
    wanted = dict(read_request({"source": dataset, "target": dataset}).datasets())["inputs.0"]
    async with open_datamap() as (datamap, settings):
        return await look_around(datamap, settings.naming_rules, wanted, direction=direction, depth=depth)
