"""Large requests: a handful of operations, and what does not fit into the Data Map is said."""

import json

import lineage
from lineage.columns import ATTRIBUTE_LIMIT
from tests.integration.losing_nothing import ask, world

INPUTS = [f"mssql://large.database.windows.net/shop/dbo/i{number}" for number in range(500)]
OUTPUTS = [f"https://large.dfs.core.windows.net/out/o{number}" for number in range(500)]


def test_five_hundred_inputs_and_outputs_with_ten_thousand_columns_take_a_few_operations():
    request = {
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "process": {"name": "large", "namespace": "tests"},
        "columns": [
            {
                "source": {"dataset": INPUTS[number % 500], "column": f"from_{number}"},
                "target": {"dataset": OUTPUTS[number * 7 % 500], "column": f"to_{number}"},
            }
            for number in range(10_000)
        ],
    }
    with world() as it:
        it.catalogue.scan(dict.fromkeys(INPUTS, "azure_sql_table"))
        it.catalogue.scan(dict.fromkeys(OUTPUTS, "azure_datalake_gen2_path"))
        it.operations(reset=True)

        key = lineage.send(request, storage=it.stack.storage)
        it.wait_until_drained()

        assert it.operations() <= 30  # most of them to look a thousand datasets up, once
        ((inputs, outputs),) = it.processes(["lineage://tests/large"]).values()
        assert (len(inputs), len(outputs)) == (500, 500)
        mapping = it.catalogue.entity("lineage_process", "lineage://tests/large")["attributes"][
            "columnMapping"
        ]
        assert ATTRIBUTE_LIMIT - 500 < len(mapping) <= ATTRIBUTE_LIMIT
        assert json.loads(mapping)
        assert "pairs were left out" in ask(it, key)["outcome"]["warnings"][0]
