#!/bin/sh
# LINEAGE_URL is the app's address, such as https://contoso-lineage.azurewebsites.net; LINEAGE_KEY a function key.
set -eu

curl --silent --show-error --fail-with-body "$LINEAGE_URL/api/lineage" \
  --header "x-functions-key: $LINEAGE_KEY" \
  --header 'Content-Type: application/json' \
  --data '{
    "inputs": ["mssql://sales.database.windows.net/orders/dbo/raw_orders"],
    "outputs": ["abfss://silver@lake.dfs.core.windows.net/orders"],
    "process": {"name": "load_orders", "namespace": "shell"}
  }'
