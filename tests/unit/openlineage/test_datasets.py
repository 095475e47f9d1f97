"""Under which name a dataset goes into the request: the one that naming understands best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.naming import Rules, locate_openlineage
from lineage.naming.secrets import without_secrets
from lineage.openlineage import merge, read_event, translate

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

    def test_a_symlink_counts_wherever_in_the_event_the_dataset_has_it(self, events):
        table = "mssql://shop.database.windows.net|orders.dbo.lines"
        payload = events.run(
            inputs=["pg|a", "warehouse|orders"], outputs=[symlinked(events, "warehouse|orders", table)]
        )

        (found,) = request_of(payload).outputs

        assert f"{found.namespace}|{found.name}" == table

    def test_the_producers_order_decides_between_symlinks_that_are_known_alike(self, events):
        first, second = (f"mssql://shop.database.windows.net|orders.dbo.{table}" for table in ("z", "a"))

        assert output(events, symlinked(events, "warehouse|orders", first, second)) == first
        assert output(events, symlinked(events, "warehouse|orders", second, first)) == second

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
        (
            "jdbc:sqlserver://h:1433;Auth_AccessToken=t;databaseName=d",
            "jdbc:sqlserver://h:1433;databaseName=d",
        ),
        ("sqlserver://h;trustStorePassword=p;clientSecret=s;database=d", "sqlserver://h;database=d"),
        ("sqlserver://h:1433;user=a@b.com;password={p;w=1};database=d", "sqlserver://h:1433;database=d"),
        ("snowflake://a/?db=D&private_key_file_pwd=p&passwd=q&schema=S", "snowflake://a/?db=D&schema=S"),
        ("jdbc:mysql://h:3306/d?anything=hush", "jdbc:mysql://h:3306/d"),
        ("jdbc:db2://h:50001/D:user=u;password=p;currentSchema=S", "jdbc:db2://h:50001/D;currentSchema=S"),
        ("redis://:pw@h:6379", "redis://h:6379"),
        ("postgres://u:p@ss@h:5432/d", "postgres://h:5432/d"),
        ("postgres://u:p?s&s@h:5432/d", "postgres://h:5432/d"),
        ("postgres://u:12345@h:5432/d", "postgres://h:5432/d"),
        ("jdbc:oracle:thin:scott/tiger@//ora:1521/SVC", "jdbc:oracle:thin:@//ora:1521/SVC"),
        ("oracle:thin:scott/t@ger@ora:1521:SID", "oracle:thin:@ora:1521:SID"),
        ("https://h/x?api_key=k&code=c&env=prod", "https://h/x&env=prod"),
        ("https://adf.azure.com?factory=shop", "https://adf.azure.com?factory=shop"),
        ("R&D;env=prod", "R&D;env=prod"),
        ("abfss://c@a.dfs.core.windows.net", "abfss://c@a.dfs.core.windows.net"),
        ("spanner://project:instance", "spanner://project:instance"),
        ("shop", "shop"),
    ],
)
def test_credentials_are_taken_out_of_namespaces_and_nothing_else(namespace, kept):
    assert without_secrets(namespace) == kept
    assert without_secrets(kept) == kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("postgres://u:p@h:5432/d", "postgres://h:5432/d"),
        ("jdbc:sqlserver://h;password=p;databaseName=d", "jdbc:sqlserver://h;databaseName=d"),
        ("https://a.blob.core.windows.net/c/x?sig=abc", "https://a.blob.core.windows.net/c/x"),
        ("orders;key=x", "orders;key=x"),
    ],
)
def test_credentials_are_taken_out_of_names_that_are_urls(events, name, kept):
    event = read_event(events.run(inputs=[f"pg|{name}"])).event

    assert [dataset.name.name for dataset in event.inputs] == [kept]
    assert read_event(event.to_json()).event == event


class TestAliases:
    """What column lineage alone names, and is it a dataset?"""

    def request(self, events, known, named):
        columns = events.columns(x=[f"{named}|x"])
        return request_of(
            events.run(inputs=[known], outputs=[events.dataset("pg|d.s.o", columnLineage=columns)])
        )

    @pytest.mark.parametrize(
        ("known", "named", "counts"),
        [
            ("mssql://h|db.dbo.a", "mssql://h|cte", False),
            ("mssql://h|db.dbo.a", "mssql://h|db.lookup", True),
            ("mssql://h|a", "mssql://h|b", True),
            ("mssql://h|a", "mssql://h|dbo.b", True),
            ("kafka://h:9092|shop.orders", "kafka://h:9092|payments", True),
            ("s3://bucket|orders.csv", "s3://bucket|lines", True),
            ("file|orders.csv", "file|lines", True),
        ],
    )
    def test_an_alias_is_one_part_where_tables_have_more(self, events, known, named, counts):
        names = [dataset.name for dataset in self.request(events, known, named).inputs]

        assert (named.partition("|")[2] in names) is counts


@given(
    st.sampled_from(["mssql://", "oracle:thin:", "db2://", "https://", "x://", ""]),
    st.text(alphabet=":/@;?&={}1ukey"),
)
def test_what_is_without_secrets_stays_as_it_is(beginning, rest):
    once = without_secrets(beginning + rest)

    assert without_secrets(once) == once
