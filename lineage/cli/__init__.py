"""
The `lineage` command: what an operator, or a person with a laptop, does with the app from a terminal.

It needs the extra `cli` (typer, rich), which the function app does without; nothing of the app imports this package.
"""

import sys


def main() -> None:
    """The console script; says what to install where the extra is missing."""
    try:
        from lineage.cli.app import app  # noqa: PLC0415 - so that the message below can be given
    except ModuleNotFoundError as error:
        sys.exit(f"the lineage command needs {error.name}: pip install '.[cli]' in a checkout")
    app()
