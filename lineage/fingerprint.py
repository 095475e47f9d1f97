"""
What a plan writes, as keys and digests, and the plan without what is known to be there already. Pure.

The attributes of a run are left out: that a job ran again does not make its lineage another one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from lineage.openlineage import RUN_ATTRIBUTES
from lineage.plan import DIRECT_LINEAGE, Edge, Json, Plan

CHANGING = "changing"  # no digest: what has it is written in any case, and not remembered


def fingerprint(plan: Plan) -> dict[str, str]:
    """A digest for each process and edge that the plan touches."""
    digests = {edge_key(edge.end1[0], edge.end2[0]): _of_edge(edge) for edge in _direct(plan)}
    if plan.process:
        digests[_key(plan.process)] = _of_process(plan)
    return digests | dict.fromkeys(plan.touched, CHANGING)


def without(plan: Plan, unchanged: Mapping[str, object]) -> Plan:
    """The plan without the process and the edges that are there as it wants them."""
    process = plan.process if plan.process and _key(plan.process) not in unchanged else None
    edges = tuple(
        edge
        for edge in plan.edges
        if edge.type_name != DIRECT_LINEAGE or edge_key(edge.end1[0], edge.end2[0]) not in unchanged
    )
    return replace(plan, process=process, edges=edges)


def process_key(type_name: str, qualified_name: str) -> str:
    """Stands for a process."""
    return f"process {type_name} {qualified_name}"


def edge_key(upstream: str, downstream: str) -> str:
    """Stands for a direct edge between two guids."""
    return f"edge {upstream} {downstream}"


def _key(process: Json) -> str:
    return process_key(process["typeName"], process["attributes"]["qualifiedName"])


def _direct(plan: Plan) -> list[Edge]:
    """Direct edges between datasets that exist; those of new ones have no guids yet."""
    return [edge for edge in plan.edges if edge.type_name == DIRECT_LINEAGE and not _is_new(edge)]


def _is_new(edge: Edge) -> bool:
    return edge.end1[0].startswith("-") or edge.end2[0].startswith("-")


def _of_edge(edge: Edge) -> str:
    return CHANGING if edge.append else digest(edge.columns)


def _of_process(plan: Plan) -> str:
    """Of a process that is written whole; one that is added to, or comes with new datasets, is changing."""
    if plan.edges or plan.datasets or plan.process is None:
        return CHANGING
    attributes = {
        name: value for name, value in plan.process["attributes"].items() if name not in RUN_ATTRIBUTES
    }
    return digest(attributes)


def digest(content: object) -> str:
    """Of anything that is JSON, whatever the order of its names."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
