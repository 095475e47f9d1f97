"""
What a request or an event would do, and why: each name, the rule that understood it, what the catalogue holds, and the
exact bodies for the Data Map. Nothing is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from lineage import naming
from lineage.catalogue import Found
from lineage.corridor import Corridor
from lineage.errors import DatasetMissing, InvalidRequest
from lineage.naming import Asset, Match, Rules
from lineage.openlineage import EventType, Snapshot, Verdict, is_event, merge, read_event, translate
from lineage.plan import Node, Plan
from lineage.references import Reference, matched, understood
from lineage.request import Dataset, DatasetByName, LineageRequest, Model, OnMissing, Process, read_request
from lineage.resolver import Resolver
from lineage.settings import Settings

Json = dict[str, Any]


class Candidate(Model):
    """A dataset that the catalogue holds, or another spelling that is looked for."""

    type_name: str
    qualified_name: str | None
    guid: str | None = None


class ExplainedDataset(Model):
    """How a name was understood, and what there is of it."""

    path: str = Field(description="where the request or the event names it first")
    name: str | Json
    rule: str
    evidence: str | None = Field(default=None, description="who says that Purview calls it so")
    type_name: str | None = None
    qualified_name: str | None = None
    found: str | None = Field(default=None, description="the guid, if the catalogue holds it")
    near: tuple[Candidate, ...] = Field(
        default=(), description="what the catalogue holds under other spellings"
    )
    other_spellings: tuple[Candidate, ...] = Field(default=(), description="that were looked for")
    unknown_type: str | None = Field(default=None, description="what the Data Map says to the type")


class Call(Model):
    """A call of the Data Map. Negative guids stand for those that an earlier call gives."""

    method: str
    path: str
    body: Json | None = None


class ExplainedRequest(Model):
    """A request, and what would be written for it: or the problem why nothing would."""

    on_missing: OnMissing
    datasets: tuple[ExplainedDataset, ...]
    writes: tuple[Call, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str | None = Field(default=None, description="the kind of problem, as in an error's `type`")
    detail: str | None = None


class Explanation(Model):
    """A lineage request is one request; an OpenLineage event may be several, or none yet."""

    event: str | None = Field(default=None, description="the kind of event, if it is one")
    verdict: str | None = Field(default=None, description="what comes of the event, by itself")
    warnings: tuple[str, ...] = ()
    datasets: tuple[ExplainedDataset, ...] = Field(
        default=(), description="of an event that asks for nothing: its inputs and outputs"
    )
    requests: tuple[ExplainedRequest, ...] = ()
    once_completed: tuple[ExplainedRequest, ...] = Field(
        default=(), description="what the run would ask for if it completed and told no more"
    )

    def to_json(self) -> Json:
        """Without what does not apply."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Explainer:
    """Walks the corridor as far as the plan."""

    def __init__(self, settings: Settings, resolver: Resolver, corridor: Corridor) -> None:
        self._settings = settings
        self._rules = settings.naming_rules
        self._resolver = resolver
        self._corridor = corridor

    async def explain(self, payload: Any) -> Explanation:
        """The explanation; `InvalidRequest` if there is nothing to explain."""
        if is_event(payload):
            return await self._event(payload)
        request = await self._request(read_request(payload), self._settings.on_missing)
        return Explanation(requests=(request,))

    async def _event(self, payload: Any) -> Explanation:
        reading = read_event(payload)
        snapshot = merge([reading.event])
        translation = translate(snapshot, self._settings.openlineage_options, self._rules)
        told: Json = {}
        if translation.verdict is Verdict.RUNNING:
            snapshot = replace(snapshot, state=EventType.COMPLETE)
            completed = translate(snapshot, self._settings.openlineage_options, self._rules)
            told["once_completed"] = await self._requests(completed.requests)
        if not (translation.requests or told.get("once_completed")):
            told["datasets"] = await self._datasets(_names_of(snapshot), "create")
        return Explanation(
            event=reading.event.kind.value,
            verdict=translation.verdict.value,
            warnings=tuple(str(each) for each in (*reading.notes.warnings, *translation.warnings)),
            requests=await self._requests(translation.requests),
            **told,
        )

    async def _requests(self, requests: Sequence[LineageRequest]) -> tuple[ExplainedRequest, ...]:
        default = self._settings.openlineage_on_missing
        return tuple([await self._request(request, default) for request in requests])

    async def _request(self, request: LineageRequest, default: OnMissing) -> ExplainedRequest:
        on_missing = request.on_missing or default
        datasets = await self._datasets(request, on_missing)
        try:
            resolved = await self._resolver.resolve(request, on_missing)
        except (DatasetMissing, InvalidRequest) as error:
            return ExplainedRequest(
                on_missing=on_missing, datasets=datasets, writes=(), problem=error.code, detail=error.detail
            )
        plan = await self._corridor.plan(request, resolved.nodes)
        return ExplainedRequest(
            on_missing=on_missing,
            datasets=datasets,
            writes=tuple(_writes(plan)),
            warnings=(*resolved.warnings, *plan.warnings),
        )

    async def _datasets(self, request: LineageRequest, on_missing: OnMissing) -> tuple[ExplainedDataset, ...]:
        """Each dataset once, at the first of the paths where it is named."""
        references = understood(request, self._rules, on_missing)
        first = {reference: path for path, reference in reversed(references.items())}
        found = await self._resolver.candidates(first)
        datasets = dict(request.datasets())
        return tuple(
            _dataset(path, datasets[path], reference, found, self._rules)
            for path, reference in references.items()
            if first[reference] == path
        )


def _names_of(snapshot: Snapshot) -> LineageRequest:
    """The datasets of an event, in the form whose names can be explained."""
    sides = {
        side: tuple(DatasetByName(namespace=each.name.namespace, name=each.name.name) for each in datasets)
        for side, datasets in (("inputs", snapshot.inputs), ("outputs", snapshot.outputs))
    }
    return LineageRequest(process=Process(name="explained"), **sides)


def _dataset(
    path: str, dataset: Dataset, reference: Reference, found: Mapping[Asset, Found], rules: Rules
) -> ExplainedDataset:
    name = dataset if isinstance(dataset, str) else dataset.model_dump(by_alias=True, exclude_none=True)
    if isinstance(reference, str):
        return ExplainedDataset(path=path, name=name, rule="a guid is taken at its word")
    there = found[reference]
    return ExplainedDataset(
        path=path,
        name=name,
        **_rule(matched(dataset, rules)),
        type_name=reference.type_name,
        qualified_name=reference.qualified_name,
        found=there.node.guid if there.node else None,
        near=tuple(map(_candidate, there.near)),
        other_spellings=() if there.node else tuple(map(_spelling, naming.near(reference))),
        **({"unknown_type": there.unknown_type} if there.unknown_type else {}),
    )


def _rule(match: Match | None) -> Json:
    if match is None:
        return {"rule": "none: as it was written", "evidence": None}
    return {"rule": match.rule, "evidence": match.evidence.value}


def _candidate(node: Node) -> Candidate:
    return Candidate(type_name=node.type_name, qualified_name=node.qualified_name, guid=node.guid)


def _spelling(asset: Asset) -> Candidate:
    return Candidate(type_name=asset.type_name, qualified_name=asset.qualified_name)


def _writes(plan: Plan) -> Iterator[Call]:
    """The calls in their order, with placeholders where a guid is given by an earlier one."""
    if plan.entities:
        body = {"referredEntities": {}, "entities": list(plan.entities)}
        yield Call(method="POST", path="/atlas/v2/entity/bulk", body=body)
    for edge in plan.edges:
        yield Call(method="POST", path="/atlas/v2/relationship", body=edge.body({}))
    for guid in plan.remove_relationships:
        yield Call(method="DELETE", path=f"/atlas/v2/relationship/guid/{guid}")
    if plan.remove_entity:
        yield Call(method="DELETE", path=f"/atlas/v2/entity/guid/{plan.remove_entity}")
