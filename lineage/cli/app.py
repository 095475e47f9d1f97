"""The commands, put together."""

from pathlib import Path
from typing import Annotated

import typer

from lineage import __version__
from lineage.cli import apply, doctor, explain, poison, send, setup, show, status
from lineage.cli.environment import use_settings_of
from lineage.cli.output import say

app = typer.Typer(
    name="lineage",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show local variables, and with them what is secret
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(send.send)
app.command()(apply.apply)
app.command()(explain.explain)
app.command()(show.show)
app.command()(status.status)
app.add_typer(poison.app, name="poison")
app.command()(doctor.doctor)
app.command()(setup.setup)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def lineage(
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A local.settings.json to read app settings from; the environment's own come first.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001, FBT002 - typer has handled it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Lineage in Microsoft Purview: send it, look at it, find out what became of it.

    Exit codes: 0 done; 1 something failed; 2 wrong usage; 3 not found; 4 invalid input; 5 settings not in order;
    130 interrupted.
    """
    if settings:
        use_settings_of(settings)
