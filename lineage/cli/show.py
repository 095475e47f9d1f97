"""`lineage show`: the lineage around a dataset, as a picture or as JSON."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from lineage.around import DEEPEST, DEPTH, Direction, look_around
from lineage.cli.drawing import to_dot, to_mermaid, to_svg, to_tree
from lineage.cli.environment import open_datamap, run
from lineage.cli.output import AsJson, note, out, say_json, say_raw
from lineage.cli.problems import ExitCode, Failure, Problem
from lineage.errors import InvalidRequest, Mistake
from lineage.graph import Graph, Step
from lineage.request import Dataset, invalid

BRANCHES: Mapping[Direction, tuple[Step, ...]] = {
    Direction.BOTH: ("upstream", "downstream"),
    Direction.UPSTREAM: ("upstream",),
    Direction.DOWNSTREAM: ("downstream",),
}

Ref = Annotated[
    str,
    typer.Argument(
        metavar="REF",
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
    if type_name is not None and namespace is not None:
        raise typer.BadParameter("one of --type and --namespace")
    graph = run(_graph(_as_written(ref, type_name, namespace), direction, depth), as_json=as_json)
    for warning in graph.warnings:
        note(warning)
    if as_json:
        say_json(graph.to_json())
    elif wanted:
        say_raw(wanted[0](graph))
    else:
        out().print(to_tree(graph, BRANCHES[direction]), soft_wrap=True)


def _as_written(ref: str, type_name: str | None, namespace: str | None) -> Any:
    """As a request would write it."""
    if type_name is not None:
        return {"typeName": type_name, "qualifiedName": ref}
    return ref if namespace is None else {"namespace": namespace, "name": ref}


async def _graph(written: Any, direction: Direction, depth: int) -> Graph:
    dataset = _dataset(written)
    async with open_datamap() as (datamap, settings):
        rules = settings.naming_rules
        try:
            return await look_around(datamap, rules, dataset, direction=direction, depth=depth)
        except InvalidRequest as error:
            raise _no_dataset(error, written) from None


def _dataset(written: Any) -> Dataset:
    adapter: TypeAdapter[Dataset] = TypeAdapter(Dataset)
    try:
        return adapter.validate_python(written, by_name=False, by_alias=True)
    except ValidationError as error:
        raise _no_dataset(invalid(error), written) from None


def _no_dataset(error: InvalidRequest, written: Any) -> Failure:
    """In the words of the command: nobody wrote a request."""
    first = error.mistakes[0]
    place = {"typeName": "--type", "namespace": "--namespace"}.get(first.path, "REF")
    mend = "correct it" if isinstance(written, dict) else "give --type or --namespace"
    title = "This names no dataset or process"
    return Failure(
        Problem(InvalidRequest.code, title, [Mistake(place, first.message)], mend, ExitCode.INVALID)
    )
