"""Whether the app can do its work, and if not, what to do about it: sign-in, Data Map, queues."""

from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lineage.delivery import poison_queue
from lineage.errors import LineageError, NotAuthorized
from lineage.service import GRANT, Service


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be in order: what is wrong with it, and what mends it."""

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""

    def facts(self) -> dict[str, Any]:
        """As JSON, without what says nothing."""
        return {name: value for name, value in asdict(self).items() if value != ""}


FIXES: Mapping[str, str] = {
    "identity": "check PURVIEW_AUTH and what it needs: an assigned managed identity, or tenant, client id and secret",
    "dataMap": "check PURVIEW_ENDPOINT, and that the network lets the app reach it",
    "queue": "create the queue, and give the app's identity the role Storage Queue Data Contributor",
}


async def check(service: Service) -> list[Check]:
    """Every check, each made whatever the others say."""
    queue = service.settings.queue_name
    return [
        await _tried("identity", service.datamap.sign_in()),
        await _tried("dataMap", service.datamap.type_definition("DataSet")),
        await _tried("queue", service.storage.depth(queue)),
        await _tried("poisonQueue", service.storage.depth(poison_queue(queue))),
    ]


def unconfigured(error: LineageError) -> list[Check]:
    """The one check there is when the settings are not in order."""
    return [Check("settings", ok=False, detail=error.detail, fix="correct these app settings")]


async def _tried(name: str, call: Awaitable[object]) -> Check:
    try:
        await call
    except LineageError as error:
        fix = (
            f"give the app's identity the role Data Curator: {GRANT}"
            if isinstance(error, NotAuthorized)
            else FIXES["queue" if "ueue" in name else name]
        )
        return Check(name, ok=False, detail=error.detail, fix=fix)
    return Check(name, ok=True)
