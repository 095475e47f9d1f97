"""A message on the queue becomes lineage in the Data Map; the same over HTTP."""

import base64
import gzip
import json

import pytest
import requests

SERVER = "mssql://e2e.database.windows.net"
LAKE = "https://e2e.dfs.core.windows.net"


@pytest.fixture
def table(unique, catalogue):
    """Makes tables in the catalogue, as a scan does; answers (qualifiedName, guid)."""

    def make(name):
        qualified_name = f"{SERVER}/{unique}/dbo/{name}"
        return qualified_name, catalogue.scan({qualified_name: "azure_sql_table"})[qualified_name]

    return make


@pytest.fixture
def path(unique, catalogue):
    def make(name):
        qualified_name = f"{LAKE}/{unique}/{name}"
        return qualified_name, catalogue.scan({qualified_name: "azure_datalake_gen2_path"})[qualified_name]

    return make


@pytest.fixture
def edges_of(catalogue):
    """The edges of a process, once it is there."""

    def edges(process):
        try:
            return catalogue.edges(catalogue.entity("lineage_process", process)["guid"])
        except requests.HTTPError:
            return set()

    return edges


def as_base64(text):
    return base64.b64encode(text.encode()).decode()


def as_gzip(text):
    return base64.b64encode(gzip.compress(text.encode())).decode()


@pytest.mark.parametrize("wire", [str, as_base64, as_gzip], ids=["plain", "base64", "gzip"])
def test_two_guids_on_the_queue_become_one_direct_edge(app, catalogue, table, path, wait_for, wire):
    # Given two assets that a scan found
    source, source_guid = table("raw")
    target, target_guid = path("clean")

    # When the notebook's message lies on the queue, twice
    for _ in range(2):
        app.send(wire(json.dumps({"source": source_guid, "target": target_guid})))

    # Then the Data Map shows one edge between them
    assert wait_for(lambda: catalogue.edges(source_guid)) == {(source, target)}
    edges = catalogue.entity("azure_sql_table", source)["relationshipAttributes"]["sinks"]
    assert [edge["guid"] for edge in edges] == [target_guid]
    assert edges[0]["relationshipType"] == "direct_lineage_dataset_dataset"


def test_the_notebooks_own_payload_becomes_direct_lineage(app, catalogue, table, wait_for):
    source, source_guid = table("a")
    target, target_guid = table("b")

    app.send({"relationshipType": "DataFlow", "end1": {"guid": source_guid}, "end2": {"guid": target_guid}})

    assert wait_for(lambda: catalogue.edges(target_guid)) == {(source, target)}


def test_a_process_with_two_inputs_and_two_outputs_gives_four_edges_and_its_columns(
    app, catalogue, table, path, edges_of, wait_for, unique
):
    (orders, _), (customers, _) = table("orders"), table("customers")
    (silver, _), (audit, _) = path("silver"), path("audit")
    process = f"adf://contoso-factory/{unique}"
    request = {
        "inputs": [orders, {"typeName": "azure_sql_table", "qualifiedName": customers}],
        "outputs": [silver, {"namespace": f"abfss://{unique}@e2e.dfs.core.windows.net", "name": "/audit"}],
        "process": {"name": unique, "namespace": "adf://contoso-factory"},
        "columns": [
            {
                "source": {"dataset": orders, "column": "order_id"},
                "target": {"dataset": silver, "column": "id"},
            },
            {
                "source": {"dataset": orders, "column": "total"},
                "target": {"dataset": silver, "column": "total"},
            },
            {
                "source": {"dataset": customers, "column": "name"},
                "target": {"dataset": audit, "column": "who"},
            },
        ],
    }

    app.send(request)

    everything = {(orders, process), (customers, process), (process, silver), (process, audit)}
    assert wait_for(lambda: edges_of(process)) == everything
    mapping = json.loads(catalogue.entity("lineage_process", process)["attributes"]["columnMapping"])
    assert mapping == [
        {
            "DatasetMapping": {"Source": orders, "Sink": silver},
            "ColumnMapping": [{"Source": "order_id", "Sink": "id"}, {"Source": "total", "Sink": "total"}],
        },
        {
            "DatasetMapping": {"Source": customers, "Sink": audit},
            "ColumnMapping": [{"Source": "name", "Sink": "who"}],
        },
    ]

    # When the job runs again and reads one table less
    app.send({**request, "inputs": [orders], "columns": request["columns"][:2]})

    # Then the edge from it is gone
    assert wait_for(lambda: len(edges := edges_of(process)) == 3 and edges) == everything - {
        (customers, process)
    }


def test_append_adds_to_a_process_and_remove_takes_away(app, edges_of, table, path, unique):
    (first, _), (second, _) = table("first"), table("second")
    (out, _) = path("out")
    job = {"process": {"name": unique}}
    process = f"lineage://default/{unique}"

    app.post({**job, "inputs": [first], "outputs": [out]}).raise_for_status()
    app.post({**job, "inputs": [second], "mode": "append"}).raise_for_status()
    assert edges_of(process) == {(first, process), (second, process), (process, out)}

    app.post({**job, "inputs": [first], "action": "remove"}).raise_for_status()
    assert edges_of(process) == {(second, process), (process, out)}

    app.post({**job, "action": "remove"}).raise_for_status()
    assert app.post({**job, "action": "remove"}).status_code == 200  # again: it is gone already
    assert edges_of(process) == set()


def test_posting_answers_with_what_was_written(app, table, path, unique):
    source, source_guid = table("source")
    target, target_guid = path("target")
    body = {"inputs": [source], "outputs": [target], "process": {"name": unique, "namespace": "tests"}}

    first, second = app.post(body), app.post(body)

    assert first.status_code == second.status_code == 200
    assert first.json()["process"] == {
        "guid": first.json()["process"]["guid"],
        "typeName": "lineage_process",
        "qualifiedName": f"lineage://tests/{unique}",
        "result": "created",
    }
    assert {dataset["guid"] for dataset in first.json()["datasets"]} == {source_guid, target_guid}
    assert second.json()["process"] == {**first.json()["process"], "result": "unchanged"}


def test_columns_of_a_direct_edge_are_kept_up_to_date(app, catalogue, table):
    (source, source_guid), (_, target_guid) = table("source"), table("target")

    def columns():
        edge = catalogue.entity("azure_sql_table", source)["relationshipAttributes"]["sinks"][0]
        return json.loads(catalogue.relationship(edge["relationshipGuid"])["attributes"]["columnMapping"])

    def post(**more):
        answer = app.post({"source": source_guid, "target": target_guid, **more})
        return answer.json()["relationships"][0]["result"]

    a, b = {"source": "a", "target": "a"}, {"source": "b", "target": "b"}
    assert post(columns=[a]) == "created"
    assert post(columns=[a]) == "unchanged"
    assert post(columns=[b]) == "updated"
    assert columns() == [{"Source": "b", "Sink": "b"}]
    assert post(columns=[a], mode="append") == "updated"
    assert columns() == [{"Source": "b", "Sink": "b"}, {"Source": "a", "Sink": "a"}]
    assert post() == "unchanged"  # without columns those that are there stay


def test_a_dataset_nobody_scanned_is_created_if_the_caller_says_so(app, catalogue, unique):
    name = f"{SERVER}/{unique}/dbo/new"

    answer = app.post({"source": name, "target": f"{LAKE}/{unique}/new", "onMissing": "create"})

    assert [dataset["result"] for dataset in answer.json()["datasets"]] == ["created", "created"]
    assert catalogue.entity("azure_sql_table", name)["attributes"]["name"] == "new"


def test_a_cloud_event_around_a_request_is_opened(app, catalogue, table, wait_for):
    (source, source_guid), (target, target_guid) = table("source"), table("target")

    app.send(
        {
            "specversion": "1.0",
            "id": "1",
            "source": "/subscriptions/contoso",
            "type": "contoso.orders.loaded",
            "data": {"source": source_guid, "target": target_guid},
        }
    )

    assert wait_for(lambda: catalogue.edges(source_guid)) == {(source, target)}


def test_a_gzipped_body_is_understood(app, table):
    (_, source), (_, target) = table("source"), table("target")

    answer = app.post(
        gzip.compress(json.dumps({"source": source, "target": target}).encode()),
        headers={"Content-Encoding": "gzip"},
    )

    assert answer.status_code == 200
