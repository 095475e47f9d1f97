"""What an operation of the Data Map is given and what it answers, free of the web server's types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from multidict import MultiMapping

from local.datamap.catalogue import Catalogue
from local.datamap.errors import Code


@dataclass(slots=True)
class Call:
    catalogue: Catalogue
    path: Mapping[str, str]
    query: MultiMapping[str]
    body: Any = None
    entities: int = 1
    """How many entities the call is about, for latency that grows with them."""

    def object(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise Code.INVALID_PARAMETERS("the body is not a JSON object")
        return self.body

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        value = self.query.get(name, str(default))
        if not value.lstrip("-").isdecimal():
            raise Code.INSTANCE_LINEAGE_INVALID_PARAMS(name, value)
        return int(value)

    def qualified_name(self) -> str:
        """The `attr:qualifiedName` that routes by unique attribute are asked with."""
        name = self.query.get("attr:qualifiedName")
        if name is None:
            raise Code.INVALID_PARAMETERS("attr:qualifiedName is missing")
        return name


Operation = Callable[[Call], Any]
"""Answers the JSON body of a 200, or None for a 204."""

Routes = Sequence[tuple[str, str, Operation]]
"""Method, path template under the API's base, operation."""
