"""Lineage from a script. LINEAGE_STORAGE is the account's queue endpoint, or a connection string."""

import os

import lineage

request = {
    "id": "load_orders/2024-11-22",
    "inputs": ["mssql://sales.database.windows.net/orders/dbo/raw_orders"],
    "outputs": ["abfss://silver@lake.dfs.core.windows.net/orders"],
    "process": {"name": "load_orders", "namespace": "scripts"},
    "columns": [{"source": "order_id", "target": "id"}],
}

print(lineage.send(request, storage=os.environ["LINEAGE_STORAGE"]))
