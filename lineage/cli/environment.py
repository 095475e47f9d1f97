"""
Settings as the app reads them, what is built from them, and the way every command runs.

Values of a local.settings.json become environment variables, as the Functions host makes them, since azure-identity
reads some of its own there; what the environment says already stays, which is the host's rule too.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer

from lineage.cli.output import err, say_problem
from lineage.cli.problems import ExitCode, Failure, Problem, problem_of
from lineage.datamap import DataMap
from lineage.errors import LineageError, Mistake
from lineage.identity import purview_credential
from lineage.service import Service
from lineage.settings import PurviewSettings, Settings

T = TypeVar("T")


def use_settings_of(file: Path) -> None:
    """Puts the `Values` of a local.settings.json into the environment."""
    hint = f"--settings {file}"
    try:
        content = json.loads(file.read_text("utf-8-sig"))
        given = {name: str(value) for name, value in content["Values"].items() if value is not None}
        if content.get("IsEncrypted"):
            raise typer.BadParameter("its values are encrypted: func settings decrypt", param_hint=hint)
        if "" in given:
            raise typer.BadParameter("one of its Values has no name", param_hint=hint)
        for name, value in given.items():
            os.environ.setdefault(name, value)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        wrong = f"not a local.settings.json with Values: {error}"
        raise typer.BadParameter(wrong, param_hint=hint) from None


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The app's own service, by the settings of the environment."""
    service = Service(Settings.read(os.environ))
    try:
        yield service
    finally:
        await service.close()


@asynccontextmanager
async def open_datamap() -> AsyncIterator[tuple[DataMap, PurviewSettings]]:
    """The Data Map alone: who only looks needs no queue and no storage."""
    settings = PurviewSettings.read(os.environ)
    datamap = DataMap(
        settings.endpoint,
        purview_credential(settings),
        scope=settings.scope,
        max_concurrency=settings.max_concurrency,
    )
    try:
        yield datamap, settings
    finally:
        datamap.close()


def run(work: Coroutine[Any, Any, T], *, as_json: bool) -> T:
    """Does the work of a command; an error that is to be expected ends it with its problem and exit code."""
    before = signal.signal(signal.SIGINT, _interrupted)
    try:
        return asyncio.run(work)
    except LineageError as error:
        problem = problem_of(error)
    except Failure as failure:
        problem = failure.problem
    finally:
        signal.signal(signal.SIGINT, before)
    say_problem(problem, as_json=as_json)
    raise typer.Exit(problem.exit_code)


def _interrupted(_signal: int, _frame: object) -> None:
    """Ends at once. A thread may wait for a device code for a quarter of an hour, and Python would wait for the thread."""
    err().show_cursor()  # which a progress bar may have hidden
    os._exit(ExitCode.INTERRUPTED)


def not_found(what: str, mend: str) -> Failure:
    """Something that a person named is not there."""
    return Failure(Problem("not-found", "Not found", [Mistake("", what)], mend, ExitCode.NOT_FOUND))
