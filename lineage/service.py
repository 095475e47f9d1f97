"""
The composition root: settings to one service per process, built at the first use.

`apply` is the corridor every request walks, whichever door it came through: understand, resolve, plan, write.
"""

import os
from functools import cache
from typing import Any

from lineage.datamap import DataMap
from lineage.delivery import Delivery, Received
from lineage.errors import ReferenceMissing
from lineage.identity import purview_credential
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
from lineage.request import LineageRequest, read_request
from lineage.resolver import Resolver
from lineage.settings import Settings
from lineage.storage import StorageAccount
from lineage.writer import Writer


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
        self._delivery = Delivery(self.storage, settings.queue_name, max_attempts=settings.max_dequeue_count)

    async def consume(self, received: Received) -> None:
        """A message from the queue, to its end."""
        await self._delivery.deliver(received, self.apply)

    async def apply(self, payload: Any) -> Outcome:
        """Writes the lineage that a payload asks for, or raises why not."""
        request = read_request(payload)
        on_missing = request.on_missing or self.settings.on_missing
        resolved = await self._resolver.resolve(request, on_missing)
        nodes = resolved.nodes
        try:
            plan = await self._plan(request, nodes)
            outcome = await self._writer.write(plan, nodes, request.key)
        except ReferenceMissing as error:
            raise await self._resolver.missing(nodes, on_missing, error) from error
        self._resolver.remember(outcome.datasets)
        return outcome.model_copy(update={"warnings": resolved.warnings + outcome.warnings})

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
