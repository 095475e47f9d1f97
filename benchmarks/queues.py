"""The queue a competitor drains, and its poison queue."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from azure.storage.queue import QueueClient

from local.stack import QUEUE

SENDERS = 4
PAGE = 32


class Queues:
    """A context manager."""

    def __init__(self, storage: str) -> None:
        self._queue = QueueClient.from_connection_string(storage, QUEUE)
        self._poison = QueueClient.from_connection_string(storage, f"{QUEUE}-poison")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.close()
        self._poison.close()

    def send(self, bodies: Sequence[str]) -> None:
        """Lays them on the queue."""
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(self._queue.send_message, bodies))

    def waiting(self) -> int:
        """Messages that are not settled: waiting, hidden or being handled."""
        return int(self._queue.get_queue_properties().approximate_message_count or 0)

    def clear(self) -> None:
        """Forgets everything."""
        self._queue.clear_messages()
        self._poison.clear_messages()

    def dead(self) -> Iterator[str]:
        """The bodies of what is in the poison queue."""
        for message in self._poison.receive_messages(messages_per_page=PAGE, visibility_timeout=600):
            yield _original(str(message.content))


def _original(content: str) -> str:
    """The host puts a body there as it was; this app an envelope with the body in it."""
    body = json.loads(content)
    return str(body["data"]) if "specversion" in body else content
