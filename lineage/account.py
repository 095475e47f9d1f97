"""
The app's own storage account, called synchronously: queues, and the container for payloads too large for them.

Queues and container that are missing are made, as the Functions host makes a poison queue. What the account refuses or
fails to answer is `StorageFailed`. Clients are made on first need, and so is the import of the SDK.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError

from lineage.envelope import PAYLOAD_LIMIT, Attributes, seal
from lineage.errors import Mistake, PayloadGone, PayloadTooLarge, StorageFailed, first_line
from lineage.identity import storage_credential
from lineage.settings import Storage

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient
    from azure.storage.queue import QueueClient

MESSAGE_LIMIT = 65_536  # bytes of a queue message on the wire
CONTAINER = "lineage-payloads"
# Of what is kept there. Anybody who may send messages can name a payload, and no name may lead to another container.
NAME = re.compile(r"\d{4}/\d\d/\d\d/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FOREVER = -1  # time to live: a message waits until it is done, not seven days
# The SDK's own patience is minutes, in which an OpenLineage client has long given up: the host tries a message again,
# and a client is told to.
PATIENCE: Mapping[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "initial_backoff": 0.2,
    "increment_base": 1,
    "random_jitter_range": 0.2,
}  # seconds
# For who only wants to know how things are.
AT_ONCE: Mapping[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
LONGEST_DELAY = 7 * 24 * 3600  # seconds: Storage's own limit
PAGE = 32  # messages: the most that one call receives


@dataclass(frozen=True, slots=True)
class Leased:
    """A message taken from a queue for a while."""

    id: str
    pop_receipt: str
    body: bytes


class Account:
    """Blocking calls. Safe to use from several threads."""

    def __init__(self, settings: Storage, credential: TokenCredential | None = None) -> None:
        self._settings = settings
        self._given_credential = credential
        self._queues: dict[str, QueueClient] = {}

    def send(self, queue: str, message: bytes, delay: float = 0) -> None:
        """Puts a message (UTF-8, at most `MESSAGE_LIMIT` bytes) on a queue, to be seen after `delay` seconds."""
        with _failures():
            client = self._queue(queue)
            options: dict[str, Any] = {
                "visibility_timeout": min(round(delay), LONGEST_DELAY),
                "time_to_live": FOREVER,
            }
            try:
                client.send_message(message.decode(), **options)
            except ResourceNotFoundError:
                _ensure(client.create_queue)
                client.send_message(message.decode(), **options)

    def post(
        self,
        queue: str,
        data: bytes,
        kind: str,
        attributes: Attributes,
        *,
        claim: str | None = None,
        delay: float = 0,
    ) -> None:
        """Sends data in an envelope; by claim check if it is in the container already, or too large for a queue."""
        message = seal(data, kind, attributes, claim=claim)
        if len(message) > MESSAGE_LIMIT:
            message = seal(data, kind, attributes, claim=self.keep(data))
        self.send(queue, message, delay)

    def receive(self, queue: str, lease_seconds: int) -> list[Leased]:
        """Up to `PAGE` messages, hidden from others for so long; none if nobody has made the queue yet."""
        with _failures():
            try:
                messages = list(
                    self._queue(queue).receive_messages(
                        max_messages=PAGE, messages_per_page=PAGE, visibility_timeout=lease_seconds
                    )
                )
            except ResourceNotFoundError:
                return []
        return [Leased(m.id, str(m.pop_receipt), (m.content or "").encode()) for m in messages]

    def release(self, queue: str, leased: Leased) -> None:
        """Makes a leased message visible again; fine if it has been deleted, or leased by others since."""
        with _failures(), suppress(HttpResponseError):
            self._queue(queue).update_message(
                leased.id, leased.pop_receipt, content=leased.body.decode(), visibility_timeout=0
            )

    def delete(self, queue: str, leased: Leased) -> None:
        """Removes a leased message."""
        with _failures():
            self._queue(queue).delete_message(leased.id, leased.pop_receipt)

    def depth(self, queue: str) -> int:
        """About how many messages a queue holds, those that wait or are being handled included."""
        with _failures():
            properties = self._queue(queue).get_queue_properties(**AT_ONCE)
        return int(properties.approximate_message_count or 0)

    def has_container(self) -> bool:
        """Whether the container for payloads is there."""
        with _failures():
            return bool(self._payloads.exists(**AT_ONCE))

    def keep(self, payload: bytes) -> str:
        """Stores a payload and answers its name, for a claim check."""
        name = f"{datetime.now(UTC):%Y/%m/%d}/{uuid4()}"
        with _failures():
            try:
                self._payloads.upload_blob(name, payload)
            except ResourceNotFoundError:
                _ensure(self._payloads.create_container)
                self._payloads.upload_blob(name, payload)
        return name

    def fetch(self, name: str) -> bytes:
        """The payload of a claim check, `PayloadGone` or `PayloadTooLarge`."""
        if not NAME.fullmatch(name):
            raise PayloadGone(Mistake("dataref", f"{name!r} is not the name of a payload that the app keeps"))
        with _failures():
            try:
                blob = self._payloads.download_blob(name)
            except ResourceNotFoundError as error:
                raise PayloadGone(
                    Mistake("dataref", f"the payload {name!r} is gone from the container {CONTAINER}")
                ) from error
            if blob.size > PAYLOAD_LIMIT:
                raise PayloadTooLarge(
                    Mistake("dataref", f"{blob.size} bytes; at most {PAYLOAD_LIMIT} are taken")
                )
            return bytes(blob.readall())

    def discard(self, name: str) -> None:
        """Removes a payload; one that is gone already is fine, and so is what never was one."""
        if NAME.fullmatch(name):
            with _failures(), suppress(ResourceNotFoundError):
                self._payloads.delete_blob(name)

    def _queue(self, name: str) -> "QueueClient":
        if name not in self._queues:
            from azure.storage.queue import QueueClient  # noqa: PLC0415 - the app starts without it

            if self._settings.connection_string:
                secret = self._settings.connection_string.get_secret_value()
                self._queues[name] = QueueClient.from_connection_string(secret, name, **PATIENCE)
            else:
                self._queues[name] = QueueClient(
                    str(self._settings.queue_url), name, credential=self._credential, **PATIENCE
                )
        return self._queues[name]

    @cached_property
    def _payloads(self) -> "ContainerClient":
        from azure.storage.blob import ContainerClient  # noqa: PLC0415 - the app starts without it

        if self._settings.connection_string:
            secret = self._settings.connection_string.get_secret_value()
            return ContainerClient.from_connection_string(secret, CONTAINER, **PATIENCE)
        return ContainerClient(
            str(self._settings.blob_url), CONTAINER, credential=self._credential, **PATIENCE
        )

    @cached_property
    def _credential(self) -> TokenCredential:
        return self._given_credential or storage_credential(self._settings)

    def close(self) -> None:
        """Gives connections back."""
        for client in self._queues.values():
            client.close()
        if "_payloads" in self.__dict__:
            self._payloads.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (AzureError, ValueError) as error:  # the SDK says ValueError to a connection string it cannot read
        raise StorageFailed(f"storage: {first_line(error)}") from error


def _ensure(create: Callable[[], object]) -> None:
    with suppress(ResourceExistsError):
        create()
