"""
The way of every request, whichever door it came through: resolve its datasets, plan the changes, write them.

Nothing here knows where the request came from or what becomes of the message it lay in.
"""

from lineage.datamap import DataMap
from lineage.errors import ReferenceMissing
from lineage.order import Order, Superseded
from lineage.outcomes import Outcome
from lineage.plan import (
    PROCESS_TYPE,
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

    def __init__(self, datamap: DataMap, resolver: Resolver, writer: Writer, order: Order) -> None:
        self._datamap = datamap
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
            key = f"{request.process.type_name or PROCESS_TYPE} {request.process.key}"
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
        plan = await self.plan(request, nodes)
        try:
            outcome = await self._writer.write(plan, nodes, request.key)
        except ReferenceMissing as error:
            raise await self._resolver.missing(nodes, on_missing, error) from error
        self._resolver.remember(outcome.datasets)
        return outcome

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
            return plan_process_removal(request, nodes, current)
        return plan_process(request, request.process, nodes, current)
