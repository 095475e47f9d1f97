"""`lineage status`: what became of a request."""

import asyncio
import time
from typing import Annotated

import typer

from lineage.cli.environment import not_found, open_service, run
from lineage.cli.output import AsJson, note, say, say_json
from lineage.cli.problems import ExitCode
from lineage.outcomes import Record
from lineage.service import Service

EVERY = 0.5  # seconds between two looks
PENDING = frozenset({"queued", "deferred", "accumulated"})

RequestId = Annotated[str, typer.Argument(metavar="ID", help="As `lineage send` printed it.")]
Wait = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="Wait so long for it to be done, or dead.")
]


def status(request_id: RequestId, *, wait: Wait = 0, as_json: AsJson = False) -> None:
    """Show what became of a request.

    Exit code 1 if it is dead: it lies in the poison queue; or if it is not done when the wait is over.
    """
    record = run(_status(request_id, wait), as_json=as_json)
    if as_json:
        say_json(record.to_json())
    else:
        _show(record)
    in_vain = wait > 0 and record.status in PENDING
    if in_vain:
        note(f"still {record.status} after {wait:g} seconds")
    raise typer.Exit(ExitCode.FAILED if in_vain or record.status == "dead" else ExitCode.DONE)


async def _status(request_id: str, wait: float) -> Record:
    give_up = time.monotonic() + wait
    async with open_service() as service:
        record = await _find(service, request_id)
        while (record is None or record.status in PENDING) and time.monotonic() < give_up:
            await asyncio.sleep(EVERY)
            record = await _find(service, request_id)
    if record is None:
        raise not_found(
            f"nothing is known of a request {request_id!r}",
            "check the id; a request that was put on the queue by others is known once it was tried",
        )
    return record


async def _find(service: Service, request_id: str) -> Record | None:
    return await service.outcomes.find(request_id)


def _show(record: Record) -> None:
    """Its fields, those of the outcome left to `--json`."""
    facts = record.to_json()
    facts.pop("outcome", None)
    facts |= {"written": _written(record)} if record.outcome else {}
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {value}")


def _written(record: Record) -> str:
    outcome = record.outcome
    if outcome is None or outcome.process is None:
        return f"{len(outcome.relationships) if outcome else 0} relationships"
    return f"{outcome.process.type_name} {outcome.process.qualified_name} ({outcome.process.guid})"
