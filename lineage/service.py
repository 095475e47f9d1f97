"""
The composition root: settings to one service per process, built at the first use.

`apply` is the corridor every request walks, whichever door it came through: understand, resolve, plan, write.
"""

import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from lineage.account import MESSAGE_LIMIT
from lineage.datamap import DataMap
from lineage.delivery import Delivery, Received
from lineage.delivery.backoff import Backoff
from lineage.envelope import SENT, seal
from lineage.errors import LineageError, NotAuthorized, ReferenceMissing, Unavailable
from lineage.identity import purview_credential
from lineage.order import Order, Superseded
from lineage.outcomes import TABLE, Outcome, Outcomes, Record
from lineage.plan import (
    PROCESS_TYPE,
    Nodes,
    Plan,
    plan_direct,
    plan_direct_removal,
    plan_process,
    plan_process_removal,
)
from lineage.request import LineageRequest, read_request
from lineage.resolver import Resolver
from lineage.settings import Settings
from lineage.storage import StorageAccount
from lineage.tables import Table
from lineage.writer import Writer

CALLERS_PATIENCE = 2.0  # seconds
GRANT = "in the Purview portal, Data Map > Collections > Role assignments > Data curators"


class Service:
    """One Purview account, one queue, and what lies between."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storage = StorageAccount(settings.storage)
        self.datamap = DataMap(
            settings.endpoint,
            purview_credential(settings),
            scope=settings.scope,
            max_concurrency=settings.max_concurrency,
        )
        self._resolver = Resolver(self.datamap, settings.naming_rules)
        self._writer = Writer(self.datamap, collection=settings.collection)
        self._table = Table(settings.storage, TABLE)
        self.outcomes = Outcomes(self._table)
        self._order = Order(self._table)
        self._delivery = Delivery(
            self.storage,
            self.outcomes,
            settings.queue_name,
            backoff=Backoff(settings.retry_after, settings.retry_after_max, settings.give_up_after),
            max_dequeue_count=settings.max_dequeue_count,
        )

    async def consume(self, received: Received) -> None:
        """A message from the queue, to its end."""
        await self._delivery.deliver(received, self.apply)

    async def apply(self, payload: Any) -> Outcome:
        """Writes the lineage that a payload asks for, or raises why not."""
        request = read_request(payload)
        try:
            resolved = await self._resolver.resolve(request, request.on_missing or self.settings.on_missing)
            outcome = await self._in_order(request, resolved.nodes)
        except LineageError as error:
            error.request_key = request.key
            if isinstance(error, NotAuthorized):
                error.detail += await self._how_to_grant()
            raise
        return outcome.model_copy(update={"warnings": resolved.warnings + outcome.warnings})

    async def apply_now(self, payload: Any) -> Outcome:
        """As `apply`, for a caller who waits: while the Data Map is known to be down, the answer is `Unavailable`."""
        request = read_request(payload)
        if self.datamap.pause > CALLERS_PATIENCE:
            raise Unavailable("the Data Map is not available at present", retry_after=self.datamap.pause)
        outcome = await self.apply(payload)
        now = datetime.now(UTC)
        record = Record(
            id=request.key, status=outcome.status, attempts=1, first_seen=now, last_seen=now, outcome=outcome
        )
        self.outcomes.record(record)
        return outcome

    async def enqueue(self, payload: Any) -> str:
        """Puts a request on the queue for later and answers its id, or raises `InvalidRequest`."""
        key = read_request(payload).key
        body = json.dumps(payload).encode()
        message = seal(body, SENT, {"subject": key})
        if len(message) > MESSAGE_LIMIT:
            message = seal(None, SENT, {"subject": key}, claim=await self.storage.keep(body))
        await self.storage.send(self.settings.queue_name, message)
        now = datetime.now(UTC)
        self.outcomes.record(Record(id=key, status="queued", attempts=0, first_seen=now, last_seen=now))
        return key

    async def close(self) -> None:
        """Writes what is still to be recorded, and gives threads and connections back."""
        await self.outcomes.flush()
        self._table.close()
        self.storage.close()
        self.datamap.close()

    async def _how_to_grant(self) -> str:
        """Who lacks which role on what, and what to do about it."""
        try:
            principal = await self.datamap.sign_in()
        except LineageError:
            principal = "the app's identity"
        collection = self.settings.collection or "the root collection"
        return f"; {principal} needs the role Data Curator on {collection}: {GRANT}"

    async def _in_order(self, request: LineageRequest, nodes: Nodes) -> Outcome:
        """Writes, unless a newer request about the same process has been written already."""
        if request.process is None or request.event_time is None:
            return await self._write(request, nodes)
        try:
            key = f"{request.process.type_name or PROCESS_TYPE} {request.process.key}"
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
        plan = await self._plan(request, nodes)
        try:
            outcome = await self._writer.write(plan, nodes, request.key)
        except ReferenceMissing as error:
            on_missing = request.on_missing or self.settings.on_missing
            raise await self._resolver.missing(nodes, on_missing, error) from error
        self._resolver.remember(outcome.datasets)
        return outcome

    async def _plan(self, request: LineageRequest, nodes: Nodes) -> Plan:
        """The plan, with what it has to know of the Data Map as it is."""
        if request.process is None:
            if request.action == "write":
                return plan_direct(request, nodes)
            sources = [node.guid for path, node in nodes.items() if path.startswith("inputs.") and node.guid]
            return plan_direct_removal(nodes, await self.datamap.entities_by_guid(sources) if sources else [])
        current = None
        if request.action == "remove" or request.mode == "append":
            type_name = request.process.type_name or PROCESS_TYPE
            current = await self.datamap.entity_by_qualified_name(type_name, request.process.key)
        if request.action == "remove":
            return plan_process_removal(request, nodes, current)
        return plan_process(request, request.process, nodes, current)


@cache
def service() -> Service:
    """The process' one service, or `InvalidSettings`. A failure is not remembered."""
    return Service(Settings.read(os.environ))
