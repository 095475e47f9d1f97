"""Both generations of OpenLineage's naming conventions, and what producers really send, mean the same assets."""

import pytest

from lineage.naming import Asset, locate_openlineage

SQL = "mssql://shop.database.windows.net/orders"
LAKE = "https://lake.dfs.core.windows.net/silver"


def located(namespace, name):
    match = locate_openlineage(namespace, name)
    return match and match.asset.qualified_name


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("mssql://shop.database.windows.net:1433", "orders.sales.lines"),
        ("mssql://shop.database.windows.net", "orders.sales.lines"),
        ("sqlserver://shop.database.windows.net:1433", "orders.sales.lines"),
        ("sqlserver://SHOP.database.windows.net:1433", "orders.sales.lines"),
        ("sqlserver://shop.database.windows.net:1433;database=orders;encrypt=true;", "sales.lines"),
        ("sqlserver://shop.database.windows.net:1433;databaseName=orders;encrypt=true;", "[sales].[lines]"),
        ("sqlserver://shop.database.windows.net:1433;Initial Catalog=orders", "sales.lines"),
        ("sqlserver://shop.database.windows.net;database=orders;", "orders.sales.lines"),
        ("sqlserver://shop.database.windows.net,1433;database=orders", "[orders].[sales].[lines]"),
        ("sqlserver://shop.database.windows.net:1433/orders", "sales.lines"),
        ("jdbc:sqlserver://shop.database.windows.net:1433;databaseName=orders", "sales.lines"),
        ("mssql+pyodbc://reader:secret@shop.database.windows.net:1433/orders", "sales.lines"),
        ("sqlserver://shop.privatelink.database.windows.net:1433", "orders.sales.lines"),
        ("mssql://shop.database.windows.net:1433", '"orders"."sales"."lines"'),
        ("  mssql://shop.database.windows.net:1433  ", " orders.sales.lines "),
    ],
)
def test_sql_server_names_of_all_generations_mean_one_table(namespace, name):
    assert located(namespace, name) == f"{SQL}/sales/lines"


def test_dots_in_bracketed_sql_names_are_part_of_the_name():
    namespace = "sqlserver://shop.database.windows.net;database=orders;"

    assert located(namespace, "[sales].[lines.by.day]") == f"{SQL}/sales/lines.by.day"
    assert located(namespace, "[lines.by.day]") == f"{SQL}/dbo/lines.by.day"


def test_spaces_in_sql_names_are_encoded_as_purview_does():
    assert (
        located("mssql://shop.database.windows.net", "orders.dbo.[order lines]") == f"{SQL}/dbo/order%20lines"
    )


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("mssql://shop.database.windows.net:1433", "dbo.lines"),
        ("postgres://warehouse:5432", "public.lines"),
        ("mssql://shop.database.windows.net:1433", "lines"),
        ("mssql://shop.database.windows.net:1433", "server.orders.dbo.lines"),
    ],
)
def test_a_name_that_does_not_say_its_database_is_not_guessed_at(namespace, name):
    assert located(namespace, name) is None


@pytest.mark.parametrize("cloud", ["windows.net", "usgovcloudapi.net", "chinacloudapi.cn"])
def test_sovereign_clouds_are_azure_too(cloud):
    match = locate_openlineage(f"mssql://shop.database.{cloud}:1433", "orders.dbo.lines")

    assert match
    assert match.rule == "azure-sql-table"
    assert located(f"abfss://silver@lake.dfs.core.{cloud}", "x") == f"https://lake.dfs.core.{cloud}/silver/x"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("abfss://silver@lake.dfs.core.windows.net", "sales/orders"),
        ("abfss://silver@lake.dfs.core.windows.net", "/sales/orders"),
        ("abfss://silver@lake.dfs.core.windows.net", "/sales/orders/"),
        ("abfss://silver@lake.dfs.core.windows.net/", "//sales//orders"),
        ("abfss://silver@lake.dfs.core.windows.net/sales", "/orders"),
        ("abfss://silver@lake.dfs.core.windows.net/sales/orders", ""),
        ("abfs://silver@lake.dfs.core.windows.net", "/sales/orders"),
        ("ABFSS://silver@LAKE.dfs.core.windows.net", "/sales/orders"),
        ("abfss://silver@lake.blob.core.windows.net", "/sales/orders"),
        ("abfss://silver@lake.blob.core.windows.net/sales", "/orders"),
        ("abfss://silver@lake", "sales/orders"),
        ("abfss://silver@lake.privatelink.dfs.core.windows.net", "sales/orders"),
        ("https://lake.dfs.core.windows.net/silver", "sales/orders"),
        ("https://lake.dfs.core.windows.net", "silver/sales/orders"),
    ],
)
def test_lake_names_of_all_generations_mean_one_path_and_keep_the_container(namespace, name):
    assert located(namespace, name) == f"{LAKE}/sales/orders"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("wasbs://raw@lake.blob.core.windows.net", "sales/orders"),
        ("wasb://raw@lake.blob.core.windows.net", "/sales/orders"),
        ("wasbs://raw@lake.blob.core.windows.net/sales", "orders"),
        ("wasbs://raw@lake.dfs.core.windows.net", "sales/orders"),
        ("wasbs://raw@lake", "sales/orders"),
        ("https://lake.blob.core.windows.net/raw", "sales/orders"),
    ],
)
def test_blob_names_of_all_generations_mean_one_path(namespace, name):
    assert located(namespace, name) == "https://lake.blob.core.windows.net/raw/sales/orders"


def test_the_root_of_a_container_is_the_container():
    match = locate_openlineage("abfss://silver@lake.dfs.core.windows.net", "/")

    assert match
    assert match.asset.type_name == "azure_datalake_gen2_filesystem"


def test_a_folder_in_the_namespace_is_not_taken_for_a_container():
    match = locate_openlineage("abfss://silver@lake.dfs.core.windows.net/sales", "")

    assert match
    assert (match.asset.type_name, match.asset.qualified_name) == (
        "azure_datalake_gen2_path",
        f"{LAKE}/sales",
    )


def test_onelake_is_not_taken_for_a_data_lake_account():
    host = "onelake.dfs.fabric.microsoft.com"
    files = locate_openlineage(f"abfss://Sales@{host}", "lh.Lakehouse/Files/x.csv")

    assert files
    assert files.asset == Asset("DataSet", f"https://{host}/Sales/lh.Lakehouse/Files/x.csv")
    assert locate_openlineage(f"abfss://Sales@{host}", "lh.Lakehouse") is None


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("postgres://shop.postgres.database.azure.com:5432", "orders.sales.lines"),
        ("postgresql://shop.postgres.database.azure.com:5432", "orders.sales.lines"),
        ("postgresql://shop.postgres.database.azure.com:5432/orders", "sales.lines"),
        ("jdbc:postgresql://shop.postgres.database.azure.com:5432/orders?ssl=true", "sales.lines"),
        ("jdbc:postgresql://shop.postgres.database.azure.com/orders?currentSchema=sales", "lines"),
    ],
)
def test_postgres_names_of_all_generations_mean_one_table(namespace, name):
    assert located(namespace, name) == "postgresql://shop.postgres.database.azure.com/orders/sales/lines"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("mysql://shop.mysql.database.azure.com:3306", "orders.lines"),
        ("mysql://shop.mysql.database.azure.com:3306/orders", "lines"),
        ("mysql://shop.mysql.database.azure.com:3306/orders", "orders.lines"),
        ("jdbc:mariadb://shop.mysql.database.azure.com/orders", "lines"),
    ],
)
def test_mysql_names_of_all_generations_mean_one_table(namespace, name):
    assert located(namespace, name) == "mysql://shop.mysql.database.azure.com/orders/lines"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("azurekusto://logs.westeurope.kusto.windows.net", "telemetry/Requests"),
        ("azurekusto://logs.westeurope.kusto.windows.net/telemetry", "Requests"),
        ("azurekusto://logs.westeurope.kusto.windows.net/telemetry", "/Requests"),
    ],
)
def test_kusto_names_of_all_generations_mean_one_table(namespace, name):
    assert located(namespace, name) == "https://logs.westeurope.kusto.windows.net/telemetry/Requests"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("azurecosmos://shop.documents.azure.com/dbs/orders", "colls/lines"),
        ("azurecosmos://shop.documents.azure.com/dbs/orders", "/colls/lines"),
        ("azurecosmos://shop.documents.azure.com:443/dbs/orders", "/colls/lines"),
    ],
)
def test_cosmos_names_of_all_generations_mean_one_collection(namespace, name):
    assert located(namespace, name) == "https://shop.documents.azure.com/dbs/orders/colls/lines"


@pytest.mark.parametrize(
    ("namespace", "account"),
    [
        ("snowflake://contoso-eu1", "contoso-eu1"),
        ("snowflake://xy12345.west-europe.azure", "xy12345.west-europe.azure"),
        ("snowflake://contoso-eu1.snowflakecomputing.com", "contoso-eu1"),
        ("jdbc:snowflake://contoso-eu1.snowflakecomputing.com:443/?db=D&warehouse=w", "contoso-eu1"),
    ],
)
def test_a_snowflake_account_becomes_its_host(namespace, account):
    host = f"snowflake://{account}.snowflakecomputing.com"

    assert located(namespace, "D.S.T") == f"{host}/databases/D/schemas/S/tables/T"


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3n", "S3A"])
def test_the_s3_schemes_are_one(scheme):
    assert located(f"{scheme}://landing", "/o.csv") == "s3://landing/o.csv"


@pytest.mark.parametrize("namespace", ["oracle://ora01:1521", "jdbc:oracle:thin:@//ora01:1521/ORCL"])
def test_oracle_names_of_both_generations_mean_one_table(namespace):
    assert located(namespace, "ORCL.SALES.LINES") == "oracle://ora01/SALES/LINES"


def test_oracles_sid_form_is_read():
    assert located("jdbc:oracle:thin:@ora01:1521:ORCL", "LINES") == "oracle://ora01/ORCL/LINES"


def test_db2s_parameters_are_read():
    namespace = "jdbc:db2://mainframe:50001/ORDERS:currentSchema=SALES;user=u;password=p;"

    assert (
        located(namespace, "LINES")
        == "db2://servers/mainframe:50001/databases/ORDERS/schemas/SALES/tables/LINES"
    )


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("azurekusto://logs.westeurope.kusto.windows.net/telemetry", "COMPLEX"),
        ("sqlserver://ws.sql.azuresynapse.net:1433;database=Pool1;", "COMPLEX"),
        ("sqlserver://ws.sql.azuresynapse.net:1433", "Pool1.dbo.COMPLEX"),
        ("sqlserver://ws.sql.azuresynapse.net:1433", "Pool1.[COMPLEX (query)]"),
        ("mssql://shop.database.windows.net", ""),
        ("mssql://shop.database.windows.net", "orders.dbo."),
        ("mssql://shop.database.windows.net", '""'),
        ("azurekusto://logs.westeurope.kusto.windows.net/telemetry", ""),
        ("azurecosmos", "/colls/lines"),
    ],
)
def test_a_producers_way_to_say_unknown_is_no_dataset(namespace, name):
    assert located(namespace, name) is None


def test_a_table_that_only_begins_like_the_unknown_one_is_a_dataset():
    assert (
        located("mssql://shop.database.windows.net", "orders.dbo.COMPLEX_ORDERS")
        == f"{SQL}/dbo/COMPLEX_ORDERS"
    )


def test_a_url_in_the_name_is_understood_when_its_namespace_is_not():
    assert located("file.localhost", "abfss://silver@lake.dfs.core.windows.net/x") == f"{LAKE}/x"


@pytest.mark.parametrize(
    "namespace", ["food_delivery", "feast-shop/repo", "unity-catalog", "inmemory://", "", " "]
)
def test_a_namespace_that_names_no_store_is_not_understood(namespace):
    assert located(namespace, "public.orders") is None


def test_credentials_in_a_namespace_never_reach_a_qualified_name():
    namespace = "sqlserver://erp01:3342;user=auser;password=p@/ss😂;database=orders"

    assert located(namespace, "lines") == "mssql://erp01/MSSQLSERVER/orders/dbo/lines"
