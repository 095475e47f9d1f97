"""
Microsoft's SDK for the Data Map in a function: one client per process with its own pipeline, that is a connection
pool, token refresh and retries, as its documentation shows; one call for every message.

The stand-in speaks plain HTTP on this machine, so azure-core is told by its own option to send the token anyway.
"""

import json
import os
from typing import Any

import azure.functions as func
from azure.identity import ManagedIdentityCredential
from azure.purview.datamap import DataMapClient
from azure.purview.datamap.models import (
    AtlasEntitiesWithExtInfo,
    AtlasEntity,
    AtlasObjectId,
    AtlasRelationship,
)

app = func.FunctionApp()
client = DataMapClient(os.environ["PURVIEW_ENDPOINT"], ManagedIdentityCredential())


@app.queue_trigger(
    arg_name="message",
    queue_name="%LINEAGE_QUEUE_NAME%",
    connection="LineageStorage",
    data_type=func.DataType.BINARY,
)
def write_lineage(message: func.QueueMessage) -> None:
    """One call; raises on any error that the pipeline does not retry."""
    asked = json.loads(message.get_body())
    if "process" in asked:
        client.entity.batch_create_or_update(process(asked), enforce_https=False)
    else:
        client.relationship.create(edge(asked), enforce_https=False)


def process(asked: dict[str, Any]) -> AtlasEntitiesWithExtInfo:
    """A Process entity between two datasets."""
    job = asked["process"]
    attributes = {
        "name": job["name"],
        "qualifiedName": f"{job['namespace']}/{job['name']}",
        "inputs": [{"guid": asked["source"]}],
        "outputs": [{"guid": asked["target"]}],
    }
    return AtlasEntitiesWithExtInfo(
        entities=[AtlasEntity(guid="-1", type_name="Process", attributes=attributes)]
    )


def edge(asked: dict[str, Any]) -> AtlasRelationship:
    """A direct edge between two datasets."""
    return AtlasRelationship(
        type_name="direct_lineage_dataset_dataset",
        end1=AtlasObjectId(guid=asked["source"], type_name="DataSet"),
        end2=AtlasObjectId(guid=asked["target"], type_name="DataSet"),
    )
