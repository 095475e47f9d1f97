"""
The host's queue listener, by its documented rules and its source (azure-sdk-for-net, QueueListener/QueueProcessor).

A message is leased for ten minutes and the lease renewed at half time. Success deletes it; failure makes it visible
again after `visibilityTimeout`; the last failure, or a receive beyond `maxDequeueCount`, copies its body to
`<queue>-poison`. Polling backs off while the queue is empty.
"""

import asyncio
import base64
import json
import logging
import os
import random
from contextlib import suppress
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.functions.config import QueueOptions, expand
from local.functions.worker import Function, InvocationFailed, Proto, TypedData, invoke

logger = logging.getLogger("host.queues")

FIRST_POLL = 0.1  # seconds


class QueueListener:
    """Feeds one queue-triggered function until it is cancelled."""

    def __init__(self, function: Function, options: QueueOptions, *, lease_seconds: int) -> None:
        self._function = function
        self._options = options
        self._lease = lease_seconds
        connection = os.environ[function.trigger["connection"]]
        name = expand(function.trigger["queueName"])
        self._queue = QueueClient.from_connection_string(connection, name)
        self._poison = QueueClient.from_connection_string(connection, f"{name}-poison")
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Receives and dispatches for ever."""
        pause = FIRST_POLL
        async with self._queue, self._poison:
            while True:
                messages = (
                    await self._receive() if len(self._in_flight) <= self._options.new_batch_threshold else []
                )
                for message in messages:
                    task = asyncio.create_task(self._process(message))
                    self._in_flight.add(task)
                    task.add_done_callback(self._in_flight.discard)
                if messages:
                    pause = FIRST_POLL
                elif self._in_flight:
                    await asyncio.wait(self._in_flight, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                    pause = min(pause * 2, self._options.max_polling_interval.total_seconds())

    async def _receive(self) -> list[QueueMessage]:
        try:
            return [
                message
                async for message in self._queue.receive_messages(
                    max_messages=self._options.batch_size,
                    messages_per_page=self._options.batch_size,
                    visibility_timeout=self._lease,
                )
            ]
        except ResourceNotFoundError:
            return []  # a queue that is missing is waited for, not made
        except AzureError:
            logger.exception("receiving failed")
            return []

    async def _process(self, message: QueueMessage) -> None:
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            await self._to_poison(message)
            return
        try:
            body = self._decode(message.content or "")
        except ValueError:  # no base64: no call would fare better
            await self._to_poison(message)
            return
        renewal = asyncio.create_task(self._keep_leased(message))
        try:
            await invoke(self._function, self._value(body), _metadata(message, body, self._function))
        except InvocationFailed as error:
            logger.error("%s failed: %s", self._function.name, error)  # noqa: TRY400 - the stack is the function's
            await self._failed(message)
        except UnicodeDecodeError:
            logger.error("%s was not called: its message is no text", self._function.name)  # noqa: TRY400 - that says all
            await self._failed(message)
        else:
            await self._done(message)
        finally:
            renewal.cancel()

    async def _done(self, message: QueueMessage) -> None:
        with suppress(ResourceNotFoundError):
            await self._queue.delete_message(message.id, message.pop_receipt)

    async def _failed(self, message: QueueMessage) -> None:
        if (message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._to_poison(message)
            return
        delay = round(self._options.visibility_timeout.total_seconds())
        with suppress(ResourceNotFoundError):
            await self._queue.update_message(
                message.id, message.pop_receipt, content=message.content, visibility_timeout=delay
            )

    async def _to_poison(self, message: QueueMessage) -> None:
        logger.warning("Message has reached MaxDequeueCount of %d", self._options.max_dequeue_count)
        try:
            await self._poison.send_message(message.content)
        except ResourceNotFoundError:
            await self._poison.create_queue()
            await self._poison.send_message(message.content)
        await self._done(message)

    async def _keep_leased(self, message: QueueMessage) -> None:
        while True:
            await asyncio.sleep(self._lease / 2)
            renewed = await self._queue.update_message(
                message.id, message.pop_receipt, content=message.content, visibility_timeout=self._lease
            )
            message.pop_receipt = renewed.pop_receipt

    def _decode(self, content: str) -> bytes:
        return base64.b64decode(content, validate=True) if self._options.base64 else content.encode()

    def _value(self, body: bytes) -> Proto:
        return TypedData(bytes=body) if _is_binary(self._function) else TypedData(string=body.decode())


def _is_binary(function: Function) -> bool:
    return str(function.trigger.get("dataType", "")).upper() == "BINARY"


def _metadata(message: QueueMessage, body: bytes, function: Function) -> dict[str, Proto]:
    """
    What the host says about a message.

    For a string binding, top-level JSON members of the body overwrite it: the host's own rule, and a trap.
    """
    metadata = {
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=json.dumps(message.dequeue_count)),
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
    }
    return metadata if _is_binary(function) else metadata | _overwriting(metadata, body)


def _time(value: datetime | None) -> Proto:
    return TypedData(json=json.dumps(value.isoformat() if value else None))


def _overwriting(metadata: dict[str, Proto], body: bytes) -> dict[str, Proto]:
    names = {name.lower(): name for name in metadata}
    try:
        members: Any = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(members, dict):
        return {}
    return {
        str(names.get(name.lower(), name)): TypedData(string=value)
        if isinstance(value, str)
        else TypedData(json=json.dumps(value))
        for name, value in members.items()
        if value is not None and not isinstance(value, list)
    }
