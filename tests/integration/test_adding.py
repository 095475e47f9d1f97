"""Adding to a process reads it before it writes it. However many do so at once, nothing of what they add is lost."""

from uuid import uuid4

from lineage.columns import read_process_mapping

SERVER = "mssql://adding.database.windows.net/shop/dbo"


def test_columns_that_two_instances_add_at_once_are_all_there(instances, catalogue):
    run = uuid4().hex
    source, target = f"{SERVER}/{run}a", f"{SERVER}/{run}b"
    catalogue.scan({source: "azure_sql_table", target: "azure_sql_table"})
    columns = {f"column{number}" for number in range(12)}

    outcomes = instances.deliver(
        [
            (
                number % 2,
                {
                    "mode": "append",
                    "inputs": [source],
                    "outputs": [target],
                    "process": {"name": run, "namespace": "adding"},
                    "columns": [{"source": column, "target": column}],
                },
            )
            for number, column in enumerate(sorted(columns))
        ],
        together=True,
    )

    assert {outcome.status for outcome in outcomes} == {"done"}
    process = catalogue.entity("lineage_process", f"lineage://adding/{run}")
    mapping = read_process_mapping(process["attributes"]["columnMapping"])
    assert {column for pairs in mapping.values() for column, _ in pairs} == columns


def test_what_is_added_comes_neither_before_nor_after_events(instances, catalogue):
    """It has no time: it takes its turn, and the newest event stays the newest."""
    run = uuid4().hex
    tables = [f"{SERVER}/{run}{number}" for number in range(3)]
    catalogue.scan(dict.fromkeys(tables, "azure_sql_table"))
    process = {"name": run, "namespace": "adding"}
    event = {"inputs": [tables[0]], "outputs": [tables[1]], "process": process}

    outcomes = instances.deliver(
        [
            (0, {**event, "eventTime": "2026-05-02T00:00:00Z"}),
            (1, {"mode": "append", "inputs": [tables[2]], "process": process}),
            (0, {**event, "eventTime": "2026-05-01T00:00:00Z"}),
        ]
    )

    assert [outcome.status for outcome in outcomes] == ["done", "done", "superseded"]
