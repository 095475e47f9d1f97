"""`lineage explain`: what a request or an event would do, name by name and call by call. Writes nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from lineage.cli.documents import Document, File, read_documents
from lineage.cli.environment import open_service, run
from lineage.cli.output import AsJson, say, say_json
from lineage.cli.problems import ExitCode, Failure, exit_code_of, problem_of
from lineage.errors import LineageError
from lineage.explain import Call, Candidate, ExplainedDataset, ExplainedRequest, Explanation
from lineage.service import Service


@dataclass(frozen=True, slots=True)
class Explained:
    """One document, and what comes of it."""

    document: Document
    explanation: Explanation

    @property
    def problem(self) -> str | None:
        """Why the first request that would not be written would not."""
        return next((each.problem for each in self.explanation.requests if each.problem), None)

    def to_json(self) -> dict[str, Any]:
        """The explanation with its place."""
        return {"place": self.document.place, "id": self.document.id, **self.explanation.to_json()}


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
            say(f"{each.document.place}  {each.document.id}", "bold")
            for line in _of(each.explanation):
                say(f"  {line}")
    problems = [each.problem for each in explained if each.problem]
    raise typer.Exit(exit_code_of(problems[0]) if problems else ExitCode.DONE)


async def _explain_all(file: str) -> Sequence[Explained]:
    documents = read_documents(file)
    async with open_service() as service:
        return [await _explain(service, document) for document in documents]


async def _explain(service: Service, document: Document) -> Explained:
    try:
        return Explained(document, await service.explainer.explain(document.payload))
    except LineageError as error:
        raise Failure(problem_of(error, document.place)) from error


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
