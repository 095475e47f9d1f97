"""`lineage apply`: lineage written now, by whoever the settings sign in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import typer

from lineage.cli.documents import Document, File, read_documents
from lineage.cli.environment import open_service, run
from lineage.cli.output import AsJson, note, say, say_json, say_problem
from lineage.cli.problems import ExitCode, Problem, exit_code_of_all, problem_of
from lineage.errors import LineageError
from lineage.outcomes import Outcome, Record
from lineage.service import Service


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one document."""

    document: Document
    outcome: Outcome | None = None
    problem: Problem | None = None

    def to_json(self) -> dict[str, Any]:
        """The outcome, or the problem, with its place."""
        what = self.problem.to_json() if self.problem else {}
        if self.outcome:
            what = {"outcome": self.outcome.model_dump(mode="json", by_alias=True, exclude_none=True)}
        return {"place": self.document.place, "id": self.document.id, **what}


def apply(file: File, *, as_json: AsJson = False) -> None:
    """Write the lineage of requests or OpenLineage events now, in the order of the file.

    All are validated first; one that fails does not keep the others from being written.
    """
    results = run(_apply_all(file, _ignore if as_json else _show), as_json=as_json)
    if as_json:
        say_json([result.to_json() for result in results])
    codes = [result.problem.exit_code if result.problem else ExitCode.DONE for result in results]
    raise typer.Exit(exit_code_of_all(codes))


async def _apply_all(file: str, tell: Callable[[Applied], None]) -> Sequence[Applied]:
    """Each is told when it is done: whatever ends the command in the midst of them, what was written is known."""
    documents = read_documents(file)
    results = []
    async with open_service() as service:
        for document in documents:
            results.append(await _apply(service, document))
            tell(results[-1])
    return results


async def _apply(service: Service, document: Document) -> Applied:
    """One after the other: of two that concern the same process, the later one is to have the last word."""
    try:
        if document.event:
            outcome = await service.apply(document.payload)
            service.outcomes.record(_record(outcome))
        else:
            outcome = await service.apply_now(document.payload)
    except LineageError as error:
        return Applied(document, problem=problem_of(error, document.place))
    return Applied(document, outcome=outcome)


def _record(outcome: Outcome) -> Record:
    """As of a request, or of an event that came by the queue."""
    now = datetime.now(UTC)
    return Record(
        id=outcome.id, status=outcome.status, attempts=1, first_seen=now, last_seen=now, outcome=outcome
    )


def _ignore(_applied: Applied) -> None:
    """What is printed as JSON is printed whole."""


def _show(applied: Applied) -> None:
    if applied.problem:
        say_problem(applied.problem, as_json=False)
    elif outcome := applied.outcome:
        say(f"{outcome.status}  {outcome.id}")
        for line in _written(outcome):
            say(f"  {line}")
        for warning in outcome.warnings:
            note(f"  warning: {warning}")


def _written(outcome: Outcome) -> Sequence[str]:
    """Each thing that was written, and how."""
    entities = [outcome.process, *outcome.datasets] if outcome.process else list(outcome.datasets)
    lines = [f"{each.result}  {each.type_name}  {each.qualified_name or each.guid}" for each in entities]
    lines += [
        f"{each.result}  {each.relationship_type}  {each.end1} -> {each.end2}"
        for each in outcome.relationships
    ]
    lines += [f"removed  {outcome.removed}"] if outcome.removed else []
    return lines + [line for part in outcome.parts for line in _written(part)]
