"""
Column pairs as the Data Map keeps them: JSON in a string, in two formats.

A process has `columnMapping` by pairs of datasets, as Azure Data Factory writes it; a direct edge has one flat list.
Both are cut to the Data Map's limit for an attribute (32 KB), and the cut is said.
"""

import json
from collections.abc import Iterable, Mapping

ATTRIBUTE_LIMIT = 32 * 1024  # bytes; Purview's quota page
Pair = tuple[str, str]
# Column pairs by (qualifiedName of the input, qualifiedName of the output).
Groups = Mapping[Pair, list[Pair]]


def process_mapping(groups: Groups) -> tuple[str, tuple[str, ...]]:
    """The value of a process' `columnMapping`, and a warning if not all of it fits."""
    room = ATTRIBUTE_LIMIT - len("[]")
    parts: list[str] = []
    left_out = 0
    for (source, sink), pairs in groups.items():
        head = _dump({"DatasetMapping": {"Source": source, "Sink": sink}, "ColumnMapping": []})
        comma = len(parts[:1])
        items, missed = _fit(pairs, room - comma - len(head))
        left_out += missed
        if items:
            parts.append(f"{head[:-2]}{','.join(items)}]}}")
            room -= comma + len(parts[-1])
    return f"[{','.join(parts)}]", _cut(left_out)


def edge_mapping(pairs: Iterable[Pair]) -> tuple[str, tuple[str, ...]]:
    """The value of a direct edge's `columnMapping`, and a warning if not all of it fits."""
    items, left_out = _fit(pairs, ATTRIBUTE_LIMIT - len("[]"))
    return f"[{','.join(items)}]", _cut(left_out)


def read_process_mapping(text: str | None) -> dict[Pair, list[Pair]]:
    """What a process' `columnMapping` says; what is not in its format is left out."""
    groups: dict[Pair, list[Pair]] = {}
    for entry in _entries(text):
        dataset = entry.get("DatasetMapping")
        columns = entry.get("ColumnMapping")
        if isinstance(dataset, dict) and isinstance(columns, list):
            for key in _pairs([dataset]):
                groups.setdefault(key, []).extend(_pairs(columns))
    return groups


def read_edge_mapping(text: str | None) -> list[Pair]:
    """What a direct edge's `columnMapping` says."""
    return _pairs(_entries(text))


def union(groups: Groups, more: Groups) -> dict[Pair, list[Pair]]:
    """Both, each pair once, in the order they came."""
    both = {key: dict.fromkeys(pairs) for key, pairs in groups.items()}
    for key, pairs in more.items():
        both.setdefault(key, {}).update(dict.fromkeys(pairs))
    return {key: list(pairs) for key, pairs in both.items()}


def _fit(pairs: Iterable[Pair], room: int) -> tuple[list[str], int]:
    """As many pairs as there is room for, each as JSON, and how many were left out."""
    items: list[str] = []
    left_out = 0
    for source, sink in dict.fromkeys(pairs):
        item = _dump({"Source": source, "Sink": sink})
        size = len(item) + len(items[:1])  # with the comma before it
        if left_out or size > room:
            left_out += 1
            continue
        items.append(item)
        room -= size
    return items, left_out


def _cut(left_out: int) -> tuple[str, ...]:
    if not left_out:
        return ()
    return (
        f"columns: {left_out} pairs were left out: an attribute of the Data Map holds {ATTRIBUTE_LIMIT} bytes",
    )


def _entries(text: str | None) -> list[dict[str, object]]:
    try:
        entries = json.loads(text or "[]")
    except (ValueError, RecursionError, TypeError):
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _pairs(entries: Iterable[object]) -> list[Pair]:
    """Those that have both ends; nothing is made up for the others."""
    found = [(entry.get("Source"), entry.get("Sink")) for entry in entries if isinstance(entry, dict)]
    return [(source, sink) for source, sink in found if isinstance(source, str) and isinstance(sink, str)]


def _dump(value: object) -> str:
    """Compact and ASCII, so that characters are bytes."""
    return json.dumps(value, separators=(",", ":"))
