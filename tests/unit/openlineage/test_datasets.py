"""Under which name a dataset goes into the request: the one that naming understands best."""

import pytest

from lineage.naming import Rules, locate_openlineage
from lineage.openlineage import merge, read_event, translate
from lineage.openlineage.names import without_secrets

LAKE = "abfss://silver@lake.dfs.core.windows.net"
UNITY = Rules.parse(
    '[{"namespace": "unity-catalog", "name": "{c}.{s}.{t}", "typeName": "databricks_table",'
    ' "qualifiedName": "databricks://metastore/catalogs/{c}/schemas/{s}/tables/{t}"}]'
)


def symlinked(events, dataset, *symlinks):
    identifiers = [{**events.dataset(each), "type": "TABLE"} for each in symlinks]
    return events.dataset(dataset, symlinks={"identifiers": identifiers})


def request_of(payload, rules=None):
    snapshot = merge([read_event(payload).event])
    (request,) = (translate(snapshot, rules=rules) if rules else translate(snapshot)).requests
    return request


def output(events, dataset, rules=None, **more):
    (found,) = request_of(events.run(inputs=["pg|a"], outputs=[dataset], **more), rules).outputs
    return f"{found.namespace}|{found.name}"


class TestSymlinks:
    def test_the_producers_name_stands_where_naming_knows_it(self, events):
        dataset = symlinked(events, f"{LAKE}|/delta/orders", "hive://metastore:9083|sales.orders")

        assert output(events, dataset) == f"{LAKE}|/delta/orders"

    def test_a_symlink_stands_where_naming_knows_only_that(self, events):
        dataset = symlinked(events, "warehouse|orders", "mssql://shop.database.windows.net|orders.dbo.lines")

        assert output(events, dataset) == "mssql://shop.database.windows.net|orders.dbo.lines"

    def test_a_table_of_a_known_type_is_better_than_a_generic_dataset(self, events):
        dataset = symlinked(events, "file|/spark-warehouse/orders", "hive://metastore:9083|sales.orders")

        assert output(events, dataset) == "hive://metastore:9083|sales.orders"

    def test_a_guess_at_a_type_is_better_than_a_generic_dataset(self, events):
        dataset = symlinked(
            events, "gs://bucket|orders", "databricks://adb-1.2.azuredatabricks.net|main.sales.orders"
        )

        assert output(events, dataset) == "databricks://adb-1.2.azuredatabricks.net|main.sales.orders"

    def test_a_users_rule_is_better_than_all(self, events):
        """Spark on Databricks names the storage path; the table of Unity Catalog is a symlink."""
        dataset = symlinked(events, f"{LAKE}|/tables/0a1b", "unity-catalog|main.sales.orders")

        assert output(events, dataset) == f"{LAKE}|/tables/0a1b"
        assert output(events, dataset, UNITY) == "unity-catalog|main.sales.orders"

    def test_column_lineage_may_use_any_of_the_names(self, events):
        columns = events.columns(x=["hive://m:9083|sales.raw|x"], y=[f"{LAKE}|raw|y"])
        payload = events.run(
            inputs=[symlinked(events, f"{LAKE}|/raw", "hive://m:9083|sales.raw")],
            outputs=[events.dataset("pg|o", columnLineage=columns)],
        )

        request = request_of(payload)

        assert [dataset.name for dataset in request.inputs] == ["/raw"]
        assert {(pair.source, pair.target) for pair in request.columns} == {("x", "x"), ("y", "y")}

    @pytest.mark.parametrize(
        "facet", [{}, {"identifiers": None}, {"identifiers": [None, {"namespace": "x"}]}]
    )
    def test_symlinks_that_lead_nowhere_do_not_matter(self, events, facet):
        assert output(events, events.dataset("pg|o", symlinks=facet)) == "pg|o"


MOUNTS = {
    "environment-properties": {
        "environment-properties": {
            "mountPoints": [
                {"mountPoint": "/mnt/silver", "source": f"{LAKE}/"},
                {"mountPoint": "/", "source": "Root"},
            ]
        }
    }
}


class TestDatabricks:
    def test_a_mounted_path_is_the_path_behind_the_mount(self, events):
        assert output(events, "dbfs|/mnt/silver/orders", run_facets=MOUNTS) == f"{LAKE}|/orders"

    def test_a_hive_table_belongs_to_the_workspace_in_the_jobs_namespace(self, events):
        found = output(
            events, "dbfs|/user/hive/warehouse/sales.db/orders", job="adb-5445.8#default|nb.execute_save"
        )

        match = locate_openlineage(*found.split("|"))
        assert match
        assert match.asset.qualified_name == "sales.orders@adb-5445.8.azuredatabricks.net"

    def test_without_either_the_name_stays(self, events):
        assert output(events, "dbfs|/mnt/silver/orders") == "dbfs|/mnt/silver/orders"


@pytest.mark.parametrize(
    ("namespace", "kept"),
    [
        ("sqlserver://h:1433;user=u;password=p;database=d", "sqlserver://h:1433;database=d"),
        ("sqlserver://h:1433;database=d;PWD=p", "sqlserver://h:1433;database=d"),
        ("postgresql://reader:p@h:5432/d", "postgresql://h:5432/d"),
        ("https://a.blob.core.windows.net/c?sv=1&sig=abc", "https://a.blob.core.windows.net/c?sv=1"),
        ("abfss://c@a.dfs.core.windows.net", "abfss://c@a.dfs.core.windows.net"),
        ("spanner://project:instance", "spanner://project:instance"),
        ("shop", "shop"),
    ],
)
def test_credentials_are_taken_out_of_namespaces_and_nothing_else(namespace, kept):
    assert without_secrets(namespace) == kept
    assert without_secrets(kept) == kept
