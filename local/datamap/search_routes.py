"""Search (Azure TypeSpec DataMap, routes.tsp, interface Discovery)."""

from collections.abc import Callable
from typing import Any

from local.datamap import search
from local.datamap.graph import Graph
from local.datamap.operation import Operation, Routes


def _asked(question: Callable[[Graph, dict[str, Any]], dict[str, Any]]) -> Operation:
    return lambda call: question(call.catalogue.graph, call.object())


ROUTES: Routes = [
    ("POST", "/search/query", _asked(search.query)),
    ("POST", "/search/suggest", _asked(search.suggest)),
    ("POST", "/search/autocomplete", _asked(search.autocomplete)),
]
