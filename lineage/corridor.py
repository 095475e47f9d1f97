"""
The way of every request, whichever door it came through: resolve its datasets, plan the changes, write them.

Nothing here knows where the request came from or what becomes of the message it lay in.
"""

from collections.abc import Mapping
from dataclasses import replace

from lineage.datamap import DataMap
from lineage.errors import ReferenceMissing
from lineage.fingerprint import CHANGING, edge_key, fingerprint, process_key, without
from lineage.memory import Memory, Written
from lineage.order import Order, Superseded
from lineage.outcomes import Outcome, WrittenEntity, WrittenRelationship
from lineage.plan import (
    PROCESS_TYPE,
    RELATIONSHIPS,
    Nodes,
    Plan,
    plan_direct,
    plan_direct_removal,
    plan_process,
    plan_process_removal,
)
from lineage.request import LineageRequest, OnMissing
from lineage.resolver import Resolver
from lineage.writer import Writer


class Corridor:
    """Walks requests to the Data Map."""

    def __init__(
        self, datamap: DataMap, resolver: Resolver, writer: Writer, order: Order, memory: Memory
    ) -> None:
        self._datamap = datamap
        self._memory = memory
        self._resolver = resolver
        self._writer = writer
        self._order = order

    async def walk(self, request: LineageRequest, on_missing: OnMissing) -> Outcome:
        """What was written, or the error that says why not. `on_missing` is the default for requests that do not say."""
        on_missing = request.on_missing or on_missing
        resolved = await self._resolver.resolve(request, on_missing)
        outcome = await self._in_order(request, resolved.nodes, on_missing)
        return outcome.model_copy(update={"warnings": resolved.warnings + outcome.warnings})

    async def _in_order(self, request: LineageRequest, nodes: Nodes, on_missing: OnMissing) -> Outcome:
        """Writes, unless a newer request about the same process has been written already."""
        if request.process is None or request.event_time is None:
            return await self._write(request, nodes, on_missing)
        try:
            key = process_key(request.process.type_name or PROCESS_TYPE, request.process.key)
            turn = await self._order.begin(key, request.event_time)
        except Superseded:
            return Outcome(id=request.key, status="superseded")
        written = False
        try:
            outcome = await self._write(request, nodes, on_missing)
            written = True
        finally:
            await self._order.end(turn, written=written)
        return outcome

    async def _write(self, request: LineageRequest, nodes: Nodes, on_missing: OnMissing) -> Outcome:
        """What is not there already, as far as that is known."""
        plan = await self.plan(request, nodes)
        digests = fingerprint(plan)
        slip = await self._memory.before(digests)
        try:
            outcome = await self._writer.write(without(plan, slip.unchanged), nodes, request.key)
        except ReferenceMissing as error:
            raise await self._resolver.missing(nodes, on_missing, error) from error
        self._resolver.remember(outcome.datasets)
        self._memory.after(slip, _to_remember(outcome, digests))
        return _with_unchanged(outcome, plan, slip.unchanged)

    async def plan(self, request: LineageRequest, nodes: Nodes) -> Plan:
        """The plan, with what it has to know of the Data Map as it is."""
        if request.process is None:
            if request.action == "write":
                return plan_direct(request, nodes)
            sources = [node.guid for path, node in nodes.items() if path.startswith("inputs.") and node.guid]
            return plan_direct_removal(
                nodes, await self._datamap.entities_by_guid(sources) if sources else []
            )
        current = None
        if request.action == "remove" or request.mode == "append":
            type_name = request.process.type_name or PROCESS_TYPE
            current = await self._datamap.entity_by_qualified_name(type_name, request.process.key)
        if request.action == "remove":
            key = process_key(request.process.type_name or PROCESS_TYPE, request.process.key)
            return replace(plan_process_removal(request, nodes, current), touched=(key,))
        return plan_process(request, request.process, nodes, current)


def _edges_between(nodes: Nodes) -> tuple[str, ...]:
    guids = {
        side: {n.guid for path, n in nodes.items() if path.startswith(side) and n.guid}
        for side in RELATIONSHIPS
    }
    return tuple(edge_key(source, target) for source in guids["inputs"] for target in guids["outputs"])


def _to_remember(outcome: Outcome, digests: Mapping[str, str]) -> dict[str, Written]:
    """What has been written, by its key; the guids are told once it is known that nothing has to be written."""
    guids = {edge_key(edge.end1, edge.end2): "" for edge in outcome.relationships}
    if outcome.process and outcome.process.qualified_name:
        guids[process_key(outcome.process.type_name, outcome.process.qualified_name)] = outcome.process.guid
    return {
        key: Written(digests[key], guid)
        for key, guid in guids.items()
        if digests.get(key, CHANGING) != CHANGING
    }


def _with_unchanged(outcome: Outcome, plan: Plan, unchanged: Mapping[str, Written]) -> Outcome:
    """The outcome, with what did not have to be written."""
    edges = tuple(
        WrittenRelationship(
            relationship_type=edge.type_name, end1=edge.end1[0], end2=edge.end2[0], result="unchanged"
        )
        for edge in plan.edges
        if edge_key(edge.end1[0], edge.end2[0]) in unchanged
    )
    process = outcome.process
    if plan.process and process is None:
        type_name, name = plan.process["typeName"], plan.process["attributes"]["qualifiedName"]
        guid = unchanged[process_key(type_name, name)].guid
        process = WrittenEntity(guid=guid, type_name=type_name, qualified_name=name, result="unchanged")
    return outcome.model_copy(update={"process": process, "relationships": outcome.relationships + edges})
