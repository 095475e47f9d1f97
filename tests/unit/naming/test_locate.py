"""Names of one piece: what people paste from the portal, from a notebook or from a connection string."""

import pytest

from lineage.naming import Rules, locate


def located(text, rules=None):
    match = locate(text, rules) if rules else locate(text)
    return match and (match.asset.type_name, match.asset.qualified_name)


# text, typeName, qualifiedName
# fmt: off
URLS = [
    ("abfss://silver@lake.dfs.core.windows.net/sales/Orders", "azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/sales/Orders"),
    ("abfss://silver@lake.dfs.core.windows.net/", "azure_datalake_gen2_filesystem", "https://lake.dfs.core.windows.net/silver"),
    ("wasbs://raw@lake.blob.core.windows.net/sales", "azure_blob_path", "https://lake.blob.core.windows.net/raw/sales"),
    ("https://lake.blob.core.windows.net/raw/x.csv?sv=2024-01-01&sig=abc%3D", "azure_blob_path", "https://lake.blob.core.windows.net/raw/x.csv"),
    ("HTTPS://Lake.DFS.core.windows.net//silver//Sales", "azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/Sales"),
    ("https://store.azuredatalakestore.net/webhdfs/v1/clicks", "azure_datalake_gen1_path", "adl://store.azuredatalakestore.net/clicks"),
    ("adl://store.azuredatalakestore.net/clicks", "azure_datalake_gen1_path", "adl://store.azuredatalakestore.net/clicks"),
    ("s3a://landing/sales/o.csv", "aws_s3_v2_object", "s3://landing/sales/o.csv"),
    ("gs://landing/sales/o.csv", "DataSet", "gs://landing/sales/o.csv"),
    ("dbfs:/mine/lines", "DataSet", "dbfs:///mine/lines"),
    ("mssql://shop.database.windows.net/orders/dbo/Lines", "azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/Lines"),
    ("mssql://shop.database.windows.net/orders/dbo/lines.by.day", "azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/lines.by.day"),
    ("mssql://shop.database.windows.net/orders/[dbo]/[order lines]", "azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/order%20lines"),
    ("jdbc:sqlserver://shop.database.windows.net:1433;databaseName=orders;password=p;dbtable=sales.lines", "azure_sql_table", "mssql://shop.database.windows.net/orders/sales/lines"),
    ("jdbc:postgresql://shop.postgres.database.azure.com:5432/orders/sales.lines", "azure_postgresql_table", "postgresql://shop.postgres.database.azure.com/orders/sales/lines"),
    ("jdbc:postgresql://10.2.0.4/orders/sales/lines", "postgresql_table", "postgresql://servers/10.2.0.4:5432/dbs/orders/schemas/sales/tables/lines"),
    ("jdbc:mysql://shop.mysql.database.azure.com:3306/orders/lines", "azure_mysql_table", "mysql://shop.mysql.database.azure.com/orders/lines"),
    ("jdbc:oracle:thin:@//ora01:1521/ORCL/SALES/LINES", "oracle_table", "oracle://ora01/SALES/LINES"),
    ("jdbc:snowflake://contoso.snowflakecomputing.com/?db=D&schema=S&table=T", "snowflake_table", "snowflake://contoso.snowflakecomputing.com/databases/D/schemas/S/tables/T"),
    ("jdbc:databricks://adb-1.2.azuredatabricks.net:443/default;ConnCatalog=main;ConnSchema=s;table=t", "databricks_table", "databricks://adb-1.2.azuredatabricks.net/catalogs/main/schemas/s/tables/t"),
    ("azurekusto://logs.kusto.windows.net/telemetry/Requests", "azure_data_explorer_table", "https://logs.kusto.windows.net/telemetry/Requests"),
    ("azurecosmos://shop.documents.azure.com/dbs/orders/colls/lines", "azure_cosmosdb_sqlapi_collection", "https://shop.documents.azure.com/dbs/orders/colls/lines"),
    ("abfss://Sales@onelake.dfs.fabric.microsoft.com/lh.Lakehouse/Tables/t", "fabric_lakehouse_table", "https://app.fabric.microsoft.com/groups/Sales/lakehouses/lh/tables/t"),
    ("https://onelake.dfs.fabric.microsoft.com/Sales/lh.Lakehouse/Tables/t", "fabric_lakehouse_table", "https://app.fabric.microsoft.com/groups/Sales/lakehouses/lh/tables/t"),
    ("abfss://Sales@onelake.dfs.fabric.microsoft.com/lh.Lakehouse/Files/a/b.csv", "DataSet", "https://onelake.dfs.fabric.microsoft.com/Sales/lh.Lakehouse/Files/a/b.csv"),
    ("jdbc:oracle:thin:scott/tiger@//ora01:1521/ORCL/SALES/LINES", "oracle_table", "oracle://ora01/SALES/LINES"),
    ("mssql://srv.privatelink.database.windows.net/db/dbo/t", "azure_sql_table", "mssql://srv.database.windows.net/db/dbo/t"),
    ("https://lake.privatelink.dfs.core.windows.net/silver/x", "azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/x"),
    ("mssql://mi.public.a1b2c3.database.windows.net/db/dbo/t", "azure_sql_mi_table", "mssql://mi.public.a1b2c3.database.windows.net/db/dbo/t"),
    ("bigquery://Project.Sales.Lines", "DataSet", "bigquery://Project.Sales.Lines"),
    ("kafka://u:hush@broker:9092/orders", "DataSet", "kafka://broker:9092/orders"),
    ("  abfss://silver@lake.dfs.core.windows.net/x  ", "azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/x"),
]
# fmt: on


@pytest.mark.parametrize(("text", "type_name", "qualified_name"), URLS)
def test_a_url_becomes_a_type_and_a_qualified_name(text, type_name, qualified_name):
    assert located(text) == (type_name, qualified_name)


def test_a_folder_copied_from_the_portal_keeps_its_trailing_slash():
    folder = "https://lake.dfs.core.windows.net/silver/sales/"

    assert located(folder) == ("azure_datalake_gen2_path", folder)


def test_a_container_loses_its_trailing_slash_as_in_purview():
    assert located("https://lake.dfs.core.windows.net/silver/") == (
        "azure_datalake_gen2_filesystem",
        "https://lake.dfs.core.windows.net/silver",
    )


def test_a_file_extension_is_in_lower_case_and_the_rest_keeps_its_case():
    assert located("abfss://c@lake.dfs.core.windows.net/Sales/Q1.CSV") == (
        "azure_datalake_gen2_path",
        "https://lake.dfs.core.windows.net/c/Sales/Q1.csv",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "orders",
        "0e2f6f0e-0000-0000-0000-000000000000",
        "jdbc:sqlserver://shop.database.windows.net:1433",
        "jdbc:postgresql://10.2.0.4:5432/orders",
        "https://contoso.com/orders",
        "ftp://contoso.com/orders",
        "https://",
        "://",
        "mssql://",
        "abfss://silver@lake.dfs.core.windows.net/x\ny",
        "abfss://silver@lake.dfs.core.windows.net/x\ud800",
    ],
)
def test_what_names_no_dataset_is_not_understood(text):
    assert located(text) is None


def test_a_users_rule_for_texts_comes_before_the_built_in_ones():
    rules = Rules.parse(
        '[{"text": "https://{host}/{path*}", "typeName": "DataSet", "qualifiedName": "web/{path}"}]'
    )

    assert located("https://lake.dfs.core.windows.net/c/x", rules) == ("DataSet", "web/c/x")


def test_a_users_rule_for_openlineage_names_understands_urls_too():
    rules = Rules.parse(
        '[{"namespace": "s3://{bucket}", "name": "{key*}", "typeName": "DataSet", "qualifiedName": "minio/{bucket}/{key}"}]'
    )

    assert located("s3a://landing/o.csv", rules) == ("DataSet", "minio/landing/o.csv")
