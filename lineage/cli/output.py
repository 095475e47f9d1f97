"""
Results to standard output, everything else to standard error: so a result can be piped, whatever else is said.

What comes from a catalogue or a queue may hold anything, control sequences for terminals too; none get through.
"""

import json
import re
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from lineage.cli.problems import Problem

PIPED_WIDTH = 200  # columns where there is no terminal to ask
# Controls, and what neither UTF-8 nor XML can carry.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plain(text: object) -> str:
    """Text without what a terminal would obey."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def out() -> Console:
    """Standard output. Asked for anew each time, as it may be redirected."""
    return _console(stderr=False)


def err() -> Console:
    """Standard error."""
    return _console(stderr=True)


def say(text: object = "", style: str = "") -> None:
    """A line of a result."""
    out().print(Text(plain(text), style), soft_wrap=True)


def note(text: object) -> None:
    """A line beside the result."""
    err().print(Text(plain(text), "dim"), soft_wrap=True)


def say_json(value: Any) -> None:
    """JSON on standard output, readable, and complete whatever the width."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def say_raw(text: str) -> None:
    """Text that is a format of its own (mermaid, dot, svg)."""
    sys.stdout.write(text + "\n")


def say_problem(problem: Problem, *, as_json: bool) -> None:
    """What, where, how to mend it, on standard error."""
    if as_json:
        sys.stderr.write(json.dumps(problem.to_json(), indent=2) + "\n")
        return
    console = err()
    console.print(Text.assemble(("error: ", "bold red"), plain(problem.title)), soft_wrap=True)
    for detail in problem.details:
        console.print(Text(f"  {plain(detail)}"), soft_wrap=True)
    console.print(Text.assemble(("  mend: ", "bold"), plain(problem.mend)), soft_wrap=True)


def progress(*, quiet: bool) -> Progress:
    """A bar for long work, on standard error, if somebody is looking."""
    console = err()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)
