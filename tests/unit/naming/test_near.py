"""Where else to look when the exact name is not in the catalogue."""

from hypothesis import given
from hypothesis import strategies as st

from lineage.naming import Asset, locate, near
from lineage.naming.near import NEAR_LIMIT

LAKE = "https://lake.dfs.core.windows.net/silver"


def names(type_name, qualified_name):
    return [asset.qualified_name for asset in near(Asset(type_name, qualified_name))]


def test_a_table_may_have_been_scanned_as_a_view():
    table = Asset("azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/lines")

    assert near(table)[0] == Asset("azure_sql_view", table.qualified_name)


def test_an_azure_sql_table_may_be_in_a_dedicated_pool_of_old():
    table = Asset("azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/lines")

    assert Asset("azure_sql_dw_table", table.qualified_name) in near(table)


def test_a_table_of_a_managed_instance_may_be_under_its_other_endpoint_or_be_one_of_azure_sql():
    private, public = (f"mssql://{host}.database.windows.net/d/s/t" for host in ("mi.a1", "mi.public.a1"))

    found = near(Asset("azure_sql_mi_table", private))

    assert found[0] == Asset("azure_sql_mi_view", private)
    assert Asset("azure_sql_table", private) in found
    assert Asset("azure_sql_mi_table", public) in found
    assert Asset("azure_sql_mi_table", private) in near(Asset("azure_sql_mi_table", public))


def test_the_case_of_the_path_may_differ_and_that_of_the_host_not():
    found = names("azure_sql_table", "mssql://shop.database.windows.net/Orders/dbo/Lines")

    assert "mssql://shop.database.windows.net/orders/dbo/lines" in found
    assert all(name.startswith("mssql://shop.database.windows.net/") for name in found)


def test_snowflakes_upper_case_comes_before_lower_case_and_spares_the_fixed_words():
    found = names(
        "snowflake_table", "snowflake://a.snowflakecomputing.com/databases/D/schemas/s/tables/Lines"
    )

    upper = "snowflake://a.snowflakecomputing.com/databases/D/schemas/S/tables/LINES"
    lower = "snowflake://a.snowflakecomputing.com/databases/d/schemas/s/tables/lines"
    assert found.index(upper) < found.index(lower)


def test_a_folder_may_be_written_with_a_trailing_slash():
    assert names("azure_datalake_gen2_path", f"{LAKE}/orders")[0] == f"{LAKE}/orders/"
    assert names("azure_datalake_gen2_path", f"{LAKE}/orders/")[0] == f"{LAKE}/orders"


def test_a_folder_may_have_become_a_resource_set():
    found = near(Asset("azure_datalake_gen2_path", f"{LAKE}/orders"))

    assert Asset("azure_datalake_gen2_resource_set", f"{LAKE}/orders/{{SparkPartitions}}") in found


def test_an_account_may_have_been_scanned_through_its_other_endpoint():
    found = near(Asset("azure_datalake_gen2_path", f"{LAKE}/orders"))
    back = near(Asset("azure_blob_path", "https://lake.blob.core.windows.net/silver/orders"))

    assert Asset("azure_blob_path", "https://lake.blob.core.windows.net/silver/orders") in found
    assert Asset("azure_datalake_gen2_path", f"{LAKE}/orders") in back


def test_sql_servers_default_instance_may_be_left_out_or_written():
    bare, whole = "mssql://erp01/orders/dbo/t", "mssql://erp01/MSSQLSERVER/orders/dbo/t"

    assert bare in names("mssql_table", whole)
    assert whole in names("mssql_table", bare)


def test_a_space_may_not_have_been_encoded():
    assert "mssql://s/db/dbo/order lines" in names("azure_sql_table", "mssql://s/db/dbo/order%20lines")


def test_an_s3_object_may_be_in_a_resource_set():
    found = near(Asset("aws_s3_v2_object", "s3://landing/2024-05-01/o.csv"))

    assert Asset("aws_s3_v2_resource_set", "s3://landing/{Year}-{Month}-{Day}/o.csv") in found


def test_a_type_nobody_knows_has_at_most_another_case():
    assert names("my_type", "custom://Place/Thing") == ["custom://Place/thing", "custom://Place/THING"]
    assert names("DataSet", "orders") == []


@given(
    st.sampled_from(["azure_sql_table", "azure_datalake_gen2_path", "snowflake_table", "DataSet"]), st.text()
)
def test_there_are_few_of_them_all_different_and_none_is_the_asset_itself(type_name, name):
    asset = Asset(type_name, "https://lake.dfs.core.windows.net/c/" + name)

    found = near(asset)

    assert len(found) <= NEAR_LIMIT
    assert len(set(found)) == len(found)
    assert asset not in found


def test_a_file_of_a_spark_output_is_looked_for_in_the_set_before_another_case():
    match = locate("abfss://silver@lake.dfs.core.windows.net/Orders/part-00000-1b2c.snappy.parquet")

    assert match
    found = [asset.qualified_name for asset in near(match.asset)]
    assert f"{LAKE}/Orders/{{SparkPartitions}}" in found[:3]
