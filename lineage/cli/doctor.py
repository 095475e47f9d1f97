"""`lineage doctor`: everything the app needs, looked at one by one; and for what is wrong, the command that mends it."""

from collections.abc import AsyncIterator

import typer

from lineage import health
from lineage.cli.environment import open_service, run
from lineage.cli.output import AsJson, plain, say, say_json
from lineage.cli.problems import ExitCode
from lineage.errors import InvalidSettings
from lineage.health import Check


def doctor(*, as_json: AsJson = False) -> None:
    """Check identity, Data Map, queues, tables and clock. Exit code 1 if anything is not as it should be."""
    found = run(_examine(quiet=as_json), as_json=as_json)
    if as_json:
        say_json([each.facts() for each in found])
    raise typer.Exit(ExitCode.DONE if all(each.ok for each in found) else ExitCode.FAILED)


async def _examine(*, quiet: bool) -> list[Check]:
    found = []
    async for each in _checks():
        found.append(each)
        if not quiet:
            _show(each)
    return found


async def _checks() -> AsyncIterator[Check]:
    try:
        async with open_service() as service:
            async for each in health.checks(service):
                yield each
    except InvalidSettings as error:
        for each in health.unconfigured(error):
            yield each


def _show(check: Check) -> None:
    detail = f"  {check.detail}" if check.detail else ""
    if check.ok:
        say(f"fine   {check.name}{detail}")
        return
    say(f"WRONG  {check.name}{detail}", "red" if check.blocks else "yellow")
    say(f"       mend: {plain(check.mend)}")
