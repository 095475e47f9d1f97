"""What one HTTP request costs an idle app that knows the datasets, beyond the Data Map call that it needs."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from benchmarks.arena import TIMEOUT, Arena
from benchmarks.datamaps import FLAT
from benchmarks.results import Latency
from benchmarks.works import TABLES
from local.catalogue import token

SOURCE, TARGET = TABLES[:2]
WARM_UP = 3  # requests
IDLE = 0.05  # seconds between requests: the app has nothing left to do when the next one comes


def measure(arena: Arena, requests_made: int) -> Latency:
    """Medians over so many requests, one after the other, after a pause and for a new process each."""
    arena.renew()
    arena.behave(FLAT)
    try:
        with _session(arena) as session:
            return Latency(
                request_ms=_median(lambda n: _ask_app(session, arena, n), requests_made),
                datamap_ms=_median(lambda n: _ask_datamap(session, arena, n), requests_made),
            )
    finally:
        arena.behave(None)


@contextmanager
def _session(arena: Arena) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token(arena.stack.addresses)}"
        session.headers["x-functions-key"] = arena.stack.addresses.functionKey
        yield session


def _median(ask: Callable[[int], requests.Response], count: int) -> float:
    taken = []
    for number in range(WARM_UP + count):
        time.sleep(IDLE)
        started = time.perf_counter()
        answer = ask(number)
        taken.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
    return statistics.median(taken[WARM_UP:])


def _ask_app(session: requests.Session, arena: Arena, number: int) -> requests.Response:
    body = {
        "source": SOURCE,
        "target": TARGET,
        "process": {"name": f"one-{number}", "namespace": "bench://latency"},
    }
    return session.post(f"{arena.stack.addresses.functions}/api/lineage", json=body, timeout=TIMEOUT)


def _ask_datamap(session: requests.Session, arena: Arena, number: int) -> requests.Response:
    """The call that such a request comes down to."""
    attributes: dict[str, Any] = {"name": f"direct-{number}", "qualifiedName": f"bench://direct/{number}"}
    body = {"entities": [{"typeName": "Process", "guid": "-1", "attributes": attributes}]}
    return session.post(
        f"{arena.stack.addresses.datamap}/datamap/api/atlas/v2/entity/bulk", json=body, timeout=TIMEOUT
    )
