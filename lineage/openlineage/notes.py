"""What is noticed while an event is read: mistakes, for which it is refused, and oddities, which are only told."""

from dataclasses import dataclass, field
from typing import Any

from lineage.errors import InvalidRequest, Mistake

NOTES_LIMIT = 100

_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


@dataclass(slots=True)
class Notes:
    """Each note has the path it is about. There is an end to how many are kept."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)

    def mistake(self, path: str, message: str) -> None:
        _add(self.mistakes, path, message)

    def warn(self, path: str, message: str) -> None:
        _add(self.warnings, path, message)

    def refuse_if_mistaken(self) -> None:
        if self.mistakes:
            raise InvalidRequest(*self.mistakes)


def _add(notes: list[Mistake], path: str, message: str) -> None:
    if len(notes) < NOTES_LIMIT:
        notes.append(Mistake(path, message))


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "null")
