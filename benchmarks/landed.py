"""Which of the lineage that was asked for is in the Data Map: read back over its public API, edge by edge."""

from collections.abc import Iterable
from typing import Any

from benchmarks.works import TABLE_TYPE, TABLES, Edge, Work, edge_key
from local.catalogue import Catalogue


def landed(work: Work, catalogue: Catalogue, process_type: str) -> set[str]:
    """The keys of what is there exactly as it was asked for."""
    if work.direct:
        return set(work.expected) & _direct_edges(catalogue)
    found = _processes(catalogue, process_type, work.expected)
    return {key for key, edge in work.expected.items() if found.get(key) == edge}


def _processes(catalogue: Catalogue, process_type: str, names: Iterable[str]) -> dict[str, Edge]:
    """Processes with exactly one input and one output, by qualifiedName."""
    found = {}
    for entity in catalogue.entities(process_type, list(names)):
        inputs, outputs = _ends(entity, "inputs"), _ends(entity, "outputs")
        if len(inputs) == len(outputs) == 1:
            found[str(entity["attributes"]["qualifiedName"])] = (inputs[0], outputs[0])
    return found


def _direct_edges(catalogue: Catalogue) -> set[str]:
    found = set()
    for name in TABLES:
        table = catalogue.entity(TABLE_TYPE, name)
        found |= {edge_key((table["guid"], sink)) for sink in _ends(table, "sinks")}
    return found


def _ends(entity: dict[str, Any], side: str) -> list[str]:
    related = entity["relationshipAttributes"].get(side) or ()
    return [end["guid"] for end in related if end["relationshipStatus"] == "ACTIVE"]
