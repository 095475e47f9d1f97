"""
The way of every request, whichever door it came through: resolve its datasets, plan the changes, write them.

Nothing here knows where the request came from or what becomes of the message it lay in.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

from lineage.answers import Json
from lineage.batching import gather_all
from lineage.datamap import DataMap
from lineage.declaration import Declaration, Removal, guids_of, intended, removals
from lineage.errors import NotFound, ReferenceMissing
from lineage.fingerprint import CHANGING, edge_key, fingerprint, process_key, without
from lineage.memory import Memory, Written
from lineage.order import Order, Pieces, Superseded, Turn, fits
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
from lineage.process_types import ProcessTypes
from lineage.request import LineageRequest, OnMissing
from lineage.resolver import Resolved, Resolver
from lineage.writer import Writer

TOO_MUCH = "more processes or edges than are remembered: what a later event no longer tells will stay"


class Corridor:
    """Walks requests to the Data Map."""

    def __init__(
        self, datamap: DataMap, resolver: Resolver, writer: Writer, order: Order, memory: Memory
    ) -> None:
        self._datamap = datamap
        self._types = ProcessTypes(datamap)
        self._memory = memory
        self._resolver = resolver
        self._writer = writer
        self._order = order
        self._adding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by dataset added to

    async def walk(self, request: LineageRequest, on_missing: OnMissing) -> Outcome:
        """What was written, or the error that says why not. `on_missing` counts for requests that do not say."""
        return await self._carry_out(Declaration.of_request(request), request.on_missing or on_missing)

    async def declare(self, declaration: Declaration, on_missing: OnMissing) -> Outcome:
        """Writes all that somebody declares, and takes away what they declared before and do not any more."""
        if declaration.is_withdrawal and not await self._concerns(declaration):
            return Outcome(id=declaration.id)
        return await self._carry_out(declaration, on_missing)

    async def _concerns(self, declaration: Declaration) -> bool:
        """Whether what is there was written by the same run, when less was known of it."""
        state = await self._order.state(str(declaration.declarer))
        last, version = state.newest, declaration.version
        return last is not None and version is not None and last.by == version.by and bool(state.wrote)

    async def _carry_out(self, declaration: Declaration, on_missing: OnMissing) -> Outcome:
        resolved = await self._resolved(declaration, on_missing)
        try:
            return await self._in_order(declaration, resolved)
        except ReferenceMissing as error:
            resolved = await self._resolved_anew(declaration, resolved, on_missing, error)
        try:
            return await self._in_order(declaration, resolved)
        except ReferenceMissing as error:
            raise await self._resolver.missing(_together(resolved), on_missing, error) from error

    async def _resolved(self, declaration: Declaration, on_missing: OnMissing) -> list[Resolved]:
        return await gather_all(
            self._resolver.resolve(request, on_missing) for request in declaration.requests
        )

    async def _resolved_anew(
        self,
        declaration: Declaration,
        resolved: list[Resolved],
        on_missing: OnMissing,
        error: ReferenceMissing,
    ) -> list[Resolved]:
        """Datasets that were remembered may have been scanned again, under other guids. Else they are missing."""
        missing = await self._resolver.missing(_together(resolved), on_missing, error)
        anew = await self._resolved(declaration, on_missing)
        if [each.nodes for each in anew] == [each.nodes for each in resolved]:
            raise missing from error
        return anew

    async def _in_order(self, declaration: Declaration, resolved: Sequence[Resolved]) -> Outcome:
        """Writes, unless something newer has been written already in the name of the same declarer."""
        if declaration.declarer is None:
            return _outcome(declaration, await self._write_parts(declaration, resolved))
        pieces = _pieces(declaration, resolved) if declaration.is_whole else None
        try:
            turn = await self._order.begin(declaration.declarer, declaration.version, pieces)
        except Superseded:
            return Outcome(id=declaration.id, status="superseded")
        try:
            parts = await self._write_parts(declaration, resolved)
            removed = await self._remove(turn, resolved)
        except asyncio.CancelledError:  # a call may be under way, and arrive
            await self._order.leave(turn)
            raise
        except BaseException:
            await self._order.end(turn, written=False)
            raise
        await self._order.end(turn, guids=_guids(parts))
        outcome = _outcome(declaration, parts)
        warnings = () if pieces is None or fits(pieces) else (TOO_MUCH,)
        return outcome.model_copy(
            update={"removed": outcome.removed + removed, "warnings": outcome.warnings + warnings}
        )

    async def _write_parts(self, declaration: Declaration, resolved: Sequence[Resolved]) -> list[Outcome]:
        parts = await gather_all(
            self._write(request, each.nodes)
            for request, each in zip(declaration.requests, resolved, strict=True)
        )
        return [
            part.model_copy(update={"warnings": each.warnings + part.warnings})
            for part, each in zip(parts, resolved, strict=True)
        ]

    async def _remove(self, turn: Turn, resolved: Sequence[Resolved]) -> int:
        """Takes away what is not declared any more; answers how much it was."""
        stale = turn.stale
        if not stale:
            return 0
        await self._order.renew(turn)
        kept = {
            node.guid
            for each in resolved
            for path, node in each.nodes.items()
            if path.startswith("inputs.") and node.guid
        }
        return sum(await gather_all(self._remove_one(removal, kept) for removal in removals(stale)))

    async def _remove_one(self, removal: Removal, kept: AbstractSet[str]) -> int:
        """
        Finds it by name, and by the guid it had: one may have been made anew, the other is known before reads show it.

        An edge from a dataset that is still declared, under another name, stays.
        """
        request = removal.request
        found = (await self._resolver.resolve(request, "create")).nodes
        nodes = {path: node for path, node in found.items() if node.guid not in kept}
        plan = await self.plan(request, nodes)
        known = [guid for path, guid in removal.guids.items() if path in nodes or path == "process"]
        if request.process is None:
            edges = tuple(dict.fromkeys((*plan.remove_relationships, *known)))
            plan = replace(plan, remove_relationships=edges)
        else:
            plan = replace(plan, remove_entity=plan.remove_entity or next(iter(known), None))
        return (await self._write_plan(plan, nodes, request.key)).removed

    async def _write(self, request: LineageRequest, nodes: Nodes) -> Outcome:
        """What is not there already, as far as that is known."""
        return await self._write_plan(await self.plan(request, nodes), nodes, request.key)

    async def _write_plan(self, plan: Plan, nodes: Nodes, request_id: str) -> Outcome:
        digests = fingerprint(plan)
        slip = await self._memory.before(digests)

        def remember(key: str, guid: str) -> None:
            if digests.get(key, CHANGING) != CHANGING:
                self._memory.after(slip, key, Written(digests[key], guid))

        def remember_edge(edge: WrittenRelationship) -> None:
            remember(edge_key(edge.end1, edge.end2), edge.guid or "")

        async with self._alone(plan):
            outcome = await self._writer.write(
                without(plan, slip.unchanged), nodes, request_id, remember_edge
            )
        self._resolver.remember(outcome.datasets)
        if outcome.process and outcome.process.qualified_name:
            remember(
                process_key(outcome.process.type_name, outcome.process.qualified_name), outcome.process.guid
            )
        return _with_unchanged(outcome, plan, slip.unchanged)

    @asynccontextmanager
    async def _alone(self, plan: Plan) -> AsyncIterator[None]:
        """
        Adding reads before it writes: two additions to one edge at once would lose each other's columns. Among the
        tasks of this process only; processes, which have declarers, are guarded among instances as well.
        """
        targets = {edge.end2[0] for edge in plan.edges if edge.append}
        async with AsyncExitStack() as held:
            for target in sorted(targets):  # so that no two wait for each other
                await held.enter_async_context(self._adding.setdefault(target, asyncio.Lock()))
            yield

    async def plan(self, request: LineageRequest, nodes: Nodes) -> Plan:
        """The plan, with what it has to know of the Data Map as it is."""
        if request.process is None:
            if request.action == "write":
                return plan_direct(request, nodes)
            sources = [node.guid for path, node in nodes.items() if path.startswith("inputs.") and node.guid]
            entities = await self._those_there(sources) if sources else []
            return replace(plan_direct_removal(nodes, entities), touched=_edges_between(nodes))
        current = None
        if request.action == "remove" or request.mode == "append":
            type_name = request.process.type_name or PROCESS_TYPE
            current = await self._datamap.entity_by_qualified_name(type_name, request.process.key)
        if request.action == "remove":
            key = process_key(request.process.type_name or PROCESS_TYPE, request.process.key)
            return replace(plan_process_removal(request, nodes, current), touched=(key,))
        plan = plan_process(request, request.process, nodes, current)
        dropped = await self._types.warnings(plan.process) if plan.process else ()
        return replace(plan, warnings=plan.warnings + dropped)

    async def _those_there(self, guids: Sequence[str]) -> list[Json]:
        """The entities, without those that are gone: the Data Map shows none where it misses one."""
        try:
            return await self._datamap.entities_by_guid(guids)
        except NotFound:
            if len(guids) == 1:
                return []
        middle = len(guids) // 2
        return await self._those_there(guids[:middle]) + await self._those_there(guids[middle:])


def _pieces(declaration: Declaration, resolved: Sequence[Resolved]) -> Pieces:
    """What a declaration is going to write."""
    requests = zip(declaration.requests, resolved, strict=True)
    return {piece: "" for request, each in requests for piece in intended(request, each.nodes)}


def _guids(parts: Sequence[Outcome]) -> Pieces:
    return {piece: guid for part in parts for piece, guid in guids_of(part).items()}


def _outcome(declaration: Declaration, parts: Sequence[Outcome]) -> Outcome:
    """One outcome under the declaration's own id; its requests are parts of it if there are several."""
    if len(parts) == 1:
        return parts[0].model_copy(update={"id": declaration.id})
    return Outcome(id=declaration.id, parts=tuple(parts))


def _together(resolved: Sequence[Resolved]) -> Nodes:
    """The datasets of all requests; where there are several, by the part that names them."""
    if len(resolved) == 1:
        return resolved[0].nodes
    return {
        f"parts.{number}.{path}": node
        for number, each in enumerate(resolved)
        for path, node in each.nodes.items()
    }


def _edges_between(nodes: Nodes) -> tuple[str, ...]:
    guids = {
        side: {n.guid for path, n in nodes.items() if path.startswith(side) and n.guid}
        for side in RELATIONSHIPS
    }
    return tuple(edge_key(source, target) for source in guids["inputs"] for target in guids["outputs"])


def _with_unchanged(outcome: Outcome, plan: Plan, unchanged: Mapping[str, Written]) -> Outcome:
    """The outcome, with what did not have to be written."""
    edges = tuple(
        WrittenRelationship(
            relationship_type=edge.type_name,
            end1=edge.end1[0],
            end2=edge.end2[0],
            guid=unchanged[key].guid or None,
            result="unchanged",
        )
        for edge in plan.edges
        if (key := edge_key(edge.end1[0], edge.end2[0])) in unchanged
    )
    process = outcome.process
    if plan.process and process is None:
        type_name, name = plan.process["typeName"], plan.process["attributes"]["qualifiedName"]
        guid = unchanged[process_key(type_name, name)].guid
        process = WrittenEntity(guid=guid, type_name=type_name, qualified_name=name, result="unchanged")
    return outcome.model_copy(update={"process": process, "relationships": outcome.relationships + edges})
