"""
For pipelines: one import, one call, and a lineage request is on the queue.

    import lineage

    lineage.send({"source": "…", "target": "…"}, storage="https://contoso.queue.core.windows.net")

A request is validated before it is sent, and what is too large for a queue goes by claim check.
"""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential

from lineage.account import Account
from lineage.envelope import SENT, unwrapped
from lineage.errors import InvalidRequest, InvalidSettings, Mistake
from lineage.openlineage import is_event, read_event
from lineage.request import LineageRequest, read_json, read_request
from lineage.settings import Storage, is_loopback

QUEUE = "lineage"


class Sender:
    """
    Sends to one queue.

    `storage` is a connection string, or the account's queue endpoint, for which `credential` signs in (by default
    whatever `azure-identity` finds: managed identity, environment, Azure CLI). It needs the role Storage Queue Data
    Message Sender, and Storage Blob Data Contributor for requests beyond 64 KiB. What is neither is `InvalidSettings`.
    """

    def __init__(
        self, storage: str, *, queue: str = QUEUE, credential: TokenCredential | None = None
    ) -> None:
        self._queue = queue
        if "=" not in storage or storage.lower().startswith(("https:", "http:")):
            self._account = Account(_by_identity(storage), credential or _default_credential())
        else:
            self._account = Account(Storage.model_validate({"LineageStorage": storage}))

    def send(self, request: Mapping[str, Any] | LineageRequest) -> str:
        """
        Puts a request or an OpenLineage event, which may be in a CloudEvent, on the queue and answers its id; or raises
        `InvalidRequest`. Of an event it is the condensed one, which is small and holds no more than lineage needs.
        """
        payload = unwrapped(_as_it_will_be_read(request))
        if is_event(payload):
            event = read_event(payload).event
            key, payload = event.key, event.to_json()
        else:
            key = read_request(payload).key
        self._account.post(self._queue, json.dumps(payload).encode(), SENT, {"subject": key})
        return key

    def close(self) -> None:
        """Gives connections back."""
        self._account.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def send(
    request: Mapping[str, Any] | LineageRequest,
    *,
    storage: str,
    queue: str = QUEUE,
    credential: TokenCredential | None = None,
) -> str:
    """Sends one request; see `Sender`, which is for many."""
    with Sender(storage, queue=queue, credential=credential) as sender:
        return sender.send(request)


def _as_it_will_be_read(request: Mapping[str, Any] | LineageRequest) -> Any:
    """What the app will find in the message: Python holds much that JSON cannot, and what is queued is not refused."""
    try:
        text = json.dumps(_payload(request), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(Mistake("", f"cannot be written as JSON: {error}")) from error
    return read_json(text)


def _payload(request: Mapping[str, Any] | LineageRequest) -> dict[str, Any]:
    if isinstance(request, LineageRequest):
        return request.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return dict(request)


def _by_identity(queue_endpoint: str) -> Storage:
    try:
        if not _is_queue_endpoint(queue_endpoint):
            raise _no_endpoint()
        return Storage.model_validate(
            {
                f"LineageStorage__{service}ServiceUri": queue_endpoint.replace(".queue.", f".{service}.", 1)
                for service in ("queue", "blob", "table")
            }
        )
    except ValueError:  # of the URL, or of the settings
        raise _no_endpoint() from None


def _is_queue_endpoint(url: str) -> bool:
    """Nothing behind the host, as a queue or the signature of a SAS; the emulator's has the account's name there."""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        return False
    return is_loopback(url) or (".queue." in (parts.hostname or "") and parts.path in {"", "/"})


def _no_endpoint() -> InvalidSettings:
    """Without what was given, which may hold a signature."""
    wanted = "write the queue endpoint, as https://contoso.queue.core.windows.net, or a connection string"
    return InvalidSettings([Mistake("storage", wanted)])


def _default_credential() -> TokenCredential:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - only who gives no credential needs it

    return DefaultAzureCredential()
