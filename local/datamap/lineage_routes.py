"""Lineage (Azure TypeSpec DataMap, routes.tsp, interface Lineage; older parameters from azure-purview-catalog)."""

from typing import Any

from local.datamap.errors import Code
from local.datamap.lineage import MAX_DEPTH, Query, lineage, next_level
from local.datamap.operation import Call, Routes
from local.datamap.rows import Entity


def _get(call: Call) -> Any:
    return lineage(call.catalogue.graph, _base(call), _query(call))


def _get_by_unique_attribute(call: Call) -> Any:
    base = call.catalogue.entity_named(call.path["typeName"], call.qualified_name())
    return lineage(call.catalogue.graph, base, _query(call))


def _get_next(call: Call) -> Any:
    direction = call.query.get("direction", "")
    offset, limit = call.number("offset", 0), call.number("limit", -1)
    return next_level(call.catalogue.graph, _base(call), direction, offset, limit)


def _base(call: Call) -> Entity:
    return call.catalogue.entity(call.path["guid"])


def _query(call: Call) -> Query:
    direction = call.query.get("direction", "BOTH")
    if direction not in ("INPUT", "OUTPUT", "BOTH"):
        raise Code.INSTANCE_LINEAGE_INVALID_PARAMS("direction", direction)
    return Query(
        direction=direction,
        depth=max(1, min(call.number("depth", 3), MAX_DEPTH)),
        width=max(0, call.number("width", 10)),
        include_parent=call.flag("includeParent"),
        derived=call.flag("getDerivedLineage"),
    )


ROUTES: Routes = [
    ("GET", "/atlas/v2/lineage/{guid}", _get),
    ("GET", "/atlas/v2/lineage/uniqueAttribute/type/{typeName}", _get_by_unique_attribute),
    ("GET", "/lineage/{guid}/next", _get_next),
    ("GET", "/atlas/v2/lineage/{guid}/next", _get_next),  # where pyapacheatlas looks for it
]
