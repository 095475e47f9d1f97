"""What a request or an event would do, and why, without doing it."""

import json
from collections import Counter

import pytest
import requests
from azure.storage.queue import QueueClient

SERVER = "mssql://explain.database.windows.net"


@pytest.fixture
def explain(app):
    def post(body):
        answer = requests.post(
            f"{app.addresses.functions}/api/lineage/explain",
            data=json.dumps(body),
            headers={"x-functions-key": app.addresses.functionKey},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    return post


@pytest.fixture
def writes(addresses, wait_for):
    """How often the Data Map was asked for anything but to read, once what other tests sent is done."""
    with QueueClient.from_connection_string(addresses.storage, addresses.queue) as queue:
        wait_for(lambda: not queue.get_queue_properties().approximate_message_count)

    def count():
        counted = requests.get(f"{addresses.datamap}/_control/operations", timeout=60).json()["byRoute"]
        return Counter({route: times for route, times in counted.items() if not route.startswith("GET")})

    return count


def event(unique, kind="COMPLETE", **more):
    return {
        "eventType": kind,
        "eventTime": "2026-05-01T12:00:00Z",
        "producer": "https://example.com/tests",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0197a7b0-0000-7000-8000-000000000000"},
        "job": {"namespace": "airflow", "name": unique},
        "inputs": [{"namespace": SERVER, "name": f"{unique}.dbo.raw"}],
        "outputs": [{"namespace": "abfss://gold@explain.dfs.core.windows.net", "name": f"/{unique}/clean"}],
        **more,
    }


def test_an_event_is_explained_name_by_name_with_the_exact_payload_and_nothing_is_written(
    explain, catalogue, unique, writes
):
    raw, clean = (
        f"{SERVER}/{unique}/dbo/raw",
        f"https://explain.dfs.core.windows.net/gold/{unique}/clean",
    )
    guid = catalogue.scan({raw: "azure_sql_table"})[raw]
    before = writes()

    explanation = explain(event(unique))

    assert explanation["event"] == "RunEvent"
    assert explanation["verdict"] == "lineage to write"
    assert explanation["warnings"] == []
    (request,) = explanation["requests"]
    first, second = request["datasets"]
    assert first == {
        "path": "inputs.0",
        "name": {"namespace": SERVER, "name": f"{unique}.dbo.raw"},
        "rule": "azure-sql-table",
        "evidence": "microsoft",
        "typeName": "azure_sql_table",
        "qualifiedName": raw,
        "found": guid,
        "near": [],
        "otherSpellings": [],
    }
    assert (second["rule"], second["typeName"], second["qualifiedName"], second["found"]) == (
        "adls-path",
        "azure_datalake_gen2_path",
        clean,
        None,
    )
    assert clean.replace(".dfs.", ".blob.") in [other["qualifiedName"] for other in second["otherSpellings"]]
    (call,) = request["writes"]
    assert (call["method"], call["path"]) == ("POST", "/atlas/v2/entity/bulk")
    created, process = call["body"]["entities"]
    assert created["attributes"]["qualifiedName"] == clean
    assert process["typeName"] == "lineage_process"
    assert process["attributes"]["qualifiedName"] == f"lineage://airflow/{unique}"
    assert process["attributes"]["inputs"] == [{"guid": guid}]
    assert process["attributes"]["outputs"] == [{"guid": created["guid"]}]
    assert writes() == before
    assert catalogue.entities("lineage_process", [f"lineage://airflow/{unique}"]) == []


def test_what_comes_near_is_shown_and_used_where_it_is_the_only_one(explain, catalogue, unique):
    blob, lake = (f"https://explain.{kind}.core.windows.net/raw/{unique}" for kind in ("blob", "dfs"))
    guids = catalogue.scan({blob: "azure_blob_path", f"{lake}/out": "azure_datalake_gen2_path"})

    (request,) = explain({"source": lake, "target": f"{lake}/out"})["requests"]

    near = {"typeName": "azure_blob_path", "qualifiedName": blob, "guid": guids[blob]}
    assert request["datasets"][0]["found"] is None
    assert request["datasets"][0]["near"] == [near]
    assert "was found as" in request["warnings"][0]
    assert request["writes"][0]["body"]["end1"]["guid"] == guids[blob]


def test_a_dataset_that_is_missing_is_said_beside_the_names_that_were_understood(explain, unique):
    raw, clean = f"{SERVER}/{unique}/dbo/raw", f"{SERVER}/{unique}/dbo/clean"

    (request,) = explain({"source": raw, "target": clean})["requests"]

    assert request["onMissing"] == "wait"
    assert request["writes"] == []
    assert request["problem"] == "dataset-missing"
    assert raw in request["detail"]
    assert [each["qualifiedName"] for each in request["datasets"]] == [raw, clean]


def test_a_run_that_has_not_ended_shows_what_it_would_write_once_it_completes(explain, unique):
    explanation = explain(event(unique, "START"))

    assert explanation["verdict"] == "the run has not ended yet"
    assert explanation["requests"] == []
    (request,) = explanation["onceCompleted"]
    assert len(request["writes"][0]["body"]["entities"]) == 3


def test_an_event_that_asks_for_nothing_has_its_names_explained_all_the_same(explain, unique):
    explanation = explain(event(unique, outputs=[]))

    assert explanation["verdict"] == "no inputs or no outputs that are datasets"
    assert explanation["requests"] == []
    assert [each["rule"] for each in explanation["datasets"]] == ["azure-sql-table"]


def test_a_run_that_failed_says_so(explain, unique):
    explanation = explain(event(unique, "FAIL"))

    assert explanation["verdict"].startswith("the run failed")
    assert "onceCompleted" not in explanation
    assert len(explanation["datasets"]) == 2


def test_guids_and_names_nobody_knows_are_explained(explain, unique):
    guid = "0e2f6f0e-0000-4000-8000-000000000001"
    body = {
        "inputs": [guid],
        "outputs": [{"namespace": f"nobody-{unique}", "name": "thing"}],
        "process": {"name": unique},
        "onMissing": "create",
    }

    (request,) = explain(body)["requests"]

    assert request["datasets"][0] == {"path": "inputs.0", "name": guid, "rule": "a guid is taken at its word"}
    assert request["datasets"][1]["rule"] == "none: as it was written"
    assert request["datasets"][1]["typeName"] == "DataSet"


def test_a_type_that_is_not_registered_is_said(explain, unique):
    body = {
        "source": {"typeName": "no_such_type", "qualifiedName": f"x://{unique}"},
        "target": f"{SERVER}/{unique}/dbo/x",
    }

    (request,) = explain(body)["requests"]

    assert "no_such_type" in request["datasets"][0]["unknownType"]
    assert request["problem"] == "invalid-request"


def test_removal_shows_what_would_go(explain, app, catalogue, unique):
    raw, clean = f"{SERVER}/{unique}/dbo/raw", f"{SERVER}/{unique}/dbo/clean"
    catalogue.scan(dict.fromkeys((raw, clean), "azure_sql_table"))
    job = {"inputs": [raw], "process": {"name": unique}}
    app.post({**job, "outputs": [clean]}).raise_for_status()

    (request,) = explain({**job, "action": "remove"})["requests"]

    (call,) = request["writes"]
    assert call["method"] == "DELETE"
    assert call["path"].startswith("/atlas/v2/relationship/guid/")
    assert "body" not in call


def test_a_dataset_named_in_many_columns_is_explained_once(explain, unique):
    raw, seed, clean = (f"{SERVER}/{unique}/dbo/{name}" for name in ("raw", "seed", "clean"))
    columns = [
        {"source": {"dataset": raw, "column": str(number)}, "target": str(number)} for number in range(50)
    ]

    (request,) = explain(
        {"inputs": [raw, seed], "outputs": [clean], "process": {"name": unique}, "columns": columns}
    )["requests"]

    assert [each["path"] for each in request["datasets"]] == ["inputs.0", "inputs.1", "outputs.0"]


def test_what_is_neither_is_a_400(app):
    answer = requests.post(
        f"{app.addresses.functions}/api/lineage/explain",
        data=b"[]",
        headers={"x-functions-key": app.addresses.functionKey},
        timeout=60,
    )

    assert answer.status_code == 400
