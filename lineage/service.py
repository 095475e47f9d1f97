"""
The composition root: settings to one service per process, built at the first use.

What the doors call: a message to its end, a request now, a request or an event for later.
"""

import gc
import hashlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NoReturn

from lineage import outcomes, runs
from lineage.around import Query, look_around
from lineage.batching import batched, gather_all
from lineage.corridor import Corridor
from lineage.datamap import DataMap
from lineage.deadline import OF_MESSAGES, deadline, until
from lineage.declaration import Declaration
from lineage.delivery import Delivery, Received, poison_queue
from lineage.delivery.backoff import Backoff
from lineage.envelope import SENT
from lineage.errors import InvalidSettings, LineageError, NotAuthorized, Unavailable
from lineage.explain import Explainer, Explanation
from lineage.graph import Graph
from lineage.identity import purview_credential
from lineage.memory import Memory
from lineage.openlineage import Event, Translation, Verdict, is_event, read_batch, read_event, translate
from lineage.order import Order
from lineage.outcomes import Outcome, Outcomes, Record, Status
from lineage.request import read_request
from lineage.resolver import Resolver
from lineage.runs import Runs
from lineage.settings import DeliverySettings, Settings
from lineage.storage import StorageAccount
from lineage.tables import Table
from lineage.telemetry import start, telemetry
from lineage.writer import Writer

EVENTS_AT_ONCE = 2  # of a batch that is divided: callers wait for answers meanwhile
CALLERS_PATIENCE = 2.0  # seconds
RECORDS_PATIENCE = 1.0  # seconds that a message waits for the record of it; it goes without, if need be
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
        self._outcomes_table = Table(settings.storage, outcomes.TABLE)
        self._runs_table = Table(settings.storage, runs.TABLE)
        self.outcomes = Outcomes(self._outcomes_table)
        self.runs = Runs(self._runs_table, self.storage)
        resolver = Resolver(self.datamap, settings.naming_rules)
        writer = Writer(self.datamap, collection=settings.collection)
        self._memory = Memory(self._outcomes_table, lasts=settings.reassert_after)
        self.corridor = Corridor(self.datamap, resolver, writer, Order(self._outcomes_table), self._memory)
        self.explainer = Explainer(settings, resolver, self.corridor)
        self._delivery = _delivery(settings, self.storage, self.outcomes)
        telemetry().watch_poison(partial(self.storage.depth_now, poison_queue(settings.queue_name)))

    async def consume(self, received: Received) -> None:
        """A message from the queue, to its end: what is not done in time is set aside for later."""
        in_time = partial(self.apply, by=deadline(OF_MESSAGES))
        await self._delivery.deliver(received, in_time)

    async def apply(self, payload: Any, *, by: float | None = None) -> Outcome:
        """
        Writes the lineage that a request or an OpenLineage event asks for, or raises why not. A batch is divided.

        `by` is when the event loop's clock says that it is enough: `Unavailable`.
        """
        if isinstance(payload, list):
            events = read_batch(payload)
            async with self._concerning(_batch_key(events), by):
                return await self._divide(events)
        if is_event(payload):
            event = read_event(payload).event
            async with self._concerning(event.key, by):
                return await self._apply_event(event)
        request = read_request(payload)
        async with self._concerning(request.key, by):
            return await self.corridor.walk(request, self.settings.on_missing)

    async def apply_now(self, payload: Any) -> Outcome:
        """As `apply`, for a caller who waits: while the Data Map is known to be down, the answer is `Unavailable`."""
        request = read_request(payload)
        self._refuse_while_paused()
        async with self._concerning(request.key):
            outcome = await self.corridor.walk(request, self.settings.on_missing)
        self.outcomes.record(_record(request.key, outcome.status, attempts=1, outcome=outcome))
        return outcome

    async def explain(self, payload: Any) -> Explanation:
        """What a request or an event would do, for a caller who waits."""
        self._refuse_while_paused()
        return await self.explainer.explain(payload)

    async def look_around(self, query: Query) -> Graph:
        """The lineage around a dataset; `UnknownDataset` if it is not there."""
        self._refuse_while_paused()
        return await look_around(
            self.datamap,
            self.settings.naming_rules,
            query.dataset,
            direction=query.direction,
            depth=query.depth,
        )

    async def enqueue(self, payload: Any) -> str:
        """Puts a request on the queue for later and answers its id, or raises `InvalidRequest`."""
        key = read_request(payload).key
        # Before it is on the queue, or "queued" could overwrite another instance's "done".
        await self.outcomes.record_within(_record(key, "queued"), RECORDS_PATIENCE)
        await self._post(payload, key)
        return key

    async def enqueue_event(self, event: Event) -> None:
        """Puts an OpenLineage event on the queue, condensed."""
        await self._post(event.to_json(), event.key)

    async def enqueue_batch(self, events: Sequence[Event]) -> None:
        """Puts several OpenLineage events on the queue, condensed, in one message."""
        await self._post([event.to_json() for event in events], _batch_key(events))

    async def expire_runs(self) -> int:
        """Forgets OpenLineage events of runs that nobody has told of for long; answers how many."""
        return await self.runs.expire(datetime.now(UTC) - self.settings.keep_runs)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables it keeps its notes in."""
        return self._outcomes_table, self._runs_table

    async def close(self) -> None:
        """Writes what is still to be recorded, and gives threads and connections back."""
        await self.outcomes.flush()
        await self._memory.close()
        for table in self.tables:
            await table.close()
        self.storage.close()
        self.datamap.close()

    def _refuse_while_paused(self) -> None:
        if self.datamap.pause > CALLERS_PATIENCE:
            raise Unavailable("the Data Map is not available at present", retry_after=self.datamap.pause)

    @asynccontextmanager
    async def _concerning(self, key: str, by: float | None = None) -> AsyncIterator[None]:
        """Whatever goes wrong, or is not done by then, concerns this request."""
        try:
            async with until(by):
                yield
        except LineageError as error:
            await self._say(key, error)
            raise

    async def _say(self, key: str, error: LineageError) -> None:
        """Which request it concerns, and what can be done about it."""
        error.request_key = key
        if isinstance(error, NotAuthorized):
            error.detail += await self._how_to_grant()

    async def _apply_event(self, event: Event) -> Outcome:
        """Adds an event to what is known of its run, and writes what comes of it."""
        snapshot = await self.runs.add(event)
        translation = translate(snapshot, self.settings.openlineage_options, self.settings.naming_rules)
        outcome = Outcome(id=event.key)
        if translation.declarer:
            declaration = Declaration.of_event(event.key, snapshot, translation)
            outcome = await self.corridor.declare(declaration, self.settings.openlineage_on_missing)
            for alias in sorted(translation.aliases):
                gone = await self.corridor.declare(declaration.withdrawn(alias), "create")
                outcome = outcome.model_copy(update={"removed": outcome.removed + gone.removed})
        return _outcome_of_event(outcome, translation)

    async def _divide(self, events: Sequence[Event]) -> Outcome:
        """Each event on the queue by itself, where it may wait or fail without the others."""
        for some in batched(events, EVENTS_AT_ONCE):
            await gather_all(map(self.enqueue_event, some))
        return Outcome(id=_batch_key(events), detail=f"{len(events)} events, each on the queue by itself")

    async def _post(self, payload: Any, key: str) -> None:
        body = json.dumps(payload).encode()
        with telemetry().sending(self.settings.queue_name) as trace:
            await self.storage.post(self.settings.queue_name, body, SENT, {"subject": key, **trace})

    async def _how_to_grant(self) -> str:
        """Who lacks which role on what, and what to do about it."""
        try:
            principal = await self.datamap.sign_in()
        except LineageError:
            principal = "the app's identity"
        collection = self.settings.collection or "the root collection"
        return f"; {principal} needs the role Data Curator on {collection}: {GRANT}"


@cache
def service() -> Service:
    """The process' one service, or `InvalidSettings`. A failure is not remembered."""
    start()
    made = Service(Settings.read(os.environ))
    gc.freeze()  # what has been imported stays: collecting garbage need not look through it each time
    return made


async def consume(received: Received) -> None:
    """A message from the queue to its end. While the settings are not in order it is put back, with that reason."""
    try:
        ready = service()
    except InvalidSettings as error:
        await _without_service().deliver(received, partial(_refuse, error))
    else:
        await ready.consume(received)


@cache
def _without_service() -> Delivery:
    """What can be done for messages while the app cannot reach Purview: it takes a queue and an account."""
    settings = DeliverySettings.read(os.environ)
    outcomes_table = Table(settings.storage, outcomes.TABLE)
    return _delivery(settings, StorageAccount(settings.storage), Outcomes(outcomes_table))


async def _refuse(error: InvalidSettings, _payload: Any) -> NoReturn:
    raise error


def _delivery(settings: DeliverySettings, storage: StorageAccount, records: Outcomes) -> Delivery:
    return Delivery(
        storage,
        records,
        settings.queue_name,
        backoff=Backoff(settings.retry_after, settings.retry_after_max, settings.give_up_after),
        max_dequeue_count=settings.max_dequeue_count,
    )


def _batch_key(events: Sequence[Event]) -> str:
    content = json.dumps([event.to_json() for event in events])
    return f"batch-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _outcome_of_event(outcome: Outcome, translation: Translation) -> Outcome:
    """With why there is no lineage, if there is none, and what was odd."""
    warnings = tuple(f"{warning.path}: {warning.message}" for warning in translation.warnings)
    told: dict[str, Any] = {"warnings": warnings + outcome.warnings}
    if translation.verdict is Verdict.RUNNING:
        told["status"] = "accumulated"
    if translation.verdict is not Verdict.LINEAGE and outcome.status != "superseded":
        told["detail"] = translation.verdict.value
    return outcome.model_copy(update=told)


def _record(key: str, status: Status, *, attempts: int = 0, outcome: Outcome | None = None) -> Record:
    now = datetime.now(UTC)
    return Record(id=key, status=status, attempts=attempts, first_seen=now, last_seen=now, outcome=outcome)
