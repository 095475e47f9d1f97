"""
A plan to the Data Map: entities, mostly in one call, then edges, then removals.

Every step may be repeated: entities are upserts, an edge that exists is success, what is gone already is fine. So a
message that is delivered twice, or whose writing was cut off in the middle, ends in the same Data Map.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lineage.answers import Json
from lineage.batching import Batcher, batched, gather_all
from lineage.datamap import DataMap
from lineage.errors import AlreadyExists, TypeMissing, Unavailable, concerns_one
from lineage.outcomes import Outcome, Result, WrittenEntity, WrittenRelationship
from lineage.plan import (
    PROCESS_TYPE,
    PROCESS_TYPE_DEFINITION,
    RELATIONSHIPS,
    Edge,
    Nodes,
    Plan,
    related,
)
from lineage.telemetry import telemetry


@dataclass(frozen=True, slots=True)
class Mutation:
    """What an upsert did: guids by placeholder, and what it created or changed."""

    guids: Mapping[str, str]
    created: frozenset[str]
    updated: frozenset[str]

    @classmethod
    def read(cls, answer: Json) -> "Mutation":
        """From Atlas' EntityMutationResult, which leaves `mutatedEntities` out when nothing changed."""
        changed = answer.get("mutatedEntities") or {}
        created, updated = (
            frozenset(entity["guid"] for entity in changed.get(kind) or ()) for kind in ("CREATE", "UPDATE")
        )
        return cls(answer.get("guidAssignments") or {}, created, updated)

    def result(self, guid: str) -> Result:
        """What was done to one entity."""
        if guid in self.created:
            return "created"
        return "updated" if guid in self.updated else "unchanged"


NOTHING = Mutation({}, frozenset(), frozenset())
OnEdge = Callable[[WrittenRelationship], None]
ENTITIES_PER_CALL = 50  # beyond some hundred the Data Map is known to time out


class Writer:
    """Carries plans out. Those in flight at the same time share calls."""

    def __init__(self, datamap: DataMap, *, collection: str | None) -> None:
        self._datamap = datamap
        self._collection = collection
        self._upserts = Batcher(
            self._upsert, size=ENTITIES_PER_CALL, concurrency=4, divides=concerns_one, weigh=len
        )

    async def write(
        self, plan: Plan, nodes: Nodes, request_id: str, on_edge: OnEdge = lambda _: None
    ) -> Outcome:
        """
        Everything the plan says; answers what was done, with guids. `on_edge` is told of each edge as soon as it is
        there: what comes after it may fail.
        """
        mutation = await self._upsert_all(plan)
        edges = await gather_all(self._write_edge(edge, mutation.guids, on_edge) for edge in plan.edges)
        await gather_all(map(self._datamap.delete_relationship, plan.remove_relationships))
        if plan.remove_entity:
            await self._datamap.delete_entity(plan.remove_entity)
        return Outcome(
            id=request_id,
            process=_process(plan, mutation),
            datasets=_datasets(nodes, mutation),
            relationships=tuple(relationship for relationship, _ in edges),
            removed=len(plan.remove_relationships) + bool(plan.remove_entity),
            warnings=plan.warnings + tuple(warning for _, warnings in edges for warning in warnings),
        )

    async def _upsert_all(self, plan: Plan) -> Mutation:
        """The plan's entities. Where they are too many for a call the datasets come first, and then the process."""
        if len(plan.entities) <= ENTITIES_PER_CALL:
            return await self._upserts.submit(plan.entities, key=_key(plan)) if plan.entities else NOTHING
        groups = batched(plan.datasets, ENTITIES_PER_CALL)
        datasets = _joined(await gather_all(self._upserts.submit(tuple(group)) for group in groups))
        if plan.process is None:
            return datasets
        process = _with_guids(plan.process, datasets.guids)
        return _joined([datasets, await self._upserts.submit((process,), key=_key(plan))])

    async def _upsert(self, batch: Sequence[tuple[Json, ...]]) -> Sequence[Mutation]:
        """The entities of several plans in one call; a dataset that two of them create is sent once."""
        telemetry().shared_by(len(batch))
        entities = list({entity["guid"]: entity for plan in batch for entity in plan}.values())
        try:
            answer = await self._datamap.upsert(entities, collection=self._collection)
        except TypeMissing as error:
            if PROCESS_TYPE not in error.detail:
                raise
            await self._datamap.create_entity_type(PROCESS_TYPE_DEFINITION)
            answer = await self._datamap.upsert(entities, collection=self._collection)
        return [Mutation.read(answer)] * len(batch)

    async def _write_edge(
        self, edge: Edge, guids: Mapping[str, str], on_edge: OnEdge
    ) -> tuple[WrittenRelationship, tuple[str, ...]]:
        body = edge.body(guids)
        result: Result = "created"
        guid: str | None = None
        _, warnings = edge.attributes()
        try:
            guid = await self._datamap.create_relationship(body) or None
        except AlreadyExists:
            result, warnings = await self._update_edge(edge, body)
        ends = {end: body[end]["guid"] for end in ("end1", "end2")}
        written = WrittenRelationship(relationship_type=edge.type_name, **ends, guid=guid, result=result)
        on_edge(written)
        return written, warnings

    async def _update_edge(self, edge: Edge, body: Json) -> tuple[Result, tuple[str, ...]]:
        """Brings the columns of an edge that exists up to date."""
        if edge.columns is None:
            return "unchanged", ()
        guid, existing = await self._find_edge(body["end1"]["guid"], body["end2"]["guid"])
        attributes, warnings = edge.attributes(existing)
        if attributes == {"columnMapping": existing}:
            return "unchanged", warnings
        await self._datamap.update_relationship(guid, edge.type_name, attributes)
        return "updated", warnings

    async def _find_edge(self, upstream: str, downstream: str) -> tuple[str, str | None]:
        """A direct edge's guid and its columnMapping. Reads lag behind writes, so it may have to be tried again."""
        for entity in await self._datamap.entities_by_guid([upstream]):
            if guid := related(entity, "sinks").get(downstream):
                relationship = await self._datamap.relationship(guid)
                return guid, (relationship.get("attributes") or {}).get("columnMapping")
        raise Unavailable(f"the edge {upstream} -> {downstream} is there, but not to be seen yet")


def _joined(mutations: Sequence[Mutation]) -> Mutation:
    return Mutation(
        {placeholder: guid for each in mutations for placeholder, guid in each.guids.items()},
        frozenset().union(*(each.created for each in mutations)),
        frozenset().union(*(each.updated for each in mutations)),
    )


def _with_guids(process: Json, guids: Mapping[str, str]) -> Json:
    """The process with the guids of datasets that have been created, in place of their placeholders."""
    attributes = process["attributes"]
    ends = {
        side: [{"guid": guids.get(end["guid"], end["guid"])} for end in attributes[side]]
        for side in RELATIONSHIPS
        if side in attributes
    }
    return {**process, "attributes": {**attributes, **ends}}


def _key(plan: Plan) -> str | None:
    """Two plans for one process are never in one call, where only the last would count."""
    return plan.process["guid"] if plan.process else None


def _process(plan: Plan, mutation: Mutation) -> WrittenEntity | None:
    if plan.process is None:
        return None
    guid = mutation.guids.get(plan.process["guid"], "")
    return WrittenEntity(
        guid=guid,
        type_name=plan.process["typeName"],
        qualified_name=plan.process["attributes"]["qualifiedName"],
        result=mutation.result(guid),
    )


def _datasets(nodes: Nodes, mutation: Mutation) -> tuple[WrittenEntity, ...]:
    """The datasets, each once; those that were not created by this write are unchanged to whoever asked."""
    distinct = {node.reference: node for node in nodes.values()}
    return tuple(
        WrittenEntity(
            guid=mutation.guids.get(reference, reference),
            type_name=node.type_name,
            qualified_name=node.qualified_name,
            result="created" if mutation.guids.get(reference, "") in mutation.created else "unchanged",
        )
        for reference, node in distinct.items()
    )
