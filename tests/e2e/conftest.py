"""
A running app: one that `--addresses` names (wherever it runs), or the local stack, started once for all.

The tests share it with each other and with whoever else uses it, so each makes datasets of its own.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import requests
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from local.catalogue import Catalogue
from local.stack import Addresses, Stack

WAIT = 60  # seconds, for what takes one

T = TypeVar("T")


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> Addresses:
    given = request.config.getoption("--addresses")
    if not given:
        stack: Stack = request.getfixturevalue("stack")
        return stack.addresses
    return Addresses(**json.loads(given if given.startswith("{") else Path(given).read_text("utf-8")))


@pytest.fixture(scope="session")
def catalogue(addresses: Addresses) -> Iterator[Catalogue]:
    with Catalogue(addresses) as catalogue:
        yield catalogue


@pytest.fixture
def unique() -> str:
    """Something no other test uses, for names."""
    return uuid4().hex[:12]


class App:
    """The app as its users reach it."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self._queue = QueueClient.from_connection_string(addresses.storage, addresses.queue)
        self._poison = QueueClient.from_connection_string(addresses.storage, f"{addresses.queue}-poison")

    def close(self) -> None:
        self._queue.close()
        self._poison.close()

    def send(self, message: Any) -> None:
        """On the queue, as a pipeline sends it: text as it is, anything else as JSON."""
        self._queue.send_message(message if isinstance(message, str) else json.dumps(message))

    def post(self, body: Any, **options: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"x-functions-key": self.addresses.functionKey} | options.pop("headers", {})
        return requests.post(
            f"{self.addresses.functions}/api/lineage", data=data, headers=headers, timeout=60, **options
        )

    def get(self, path: str, *, key: bool = True) -> requests.Response:
        headers = {"x-functions-key": self.addresses.functionKey} if key else {}
        return requests.get(f"{self.addresses.functions}{path}", headers=headers, timeout=60)

    def take_dead(self) -> dict[str, Any] | None:
        """The next dead message, out of the poison queue; None if there is none."""
        message = self._poison.receive_message()
        if message is None:
            return None
        self._poison.delete_message(message)
        return dict(json.loads(message.content or ""))

    def original(self, dead: dict[str, Any]) -> bytes:
        """What was sent, out of a dead message."""
        if "dataref" in dead:
            with ContainerClient.from_connection_string(
                self.addresses.storage, "lineage-payloads"
            ) as payloads:
                return bytes(payloads.download_blob(dead["dataref"]).readall())
        return dead["data"].encode() if "data" in dead else base64.b64decode(dead["data_base64"])

    def empty_poison_queue(self) -> None:
        self._poison.clear_messages()


@pytest.fixture
def app(addresses: Addresses) -> Iterator[App]:
    app = App(addresses)
    yield app
    app.close()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], T | None]], T]:
    """Asks until there is an answer that is true; fails with the last one otherwise."""

    def wait(question: Callable[[], T | None]) -> T:
        give_up = time.monotonic() + WAIT
        while not (answer := question()):
            assert time.monotonic() < give_up, f"still {answer!r} after {WAIT} s"
            time.sleep(0.1)
        return answer

    return wait
