"""
What a request or an event would do, and why: each name, the rule that understood it, what the catalogue holds, and the
exact bodies for the Data Map. Nothing is written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lineage import naming
from lineage.catalogue import Found
from lineage.corridor import Corridor
from lineage.errors import DatasetMissing
from lineage.naming import Asset, Match, Rules
from lineage.openlineage import is_event, merge, read_event, translate
from lineage.plan import Node, Plan
from lineage.references import Reference, matched, understood
from lineage.request import Dataset, LineageRequest, OnMissing, read_request
from lineage.resolver import Resolver
from lineage.settings import Settings

Json = dict[str, Any]


class Explainer:
    """Walks the corridor as far as the plan."""

    def __init__(self, settings: Settings, resolver: Resolver, corridor: Corridor) -> None:
        self._settings = settings
        self._resolver = resolver
        self._corridor = corridor

    async def explain(self, payload: Any) -> Json:
        """The explanation, as JSON; `InvalidRequest` if there is nothing to explain."""
        if not is_event(payload):
            return {"requests": [await self._request(read_request(payload), self._settings.on_missing)]}
        reading = read_event(payload)
        translation = translate(merge([reading.event]), rules=self._settings.naming_rules)
        on_missing = self._settings.openlineage_on_missing
        return {
            "event": reading.event.kind.value,
            "verdict": translation.verdict.value,
            "warnings": [str(each) for each in (*reading.notes.warnings, *translation.warnings)],
            "requests": [await self._request(request, on_missing) for request in translation.requests],
        }

    async def _request(self, request: LineageRequest, default: OnMissing) -> Json:
        on_missing = request.on_missing or default
        rules = self._settings.naming_rules
        references = understood(request, rules, on_missing)
        datasets = dict(request.datasets())
        found = await self._resolver.candidates(references.values())
        explained = [
            _dataset(path, datasets[path], reference, found, rules) for path, reference in references.items()
        ]
        return {"onMissing": on_missing, "datasets": explained, **await self._plan(request, on_missing)}

    async def _plan(self, request: LineageRequest, on_missing: OnMissing) -> Json:
        try:
            resolved = await self._resolver.resolve(request, on_missing)
        except DatasetMissing as error:
            return {"writes": [], "problem": error.code, "detail": error.detail}
        plan = await self._corridor.plan(request, resolved.nodes)
        return {"writes": list(_writes(plan)), "warnings": [*resolved.warnings, *plan.warnings]}


def _dataset(
    path: str,
    dataset: Dataset,
    reference: Reference,
    found: Mapping[Asset, Found],
    rules: Rules,
) -> Json:
    """How one name was understood, and what there is of it."""
    if isinstance(reference, str):
        return {"path": path, "guid": reference, "rule": "a guid is taken at its word"}
    match = matched(dataset, rules)
    there = found[reference]
    return {
        "path": path,
        "name": dataset if isinstance(dataset, str) else dataset.model_dump(by_alias=True, exclude_none=True),
        **_rule(match),
        "typeName": reference.type_name,
        "qualifiedName": reference.qualified_name,
        "found": there.node.guid if there.node else None,
        "near": [_near(node) for node in there.near],
        "otherSpellings": [] if there.node else [_name(other) for other in naming.near(reference)],
    }


def _rule(match: Match | None) -> Json:
    if match is None:
        return {"rule": "none: as it was written", "evidence": None}
    return {"rule": match.rule, "evidence": match.evidence.value}


def _near(node: Node) -> Json:
    return {"guid": node.guid, "typeName": node.type_name, "qualifiedName": node.qualified_name}


def _name(asset: Asset) -> Json:
    return {"typeName": asset.type_name, "qualifiedName": asset.qualified_name}


def _writes(plan: Plan) -> Sequence[Json]:
    """The calls in their order, with placeholders where a guid is given by an earlier one."""
    writes: list[Json] = []
    if plan.entities:
        body = {"referredEntities": {}, "entities": list(plan.entities)}
        writes.append({"method": "POST", "path": "/atlas/v2/entity/bulk", "body": body})
    writes += [
        {"method": "POST", "path": "/atlas/v2/relationship", "body": edge.body({})} for edge in plan.edges
    ]
    writes += [
        {"method": "DELETE", "path": f"/atlas/v2/relationship/guid/{guid}"}
        for guid in plan.remove_relationships
    ]
    if plan.remove_entity:
        writes.append({"method": "DELETE", "path": f"/atlas/v2/entity/guid/{plan.remove_entity}"})
    return writes
