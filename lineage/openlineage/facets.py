"""
The facets that lineage needs, each cut down to what it needs of them. All others are let go.

An event may be megabytes (Spark's logical plan, environment variables, schemas); what is kept of it is stored, queued and
merged, so it is small, and always the same for the same event.
"""

from collections.abc import Callable, Mapping

from lineage.openlineage.columns import condense_columns
from lineage.openlineage.explicit import condense_dataset_lineage, condense_job_lineage
from lineage.openlineage.json_values import Json, as_name, as_object, as_text, objects, some

SQL_LIMIT = 8_000
DESCRIPTION_LIMIT = 4_000
TEXT_LIMIT = 1_024
SYMLINKS_LIMIT = 20
MOUNTS_LIMIT = 500

Condenser = Callable[[Json], Json | None]


def texts(*keys: str, limit: int = TEXT_LIMIT) -> Condenser:
    """Keeps a few texts of a facet."""
    return lambda facet: some(**{key: as_text(facet.get(key), limit) for key in keys})


def _sql(facet: Json) -> Json:
    return some(
        query=as_text(facet.get("query"), SQL_LIMIT), dialect=as_text(facet.get("dialect"), TEXT_LIMIT)
    )


def _job_type(facet: Json) -> Json:
    pattern = some(eventContentMode=as_text(as_object(facet.get("emissionPattern")).get("eventContentMode")))
    return some(
        processingType=as_text(facet.get("processingType")),
        integration=as_text(facet.get("integration")),
        jobType=as_text(facet.get("jobType")),
        emissionPattern=pattern,
    )


def _parent(facet: Json) -> Json:
    root = as_object(facet.get("root"))
    return {**_run_of_job(facet), **some(root=_run_of_job(root))}


def _run_of_job(facet: Json) -> Json:
    job = as_name(facet.get("job"))
    run = some(runId=as_text(as_object(facet.get("run")).get("runId"), TEXT_LIMIT))
    return some(job=job and job.to_json(), run=run)


def _spark_properties(facet: Json) -> Json:
    keys = ("trident.artifact.id", "spark.trident.artifact.id", "spark.synapse.context.notebookname")
    return some(properties=texts(*keys)(as_object(facet.get("properties"))))


def _environment(facet: Json) -> Json:
    """What is mounted where in a Databricks workspace; the facet wraps itself."""
    inner = as_object(facet.get("environment-properties"))
    mounts = [
        some(mountPoint=as_text(mount.get("mountPoint")), source=as_text(mount.get("source")))
        for mount in list(objects(inner.get("mountPoints")))[:MOUNTS_LIMIT]
    ]
    return some(**{"environment-properties": some(mountPoints=[mount for mount in mounts if len(mount) > 1])})


def _symlinks(facet: Json) -> Json:
    """In the producer's order, which says which of them it prefers."""
    names = dict.fromkeys(name for each in objects(facet.get("identifiers")) if (name := as_name(each)))
    return some(identifiers=[name.to_json() for name in list(names)[:SYMLINKS_LIMIT]])


RUN_FACETS: Mapping[str, Condenser] = {
    "environment-properties": _environment,
    "externalQuery": texts("externalQueryId"),
    "nominalTime": texts("nominalStartTime", "nominalEndTime"),
    "parent": _parent,
    "processing_engine": texts("name", "version"),
    "spark_properties": _spark_properties,
}
JOB_FACETS: Mapping[str, Condenser] = {
    "documentation": texts("description", limit=DESCRIPTION_LIMIT),
    "jobType": _job_type,
    "lineage": condense_job_lineage,
    "sourceCodeLocation": texts("url", "repoUrl", "path", "version"),
    "sql": _sql,
}
DATASET_FACETS: Mapping[str, Condenser] = {
    "columnLineage": condense_columns,
    "lineage": condense_dataset_lineage,
    "symlinks": _symlinks,
}
DELETED = {"_deleted": True}


def condense(facets: Json, condensers: Mapping[str, Condenser]) -> Json:
    """The facets that matter, in a fixed order. A facet that takes back an earlier one is kept as that."""
    kept: Json = {}
    for key, condenser in condensers.items():
        facet = as_object(facets.get(key))
        if facet.get("_deleted") is True:
            kept[key] = DELETED
        elif facet and (condensed := condenser(facet)):
            kept[key] = condensed
    return kept
