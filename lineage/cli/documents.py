"""
Requests and OpenLineage events from a file, bare or in CloudEvents: one JSON document, an array of them, or one in each
line (NDJSON).
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lineage.cli.problems import ExitCode, Failure, Problem
from lineage.envelope import unwrapped
from lineage.errors import InvalidRequest, Mistake
from lineage.openlineage import Event, is_event, read_event
from lineage.request import read_json, read_request

MISTAKES_SHOWN = 20

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="Requests or OpenLineage events: JSON, a JSON array, or NDJSON; - for standard input.",
    ),
]


@dataclass(frozen=True, slots=True)
class Document:
    """One request or event, out of its CloudEvent if it was in one, validated, and where it stands."""

    place: str
    payload: Any
    id: str
    event: Event | None = None  # if it is one


def read_documents(file: str) -> list[Document]:
    """Every document of a file, or a `Failure` with every mistake in them: nothing is done with half a file."""
    documents, mistakes = [], []
    for place, payload in _payloads(file):
        try:
            documents.append(_document(place, payload))
        except InvalidRequest as error:
            mistakes += [Mistake(_joined(place, each.path), each.message) for each in error.mistakes]
    if mistakes:
        raise _invalid(mistakes)
    if not documents:
        raise _invalid([Mistake(file, "there is nothing in it")])
    return documents


def _document(place: str, payload: Any) -> Document:
    if isinstance(payload, InvalidRequest):
        raise payload
    payload = unwrapped(payload)
    if is_event(payload):
        event = read_event(payload).event
        return Document(place, payload, event.key, event)
    return Document(place, payload, read_request(payload).key)


def _payloads(file: str) -> Iterator[tuple[str, Any]]:
    """JSON with its place; or, where it is none, the error that says so."""
    text = _text(file)
    # Other separators of lines, as U+2028, may stand inside a string.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    whole = _parsed(text)
    if isinstance(whole, list):
        yield from ((f"{file}[{index}]", each) for index, each in enumerate(whole))
    elif isinstance(whole, InvalidRequest) and _is_ndjson(lines):
        yield from ((f"{file}:{number}", _parsed(line)) for number, line in lines)
    elif lines:
        yield file, whole


def _is_ndjson(lines: Sequence[tuple[int, str]]) -> bool:
    """Several lines, of which at least one is a whole object: else it is one document with a mistake in it."""
    return len(lines) > 1 and any(isinstance(_parsed(line), dict) for _, line in lines)


def _parsed(text: str) -> Any:
    try:
        return read_json(text)
    except InvalidRequest as error:
        return error


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid([Mistake(file, f"cannot be read: {error}")]) from None


def _invalid(mistakes: Sequence[Mistake]) -> Failure:
    shown = list(mistakes[:MISTAKES_SHOWN])
    if more := len(mistakes) - len(shown):
        shown.append(Mistake("", f"and {more} more"))
    mend = "correct these and run it again; nothing has been sent or written"
    return Failure(Problem("invalid-request", InvalidRequest.title, shown, mend, ExitCode.INVALID))


def _joined(place: str, path: str) -> str:
    return f"{place}: {path}" if path else place
