"""`lineage explain`: what a request or an event would do, name by name and call by call. Writes nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from lineage.cli.documents import Document, File, read_documents
from lineage.cli.environment import open_service, run
from lineage.cli.output import AsJson, say, say_json, say_problem
from lineage.cli.problems import ExitCode, Problem, exit_code_of, exit_code_of_all, problem_of
from lineage.errors import LineageError
from lineage.explain import Call, Candidate, ExplainedDataset, ExplainedRequest, Explanation
from lineage.service import Service


@dataclass(frozen=True, slots=True)
class Explained:
    """One document, and what would come of it; or the problem that keeps it from being explained."""

    document: Document
    explanation: Explanation | None = None
    problem: Problem | None = None

    @property
    def exit_code(self) -> ExitCode:
        """That of the problem, or of the first request that would not be written."""
        if self.problem:
            return self.problem.exit_code
        requests = self.explanation.requests if self.explanation else ()
        return next((exit_code_of(each.problem) for each in requests if each.problem), ExitCode.DONE)

    def to_json(self) -> dict[str, Any]:
        """The explanation, or the problem, with its place."""
        what = self.problem.to_json() if self.problem else {}
        if self.explanation:
            what = self.explanation.to_json()
        return {"place": self.document.place, "id": self.document.id, **what}


def explain(file: File, *, as_json: AsJson = False) -> None:
    """Show what requests or OpenLineage events would do, and why: each name, the rule that understands it, what the
    catalogue holds, and the exact calls of the Data Map. Writes nothing.

    The exit code is the one that `apply` would have.
    """
    explained = run(_explain_all(file), as_json=as_json)
    if as_json:
        say_json([each.to_json() for each in explained])
    else:
        for each in explained:
            _show(each)
    raise typer.Exit(exit_code_of_all([each.exit_code for each in explained]))


async def _explain_all(file: str) -> Sequence[Explained]:
    documents = read_documents(file)
    async with open_service() as service:
        return [await _explain(service, document) for document in documents]


async def _explain(service: Service, document: Document) -> Explained:
    try:
        return Explained(document, await service.explainer.explain(document.payload))
    except LineageError as error:
        return Explained(document, problem=problem_of(error, document.place))


def _show(explained: Explained) -> None:
    if explained.problem:
        say_problem(explained.problem, as_json=False)
    elif explained.explanation:
        say(f"{explained.document.place}  {explained.document.id}", "bold")
        for line in _of(explained.explanation):
            say(f"  {line}")


def _of(explanation: Explanation) -> Iterator[str]:
    if explanation.event:
        yield f"{explanation.event}: {explanation.verdict}"
    yield from (f"warning: {warning}" for warning in explanation.warnings)
    for dataset in explanation.datasets:
        yield from _dataset(dataset)
    for request in explanation.requests:
        yield from _request(request)
    for request in explanation.once_completed:
        yield "once the run has completed:"
        yield from _request(request)


def _request(request: ExplainedRequest) -> Iterator[str]:
    for dataset in request.datasets:
        yield from _dataset(dataset)
    yield from (f"warning: {warning}" for warning in request.warnings)
    if request.problem:
        yield f"would not be written: {request.problem} (onMissing is {request.on_missing})"
        yield f"  {request.detail}"
    for call in request.writes:
        yield from _call(call)


def _dataset(dataset: ExplainedDataset) -> Iterator[str]:
    yield f"{dataset.path}  {_text(dataset.name)}"
    yield f"  rule       {dataset.rule}{f' ({dataset.evidence})' if dataset.evidence else ''}"
    if dataset.type_name:
        yield f"  asset      {dataset.type_name}  {dataset.qualified_name}"
        yield f"  catalogue  {dataset.unknown_type or dataset.found or 'does not hold it'}"
    yield from (f"  near       {_candidate(each)}" for each in dataset.near)
    if not dataset.near:
        yield from (f"  nor        {_candidate(each)}" for each in dataset.other_spellings)


def _call(call: Call) -> Iterator[str]:
    yield f"{call.method} {call.path}"
    if call.body is not None:
        yield from (f"  {line}" for line in json.dumps(call.body, indent=2).splitlines())


def _candidate(candidate: Candidate) -> str:
    return f"{candidate.type_name}  {candidate.qualified_name}" + (
        f"  {candidate.guid}" if candidate.guid else ""
    )


def _text(name: str | dict[str, Any]) -> str:
    return name if isinstance(name, str) else json.dumps(name)
