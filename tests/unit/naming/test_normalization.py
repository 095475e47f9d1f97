"""What Purview's normalization rules do to a qualifiedName."""

import pytest

from lineage.naming.normalization import QUALIFIED_NAME_LIMIT, normalize, tidy

LAKE = "https://lake.dfs.core.windows.net"


@pytest.mark.parametrize(
    ("type_name", "name", "normalized"),
    [
        ("DataSet", "S3://Landing/Key", "s3://landing/Key"),
        ("DataSet", "HTTPS://Lake.Contoso.com/A//B///C", "https://lake.contoso.com/A/B/C"),
        ("DataSet", "https://lake .contoso.com / a / b", "https://lake.contoso.com/a/b"),
        ("DataSet", "  custom name  ", "custom name"),
        ("DataSet", "BigQuery://Project.Sales.Lines", "bigquery://Project.Sales.Lines"),
        ("DataSet", "pubsub://topic:Project:Orders", "pubsub://topic:Project:Orders"),
        (
            "azure_sql_table",
            "mssql://s.PrivateLink.database.windows.net/d/s/t",
            "mssql://s.database.windows.net/d/s/t",
        ),
        ("azure_sql_table", "mssql://h/db/[dbo]/[order lines]", "mssql://h/db/dbo/order%20lines"),
        ("mssql_table", "mssql://h/MSSQLSERVER/db/[dbo]/t", "mssql://h/MSSQLSERVER/db/dbo/t"),
        ("snowflake_table", "snowflake://a/databases/[D]", "snowflake://a/databases/[D]"),
        ("azure_datalake_gen2_path", f"{LAKE}/c/X/Y.CSV", f"{LAKE}/c/X/Y.csv"),
        ("azure_datalake_gen2_path", f"{LAKE}/c/a{{b}}/c", f"{LAKE}/c/a%7Bb%7D/c"),
        ("azure_datalake_gen2_resource_set", f"{LAKE}/c/{{N}}/Y.CSV", f"{LAKE}/c/{{N}}/Y.CSV"),
        ("azure_datalake_gen2_path", f"{LAKE}/c/V1.FINAL_VERSION", f"{LAKE}/c/V1.FINAL_VERSION"),
        (
            "adf_copy_activity",
            "/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.DataFactory/factories/F/pipelines/P/activities/A",
            "/subscriptions/s-1/resourceGroups/rg/providers/microsoft.datafactory/factories/f/pipelines/p/activities/a",
        ),
        ("column", f"{LAKE}/c/x.csv#__tabular_schema//:csv/A", f"{LAKE}/c/x.csv#__tabular_schema//:csv/A"),
    ],
)
def test_a_qualified_name_is_normalized_as_purview_does(type_name, name, normalized):
    assert normalize(type_name, name) == normalized


def test_normalizing_twice_changes_nothing_more():
    for name in ("mssql://H/db/[dbo]/[order lines]", f"{LAKE}//c/A{{b}}.CSV"):
        for type_name in ("azure_sql_table", "azure_datalake_gen2_path"):
            once = normalize(type_name, name)
            assert once
            assert normalize(type_name, once) == once


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * (QUALIFIED_NAME_LIMIT + 1)])
def test_what_purview_could_not_keep_is_no_qualified_name(name):
    assert normalize("DataSet", name) is None


def test_an_address_without_a_host_keeps_its_third_slash():
    assert tidy("file:///data//in.csv") == "file:///data/in.csv"
