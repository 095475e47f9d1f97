"""
DBFS, Databricks' own file system, whose names mean something only together with their workspace.

`/mnt/sales/2024` is a folder of whatever storage is mounted at `/mnt/sales`, and `/user/hive/warehouse/` holds the tables
of the workspace's Hive metastore. Spark's events carry the mounts (run facet `environment-properties`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

DBFS = ("dbfs", "file")
WAREHOUSE = "/user/hive/warehouse/"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Databricks workspace: its host, if known, and what is mounted where."""

    host: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)

    def name_outside(self, namespace: str, name: str) -> tuple[str, str]:
        """The name under which the rest of the world knows a DBFS path; anything else stays as it is."""
        if namespace.partition(":")[0] not in DBFS:
            return namespace, name
        path = "/" + name.lstrip("/")
        if mount := _longest(self.mounts, path):
            source = self.mounts[mount]
            return source.rstrip("/"), "/" + path[len(mount.rstrip("/")) :].lstrip("/")
        if namespace == "dbfs" and self.host and path.startswith(WAREHOUSE):
            return f"dbfs://{self.host}", path
        return namespace, name


def _longest(mounts: Iterable[str], path: str) -> str | None:
    """The innermost mount that a path is under. The root, which every path is under, is no mount to speak of."""
    under = [mount for mount in mounts if mount.strip("/") and _is_under(path, mount)]
    return max(under, key=lambda mount: len(mount.rstrip("/")), default=None)


def _is_under(path: str, mount: str) -> bool:
    bare = "/" + mount.strip("/")
    return path == bare or path.startswith(bare + "/")
