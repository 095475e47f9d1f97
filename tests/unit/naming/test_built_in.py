"""Each built-in rule, shown by what it does: OpenLineage name (or a text) -> type and qualifiedName."""

import pytest

from lineage.naming import BUILT_IN, Evidence, locate, locate_openlineage

GUID_1 = "0a1b2c3d-1111-2222-3333-444455556666"
GUID_2 = "9f8e7d6c-5555-4444-3333-222211110000"
FACTORY = "/subscriptions/s-1/resourceGroups/rg/providers/microsoft.datafactory/factories/shopfactory"
FABRIC = "https://app.fabric.microsoft.com/groups"

# rule, namespace, name, typeName, qualifiedName
# fmt: off
NAMES = [
    ("azure-sql-table", "mssql://shop.database.windows.net:1433", "orders.sales.lines", "azure_sql_table", "mssql://shop.database.windows.net/orders/sales/lines"),
    ("azure-sql-table-dbo", "sqlserver://shop.database.windows.net", "orders.lines", "azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/lines"),
    ("azure-sql-mi-table", "sqlserver://mi.a1b2c3.database.windows.net:1433", "orders.dbo.lines", "azure_sql_mi_table", "mssql://mi.a1b2c3.database.windows.net/orders/dbo/lines"),
    ("azure-sql-mi-table", "sqlserver://mi.public.a1b2c3.database.windows.net:3342", "orders.dbo.lines", "azure_sql_mi_table", "mssql://mi.public.a1b2c3.database.windows.net/orders/dbo/lines"),
    ("azure-sql-mi-table", "sqlserver://mi.a1b2c3.database.chinacloudapi.cn:1433", "orders.dbo.lines", "azure_sql_mi_table", "mssql://mi.a1b2c3.database.chinacloudapi.cn/orders/dbo/lines"),
    ("azure-sql-mi-table", "sqlserver://mi.a1b2c3.database.usgovcloudapi.net:1433", "orders.dbo.lines", "azure_sql_mi_table", "mssql://mi.a1b2c3.database.usgovcloudapi.net/orders/dbo/lines"),
    ("azure-sql-mi-table-dbo", "sqlserver://mi.a1b2c3.database.windows.net:1433", "orders.lines", "azure_sql_mi_table", "mssql://mi.a1b2c3.database.windows.net/orders/dbo/lines"),
    ("synapse-dedicated-table", "sqlserver://ws.sql.azuresynapse.net:1433", "Pool1.sales.region", "azure_synapse_dedicated_sql_table", "mssql://ws.sql.azuresynapse.net/Pool1/sales/region"),
    ("synapse-dedicated-table-dbo", "sqlserver://ws.sql.azuresynapse.net:1433;database=Pool1;", "region", "azure_synapse_dedicated_sql_table", "mssql://ws.sql.azuresynapse.net/Pool1/dbo/region"),
    ("synapse-serverless-table", "sqlserver://ws-ondemand.sql.azuresynapse.net", "lake.sales.region", "azure_synapse_serverless_sql_table", "mssql://ws-ondemand.sql.azuresynapse.net/lake/sales/region"),
    ("synapse-serverless-table-dbo", "mssql://ws-ondemand.sql.azuresynapse.net:1433", "lake.region", "azure_synapse_serverless_sql_table", "mssql://ws-ondemand.sql.azuresynapse.net/lake/dbo/region"),
    ("fabric-warehouse-table", "fabric-warehouse://abc.datawarehouse.fabric.microsoft.com:1433", "wh.dbo.sales", "fabric_warehouse_table", "mssql://abc.datawarehouse.fabric.microsoft.com/wh/dbo/sales"),
    ("fabric-warehouse-table-tds", "sqlserver://abc.datawarehouse.fabric.microsoft.com:1433", "wh.dbo.sales", "fabric_warehouse_table", "mssql://abc.datawarehouse.fabric.microsoft.com/wh/dbo/sales"),
    ("mssql-table-instance", "sqlserver://erp01/PROD", "orders.dbo.lines", "mssql_table", "mssql://erp01/PROD/orders/dbo/lines"),
    ("mssql-table", "mssql://10.33.0.4:1433", "orders.dbo.lines", "mssql_table", "mssql://10.33.0.4/MSSQLSERVER/orders/dbo/lines"),
    ("mssql-table-dbo", "sqlserver://erp01:1433;databaseName=orders", "lines", "mssql_table", "mssql://erp01/MSSQLSERVER/orders/dbo/lines"),
    ("onelake-table-guid", f"abfss://{GUID_1}@onelake.dfs.fabric.microsoft.com", f"/{GUID_2}/Tables/orders", "fabric_lakehouse_table", f"{FABRIC}/{GUID_1}/lakehouses/{GUID_2}/tables/orders"),
    ("onelake-table-guid-schema", f"abfss://{GUID_1}@onelake.dfs.fabric.microsoft.com", f"/{GUID_2}/Tables/dbo/orders", "fabric_lakehouse_table", f"{FABRIC}/{GUID_1}/lakehouses/{GUID_2}/tables/dbo.orders"),
    ("onelake-table", "abfss://Sales@onelake.dfs.fabric.microsoft.com", "bronze.Lakehouse/Tables/orders", "fabric_lakehouse_table", f"{FABRIC}/Sales/lakehouses/bronze/tables/orders"),
    ("onelake-table-schema", "abfss://Sales@onelake.dfs.fabric.microsoft.com", "bronze.Lakehouse/Tables/dbo/orders", "fabric_lakehouse_table", f"{FABRIC}/Sales/lakehouses/bronze/tables/dbo.orders"),
    ("onelake-files", f"abfss://{GUID_1}@onelake.dfs.fabric.microsoft.com", f"/{GUID_2}/Files/raw/orders.csv", "DataSet", f"https://onelake.dfs.fabric.microsoft.com/{GUID_1}/{GUID_2}/Files/raw/orders.csv"),
    ("adls-path", "abfss://silver@lake.dfs.core.windows.net", "/sales/Orders", "azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/sales/Orders"),
    ("adls-filesystem", "abfss://silver@lake.dfs.core.windows.net", "/", "azure_datalake_gen2_filesystem", "https://lake.dfs.core.windows.net/silver"),
    ("blob-path", "wasbs://raw@lake.blob.core.windows.net", "sales/orders", "azure_blob_path", "https://lake.blob.core.windows.net/raw/sales/orders"),
    ("blob-container", "wasbs://raw@lake.blob.core.windows.net", "", "azure_blob_container", "https://lake.blob.core.windows.net/raw"),
    ("adls-gen1-path", "adl://store.azuredatalakestore.net", "/clickstream/2020", "azure_datalake_gen1_path", "adl://store.azuredatalakestore.net/clickstream/2020"),
    ("cosmos-collection", "azurecosmos://shop.documents.azure.com/dbs/orders", "/colls/Lines", "azure_cosmosdb_sqlapi_collection", "https://shop.documents.azure.com/dbs/orders/colls/Lines"),
    ("kusto-table", "azurekusto://logs.westeurope.kusto.windows.net", "telemetry/Requests", "azure_data_explorer_table", "https://logs.westeurope.kusto.windows.net/telemetry/Requests"),
    ("azure-postgresql-table", "postgres://shop.postgres.database.azure.com:5432", "orders.sales.lines", "azure_postgresql_table", "postgresql://shop.postgres.database.azure.com/orders/sales/lines"),
    ("azure-postgresql-table-public", "postgresql://shop.postgres.database.azure.com:5432/orders", "lines", "azure_postgresql_table", "postgresql://shop.postgres.database.azure.com/orders/public/lines"),
    ("postgresql-table", "postgres://10.2.0.9:6432", "orders.sales.lines", "postgresql_table", "postgresql://servers/10.2.0.9:6432/dbs/orders/schemas/sales/tables/lines"),
    ("postgresql-table-public", "postgresql://warehouse/orders", "lines", "postgresql_table", "postgresql://servers/warehouse:5432/dbs/orders/schemas/public/tables/lines"),
    ("azure-mysql-table", "mysql://shop.mysql.database.azure.com:3306", "orders.lines", "azure_mysql_table", "mysql://shop.mysql.database.azure.com/orders/lines"),
    ("mysql-table", "mysql://10.2.0.7", "orders.lines", "mysql_table", "mysql://servers/10.2.0.7:3306/dbs/orders/tables/lines"),
    ("oracle-table", "oracle://ora01:1521", "ORCL.SALES.LINES", "oracle_table", "oracle://ora01/SALES/LINES"),
    ("oracle-table-two-parts", "jdbc:oracle:thin:@//ora01:1521/ORCL", "LINES", "oracle_table", "oracle://ora01/ORCL/LINES"),
    ("db2-table", "db2://mainframe", "ORDERS.SALES.LINES", "db2_table", "db2://servers/mainframe:50000/databases/ORDERS/schemas/SALES/tables/LINES"),
    ("snowflake-table", "snowflake://contoso-eu1", "ORDERS.SALES.LINES", "snowflake_table", "snowflake://contoso-eu1.snowflakecomputing.com/databases/ORDERS/schemas/SALES/tables/LINES"),
    ("databricks-table", "databricks://adb-1.2.azuredatabricks.net", "main.sales.lines", "databricks_table", "databricks://adb-1.2.azuredatabricks.net/catalogs/main/schemas/sales/tables/lines"),
    ("unitycatalog-table", "unitycatalog://uc.contoso.com:8443", "main.sales.lines", "databricks_table", "databricks://uc.contoso.com/catalogs/main/schemas/sales/tables/lines"),
    ("hive-warehouse-table", "dbfs://adb-1.2.azuredatabricks.net", "/user/hive/warehouse/sales.db/lines", "hive_table", "sales.lines@adb-1.2.azuredatabricks.net"),
    ("hive-warehouse-table-default", "dbfs://adb-1.2.azuredatabricks.net", "/user/hive/warehouse/lines", "hive_table", "default.lines@adb-1.2.azuredatabricks.net"),
    ("hive-table", "hive://metastore:9083", "sales.lines", "hive_table", "sales.lines@metastore"),
    ("s3-object", "s3a://landing", "/sales/o.csv", "aws_s3_v2_object", "s3://landing/sales/o.csv"),
    ("s3-bucket", "s3://landing", "/", "aws_s3_v2_bucket", "s3://landing"),
    ("gcs-object", "gs://landing", "sales/o.csv", "DataSet", "gs://landing/sales/o.csv"),
    ("athena-table", "awsathena://athena.eu-west-1.amazonaws.com", "c.d.t", "DataSet", "awsathena://athena.eu-west-1.amazonaws.com/c.d.t"),
    ("bigquery-table", "bigquery", "project.sales.lines", "DataSet", "bigquery://project.sales.lines"),
    ("cassandra-table", "cassandra://c01:9042", "shop.lines", "DataSet", "cassandra://c01:9042/shop.lines"),
    ("clickhouse-table", "clickhouse://ch:8123", "shop.lines", "DataSet", "clickhouse://ch:8123/shop.lines"),
    ("crate-table", "crate://cr:5432", "d.s.t", "DataSet", "crate://cr:5432/d.s.t"),
    ("dbfs-path", "dbfs", "/mine/lines", "DataSet", "dbfs:///mine/lines"),
    ("dremio-table", "dremio://dr:9047", "s.t", "DataSet", "dremio://dr:9047/s.t"),
    ("duckdb-table", "duckdb:///data/shop.duckdb", "shop.main.t", "DataSet", "duckdb:///data/shop.duckdb/shop.main.t"),
    ("file-path", "file", "/data/in.csv", "DataSet", "file:///data/in.csv"),
    ("glue-table", "arn:aws:glue:eu-west-1:123456789012", "table/sales/lines", "DataSet", "arn:aws:glue:eu-west-1:123456789012:table/sales/lines"),
    ("hdfs-path", "hdfs://nn:8020", "/warehouse/lines", "DataSet", "hdfs://nn:8020/warehouse/lines"),
    ("kafka-topic", "kafka://b1:9092,b2:9092", "shop.orders", "DataSet", "kafka://b1:9092,b2:9092/shop.orders"),
    ("milvus-collection", "milvus://mv:19530", "shop.vectors", "DataSet", "milvus://mv:19530/shop.vectors"),
    ("oceanbase-table", "oceanbase://ob:2881", "shop.lines", "DataSet", "oceanbase://ob:2881/shop.lines"),
    ("pubsub-topic", "pubsub", "topic:project:orders", "DataSet", "pubsub://topic:project:orders"),
    ("redshift-table", "redshift://shop.abc.eu-west-1.redshift.amazonaws.com:5439", "d.s.t", "DataSet", "redshift://shop.abc.eu-west-1.redshift.amazonaws.com:5439/d.s.t"),
    ("spanner-table", "spanner://project:instance", "d.s.t", "DataSet", "spanner://project:instance/d.s.t"),
    ("spark-table", "spark://thrift:10000", "sales.lines", "DataSet", "spark://thrift:10000/sales.lines"),
    ("teradata-table", "teradata://td:1025", "sales.lines", "DataSet", "teradata://td:1025/sales.lines"),
    ("trino-table", "trino://tr:8080", "hive.sales.lines", "DataSet", "trino://tr:8080/hive.sales.lines"),
]
# fmt: on

# rule, qualifiedName, typeName
# fmt: off
QUALIFIED_NAMES = [
    ("azure-sql-server", "mssql://shop.database.windows.net", "azure_sql_server"),
    ("azure-sql-database", "mssql://shop.database.windows.net/orders", "azure_sql_db"),
    ("azure-sql-schema", "mssql://shop.database.windows.net/orders/sales", "azure_sql_schema"),
    ("azure-sql-column", "mssql://shop.database.windows.net/orders/sales/lines#Price", "azure_sql_column"),
    ("mssql-table-as-given", "mssql://erp01/orders/dbo/lines", "mssql_table"),
    ("adls-service", "https://lake.dfs.core.windows.net", "azure_datalake_gen2_service"),
    ("adls-resource-set", "https://lake.dfs.core.windows.net/raw/{N}/Sales_{Year}-{Month}.TSV", "azure_datalake_gen2_resource_set"),
    ("blob-service", "https://lake.blob.core.windows.net", "azure_blob_service"),
    ("blob-resource-set", "https://lake.blob.core.windows.net/raw/out/{SparkPartitions}", "azure_blob_resource_set"),
    ("storage-account", "https://lake.core.windows.net", "azure_storage_account"),
    ("file-schema", "https://lake.dfs.core.windows.net/raw/Sales.csv#__tabular_schema", "tabular_schema"),
    ("file-column", "https://lake.dfs.core.windows.net/raw/Sales.csv#__tabular_schema//:csv/Price", "column"),
    ("fabric-lakehouse", f"{FABRIC}/{GUID_1}/lakehouses/{GUID_2}", "fabric_lakehouse"),
    ("powerbi-dataset", f"https://app.powerbi.com/groups/{GUID_1}/datasets/{GUID_2}", "powerbi_dataset"),
    ("powerbi-report", f"https://app.powerbi.com/groups/{GUID_1}/reports/{GUID_2}", "powerbi_report"),
    ("databricks-notebook", "databricks://adb-1.2.azuredatabricks.net/notebooks/1234", "databricks_notebook"),
    ("adf-factory", FACTORY, "azure_data_factory"),
    ("adf-pipeline", f"{FACTORY}/pipelines/load", "adf_pipeline"),
    ("adf-copy-activity", f"{FACTORY}/pipelines/load/activities/copy", "adf_copy_activity"),
    ("adf-copy-operation", f"{FACTORY}/pipelines/load/activities/copy#https://lake.dfs.core.windows.net/c/x#azure_datalake_gen2_path", "adf_copy_operation"),
]
# fmt: on


@pytest.mark.parametrize(("rule", "namespace", "name", "type_name", "qualified_name"), NAMES)
def test_an_openlineage_name_becomes_a_type_and_a_qualified_name(
    rule, namespace, name, type_name, qualified_name
):
    match = locate_openlineage(namespace, name)

    assert match
    assert (match.rule, match.asset.type_name, match.asset.qualified_name) == (
        rule,
        type_name,
        qualified_name,
    )


@pytest.mark.parametrize(("type_name", "qualified_name"), [row[3:] for row in NAMES])
def test_a_qualified_name_that_a_rule_writes_is_understood_as_the_same_asset(type_name, qualified_name):
    match = locate(qualified_name)

    assert match
    assert (match.asset.type_name, match.asset.qualified_name) == (type_name, qualified_name)


@pytest.mark.parametrize(("rule", "qualified_name", "type_name"), QUALIFIED_NAMES)
def test_a_qualified_name_of_purview_is_recognised_and_kept(rule, qualified_name, type_name):
    match = locate(qualified_name)

    assert match
    assert (match.rule, match.asset.type_name, match.asset.qualified_name) == (
        rule,
        type_name,
        qualified_name,
    )


def test_every_built_in_rule_is_shown_here():
    shown = {row[0] for row in (*NAMES, *QUALIFIED_NAMES)}

    assert shown == {rule.id for rule in BUILT_IN.built_in}


def test_no_two_built_in_rules_share_an_id():
    ids = [rule.id for rule in BUILT_IN.built_in]

    assert len(ids) == len(set(ids))


def test_every_built_in_rule_says_on_whose_word():
    for rule in BUILT_IN.built_in:
        assert rule.source, rule.id
        assert rule.evidence in {Evidence.MICROSOFT, Evidence.THIRD_PARTY, Evidence.GUESS}, rule.id


def test_what_nothing_public_shows_is_called_a_guess():
    for rule in BUILT_IN.built_in:
        if rule.type_name == "DataSet":
            assert rule.evidence is Evidence.GUESS, rule.id
