"""DBFS paths mean something only with their workspace: its mounts and its metastore."""

import pytest

from lineage.naming import locate_openlineage
from lineage.naming.databricks import Workspace

HOST = "adb-1.2.azuredatabricks.net"
WORKSPACE = Workspace(
    HOST,
    {
        "/": "DatabricksRoot",
        "/databricks-datasets": "databricks-datasets",
        "/mnt/raw": "abfss://raw@lake.dfs.core.windows.net/",
        "/mnt/x/": "abfss://x@one.dfs.core.windows.net/",
        "/mnt/x/y": "abfss://y@two.dfs.core.windows.net/",
        "/mnt/sub/": "wasbs://c@three.blob.core.windows.net/folder/",
    },
)


def located(namespace, name, workspace=WORKSPACE):
    match = locate_openlineage(*workspace.name_outside(namespace, name))
    return match and match.asset.qualified_name


@pytest.mark.parametrize(
    ("name", "qualified_name"),
    [
        ("/mnt/raw/retail", "https://lake.dfs.core.windows.net/raw/retail"),
        ("/mnt/raw", "https://lake.dfs.core.windows.net/raw"),
        ("mnt/raw/retail", "https://lake.dfs.core.windows.net/raw/retail"),
        ("/mnt/x/abc", "https://one.dfs.core.windows.net/x/abc"),
        ("/mnt/x/y/abc", "https://two.dfs.core.windows.net/y/abc"),
        ("/mnt/x/yz", "https://one.dfs.core.windows.net/x/yz"),
        ("/mnt/sub/a/b", "https://three.blob.core.windows.net/c/folder/a/b"),
    ],
)
def test_a_path_under_a_mount_is_a_path_in_the_storage_behind_it(name, qualified_name):
    assert located("dbfs", name) == qualified_name
    assert located("file", name) == qualified_name


def test_the_hive_warehouse_belongs_to_the_workspace():
    assert located("dbfs", "/user/hive/warehouse/sales.db/lines") == f"sales.lines@{HOST}"
    assert located("dbfs", "/user/hive/warehouse/lines") == f"default.lines@{HOST}"


def test_without_a_workspace_a_path_stays_what_it_is():
    nowhere = Workspace()

    assert located("dbfs", "/mnt/raw/retail", nowhere) == "dbfs:///mnt/raw/retail"
    assert located("dbfs", "/user/hive/warehouse/t", nowhere) == "dbfs:///user/hive/warehouse/t"


def test_databricks_own_mounts_lead_nowhere():
    assert WORKSPACE.name_outside("dbfs", "/databricks-datasets/x") == ("dbfs", "/databricks-datasets/x")


def test_other_names_stay_as_they_are():
    assert WORKSPACE.name_outside("s3://b", "/mnt/raw") == ("s3://b", "/mnt/raw")
