"""The types a catalogue has before anybody adds one.

The base types and the two Process relationships are those of Apache Atlas (0010-base_model.json). The names of scanned
assets are those that public Purview clients and published answers use; Purview declares many more attributes on them
than a writer of lineage meets. `direct_lineage_dataset_dataset` exists in Purview only and its definition is not
public: the names of its ends and its `columnMapping` are well attested, its category is a guess.
"""

from typing import Any

_LINEAGE_ENDS = (
    ("dataset_process_inputs", ("Process", "inputs"), ("DataSet", "inputToProcesses"), "TWO_TO_ONE"),
    ("process_dataset_outputs", ("Process", "outputs"), ("DataSet", "outputFromProcesses"), "ONE_TO_TWO"),
)

_CONTAINERS = (
    ("azure_sql_server_databases", ("azure_sql_server", "databases"), ("azure_sql_db", "server")),
    ("azure_sql_db_schemas", ("azure_sql_db", "schemas"), ("azure_sql_schema", "db")),
    ("azure_sql_schema_tables", ("azure_sql_schema", "tables"), ("azure_sql_table", "dbSchema")),
    ("azure_sql_schema_views", ("azure_sql_schema", "views"), ("azure_sql_view", "dbSchema")),
    ("azure_sql_table_columns", ("azure_sql_table", "columns"), ("azure_sql_column", "table")),
    ("tabular_schema_columns", ("tabular_schema", "columns"), ("column", "composeSchema")),
)

_ASSETS = [
    "azure_sql_server",
    "azure_sql_db",
    "azure_sql_schema",
    "azure_storage_account",
    "azure_datalake_gen2_service",
    "azure_datalake_gen2_filesystem",
    "azure_blob_container",
    "azure_data_factory",
    "fabric_lakehouse",
    "fabric_lake_warehouse",
    "databricks_notebook",
    "tabular_schema",
]

_DATASETS = [
    "azure_sql_table",
    "azure_sql_view",
    "mssql_table",
    "azure_synapse_dedicated_sql_table",
    "azure_synapse_serverless_sql_table",
    "azure_datalake_gen2_path",
    "azure_datalake_gen2_resource_set",
    "azure_blob_path",
    "azure_blob_resource_set",
    "azure_datalake_gen1_path",
    "databricks_table",
    "hive_table",
    "snowflake_table",
    "powerbi_dataset",
    "powerbi_table",
    "powerbi_report",
    "fabric_lakehouse_table",
    "azure_postgresql_table",
    "postgresql_table",
    "azure_mysql_table",
    "mysql_table",
    "oracle_table",
    "db2_table",
    "azure_data_explorer_table",
    "azure_cosmosdb_sqlapi_collection",
    "rdbms_table",
]

_COLUMNS = {
    "azure_sql_column": "data_type",
    "databricks_table_column": None,
    "powerbi_column": None,
    "column": "type",
}

_PROCESSES = {
    "databricks_process": True,
    "adf_copy_operation": True,
    "adf_copy_activity": False,
    "adf_pipeline": False,
}


def attribute(name: str, *, optional: bool = True, unique: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "typeName": "string",
        "cardinality": "SINGLE",
        "isIndexable": unique,
        "isOptional": optional,
        "isUnique": unique,
        "valuesMinCount": 0 if optional else 1,
        "valuesMaxCount": 1,
        "includeInNotification": False,
    }


def _datasets(name: str) -> dict[str, Any]:
    """Processes name their datasets in plain attributes too, as Atlas keeps them from before it had relationships."""
    several = {"typeName": "array<DataSet>", "cardinality": "SET", "valuesMaxCount": 2147483647}
    return attribute(name) | several


def _entity_def(name: str, super_type: str | None, *attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "category": "ENTITY",
        "name": name,
        "superTypes": [super_type] if super_type else [],
        "typeVersion": "1.0",
        "attributeDefs": list(attributes),
    }


def _end(type_and_name: tuple[str, str], *, container: bool, single: bool = False) -> dict[str, Any]:
    type_name, name = type_and_name
    return {
        "type": type_name,
        "name": name,
        "isContainer": container,
        "cardinality": "SINGLE" if single else "SET",
        "isLegacyAttribute": False,
    }


def _relationship_def(
    name: str, category: str, propagate: str, end1: dict[str, Any], end2: dict[str, Any]
) -> dict[str, Any]:
    return {
        "category": "RELATIONSHIP",
        "name": name,
        "typeVersion": "1.0",
        "attributeDefs": [],
        "relationshipCategory": category,
        "propagateTags": propagate,
        "endDef1": end1,
        "endDef2": end2,
    }


def _base_types() -> list[dict[str, Any]]:
    plain = [attribute(name) for name in ("displayName", "description", "userDescription", "owner")]
    return [
        _entity_def("Referenceable", None, attribute("qualifiedName", optional=False, unique=True)),
        _entity_def("Asset", "Referenceable", attribute("name", optional=False), *plain),
        _entity_def("DataSet", "Asset"),
        _entity_def("Process", "Asset", _datasets("inputs"), _datasets("outputs")),
        _entity_def("Infrastructure", "Asset"),
    ]


def _scanned_types() -> list[dict[str, Any]]:
    columns = [
        _entity_def(name, "DataSet", *([attribute(mandatory, optional=False)] if mandatory else []))
        for name, mandatory in _COLUMNS.items()
    ]
    processes = [
        _entity_def(name, "Process", *([attribute("columnMapping")] if mapped else []))
        for name, mapped in _PROCESSES.items()
    ]
    assets = [_entity_def(name, "Asset") for name in _ASSETS]
    return [*assets, *(_entity_def(name, "DataSet") for name in _DATASETS), *columns, *processes]


def _lineage_relationships() -> list[dict[str, Any]]:
    through_process = [
        _relationship_def(
            name,
            "AGGREGATION",
            propagate,
            _end(process, container=True) | {"isLegacyAttribute": True},
            _end(dataset, container=False),
        )
        for name, process, dataset, propagate in _LINEAGE_ENDS
    ]
    direct = _relationship_def(
        "direct_lineage_dataset_dataset",
        "ASSOCIATION",
        "NONE",
        _end(("DataSet", "sinks"), container=False),
        _end(("DataSet", "sources"), container=False),
    )
    return [*through_process, direct | {"attributeDefs": [attribute("columnMapping")]}]


def _container_relationships() -> list[dict[str, Any]]:
    return [
        _relationship_def(
            name,
            "COMPOSITION",
            "NONE",
            _end(parent, container=True),
            _end(child, container=False, single=True),
        )
        for name, parent, child in _CONTAINERS
    ]


def _schema_relationship() -> dict[str, Any]:
    return _relationship_def(
        "tabular_schema_datasets",
        "ASSOCIATION",
        "NONE",
        _end(("DataSet", "tabular_schema"), container=False, single=True),
        _end(("tabular_schema", "tabular_schema_datasets"), container=False),
    )


def builtin_types() -> dict[str, list[dict[str, Any]]]:
    """The body that, posted to an empty registry, gives the built-in types."""
    return {
        "entityDefs": _base_types() + _scanned_types(),
        "relationshipDefs": [
            *_lineage_relationships(),
            *_container_relationships(),
            _schema_relationship(),
        ],
    }
