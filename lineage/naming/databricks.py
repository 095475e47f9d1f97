"""
DBFS, Databricks' own file system, whose names mean something only together with their workspace.

`/mnt/sales/2024` is a folder of whatever storage is mounted at `/mnt/sales`, and `/user/hive/warehouse/` holds the tables
of the workspace's Hive metastore. Spark's events carry the mounts (run facet `environment-properties`).
"""

from collections.abc import Mapping
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
        if mount := _innermost(self.mounts, path):
            below = path.removeprefix(_bare(mount)).lstrip("/")
            return self.mounts[mount].rstrip("/"), "/" + below
        if namespace == "dbfs" and self.host and path.startswith(WAREHOUSE):
            return f"dbfs://{self.host}", path
        return namespace, name


def _innermost(mounts: Mapping[str, str], path: str) -> str | None:
    """The longest mount that a path is under. Databricks' own, such as the root, lead to no address outside."""
    outside = (mount for mount, source in mounts.items() if "://" in source)
    under = [mount for mount in outside if f"{path}/".startswith(_bare(mount) + "/")]
    return max(under, key=lambda mount: len(_bare(mount)), default=None)


def _bare(mount: str) -> str:
    return "/" + mount.strip("/")
