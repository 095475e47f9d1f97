"""
The app's own storage account: its queues, and the container for payloads too large for them.

The Storage SDK blocks, so its calls run in a small pool of threads. What the account refuses or fails to answer is
`StorageFailed`; queues and the container that are missing are made, as the Functions host makes a poison queue.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from lineage.errors import InvalidRequest, Mistake, StorageFailed
from lineage.identity import storage_credential
from lineage.settings import Storage

MESSAGE_LIMIT = 65_536  # bytes of a queue message on the wire
CONTAINER = "lineage-payloads"
FOREVER = -1  # time to live: a message waits until it is done, not seven days
THREADS = 8


class StorageAccount:
    """Queues and payloads of one account. Made once per process; clients are made on first need."""

    def __init__(self, settings: Storage) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")
        self._clients: dict[str, Any] = {}

    async def send(self, queue: str, message: bytes) -> None:
        """Puts a message (ASCII, at most `MESSAGE_LIMIT` bytes) on a queue, for as long as it takes."""
        await self._run(self._send, queue, message.decode("ascii"))

    async def depth(self, queue: str) -> int:
        """About how many messages a queue holds, those that wait or are being handled included."""
        return int(
            await self._run(lambda: self._queue(queue).get_queue_properties().approximate_message_count)
        )

    async def keep(self, payload: bytes) -> str:
        """Stores a payload and answers its name, for a claim check."""
        name = f"{datetime.now(UTC):%Y/%m/%d}/{uuid4()}"
        await self._run(self._upload, name, payload)
        return name

    async def fetch(self, name: str) -> bytes:
        """The payload of a claim check. Only ever out of the app's own container."""
        return bytes(await self._run(self._download, name))

    async def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)
        except AzureError as error:
            raise StorageFailed(f"storage: {str(error).splitlines()[0]}") from error

    def _send(self, queue: str, text: str) -> None:
        client = self._queue(queue)
        try:
            client.send_message(text, time_to_live=FOREVER)
        except ResourceNotFoundError:
            _ensure(client.create_queue)
            client.send_message(text, time_to_live=FOREVER)

    def _upload(self, name: str, payload: bytes) -> None:
        container = self._container()
        try:
            container.upload_blob(name, payload)
        except ResourceNotFoundError:
            _ensure(container.create_container)
            container.upload_blob(name, payload)

    def _download(self, name: str) -> bytes:
        try:
            return bytes(self._container().download_blob(name).readall())
        except ResourceNotFoundError as error:
            raise InvalidRequest(
                Mistake("dataref", f"the payload {name!r} is gone from {CONTAINER}")
            ) from error

    def _queue(self, name: str) -> Any:
        if name not in self._clients:
            from azure.storage.queue import QueueClient  # noqa: PLC0415 - only a failure or a check needs it

            if self._settings.connection_string:
                secret = self._settings.connection_string.get_secret_value()
                self._clients[name] = QueueClient.from_connection_string(secret, name)
            else:
                credential = storage_credential(self._settings)
                self._clients[name] = QueueClient(str(self._settings.queue_url), name, credential=credential)
        return self._clients[name]

    def _container(self) -> Any:
        if CONTAINER not in self._clients:
            from azure.storage.blob import ContainerClient  # noqa: PLC0415 - only large payloads need it

            if self._settings.connection_string:
                secret = self._settings.connection_string.get_secret_value()
                self._clients[CONTAINER] = ContainerClient.from_connection_string(secret, CONTAINER)
            else:
                credential = storage_credential(self._settings)
                self._clients[CONTAINER] = ContainerClient(
                    str(self._settings.blob_url), CONTAINER, credential=credential
                )
        return self._clients[CONTAINER]


def _ensure(create: Callable[[], object]) -> None:
    try:
        create()
    except ResourceExistsError:
        return
