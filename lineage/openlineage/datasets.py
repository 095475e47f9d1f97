"""
The datasets of a run, each once, under the name that naming understands best.

One dataset has many names: the same path with and without a slash, a table and the folder it lies in (symlinks), a quoted
and a bare identifier. Lineage is between datasets, so names are resolved to one key before edges are drawn.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lineage.naming import BUILT_IN, Asset, Evidence, Match, Rules, locate_openlineage
from lineage.naming.address import parse_address
from lineage.naming.databricks import Workspace
from lineage.naming.identifiers import split_identifiers
from lineage.naming.readings import is_placeholder
from lineage.openlineage.event import Dataset
from lineage.openlineage.json_values import as_name, as_object, as_text, objects
from lineage.openlineage.names import Name
from lineage.openlineage.snapshot import Snapshot

_WORKSPACE = re.compile(r"adb-\d{1,20}\.\d{1,3}")
AZURE_DATABRICKS = ".azuredatabricks.net"
# Stores of files and messages, whose names have dots for other reasons than tables.
_WITHOUT_SQL = frozenset(
    ("abfss", "adl", "dbfs", "file", "gs", "hdfs", "http", "https", "kafka", "pubsub", "s3", "wasbs")
)


@dataclass(slots=True)
class Datasets:
    """Names to datasets, for one run."""

    rules: Rules = BUILT_IN
    workspace: Workspace = field(default_factory=Workspace)
    _matches: dict[Name, Match | None] = field(default_factory=dict)
    _aliases: dict[Name, Name] = field(default_factory=dict)
    _keys: dict[Asset | Name, Name] = field(default_factory=dict)
    _known: set[Name] = field(default_factory=set)
    _lengths: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot, rules: Rules) -> "Datasets":
        """Knows all inputs and outputs with their symlinks; what else is named is compared with these."""
        datasets = cls(rules, workspace_of(snapshot))
        names: dict[Name, list[Name]] = {}
        for dataset in (*snapshot.inputs, *snapshot.outputs):
            names.setdefault(dataset.name, [dataset.name]).extend(_symlinks(dataset))
        for each in names.values():
            datasets.learn(each)
        return datasets

    def learn(self, names: list[Name]) -> None:
        """All names of one dataset, the producer's own first."""
        best = self._canonical(min(names, key=self._rank))
        self._known.add(best)
        for name in names:
            self._aliases.setdefault(name, best)
        own = names[0]
        if "/" not in own.name:
            self._lengths.setdefault(own.namespace, set()).add(_parts(own))

    def resolve(self, name: Name) -> Name:
        """The one name that a dataset is known by in the request."""
        return self._canonical(self._aliases.get(name, name))

    def key(self, name: Name) -> str:
        """The same text for all names of a dataset, in whichever event."""
        name = self.resolve(name)
        match = self._match(name)
        return f"{match.asset.type_name} {match.asset.qualified_name}" if match else str(name)

    def is_plausible(self, name: Name) -> bool:
        """
        Whether a name that only column lineage mentions is a dataset.

        SQL parsers take the alias of a common table expression for a table. It has one part where real tables have two
        or three. Without others to compare with, for paths, and where no SQL is spoken, there is nothing to hold
        against a name.
        """
        if self.resolve(name) in self._known:
            return True
        lengths = self._lengths.get(name.namespace)
        is_alias = lengths and 1 not in lengths and _parts(name) == 1 and "/" not in name.name
        return not (names_nothing(name) or (is_alias and _is_sql(name.namespace)))

    def _canonical(self, name: Name) -> Name:
        """Names of one asset, or of no asset but alike, become the first of them that was seen."""
        outside = Name(*self.workspace.name_outside(name.namespace, name.name))
        match = self._match(outside)
        if match:
            return self._keys.setdefault(match.asset, outside)
        bare = Name(outside.namespace, ".".join(split_identifiers(outside.name)))
        return self._keys.setdefault(bare, bare)

    def _match(self, name: Name) -> Match | None:
        if name not in self._matches:
            self._matches[name] = locate_openlineage(name.namespace, name.name, self.rules)
        return self._matches[name]

    def _rank(self, name: Name) -> int:
        """How well naming understands a name. The producer's own order decides between equals."""
        match = self._match(Name(*self.workspace.name_outside(name.namespace, name.name)))
        if match is None:
            return 4
        if match.evidence is Evidence.GUESS:
            return 3 if match.asset.type_name == "DataSet" else 2
        return 0 if match.evidence is Evidence.USER else 1


def names_nothing(name: Name) -> bool:
    """What producers write for a dataset that they could not tell."""
    return is_placeholder(name.name)


def _symlinks(dataset: Dataset) -> Iterator[Name]:
    for each in objects(as_object(dataset.facets.get("symlinks")).get("identifiers")):
        if name := as_name(each):
            yield name


def _parts(name: Name) -> int:
    return len(split_identifiers(name.name))


def _is_sql(namespace: str) -> bool:
    address = parse_address(namespace)
    return address is None or address.scheme not in _WITHOUT_SQL


def workspace_of(snapshot: Snapshot) -> Workspace:
    """The Databricks workspace a run was in, as far as its events tell."""
    environment = as_object(snapshot.run_facets.get("environment-properties"))
    mounts = {
        point: source
        for mount in objects(as_object(environment.get("environment-properties")).get("mountPoints"))
        if (point := as_text(mount.get("mountPoint"))) and (source := as_text(mount.get("source")))
    }
    workspace = _WORKSPACE.search(snapshot.job.namespace) if snapshot.job else None
    return Workspace(f"{workspace[0]}{AZURE_DATABRICKS}" if workspace else "", mounts)
