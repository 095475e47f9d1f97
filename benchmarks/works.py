"""
The work: messages, and what the Data Map has to hold once they are done. Pure, and the same on every run.

Datasets are given by guid where peers take part, since peers do not look names up.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any
from uuid import NAMESPACE_URL, uuid5

SERVER = "src.database.windows.net"
TABLES = tuple(f"mssql://{SERVER}/shop/dbo/t{number:02}" for number in range(64))
TABLE_TYPE = "azure_sql_table"
PRODUCER = "https://github.com/OpenLineage/OpenLineage"
STATES = ("START", "RUNNING", "COMPLETE")
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)

Edge = tuple[str, str]
"""The guids of a source and a target."""


@dataclass(frozen=True, slots=True)
class Message:
    """What lies on the queue, and the key of what it asks for."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Work:
    """`expected` has the edge for each key: a process by its qualifiedName, or a direct edge by its ends."""

    name: str
    messages: tuple[Message, ...]
    expected: Mapping[str, Edge]
    direct: bool = False


def edges(guids: Sequence[str]) -> Iterator[Edge]:
    """Every ordered pair of different tables, spread evenly over them."""
    count = len(guids)
    for distance in range(1, count):
        for start in range(count):
            yield guids[start], guids[(start + distance) % count]


def process_lineage(guids: Sequence[str], count: int, label: str) -> Work:
    """Distinct processes with one input and one output each."""
    messages, expected = [], {}
    for number, (source, target) in enumerate(islice(cycle(edges(guids)), count)):
        job = {"name": f"job-{number:06}", "namespace": f"bench://{label}"}
        key = f"{job['namespace']}/{job['name']}"
        messages.append(_message(key, {"source": source, "target": target, "process": job}))
        expected[key] = (source, target)
    return Work("process lineage", tuple(messages), expected)


def direct_lineage(guids: Sequence[str], count: int) -> Work:
    """Distinct edges without a process."""
    pairs = {edge_key(edge): edge for edge in islice(edges(guids), count)}
    messages = (
        _message(key, {"source": source, "target": target}) for key, (source, target) in pairs.items()
    )
    return Work("direct lineage", tuple(messages), pairs, direct=True)


def unchanged(work: Work, count: int) -> Work:
    """The first of the same messages again."""
    messages = work.messages[:count]
    expected = {message.key: work.expected[message.key] for message in messages}
    return Work("the same again", messages, expected, work.direct)


def openlineage_runs(guids: Sequence[str], count: int, label: str) -> Work:
    """Runs of three events each: all first events, then all second, then all last, as concurrent runs interleave."""
    expected: dict[str, Edge] = {}
    runs = []
    for number, (source, target) in enumerate(islice(cycle(edges(guids)), count)):
        job = {"name": f"run-{number:06}", "namespace": f"bench://{label}"}
        key = f"{job['namespace']}/{job['name']}"
        expected[key] = (source, target)
        runs.append((key, job, _dataset(guids.index(source)), _dataset(guids.index(target))))
    messages = tuple(
        _message(key, _event(step, job, source, target))
        for step in range(len(STATES))
        for key, job, source, target in runs
    )
    return Work("OpenLineage", messages, expected)


def edge_key(edge: Edge) -> str:
    """A direct edge, by its ends."""
    return " -> ".join(edge)


def _message(key: str, body: Any) -> Message:
    return Message(key, json.dumps(body, separators=(",", ":")))


def _event(step: int, job: Mapping[str, str], source: Any, target: Any) -> dict[str, Any]:
    return {
        "eventType": STATES[step],
        "eventTime": (NOON + timedelta(seconds=step)).isoformat(),
        "run": {"runId": str(uuid5(NAMESPACE_URL, f"{job['namespace']}/{job['name']}")), "facets": {}},
        "job": {**job, "facets": {}},
        "inputs": [source],
        "outputs": [target],
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def _dataset(number: int) -> dict[str, str]:
    """A table as OpenLineage names it."""
    return {"namespace": f"sqlserver://{SERVER}:1433", "name": f"shop.dbo.t{number:02}"}
