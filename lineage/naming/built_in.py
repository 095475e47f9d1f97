"""
The built-in rules: one line each, the first that matches wins.

A line is: id, OpenLineage namespace, OpenLineage name, Purview's typeName, Purview's qualifiedName, evidence, source.
Two or more spaces part the columns. Namespace and name are matched in their canonical spelling (`readings.py`), patterns
are explained in `patterns.py`. A text that has the form of a line's qualifiedName is understood by the same line, so
what is copied from Purview's portal is kept as it is; lines with `-` for namespace and name are for such texts only.

Sources, by the names used below:
  ADB accelerator     microsoft/Purview-ADB-Lineage-Solution-Accelerator: OlToPurviewMappings.json, QnParserTests.cs
  Purview samples     answers of real accounts in the documentation of pv (Azure/purview-cli), tayganr/purviewdocs
  Purview docs        learn.microsoft.com/purview: asset normalization, resource sets, data lineage tutorials
  Azure SDK tests     recorded tests of the Purview catalogue client in azure-sdk-for-net
  OpenLineage         spec Naming.md for the OpenLineage side; the Purview side is the generic DataSet, since nothing
                      public shows what Purview's own scan writes
"""

LINES = r"""
adf-copy-operation  -  -  adf_copy_operation  /subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/factories/{factory}/pipelines/{pipeline}/activities/{activity}#{sink*}  microsoft  Purview samples
adf-copy-activity  -  -  adf_copy_activity  /subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/factories/{factory}/pipelines/{pipeline}/activities/{activity}  microsoft  Purview samples
adf-pipeline  -  -  adf_pipeline  /subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/factories/{factory}/pipelines/{pipeline}  microsoft  Purview samples
adf-factory  -  -  azure_data_factory  /subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/factories/{factory}  microsoft  Purview samples
file-column  -  -  column  https://{path*}#__tabular_schema//{column*}  microsoft  Purview samples
file-schema  -  -  tabular_schema  https://{path*}#__tabular_schema  microsoft  Purview samples
azure-sql-column  -  -  azure_sql_column  mssql://{host:azure-sql}/{database}/{schema}/{table}#{column}  microsoft  Purview samples
azure-sql-server  -  -  azure_sql_server  mssql://{host:azure-sql}  guess  by analogy with azure_sql_db
azure-sql-database  -  -  azure_sql_db  mssql://{host:azure-sql}/{database}  microsoft  Purview samples
azure-sql-schema  -  -  azure_sql_schema  mssql://{host:azure-sql}/{database}/{schema}  microsoft  Purview samples
azure-sql-mi-table  mssql://{host:azure-sql-mi}[:{port}]  {database}.{schema}.{table}  azure_sql_mi_table  mssql://{host}/{database}/{schema}/{table}  guess  the type is in Purview's normalization rules (pv samples), the name by analogy with Azure SQL
azure-sql-mi-table-dbo  mssql://{host:azure-sql-mi}[:{port}]  {database}.{table}  azure_sql_mi_table  mssql://{host}/{database}/dbo/{table}  guess  as azure-sql-mi-table
azure-sql-table  mssql://{host:azure-sql}[:{port}]  {database}.{schema}.{table}  azure_sql_table  mssql://{host}/{database}/{schema}/{table}  microsoft  ADB accelerator, Purview samples
azure-sql-table-dbo  mssql://{host:azure-sql}[:{port}]  {database}.{table}  azure_sql_table  mssql://{host}/{database}/dbo/{table}  microsoft  ADB accelerator
synapse-serverless-table  mssql://{host:synapse-serverless}[:{port}]  {database}.{schema}.{table}  azure_synapse_serverless_sql_table  mssql://{host}/{database}/{schema}/{table}  third-party  public scripts that search and delete these assets by this name
synapse-serverless-table-dbo  mssql://{host:synapse-serverless}[:{port}]  {database}.{table}  azure_synapse_serverless_sql_table  mssql://{host}/{database}/dbo/{table}  third-party  as synapse-serverless-table
synapse-dedicated-table  mssql://{host:synapse}[:{port}]  {pool}.{schema}.{table}  azure_synapse_dedicated_sql_table  mssql://{host}/{pool}/{schema}/{table}  microsoft  ADB accelerator
synapse-dedicated-table-dbo  mssql://{host:synapse}[:{port}]  {pool}.{table}  azure_synapse_dedicated_sql_table  mssql://{host}/{pool}/dbo/{table}  microsoft  ADB accelerator
fabric-warehouse-table  fabric-warehouse://{host:fabric-sql}[:{port}]  {database}.{schema}.{table}  fabric_warehouse_table  mssql://{host}/{database}/{schema}/{table}  guess  the type is in third-party lists, the name by analogy with Azure SQL
fabric-warehouse-table-tds  mssql://{host:fabric-sql}[:{port}]  {database}.{schema}.{table}  fabric_warehouse_table  mssql://{host}/{database}/{schema}/{table}  guess  as fabric-warehouse-table, over SQL Server's protocol
mssql-table-instance  mssql://{host:not-azure}[:{port}]  {instance}.{database}.{schema}.{table}  mssql_table  mssql://{host}/{instance}/{database}/{schema}/{table}  third-party  server/instance/database assets in tayganr/purviewlab
mssql-table-as-given  -  -  mssql_table  mssql://{host:not-azure}/{database}/{schema}/{table}  guess  by analogy with Azure SQL
mssql-table  mssql://{host:not-azure}[:{port}]  {database}.{schema}.{table}  mssql_table  mssql://{host}/MSSQLSERVER/{database}/{schema}/{table}  third-party  server/instance/database assets in tayganr/purviewlab
mssql-table-dbo  mssql://{host:not-azure}[:{port}]  {database}.{table}  mssql_table  mssql://{host}/MSSQLSERVER/{database}/dbo/{table}  third-party  server/instance/database assets in tayganr/purviewlab
onelake-table  abfss://{workspace}@{host:onelake}  {item}.Lakehouse/Tables/{table}  fabric_lakehouse_table  https://app.fabric.microsoft.com/groups/{workspace}/lakehouses/{item}/tables/{table}  guess  as onelake-table-guid, with names where the portal has guids
onelake-table-schema  abfss://{workspace}@{host:onelake}  {item}.Lakehouse/Tables/{schema}/{table}  fabric_lakehouse_table  https://app.fabric.microsoft.com/groups/{workspace}/lakehouses/{item}/tables/{schema}.{table}  guess  as onelake-table-guid; nothing public shows a lakehouse with schemas
onelake-table-guid  abfss://{workspace}@{host:onelake}  {item:guid}/Tables/{table}  fabric_lakehouse_table  https://app.fabric.microsoft.com/groups/{workspace}/lakehouses/{item}/tables/{table}  third-party  dbt-fabric and workshop scripts
onelake-table-guid-schema  abfss://{workspace}@{host:onelake}  {item:guid}/Tables/{schema}/{table}  fabric_lakehouse_table  https://app.fabric.microsoft.com/groups/{workspace}/lakehouses/{item}/tables/{schema}.{table}  guess  as onelake-table-guid; nothing public shows a lakehouse with schemas
onelake-files  abfss://{workspace}@{host:onelake}  {item}/Files/{path*}  DataSet  https://{host}/{workspace}/{item}/Files/{path}  guess  OneLake's own address; nothing public shows what Purview's scan calls files
fabric-lakehouse  -  -  fabric_lakehouse  https://app.fabric.microsoft.com/groups/{workspace}/lakehouses/{item}  third-party  dbt-fabric and workshop scripts
powerbi-dataset  -  -  powerbi_dataset  https://app.powerbi.com/groups/{workspace}/datasets/{dataset}  guess  the type is Microsoft's, the name is how Power BI's portal addresses it
powerbi-report  -  -  powerbi_report  https://app.powerbi.com/groups/{workspace}/reports/{report}  guess  the type is Microsoft's, the name is how Power BI's portal addresses it
adls-resource-set  -  -  azure_datalake_gen2_resource_set  https://{host:adls}/{filesystem}/{path:resource-set}  microsoft  Purview samples, Purview docs
adls-path  abfss://{filesystem}@{host:adls}  {path*}  azure_datalake_gen2_path  https://{host}/{filesystem}/{path}  microsoft  ADB accelerator, Purview samples
adls-filesystem  abfss://{filesystem}@{host:adls}  -  azure_datalake_gen2_filesystem  https://{host}/{filesystem}  microsoft  ADB accelerator, Purview docs
adls-service  -  -  azure_datalake_gen2_service  https://{host:adls}  microsoft  Purview samples
blob-resource-set  -  -  azure_blob_resource_set  https://{host:blob}/{container}/{path:resource-set}  microsoft  Purview docs
blob-path  wasbs://{container}@{host:blob}  {path*}  azure_blob_path  https://{host}/{container}/{path}  microsoft  ADB accelerator
blob-container  wasbs://{container}@{host:blob}  -  azure_blob_container  https://{host}/{container}  microsoft  Purview docs
blob-service  -  -  azure_blob_service  https://{host:blob}  microsoft  Purview docs
storage-account  -  -  azure_storage_account  https://{account}.core.windows.net  microsoft  Purview samples
adls-gen1-path  adl://{host:adls-gen1}  {path*}  azure_datalake_gen1_path  adl://{host}/{path}  microsoft  ADB accelerator (adlsg1 mapping), Purview docs
cosmos-collection  azurecosmos://{host:cosmos}[:{port}]  dbs/{database}/colls/{collection}  azure_cosmosdb_sqlapi_collection  https://{host}/dbs/{database}/colls/{collection}  microsoft  ADB accelerator (its test is commented out)
kusto-table  azurekusto://{host:kusto}[:{port}]  {database}/{table}  azure_data_explorer_table  https://{host}/{database}/{table}  microsoft  ADB accelerator
azure-postgresql-table  postgres://{host:azure-postgresql}[:{port}]  {database}.{schema}.{table}  azure_postgresql_table  postgresql://{host}/{database}/{schema}/{table}  microsoft  ADB accelerator
azure-postgresql-table-public  postgres://{host:azure-postgresql}[:{port}]  {database}.{table}  azure_postgresql_table  postgresql://{host}/{database}/public/{table}  microsoft  ADB accelerator
postgresql-table  postgres://{host:not-azure}[:{port}]  {database}.{schema}.{table}  postgresql_table  postgresql://servers/{host}:{port=5432}/dbs/{database}/schemas/{schema}/tables/{table}  microsoft  ADB accelerator
postgresql-table-public  postgres://{host:not-azure}[:{port}]  {database}.{table}  postgresql_table  postgresql://servers/{host}:{port=5432}/dbs/{database}/schemas/public/tables/{table}  microsoft  ADB accelerator
azure-mysql-table  mysql://{host:azure-mysql}[:{port}]  {database}.{table}  azure_mysql_table  mysql://{host}/{database}/{table}  microsoft  ADB accelerator
mysql-table  mysql://{host:not-azure}[:{port}]  {database}.{table}  mysql_table  mysql://servers/{host}:{port=3306}/dbs/{database}/tables/{table}  microsoft  ADB accelerator (older settings)
oracle-table  oracle://{host}[:{port}]  {service}.{schema}.{table}  oracle_table  oracle://{host}/{schema}/{table}  guess  as oracle-table-two-parts, with the schema in the database's place
oracle-table-two-parts  oracle://{host}[:{port}]  {database}.{table}  oracle_table  oracle://{host}/{database}/{table}  microsoft  ADB accelerator (older settings)
db2-table  db2://{host}[:{port}]  {database}.{schema}.{table}  db2_table  db2://servers/{host}:{port=50000}/databases/{database}/schemas/{schema}/tables/{table}  microsoft  ADB accelerator (older settings)
snowflake-table  snowflake://{host:snowflake}[:{port}]  {database}.{schema}.{table}  snowflake_table  snowflake://{host}/databases/{database}/schemas/{schema}/tables/{table}  third-party  ADB accelerator (snowflake mapping) for the path, public scripts for the host
databricks-notebook  -  -  databricks_notebook  databricks://{workspace}/notebooks/{path*}  microsoft  ADB accelerator
databricks-table  databricks://{host:labels}[:{port}]  {catalog}.{schema}.{table}  databricks_table  databricks://{host}/catalogs/{catalog}/schemas/{schema}/tables/{table}  guess  third-party readers agree on the path; Purview has the metastore's id where this has the host
unitycatalog-table  unitycatalog://{host:labels}[:{port}]  {catalog}.{schema}.{table}  databricks_table  databricks://{host}/catalogs/{catalog}/schemas/{schema}/tables/{table}  guess  as databricks-table
hive-warehouse-table  dbfs://{workspace}  user/hive/warehouse/{database}.db/{table}  hive_table  {database}.{table}@{workspace}  microsoft  ADB accelerator
hive-warehouse-table-default  dbfs://{workspace}  user/hive/warehouse/{table}  hive_table  default.{table}@{workspace}  microsoft  ADB accelerator
hive-table  hive://{host}[:{port}]  {database}.{table}  hive_table  {database}.{table}@{host}  microsoft  ADB accelerator; Apache Atlas' hive model
s3-object  s3://{bucket}  {key*}  aws_s3_v2_object  s3://{bucket}/{key}  microsoft  Azure SDK tests
s3-bucket  s3://{bucket}  -  aws_s3_v2_bucket  s3://{bucket}  guess  the type is in Purview's normalization rules (pv samples), the name by analogy with aws_s3_v2_object
athena-table  awsathena://{host:labels}  {name*}  DataSet  awsathena://{host}/{name}  guess  OpenLineage
bigquery-table  bigquery://  {name*}  DataSet  bigquery://{name}  guess  OpenLineage
cassandra-table  cassandra://{host}[:{port}]  {name*}  DataSet  cassandra://{host}[:{port}]/{name}  guess  OpenLineage
clickhouse-table  clickhouse://{host}[:{port}]  {name*}  DataSet  clickhouse://{host}[:{port}]/{name}  guess  dbt's OpenLineage integration
crate-table  crate://{host}[:{port}]  {name*}  DataSet  crate://{host}[:{port}]/{name}  guess  OpenLineage
dbfs-path  dbfs://[{workspace}]  {path*}  DataSet  dbfs://[{workspace}]/{path}  guess  OpenLineage
dremio-table  dremio://{host}[:{port}]  {name*}  DataSet  dremio://{host}[:{port}]/{name}  guess  dbt's OpenLineage integration
duckdb-table  duckdb://[{host}]  {path*}  DataSet  duckdb://[{host}]/{path}  guess  dbt's OpenLineage integration
file-path  file://[{host}]  {path*}  DataSet  file://[{host}]/{path}  guess  OpenLineage
gcs-object  gs://{bucket}  {key*}  DataSet  gs://{bucket}/{key}  guess  OpenLineage
glue-table  arn:aws:glue:{region}:{account}  table/{database}/{table}  DataSet  arn:aws:glue:{region}:{account}:table/{database}/{table}  guess  OpenLineage
hdfs-path  hdfs://{host}[:{port}]  {path*}  DataSet  hdfs://{host}[:{port}]/{path}  guess  OpenLineage
kafka-topic  kafka://{brokers*}  {topic*}  DataSet  kafka://{brokers}/{topic}  guess  OpenLineage
milvus-collection  milvus://{host}[:{port}]  {name*}  DataSet  milvus://{host}[:{port}]/{name}  guess  OpenLineage
oceanbase-table  oceanbase://{host}[:{port}]  {name*}  DataSet  oceanbase://{host}[:{port}]/{name}  guess  OpenLineage
pubsub-topic  pubsub://  {name*}  DataSet  pubsub://{name}  guess  OpenLineage
redshift-table  redshift://{host}[:{port}]  {name*}  DataSet  redshift://{host}[:{port}]/{name}  guess  OpenLineage
spanner-table  spanner://{project}[:{instance}]  {name*}  DataSet  spanner://{project}[:{instance}]/{name}  guess  OpenLineage
spark-table  spark://{host}[:{port}]  {name*}  DataSet  spark://{host}[:{port}]/{name}  guess  dbt's OpenLineage integration
teradata-table  teradata://{host}[:{port}]  {name*}  DataSet  teradata://{host}[:{port}]/{name}  guess  OpenLineage
trino-table  trino://{host}[:{port}]  {name*}  DataSet  trino://{host}[:{port}]/{name}  guess  OpenLineage
"""
