"""`lineage send`: requests and events to the queue, all validated before the first goes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from lineage.cli.documents import Document, File, read_documents
from lineage.cli.environment import open_service, run
from lineage.cli.output import AsJson, progress, say, say_json
from lineage.cli.problems import Failure, Problem, problem_of
from lineage.errors import LineageError, Mistake
from lineage.service import Service

AT_ONCE = 8


def send(file: File, *, as_json: AsJson = False) -> None:
    """Put requests or OpenLineage events on the queue, to be written soon.

    All are validated first: a file with a mistake in it sends nothing.
    """
    documents = run(_send_all(file, quiet=as_json), as_json=as_json)
    if as_json:
        say_json([_facts(document) for document in documents])
        return
    for document in documents:
        say(document.id)


async def _send_all(file: str, *, quiet: bool) -> Sequence[Document]:
    documents = read_documents(file)
    async with open_service() as service:
        with progress(quiet=quiet) as bar:
            task = bar.add_task("sending", total=len(documents))
            await _in_groups(service, documents, lambda: bar.advance(task))
    return documents


async def _in_groups(service: Service, documents: Sequence[Document], sent: Callable[[], None]) -> None:
    """A few at once; the first that fails ends it, and how far it came is said."""
    for start in range(0, len(documents), AT_ONCE):
        group = documents[start : start + AT_ONCE]
        results = await asyncio.gather(*(_send(service, each) for each in group), return_exceptions=True)
        for result in results:
            if isinstance(result, LineageError):
                done = start + sum(each is None for each in results)
                raise Failure(_partly(problem_of(result), done, len(documents))) from result
            if isinstance(result, BaseException):
                raise result
            sent()


async def _send(service: Service, document: Document) -> None:
    if document.event:
        await service.enqueue_event(document.event)
    else:
        await service.enqueue(document.payload)


def _partly(problem: Problem, done: int, total: int) -> Problem:
    told = Mistake("", f"{done} of {total} were sent; sending all of them again writes nothing twice")
    return Problem(problem.code, problem.title, [*problem.details, told], problem.mend, problem.exit_code)


def _facts(document: Document) -> dict[str, Any]:
    kind = "event" if document.event else "request"
    return {"place": document.place, "id": document.id, "kind": kind, "status": "queued"}
