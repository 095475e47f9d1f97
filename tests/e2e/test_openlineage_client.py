"""OpenLineage's own Python client, configured as its documentation says and otherwise as it comes from PyPI."""

import json

import pytest
import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset
from openlineage.client.uuid import generate_new_uuid

SERVER = "mssql://client.database.windows.net"
PRODUCER = "https://example.com/tests"


def by_header(addresses):
    return {
        "endpoint": "api/v1/lineage",
        "custom_headers": {"x-functions-key": addresses.functionKey},
    }


def by_query(addresses):
    return {"endpoint": f"api/v1/lineage?code={addresses.functionKey}"}


def send(transport, name):
    """One run of a job, told in two events as the client's users do."""
    client = OpenLineageClient(config={"transport": transport})
    run, job = Run(runId=str(generate_new_uuid())), Job(namespace="client", name=name)
    raw = InputDataset(namespace=SERVER, name=f"{name}.dbo.raw")
    id_of_raw = column_lineage_dataset.InputField(namespace=SERVER, name=raw.name, field="order_id")
    columns = column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={"id": column_lineage_dataset.Fields(inputFields=[id_of_raw])}
    )
    clean = OutputDataset(namespace=SERVER, name=f"{name}.dbo.clean", facets={"columnLineage": columns})
    for state, minute, inputs, outputs in (
        (RunState.START, 0, [raw], []),
        (RunState.COMPLETE, 5, [], [clean]),
    ):
        client.emit(
            RunEvent(
                eventType=state,
                eventTime=f"2026-05-01T12:{minute:02}:00Z",
                run=run,
                job=job,
                producer=PRODUCER,
                inputs=inputs,
                outputs=outputs,
            )
        )
    client.close(timeout=30)


@pytest.mark.parametrize("kind", ["http", "async_http"])
@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("key", [by_header, by_query])
def test_what_the_client_sends_is_in_the_data_map(
    addresses, catalogue, unique, wait_for, kind, compression, key
):
    transport = {"type": kind, "url": addresses.functions, "compression": compression, **key(addresses)}

    send({name: value for name, value in transport.items() if value}, unique)

    process = f"lineage://client/{unique}"
    entity = wait_for(lambda: next(iter(catalogue.entities("lineage_process", [process])), None))
    raw, clean = (f"{SERVER}/{unique}/dbo/{table}" for table in ("raw", "clean"))
    wait_for(lambda: catalogue.edges(entity["guid"]) == {(raw, process), (process, clean)})
    assert json.loads(entity["attributes"]["columnMapping"]) == [
        {
            "DatasetMapping": {"Source": raw, "Sink": clean},
            "ColumnMapping": [{"Source": "order_id", "Sink": "id"}],
        }
    ]


def test_the_client_is_told_what_it_did_wrong(addresses, unique):
    wrong = {"type": "http", "url": addresses.functions, "endpoint": "api/v1/lineage?code=wrong"}

    with pytest.raises(requests.HTTPError) as refused:
        send(wrong, unique)

    assert refused.value.response.status_code == 401
