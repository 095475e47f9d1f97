"""
The way of every request, whichever door it came through: resolve its datasets, plan the changes, write them.

Nothing here knows where the request came from or what becomes of the message it lay in.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

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
from lineage.resolver import Resolved, Resolver
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
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # gone when nobody waits

    async def walk(self, request: LineageRequest, on_missing: OnMissing) -> Outcome:
        """What was written, or the error that says why not. `on_missing` is the default for requests that do not say."""
        on_missing = request.on_missing or on_missing
        async with self._alone(request):
            resolved = await self._resolver.resolve(request, on_missing)
            try:
                outcome = await self._in_order(request, resolved.nodes)
            except ReferenceMissing as error:
                resolved = await self._resolved_anew(request, resolved, on_missing, error)
                outcome = await self._in_order_or_missing(request, resolved, on_missing)
        return outcome.model_copy(update={"warnings": resolved.warnings + outcome.warnings})

    async def _resolved_anew(
        self, request: LineageRequest, resolved: Resolved, on_missing: OnMissing, error: ReferenceMissing
    ) -> Resolved:
        """Datasets that were remembered may have been scanned again, under other guids. Else they are missing."""
        missing = await self._resolver.missing(resolved.nodes, on_missing, error)
        anew = await self._resolver.resolve(request, on_missing)
        if anew.nodes == resolved.nodes:
            raise missing from error
        return anew

    async def _in_order_or_missing(
        self, request: LineageRequest, resolved: Resolved, on_missing: OnMissing
    ) -> Outcome:
        try:
            return await self._in_order(request, resolved.nodes)
        except ReferenceMissing as error:
            raise await self._resolver.missing(resolved.nodes, on_missing, error) from error

    @asynccontextmanager
    async def _alone(self, request: LineageRequest) -> AsyncIterator[None]:
        """Adding reads before it writes: two additions to one process at once would lose each other's columns."""
        if request.mode != "append" or request.action != "write":
            yield
            return
        key = request.process.key if request.process else "direct lineage"
        async with self._locks.setdefault(key, asyncio.Lock()):
            yield

    async def _in_order(self, request: LineageRequest, nodes: Nodes) -> Outcome:
        """Writes, unless a newer request about the same process has been written already."""
        if request.process is None or request.event_time is None:
            return await self._write(request, nodes)
        try:
            key = process_key(request.process.type_name or PROCESS_TYPE, request.process.key)
            turn = await self._order.begin(key, request.event_time)
        except Superseded:
            return Outcome(id=request.key, status="superseded")
        written = False
        try:
            outcome = await self._write(request, nodes)
            written = True
        finally:
            await self._order.end(turn, written=written)
        return outcome

    async def _write(self, request: LineageRequest, nodes: Nodes) -> Outcome:
        """What is not there already, as far as that is known."""
        plan = await self.plan(request, nodes)
        digests = fingerprint(plan)
        slip = await self._memory.before(digests)
        outcome = await self._writer.write(without(plan, slip.unchanged), nodes, request.key)
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
