"""
The notebook's way, as a plain function: a token and a connection for every call, one call for every message.

What pipelines do today when they call Purview's REST API from a notebook's cell with `requests`.
"""

import json
import os
from typing import Any

import azure.functions as func
import requests

app = func.FunctionApp()

ATLAS = f"{os.environ['PURVIEW_ENDPOINT']}/datamap/api/atlas/v2"


@app.queue_trigger(
    arg_name="message",
    queue_name="%LINEAGE_QUEUE_NAME%",
    connection="LineageStorage",
    data_type=func.DataType.BINARY,
)
def write_lineage(message: func.QueueMessage) -> None:
    """One POST; raises on any error, so that the host tries again."""
    asked = json.loads(message.get_body())
    path, body = ("entity/bulk", process(asked)) if "process" in asked else ("relationship", edge(asked))
    headers = {"Authorization": f"Bearer {get_token()}"}
    answer = requests.post(f"{ATLAS}/{path}", json=body, headers=headers, timeout=100)
    answer.raise_for_status()


def get_token() -> str:
    """From App Service's managed identity endpoint."""
    answer = requests.get(
        os.environ["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://purview.azure.net"},
        headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
        timeout=100,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def process(asked: dict[str, Any]) -> dict[str, Any]:
    """A Process entity between two datasets."""
    job = asked["process"]
    attributes = {
        "name": job["name"],
        "qualifiedName": f"{job['namespace']}/{job['name']}",
        "inputs": [{"guid": asked["source"]}],
        "outputs": [{"guid": asked["target"]}],
    }
    return {"entities": [{"typeName": "Process", "guid": "-1", "attributes": attributes}]}


def edge(asked: dict[str, Any]) -> dict[str, Any]:
    """A direct edge between two datasets."""
    return {
        "typeName": "direct_lineage_dataset_dataset",
        "end1": {"guid": asked["source"], "typeName": "DataSet"},
        "end2": {"guid": asked["target"], "typeName": "DataSet"},
    }
