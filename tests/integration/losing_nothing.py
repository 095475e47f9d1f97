"""What the tests of `test_nothing_is_lost_*` share: a stack of their own, made to go wrong."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import requests
from azure.storage.queue import QueueClient

from lineage.delivery import PoisonQueue
from lineage.settings import Storage
from lineage.storage import StorageAccount
from local.catalogue import Catalogue
from local.stack import Stack

TABLES = [f"mssql://src.database.windows.net/shop/dbo/t{number}" for number in range(40)]
T = TypeVar("T")


class World:
    """A stack, its catalogue with forty scanned tables, and its queues."""

    def __init__(self, stack: Stack, catalogue: Catalogue) -> None:
        self.stack = stack
        self.catalogue = catalogue
        self.datamap = stack.addresses.datamap
        self.queue = QueueClient.from_connection_string(stack.storage, "lineage")
        self.poison = QueueClient.from_connection_string(stack.storage, "lineage-poison")
        self.guids = catalogue.scan(dict.fromkeys(TABLES, "azure_sql_table"))

    def send(self, messages: Iterable[Any]) -> None:
        for message in messages:
            self.queue.send_message(message if isinstance(message, str) else json.dumps(message))

    def misbehave(self, **faults: Any) -> None:
        requests.put(f"{self.datamap}/_control/faults", json=faults, timeout=10).raise_for_status()

    def mend(self) -> None:
        requests.delete(f"{self.datamap}/_control/faults", timeout=10).raise_for_status()

    def operations(self, *, reset: bool = False) -> int:
        count = int(requests.get(f"{self.datamap}/_control/operations", timeout=10).json()["total"])
        if reset:
            requests.delete(f"{self.datamap}/_control/operations", timeout=10).raise_for_status()
        return count

    def waiting(self) -> int:
        """Messages on the queue, hidden ones included."""
        return int(self.queue.get_queue_properties().approximate_message_count or 0)

    def dead(self) -> int:
        return int(self.poison.get_queue_properties().approximate_message_count or 0)

    def wait_until(self, question: Callable[[], T], *, seconds: float = 100) -> T:
        give_up = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < give_up, self.log()
            time.sleep(0.1)
        return answer

    def wait_until_drained(self) -> None:
        self.wait_until(lambda: self.waiting() == 0)

    def processes(self, names: Iterable[str]) -> dict[str, tuple[set[str], set[str]]]:
        """Inputs and outputs, as guids, of those processes that exist."""
        found = self.catalogue.entities("lineage_process", list(names))
        assert len({entity["guid"] for entity in found}) == len(found)
        return {
            entity["attributes"]["qualifiedName"]: (ends(entity, "inputs"), ends(entity, "outputs"))
            for entity in found
        }

    def poison_queue(self) -> PoisonQueue:
        storage = StorageAccount(Storage.model_validate({"LineageStorage": self.stack.storage}))
        return PoisonQueue(storage, "lineage")

    def log(self) -> str:
        return (self.stack.logs / "functions.log").read_text("utf-8")[-4000:]


def ends(entity: dict[str, Any], side: str) -> set[str]:
    related = entity["relationshipAttributes"].get(side) or []
    active = [end["guid"] for end in related if end["relationshipStatus"] == "ACTIVE"]
    assert len(active) == len(set(active)), "an edge is there twice"
    return set(active)


@contextmanager
def world(*, lease_seconds: int = 600, **settings: str) -> Iterator[World]:
    with (
        Stack(settings=settings, lease_seconds=lease_seconds) as stack,
        Catalogue(stack.addresses) as catalogue,
    ):
        made = World(stack, catalogue)
        yield made
        made.queue.close()
        made.poison.close()


def job(number: int, *, name: str = "job") -> dict[str, Any]:
    """A process of its own between two of the tables."""
    return {
        "inputs": [TABLES[number % 40]],
        "outputs": [TABLES[(number * 7 + 1) % 40]],
        "process": {"name": f"{name}-{number}", "namespace": "tests"},
    }


def expected(world: World, jobs: Iterable[dict[str, Any]]) -> dict[str, tuple[set[str], set[str]]]:
    """What the Data Map must hold of these jobs."""
    return {
        f"lineage://tests/{each['process']['name']}": (
            {world.guids[name] for name in each["inputs"]},
            {world.guids[name] for name in each["outputs"]},
        )
        for each in jobs
    }


def ask(it: World, key: str) -> dict[str, Any]:
    """What became of a request, from the app."""
    addresses = it.stack.addresses
    url = f"{addresses.functions}/api/lineage/requests/{key}"
    answer = requests.get(url, headers={"x-functions-key": addresses.functionKey}, timeout=10)
    return dict(answer.json())
