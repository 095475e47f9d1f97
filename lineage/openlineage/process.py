"""The process between inputs and outputs: the job, and what its run says about itself."""

from typing import Any

from lineage.openlineage.identity import shortened
from lineage.openlineage.json_values import Json, as_name, as_object, as_text, some
from lineage.openlineage.names import Name
from lineage.openlineage.snapshot import Snapshot
from lineage.request import NAME_LIMIT, Process

# Attributes that every run changes. They do not make the lineage another one.
RUN_ATTRIBUTES = frozenset(
    {
        "runId",
        "runState",
        "runStartTime",
        "runEndTime",
        "nominalStartTime",
        "nominalEndTime",
        "parentRunId",
        "externalQueryId",
        "sourceJob",
    }
)
# Attributes that are the same from run to run, unless somebody changes the job.
JOB_ATTRIBUTES = frozenset(
    {
        "producer",
        "engine",
        "integration",
        "jobType",
        "processingType",
        "parentJob",
        "sql",
        "sourceCodeUrl",
    }
)


def process_of(snapshot: Snapshot, identity: Name) -> Process:
    return Process(
        namespace=shortened(identity.namespace, NAME_LIMIT // 2 - 64),
        name=shortened(identity.name, NAME_LIMIT // 2),
        description=as_text(as_object(snapshot.job_facets.get("documentation")).get("description")),
        attributes=attributes_of(snapshot, identity),
    )


def part_of(process: Process, output: Name) -> Process:
    """The part of a job that writes one of several outputs, where each has other inputs."""
    key = f"{process.key}#{output}"
    return process.model_copy(
        update={
            "name": f"{process.name} > {shortened(output.name, NAME_LIMIT // 4)}",
            "qualified_name": shortened(key, NAME_LIMIT),
        }
    )


def attributes_of(snapshot: Snapshot, identity: Name) -> Json:
    """What the facets tell, under the names of `RUN_ATTRIBUTES` and `JOB_ATTRIBUTES`; what they do not tell is left out."""
    return some(**_run(snapshot), **_times(snapshot), **_job(snapshot, identity))


def _run(snapshot: Snapshot) -> Json:
    parent = as_object(snapshot.run_facets.get("parent"))
    job = as_name(parent.get("job"))
    engine = as_object(snapshot.run_facets.get("processing_engine"))
    return {
        "runId": snapshot.run_id,
        "runState": snapshot.state and snapshot.state.value,
        "parentJob": job and str(job),
        "parentRunId": as_object(parent.get("run")).get("runId"),
        "engine": " ".join(filter(None, (engine.get("name"), engine.get("version")))),
        "externalQueryId": _facet(snapshot.run_facets, "externalQuery", "externalQueryId"),
    }


def _times(snapshot: Snapshot) -> Json:
    if snapshot.run_id is None:
        return {}
    ended = snapshot.state is not None and snapshot.state.ends_run
    return {
        "runStartTime": snapshot.first.isoformat(),
        "runEndTime": snapshot.latest.isoformat() if ended else None,
        "nominalStartTime": _facet(snapshot.run_facets, "nominalTime", "nominalStartTime"),
        "nominalEndTime": _facet(snapshot.run_facets, "nominalTime", "nominalEndTime"),
    }


def _job(snapshot: Snapshot, identity: Name) -> Json:
    facets = snapshot.job_facets
    code = as_object(facets.get("sourceCodeLocation"))
    return {
        "producer": snapshot.producer,
        "integration": _facet(facets, "jobType", "integration"),
        "jobType": _facet(facets, "jobType", "jobType"),
        "processingType": _facet(facets, "jobType", "processingType"),
        "sourceJob": str(snapshot.job) if snapshot.job != identity else None,
        "sql": _facet(facets, "sql", "query"),
        "sourceCodeUrl": code.get("url") or code.get("repoUrl"),
    }


def _facet(facets: Json, facet: str, key: str) -> Any:
    return as_object(facets.get(facet)).get(key)
