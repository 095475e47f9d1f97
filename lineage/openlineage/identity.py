"""
Which process a job is, for ever: its namespace and name, without what changes from run to run.

Purview has one node for each process, so a name that carries a run's number would make a new node for every run. The
normalizations are those that producers' documentation calls for; each can be turned off.
"""

import re
from dataclasses import dataclass, fields
from hashlib import sha256

from lineage.openlineage.json_values import as_name, as_object, as_text
from lineage.openlineage.names import Name
from lineage.openlineage.snapshot import Snapshot

# YARN, Spark standalone and local application ids, and the guids of Livy and Fabric sessions.
_APPLICATION = re.compile(
    r"[_.-]?(?:application_\d{10,16}_\d{4,8}|app-\d{14}-\d{4}|local-\d{10,16}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# A notebook's session in Synapse: notebook_pool_epoch, which is the application's name. What comes behind it is what the
# job does and to which table, and a table may well end in an hour.
_SESSION = re.compile(r"\A([^.]*?)_\d{10,13}(?=\.|\Z)")
# Trino's and Presto's query ids, the default job name of its listener.
_QUERY_ID = re.compile(r"\d{8}_\d{6}_\d{5}_[a-z0-9]{5}")
NOTEBOOK_PROPERTIES = (
    "spark.synapse.context.notebookname",
    "trident.artifact.id",
    "spark.trident.artifact.id",
)
STABLE_NAME_LIMIT = 512
NO_OPTION = "none"


@dataclass(frozen=True, slots=True)
class Options:
    """
    How jobs become processes.

    `strip_applications`: leave application and session ids out of the names of Spark's jobs. `prefer_notebooks`: call a
    Spark job by its Synapse or Fabric notebook. `collapse_queries`: call a job that is named by its query's id by what it
    writes. `child_queries`: write the lineage of Airflow's query events too, beside that of their task.
    """

    strip_applications: bool = True
    prefer_notebooks: bool = True
    collapse_queries: bool = True
    child_queries: bool = False

    @classmethod
    def parse(cls, text: str) -> "Options":
        """From the names of those that are on, with commas between them, or `none`; `ValueError` if there is no such."""
        names = {name.strip() for name in text.split(",")} - {"", NO_OPTION}
        known = [option.name for option in fields(cls)]
        if unknown := sorted(names.difference(known)):
            raise ValueError(
                f"{unknown[0]!r} is no option: write those that are to be on, of {', '.join(known)}, or {NO_OPTION}"
            )
        return cls(**{name: name in names for name in known})


def identify(snapshot: Snapshot, outputs: list[Name], options: Options) -> Name | None:
    """The process that a snapshot's job is; None for dataset events, which have no job."""
    if snapshot.job is None:
        return None
    job = snapshot.job
    if options.collapse_queries and _QUERY_ID.fullmatch(job.name):
        return _query(snapshot, job, outputs)
    if options.prefer_notebooks and (notebook := _notebook(snapshot)):
        return Name(job.namespace, _with_notebook(notebook, job.name))
    if options.strip_applications and _is_spark(snapshot):
        return Name(job.namespace, _without_application(job.name) or _parent_name(snapshot) or job.name)
    return job


def is_settled(snapshot: Snapshot, options: Options) -> bool:
    """Whether the job's name alone says which process it is, so that no further event can make it another."""
    if snapshot.job is None or (options.collapse_queries and _QUERY_ID.fullmatch(snapshot.job.name)):
        return snapshot.job is None
    return identify(snapshot, [], options) == snapshot.job


def is_child_query(snapshot: Snapshot) -> bool:
    """
    Whether a job is one query of an Airflow task (`dag.task.query.3`).

    The task tells its own lineage. What these add is a process for each statement, and `airflow dags test` attributes
    them to the wrong tasks.
    """
    parent = _parent_name(snapshot)
    if snapshot.job is None or parent is None:
        return False
    number = snapshot.job.name.removeprefix(f"{parent}.query.")
    return number != snapshot.job.name and number.isdecimal()


def _query(snapshot: Snapshot, job: Name, outputs: list[Name]) -> Name:
    """A query has no name of its own: its parent's, or what it writes, stays the same the next time."""
    written = ", ".join(output.name for output in outputs)
    name = _parent_name(snapshot) or (f"query into {written}" if written else job.name)
    return Name(job.namespace, shortened(name))


def _is_spark(snapshot: Snapshot) -> bool:
    """By what its events say of their engine, their integration or their producer: guids mean nothing in other names."""
    engine = as_text(as_object(snapshot.run_facets.get("processing_engine")).get("name")) or ""
    integration = as_text(as_object(snapshot.job_facets.get("jobType")).get("integration")) or ""
    is_said = "spark" in {engine.lower(), integration.lower()} or "spark_properties" in snapshot.run_facets
    return is_said or "/integration/spark" in (snapshot.producer or "")


def _notebook(snapshot: Snapshot) -> str | None:
    properties = as_object(as_object(snapshot.run_facets.get("spark_properties")).get("properties"))
    return next((name for key in NOTEBOOK_PROPERTIES if (name := as_text(properties.get(key)))), None)


def _with_notebook(notebook: str, job: str) -> str:
    """Spark calls a job `application.action.table`; the notebook takes the application's place."""
    _, dot, action = job.partition(".")
    return notebook + dot + _trimmed(_APPLICATION.sub("", action))


def _without_application(name: str) -> str:
    return _trimmed(_SESSION.sub(r"\1", _APPLICATION.sub("", name)))


def _trimmed(name: str) -> str:
    return name.strip("_.- ")


def _parent_name(snapshot: Snapshot) -> str | None:
    parent = as_object(snapshot.run_facets.get("parent"))
    found = as_name(parent.get("job")) or as_name(as_object(parent.get("root")).get("job"))
    return found.name if found else None


def shortened(name: str, limit: int = STABLE_NAME_LIMIT) -> str:
    """A name longer than so many bytes by its beginning and a digest of all of it."""
    data = name.encode()
    if len(data) <= limit:
        return name
    return f"{data[: limit - 17].decode(errors='ignore')}~{sha256(data).hexdigest()[:16]}"
