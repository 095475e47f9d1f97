"""
Whether the app can do its work, and if not, what mends it: one list of checks, for `/api/ready` and `lineage doctor`.

Some things are not as they should be without keeping the app from its work: what it makes by itself on first need
(its process type, tables, container), messages that wait for a person, a clock that is off. Those do not block.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from lineage.delivery import poison_queue
from lineage.errors import (
    InvalidSettings,
    LineageError,
    NotAuthorized,
    NotFound,
    Refused,
    StorageFailed,
    TypeMissing,
    Unavailable,
)
from lineage.identity import claims_of, principal_of
from lineage.mending import Mending, settings
from lineage.plan import PROCESS_TYPE
from lineage.service import Service
from lineage.tables import Table

CLOCK_TOLERANCE = 300  # seconds: what Microsoft Entra allows between two clocks
# What Purview calls itself in tokens, in whatever cloud: by name, and by its application id.
AUDIENCES = frozenset(
    {
        "https://purview.azure.net",
        "https://purview.azure.us",
        "https://purview.azure.cn",
        "73c2949e-da2d-457a-9607-fcc665198967",
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be in order: what is wrong with it, and the command that mends it."""

    name: str
    ok: bool
    detail: str = ""
    mend: str = ""
    blocks: bool = True  # the app cannot work until it is mended

    def facts(self) -> dict[str, Any]:
        """As JSON, without what says nothing."""
        facts = {name: value for name, value in asdict(self).items() if value != ""}
        if self.ok:
            del facts["blocks"]
        return facts


def is_ready(checks: Sequence[Check]) -> bool:
    """Whether the app can work."""
    return all(check.ok or not check.blocks for check in checks)


async def check(service: Service) -> list[Check]:
    """Every check. What cannot be known because of another is left out."""
    return [each async for each in checks(service)]


async def checks(service: Service) -> AsyncIterator[Check]:
    """The checks one by one, as their answers come."""
    for part in (_sign_in, _data_map, _queues, _tables, _payloads):
        async for each in part(service, Mending(service.settings)):
            yield each


def unconfigured(error: LineageError) -> list[Check]:
    """The one check there is when the settings are not in order."""
    mistakes = error.mistakes if isinstance(error, InvalidSettings) else ()
    return [Check("settings", ok=False, detail=error.detail, mend=settings([each.path for each in mistakes]))]


async def _sign_in(service: Service, mending: Mending) -> AsyncIterator[Check]:
    try:
        token = await service.datamap.token()
    except LineageError as error:
        yield Check("identity", ok=False, detail=error.detail, mend=mending.identity(error))
        return
    claims = claims_of(token)
    yield Check("identity", ok=True, detail=principal_of(token))
    audience = str(claims.get("aud", "")).rstrip("/")
    if not claims or audience in AUDIENCES:  # a token that cannot be read says nothing against itself
        yield Check("audience", ok=True)
    else:
        wrong = f"the token is for {audience}, which is not Purview"
        yield Check("audience", ok=False, detail=wrong, mend=mending.audience())


async def _data_map(service: Service, mending: Mending) -> AsyncIterator[Check]:
    endpoint = service.settings.endpoint
    try:
        offset = await service.datamap.clock_offset()
    except NotAuthorized as error:
        if error.http_status == HTTPStatus.UNAUTHORIZED:
            yield Check("dataMap", ok=False, detail=error.detail, mend=mending.audience())
            return
        yield Check("dataMap", ok=True)
        yield await _not_authorized(service, mending, error)
        return
    except Refused as error:
        kind = "a Data Map without base types" if isinstance(error, NotFound | TypeMissing) else "no Data Map"
        wrong = f"{endpoint} answers, but as {kind}: {error.detail}"
        yield Check("dataMap", ok=False, detail=wrong, mend=mending.endpoint())
        return
    except LineageError as error:
        yield _no_answer(endpoint, error, mending)
        return
    yield Check("dataMap", ok=True)
    yield _clock(offset, mending)
    yield await _role(service, mending)
    yield await _process_type(service, mending)


def _no_answer(endpoint: str, error: LineageError, mending: Mending) -> Check:
    """Nothing answers, or something else than a Data Map does."""
    if isinstance(error, Unavailable) and error.is_foreign:
        wrong = f"{endpoint} answers, but as no Data Map: {error.detail}"
        return Check("dataMap", ok=False, detail=wrong, mend=mending.endpoint())
    return Check("dataMap", ok=False, detail=f"{endpoint}: {error.detail}", mend=mending.unreachable())


def _clock(offset: float, mending: Mending) -> Check:
    if abs(offset) <= CLOCK_TOLERANCE:
        return Check("clock", ok=True)
    wrong = f"this machine's clock is {abs(offset):.0f} s {'behind' if offset > 0 else 'ahead'}"
    return Check("clock", ok=False, detail=wrong, mend=mending.clock(), blocks=False)


async def _role(service: Service, mending: Mending) -> Check:
    """Whether the identity may write: an upsert of nothing is refused for want of the role, or for being nothing."""
    try:
        await service.datamap.upsert((), collection=service.settings.collection)
    except NotAuthorized as error:
        return await _not_authorized(service, mending, error)
    except Refused:
        return Check("role", ok=True)
    except LineageError as error:
        return Check("role", ok=False, detail=error.detail, mend=_way_to_write(service, mending, error))
    return Check("role", ok=True)


def _way_to_write(service: Service, mending: Mending, error: LineageError) -> str:
    """What to look at when the answer to a write is not the Data Map's: a collection that is not there, or the way."""
    if not (isinstance(error, Unavailable) and error.is_foreign):
        return mending.unreachable()
    return settings(["PURVIEW_COLLECTION"]) if service.settings.collection else mending.endpoint()


async def _not_authorized(service: Service, mending: Mending, error: LineageError) -> Check:
    try:
        claims = await service.datamap.claims()
    except LineageError:  # the token has run out meanwhile: what was refused is known all the same
        claims = {}
    return Check(
        "role", ok=False, detail=error.detail, mend=mending.role(str(claims.get("oid", "<object id>")))
    )


async def _process_type(service: Service, mending: Mending) -> Check:
    try:
        known = await service.datamap.type_definition(PROCESS_TYPE)
    except LineageError as error:
        return Check("processType", ok=False, detail=error.detail, mend=mending.unreachable(), blocks=False)
    if known:
        return Check("processType", ok=True)
    wrong = f"the type {PROCESS_TYPE} is not registered yet; the first process will do it"
    return Check("processType", ok=False, detail=wrong, mend=mending.process_type(), blocks=False)


async def _queues(service: Service, mending: Mending) -> AsyncIterator[Check]:
    queue = service.settings.queue_name
    check, _ = await _queue("queue", queue, service, mending)
    yield check
    poison = poison_queue(queue)
    check, depth = await _queue("poisonQueue", poison, service, mending)
    yield check
    if not check.ok:
        return
    waiting = f"about {depth} {'message waits' if depth == 1 else 'messages wait'} for a person in {poison}"
    if depth:
        yield Check("deadMessages", ok=False, detail=waiting, mend=mending.dead_messages(), blocks=False)
    else:
        yield Check("deadMessages", ok=True)


async def _queue(check: str, name: str, service: Service, mending: Mending) -> tuple[Check, int]:
    """Whether a queue is there, and how many messages it holds."""
    try:
        return Check(check, ok=True), await service.storage.depth(name)
    except StorageFailed as error:
        return Check(check, ok=False, detail=error.detail, mend=mending.queue(name, error)), 0


async def _tables(service: Service, mending: Mending) -> AsyncIterator[Check]:
    for table in service.tables:
        yield await _table(table, mending)


async def _table(table: Table, mending: Mending) -> Check:
    missing = f"there is no table {table.name} yet; the app makes it when it needs it"
    fixed = mending.table(table.name)
    return await _there(f"table {table.name}", table.exists(), missing, fixed, mending)


async def _payloads(service: Service, mending: Mending) -> AsyncIterator[Check]:
    missing = "there is no container for large payloads yet; the app makes it when it needs it"
    yield await _there("payloads", service.storage.has_container(), missing, mending.container(), mending)


async def _there(name: str, exists: Awaitable[bool], missing: str, mend: str, mending: Mending) -> Check:
    try:
        found = await exists
    except StorageFailed as error:
        return Check(name, ok=False, detail=error.detail, mend=mending.storage(error))
    return Check(name, ok=True) if found else Check(name, ok=False, detail=missing, mend=mend, blocks=False)
