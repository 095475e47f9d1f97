"""
pyapacheatlas in a function: one client per process, its own classes, one upload for every message.

Its `AtlasException` is a `BaseException`, which the runtime does not catch: uncaught it would leave the invocation
without an answer until functionTimeout. Here it is turned into an error, so that the host tries again.
"""

import json
import os
from typing import Any

import azure.functions as func
from azure.identity import ManagedIdentityCredential
from pyapacheatlas.core import AtlasProcess, PurviewClient
from pyapacheatlas.core.util import AtlasException

app = func.FunctionApp()
client = PurviewClient("local", ManagedIdentityCredential())
# It makes its address from the account's name.
client.endpoint_url = f"{os.environ['PURVIEW_ENDPOINT']}/catalog/api/atlas/v2"


@app.queue_trigger(
    arg_name="message",
    queue_name="%LINEAGE_QUEUE_NAME%",
    connection="LineageStorage",
    data_type=func.DataType.BINARY,
)
def write_lineage(message: func.QueueMessage) -> None:
    """One upload; raises on any error."""
    asked = json.loads(message.get_body())
    try:
        if "process" in asked:
            client.upload_entities([process(asked)])
        else:
            client.upload_relationship(edge(asked))
    except AtlasException as error:
        raise RuntimeError(str(error)) from error


def process(asked: dict[str, Any]) -> AtlasProcess:
    """A Process entity between two datasets."""
    job = asked["process"]
    return AtlasProcess(
        job["name"],
        "Process",
        f"{job['namespace']}/{job['name']}",
        guid=-1,
        inputs=[{"guid": asked["source"]}],
        outputs=[{"guid": asked["target"]}],
    )


def edge(asked: dict[str, Any]) -> dict[str, Any]:
    """A direct edge between two datasets."""
    return {
        "typeName": "direct_lineage_dataset_dataset",
        "attributes": {},
        "end1": {"guid": asked["source"], "typeName": "DataSet"},
        "end2": {"guid": asked["target"], "typeName": "DataSet"},
    }
