# Databricks notebook source
# Needs Databricks Runtime 15.4 or newer, and a service credential of Unity Catalog.
import lineage

lineage.send(
    {
        "inputs": ["abfss://bronze@lake.dfs.core.windows.net/orders"],
        "outputs": ["abfss://silver@lake.dfs.core.windows.net/orders"],
        "process": {"name": "clean_orders", "namespace": "databricks://contoso"},
        "columns": [{"source": "order_id", "target": "id"}],
    },
    storage="https://contosolineage.queue.core.windows.net",
    credential=dbutils.credentials.getServiceCredentialsProvider("contoso-lineage"),
)
