"""What went wrong, for people: what, where, how to mend it; and for scripts: an exit code for each kind, and JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from lineage.errors import (
    AnotherWrites,
    DatasetMissing,
    InvalidRequest,
    InvalidSettings,
    LineageError,
    Mistake,
    NotAuthorized,
    NotFound,
    Refused,
    SignInFailed,
    StorageFailed,
    Unavailable,
    UnknownDataset,
    UnknownRequest,
)


class ExitCode(IntEnum):
    """What the shell gets. Documented in `docs/command-line.md`."""

    DONE = 0
    FAILED = 1
    USAGE = 2  # click's own
    NOT_FOUND = 3
    INVALID = 4
    SETTINGS = 5
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, with its details."""

    code: str
    title: str
    details: Sequence[Mistake]
    mend: str
    exit_code: ExitCode = ExitCode.FAILED

    def to_json(self) -> dict[str, Any]:
        """In the words of the HTTP API's problems."""
        errors = [{"path": each.path, "message": each.message} for each in self.details]
        return {"problem": self.code, "title": self.title, "errors": errors, "mend": self.mend}


class Failure(Exception):
    """Ends a command with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


MENDING: Mapping[type[LineageError], str] = {
    InvalidRequest: "correct it; every form of a request is in docs/lineage-request.schema.json",
    DatasetMissing: 'have the dataset scanned, correct its name, or write "onMissing": "create"',
    UnknownDataset: "check the name or guid, have the source scanned, or name one that comes near with --type",
    UnknownRequest: "check the id; outcomes are told once a request has been sent through the app",
    InvalidSettings: "set these app settings in the environment, or name a local.settings.json with --settings",
    NotFound: "check the name or guid",
    NotAuthorized: "lineage doctor",
    SignInFailed: "lineage doctor",
    StorageFailed: "lineage doctor",
    Unavailable: "try again in a while; if it stays so: lineage doctor",
    AnotherWrites: "try again in a while",
    Refused: "correct what the Data Map objects to",
}
EXIT_CODES: Mapping[type[LineageError], ExitCode] = {
    InvalidRequest: ExitCode.INVALID,
    InvalidSettings: ExitCode.SETTINGS,
    DatasetMissing: ExitCode.NOT_FOUND,
    UnknownDataset: ExitCode.NOT_FOUND,
    UnknownRequest: ExitCode.NOT_FOUND,
    NotFound: ExitCode.NOT_FOUND,
}


def problem_of(error: LineageError, place: str = "") -> Problem:
    """An error of the tree as a problem; `place` is where in the input it lies."""
    mend = next((MENDING[kind] for kind in type(error).__mro__ if kind in MENDING), "lineage doctor")
    mistakes = getattr(error, "mistakes", None) or [Mistake("", error.detail)]
    return Problem(
        error.code, error.title, [_placed(each, place) for each in mistakes], mend, _exit_code(type(error))
    )


def exit_code_of(problem: str) -> ExitCode:
    """That of an error, by its code."""
    kinds = (kind for kind in _kinds(LineageError) if vars(kind).get("code") == problem)
    return next(map(_exit_code, kinds), ExitCode.FAILED)


def exit_code_of_all(codes: Sequence[ExitCode]) -> ExitCode:
    """Of several documents that of the first that failed; but INVALID says that nothing was written."""
    first = next((code for code in codes if code is not ExitCode.DONE), ExitCode.DONE)
    return ExitCode.FAILED if first is ExitCode.INVALID and ExitCode.DONE in codes else first


def _exit_code(kind: type[LineageError]) -> ExitCode:
    return next((EXIT_CODES[each] for each in kind.__mro__ if each in EXIT_CODES), ExitCode.FAILED)


def _kinds(kind: type[LineageError]) -> Iterator[type[LineageError]]:
    """A class of the tree, and all below it."""
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _placed(mistake: Mistake, place: str) -> Mistake:
    return Mistake(": ".join(filter(None, (place, mistake.path))), mistake.message)
