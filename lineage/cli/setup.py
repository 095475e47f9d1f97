"""`lineage setup`: what a Purview account needs before the app can write to it. Says what it would do, until `--yes`."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from lineage.cli.environment import open_datamap, run
from lineage.cli.output import AsJson, note, say, say_json
from lineage.cli.problems import ExitCode, Failure, Problem
from lineage.datamap import DataMap
from lineage.errors import Mistake, NotAuthorized
from lineage.plan import PROCESS_TYPE, PROCESS_TYPE_DEFINITION
from lineage.request import GUID_PATTERN
from lineage.roles import carry_out, plan_grant

MYSELF = "me"
ALREADY, PLANNED, DONE = "already so", "would be done", "done"
LEFT = "left to the app, whose first process registers it: you are no Data Curator"


def _principal(given: str | None) -> str | None:
    """An object id, as the policy has them: whatever else were put into it would grant nothing to anybody."""
    if given is None or given == MYSELF:
        return given
    if not GUID_PATTERN.fullmatch(given):
        raise typer.BadParameter(f"write the object id of an identity (a guid), or {MYSELF}")
    return given.lower()


Principal = Annotated[
    str | None,
    typer.Option(
        "--grant",
        metavar="OBJECT_ID",
        callback=_principal,
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
    """One thing that setup saw to, and what became of it."""

    what: str
    state: str


class Setup:
    """The steps, each looked at, and done if that was asked for."""

    def __init__(self, datamap: DataMap, *, yes: bool) -> None:
        self._datamap = datamap
        self._yes = yes

    async def grant(self, principal: str, collection: str | None) -> Step:
        """The role Data Curator for an identity."""
        principal = await _myself(self._datamap) if principal == MYSELF else principal
        grant = await plan_grant(self._datamap, principal, collection)
        what = f"make {principal} Data Curator of the collection {grant.friendly_name} ({grant.collection})"
        if not grant.needed:
            return Step(what, ALREADY)
        return await self._do(what, lambda: carry_out(self._datamap, grant))

    async def register(self) -> Step:
        """The process type."""
        what = f"register the process type {PROCESS_TYPE}"
        if await self._datamap.type_definition(PROCESS_TYPE):
            return Step(what, ALREADY)
        return await self._do(what, lambda: self._datamap.create_entity_type(PROCESS_TYPE_DEFINITION))

    async def _do(self, what: str, act: Callable[[], Awaitable[None]]) -> Step:
        if not self._yes:
            return Step(what, PLANNED)
        await act()
        return Step(what, DONE)


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
    if collection is not None and principal is None:
        raise typer.BadParameter("--collection is of the grant: give --grant with it")
    steps = run(_set_up(principal, collection, yes=yes), as_json=as_json)
    if as_json:
        say_json({"dryRun": not yes, "steps": [asdict(step) for step in steps]})
        return
    for step in steps:
        say(f"{step.state}  {step.what}")
    if any(step.state == PLANNED for step in steps):
        note("add --yes to do it")


async def _set_up(principal: str | None, collection: str | None, *, yes: bool) -> list[Step]:
    async with open_datamap() as (datamap, settings):
        setup = Setup(datamap, yes=yes)
        if principal is None:
            return [await setup.register()]
        granted = await setup.grant(principal, collection or settings.collection)
        try:
            return [granted, await setup.register()]
        except NotAuthorized:  # an administrator of the collection need not be its curator
            return [granted, Step(f"register the process type {PROCESS_TYPE}", LEFT)]


async def _myself(datamap: DataMap) -> str:
    claims = await datamap.claims()
    if "oid" in claims:
        return str(claims["oid"])
    wrong = Mistake("--grant", "the token does not say whom it is for")
    raise Failure(Problem("usage", "Nobody to grant to", [wrong], "write the object id", ExitCode.USAGE))
