"""`lineage setup`: what a Purview account needs before the app can write to it. Says what it would do, until `--yes`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from lineage.cli.environment import open_datamap, run
from lineage.cli.output import AsJson, note, say, say_json
from lineage.cli.problems import ExitCode, Failure, Problem
from lineage.datamap import DataMap
from lineage.errors import Mistake
from lineage.plan import PROCESS_TYPE, PROCESS_TYPE_DEFINITION
from lineage.roles import carry_out, plan_grant

MYSELF = "me"

Principal = Annotated[
    str | None,
    typer.Option(
        "--grant",
        metavar="OBJECT_ID",
        help=f"Make this identity Data Curator; '{MYSELF}' for the one that is signed in.",
    ),
]
Collection = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of the grant: name or friendly name; PURVIEW_COLLECTION or the root if left out.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that setup sees to."""

    what: str
    do: Callable[[], Awaitable[None]] | None  # None if there is nothing to do

    def state(self, *, yes: bool) -> str:
        """What became of it."""
        if self.do is None:
            return "already so"
        return "done" if yes else "would be done"


def setup(
    *,
    principal: Principal = None,
    collection: Collection = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Register the process type, and grant an identity the role Data Curator on a collection.

    To grant, sign in as an administrator of that collection.
    """
    steps = run(_set_up(principal, collection, yes=yes), as_json=as_json)
    if as_json:
        facts = [{"what": step.what, "state": step.state(yes=yes)} for step in steps]
        say_json({"dryRun": not yes, "steps": facts})
        return
    for step in steps:
        say(f"{step.state(yes=yes)}  {step.what}")
    if not yes and any(step.do for step in steps):
        note("add --yes to do it")


async def _set_up(principal: str | None, collection: str | None, *, yes: bool) -> list[Step]:
    async with open_datamap() as (datamap, settings):
        steps = [step async for step in _steps(datamap, principal, collection or settings.collection)]
        for step in steps:
            if yes and step.do:
                await step.do()
    return steps


async def _steps(datamap: DataMap, principal: str | None, collection: str | None) -> AsyncIterator[Step]:
    if principal:  # first, since the type is registered by whoever has the role
        yield await _grant_step(datamap, principal, collection)
    known = await datamap.type_definition(PROCESS_TYPE)
    register = None if known else lambda: datamap.create_entity_type(PROCESS_TYPE_DEFINITION)
    yield Step(f"register the process type {PROCESS_TYPE}", register)


async def _grant_step(datamap: DataMap, principal: str, collection: str | None) -> Step:
    principal = await _myself(datamap) if principal == MYSELF else principal
    grant = await plan_grant(datamap, principal, collection)
    what = f"make {principal} Data Curator of the collection {grant.friendly_name} ({grant.collection})"
    return Step(what, (lambda: carry_out(datamap, grant)) if grant.needed else None)


async def _myself(datamap: DataMap) -> str:
    claims = await datamap.claims()
    if "oid" in claims:
        return str(claims["oid"])
    wrong = Mistake("--grant", "the token does not say whom it is for")
    raise Failure(Problem("usage", "Nobody to grant to", [wrong], "write the object id", ExitCode.USAGE))
