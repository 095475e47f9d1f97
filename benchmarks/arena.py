"""
One competitor's stack, and the drain that is measured on it.

Before a drain the functions process is warm (it has signed in and written), stands still while the first messages are
laid out, and goes on at zero. More follow as it takes them, so the queue never runs dry: what is measured is work under
load, not start-up.
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import requests
from azure.data.tables import TableServiceClient

from benchmarks import usage, works
from benchmarks.clock import Clock
from benchmarks.competitors import Competitor
from benchmarks.datamaps import DataMap
from benchmarks.landed import landed
from benchmarks.queues import Queues
from benchmarks.results import Cell
from benchmarks.works import TABLE_TYPE, TABLES, Message, Work
from local.catalogue import Catalogue
from local.stack import Stack

SETTINGS = {
    # As many threads for functions that are not async as the host hands out messages at once. The runtime's own
    # default, six on two cores, would hold the peers back.
    "PYTHON_THREADPOOL_THREAD_COUNT": "32",
    # The app's own default, which the local stack shortens.
    "LINEAGE_GIVE_UP_AFTER": "1.00:00:00",
}
WAITING = 500  # messages at a time: for each one removed the emulated queue sorts all that wait
WARM_UP = 100  # messages: the app has signed in, connections are open, and all of the way has been gone
POLL = 0.001  # seconds for each message that waits: asking costs the queue as much as handing out a message
POLLS = (0.05, 0.5)  # seconds, at least and at most
SETTLE = 0.5  # seconds in which an app may finish what nobody waits for
STUCK = 60.0  # seconds without a message settled, after which those that wait are lost
TIMEOUT = 30  # seconds


class Arena:
    """A context manager: Azurite, the stand-in and the competitor's function app."""

    def __init__(self, competitor: Competitor) -> None:
        self.competitor = competitor
        self.stack = Stack(app=competitor.folder, settings=SETTINGS)
        self._clock = Clock()

    def __enter__(self) -> Self:
        self.stack.__enter__()
        self._clock.__enter__()
        self.catalogue = Catalogue(self.stack.addresses)
        self._queues = Queues(self.stack.storage)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.__exit__(kind, error, trace)
        self._queues.__exit__()
        self.catalogue.__exit__()
        self.stack.__exit__(kind, error, trace)

    def renew(self) -> list[str]:
        """
        An empty catalogue with the work's tables in it, empty storage, and a new functions process, warm. Answers the
        tables' guids.
        """
        self.stack.functions.stop()
        self._queues.clear()
        _forget_tables(self.stack.storage)
        self.behave(None)
        self._control("DELETE", "catalogue")
        assigned = self.catalogue.scan(dict.fromkeys(TABLES, TABLE_TYPE))
        guids = [assigned[name] for name in TABLES]
        self.stack.start_functions()
        self._queues.send(_bodies(works.process_lineage(guids, WARM_UP, "warm-up")))
        self._wait_until_drained()
        return guids

    def behave(self, datamap: DataMap | None) -> None:
        """Sets how the stand-in behaves; at once and without limits if nothing is given."""
        if datamap is None:
            self._control("DELETE", "faults")
        else:
            self._control("PUT", "faults", datamap.faults)

    def drain(self, work: Work, datamap: DataMap) -> Cell:
        """Lays the messages out, lets the app drain them, and reads back what became of them."""
        pid = self.stack.functions.pid
        bodies = _bodies(work)
        with usage.paused(pid):
            self._queues.send(bodies[:WAITING])
            self._control("DELETE", "operations")
            self.behave(datamap)
            usage.forget_peak(pid)
            base, before = usage.memory(pid), usage.cpu_seconds(pid)
            started = self._clock.now()
        stuck = self._wait_until_drained(bodies[WAITING:])
        seconds = self._clock.now() - started
        time.sleep(SETTLE)
        cpu, peak, operations = usage.cpu_seconds(pid) - before, usage.peak_memory(pid), self._operations()
        self.behave(None)
        return Cell(
            app=self.competitor.name,
            datamap=datamap.name,
            work=work.name,
            messages=len(work.messages),
            landed=min(self._landed(work), len(work.messages) - stuck),
            seconds=seconds,
            operations=operations,
            cpu_seconds=cpu,
            base_bytes=base,
            peak_bytes=peak,
        )

    def _landed(self, work: Work) -> int:
        """Messages whose lineage is there and which are not in the poison queue."""
        dead = set(self._queues.dead())
        self._queues.clear()
        keys = (
            landed(work, self.catalogue, self.competitor.process_type)
            if self.competitor.process_type
            else set(work.expected)
        )
        return sum(_counts(message, keys, dead) for message in work.messages)

    def _wait_until_drained(self, rest: Sequence[str] = ()) -> int:
        """Until nothing waits and the `rest` is laid out, too, or what waits is stuck; answers how many that are."""
        least, since = self._queues.waiting(), self._clock.now()
        while ((waiting := self._queues.waiting()) or rest) and self._clock.now() - since < STUCK:
            if waiting < least:
                least, since = waiting, self._clock.now()
            if not self.stack.functions.is_running:
                raise RuntimeError(f"{self.competitor.name} ended by itself")
            if rest and (room := WAITING - waiting) > 0:
                self._queues.send(rest[:room])
                rest, least = rest[room:], WAITING
            time.sleep(min(max(POLLS[0], waiting * POLL), POLLS[1]))
        return waiting + len(rest)

    def _operations(self) -> int:
        return int(self._control("GET", "operations").json()["total"])

    def _control(self, method: str, what: str, body: object = None) -> requests.Response:
        answer = requests.request(
            method, f"{self.stack.addresses.datamap}/_control/{what}", json=body, timeout=TIMEOUT
        )
        answer.raise_for_status()
        return answer


def _forget_tables(storage: str) -> None:
    """What the app remembers. The emulator takes the longer for a row the more there are in its partition."""
    with TableServiceClient.from_connection_string(storage) as service:
        for table in service.list_tables():
            service.delete_table(table.name)


def _bodies(work: Work) -> list[str]:
    return [message.body for message in work.messages]


def _counts(message: Message, keys: set[str], dead: set[str]) -> bool:
    return message.key in keys and message.body not in dead
