"""
Real producers, from PyPI and unchanged, running the projects in `examples/` against the local stack.

They need virtual environments of their own, which `make e2e-producers` makes and names in `PRODUCERS`. Without them there
is nothing to collect here.
"""

import json
import time

import pytest
from azure.storage.queue import QueueClient

from local.catalogue import Catalogue
from tests.producers.producer import ENVIRONMENTS

WAIT = 60  # seconds, for what takes a few

collect_ignore_glob = [] if ENVIRONMENTS else ["test_*.py"]


@pytest.fixture(scope="session")
def addresses(stack):
    return stack.addresses


@pytest.fixture(scope="session")
def lineage(addresses):
    with Catalogue(addresses) as catalogue:
        yield Lineage(addresses, catalogue)


class Lineage:
    """What the Data Map holds of a producer's jobs, once everything they sent is done."""

    def __init__(self, addresses, catalogue):
        self._addresses = addresses
        self._catalogue = catalogue

    def settle(self):
        give_up = time.monotonic() + WAIT
        while self._waiting():
            assert time.monotonic() < give_up, "messages are still waiting"
            time.sleep(0.2)
        assert self._waiting("-poison") == 0

    def processes(self, names):
        """Of those that exist: (inputs, outputs, columns), all by qualifiedName."""
        found = self._catalogue.entities("lineage_process", names)
        return {entity["attributes"]["qualifiedName"]: self._process(entity) for entity in found}

    def _process(self, entity):
        name = entity["attributes"]["qualifiedName"]
        edges = self._catalogue.edges(entity["guid"])
        inputs = {source for source, target in edges if target == name}
        outputs = {target for source, target in edges if source == name}
        return inputs, outputs, columns(json.loads(entity["attributes"].get("columnMapping") or "[]"))

    def _waiting(self, suffix=""):
        queue = self._addresses.queue + suffix
        with QueueClient.from_connection_string(self._addresses.storage, queue) as client:
            return client.get_queue_properties().approximate_message_count


def columns(mapping):
    """A columnMapping as a set of (source, its column, sink, its column)."""
    return {
        (each["DatasetMapping"]["Source"], pair["Source"], each["DatasetMapping"]["Sink"], pair["Sink"])
        for each in mapping
        for pair in each["ColumnMapping"]
    }
