"""What the process in Purview tells about the job and its run."""

from lineage.openlineage import JOB_ATTRIBUTES, RUN_ATTRIBUTES, merge, read_event, translate
from lineage.openlineage.facets import DESCRIPTION_LIMIT
from lineage.request import NAME_LIMIT, RESERVED_ATTRIBUTES

RUN_FACETS = {
    "parent": {"job": {"namespace": "shop", "name": "etl"}, "run": {"runId": "run-of-the-dag"}},
    "nominalTime": {"nominalStartTime": "2026-05-01T00:00:00Z", "nominalEndTime": "2026-05-02T00:00:00Z"},
    "processing_engine": {"name": "spark", "version": "3.5.1", "openlineageAdapterVersion": "1.54.0"},
    "externalQuery": {"externalQueryId": "q-42", "source": "snowflake"},
}
JOB_FACETS = {
    "sql": {"query": "insert into b select * from a"},
    "jobType": {"processingType": "BATCH", "integration": "SPARK", "jobType": "SQL_JOB"},
    "sourceCodeLocation": {"type": "git", "url": "https://git.contoso.com/etl/blob/main/load.py"},
    "documentation": {"description": "Loads the orders."},
}


def process(*payloads):
    (request,) = translate(merge(read_event(payload).event for payload in payloads)).requests
    return request.process


def test_what_the_facets_tell_becomes_attributes(events):
    made = process(
        events.run("START", minute=1),
        events.run(inputs=["pg|a"], outputs=["pg|b"], minute=7, run_facets=RUN_FACETS, job_facets=JOB_FACETS),
    )

    assert made.description == "Loads the orders."
    assert made.attributes == {
        "runId": "01a203d0-9cad-7752-aea4-5ebb92ef33fe",
        "runState": "COMPLETE",
        "runStartTime": "2026-05-01T12:01:00+00:00",
        "runEndTime": "2026-05-01T12:07:00+00:00",
        "nominalStartTime": "2026-05-01T00:00:00Z",
        "nominalEndTime": "2026-05-02T00:00:00Z",
        "parentJob": "shop/etl",
        "parentRunId": "run-of-the-dag",
        "engine": "spark 3.5.1",
        "externalQueryId": "q-42",
        "producer": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python",
        "integration": "SPARK",
        "jobType": "SQL_JOB",
        "processingType": "BATCH",
        "sql": "insert into b select * from a",
        "sourceCodeUrl": "https://git.contoso.com/etl/blob/main/load.py",
    }


def test_every_attribute_is_announced(events):
    """A type must declare its attributes, or Atlas drops them without a word."""
    renamed = {**RUN_FACETS, "spark_properties": {"properties": {"trident.artifact.id": "n"}}}

    made = process(events.run(inputs=["pg|a"], outputs=["pg|b"], run_facets=renamed, job_facets=JOB_FACETS))

    assert made.attributes.keys() == RUN_ATTRIBUTES | JOB_ATTRIBUTES
    assert not made.attributes.keys() & RESERVED_ATTRIBUTES


def test_an_attribute_is_of_runs_or_of_jobs():
    assert not RUN_ATTRIBUTES & JOB_ATTRIBUTES


def test_two_runs_of_a_job_differ_in_the_attributes_of_runs_only(events):
    first = events.run(inputs=["pg|a"], outputs=["pg|b"], job_facets=JOB_FACETS, run_facets=RUN_FACETS)
    second = {**first, "eventTime": "2026-06-01T00:00:00Z", "run": {**first["run"], "runId": "another"}}

    one, other = (process(each).attributes for each in (first, second))

    assert one != other
    assert {key for key in one if one[key] != other[key]} <= RUN_ATTRIBUTES


def test_a_job_event_has_no_run_to_tell_of(events):
    made = process(events.job(inputs=["pg|a"], outputs=["pg|b"], job_facets=JOB_FACETS))

    assert not made.attributes.keys() & (RUN_ATTRIBUTES - {"sourceJob"})


def test_a_run_that_goes_on_has_no_end(events):
    stream = {"jobType": {"processingType": "STREAMING"}}

    made = process(events.run("RUNNING", inputs=["pg|a"], outputs=["pg|b"], job_facets=stream))

    assert made.attributes["runState"] == "RUNNING"
    assert "runEndTime" not in made.attributes


def test_the_repository_stands_in_for_a_missing_url(events):
    facets = {"sourceCodeLocation": {"type": "git", "repoUrl": "https://git.contoso.com/etl.git"}}

    made = process(events.run(inputs=["pg|a"], outputs=["pg|b"], job_facets=facets))

    assert made.attributes["sourceCodeUrl"] == "https://git.contoso.com/etl.git"


def test_nothing_is_said_of_what_is_not_known(events):
    made = process(events.run(None, inputs=["pg|a"], outputs=["pg|b"]))

    assert made.description is None
    assert made.attributes.keys() == {"runId", "runStartTime", "producer"}


def test_long_documentation_is_cut(events):
    facets = {"documentation": {"description": "x" * 100_000}}

    assert (
        len(process(events.run(inputs=["pg|a"], outputs=["pg|b"], job_facets=facets)).description)
        == DESCRIPTION_LIMIT
    )


def test_the_longest_names_still_make_a_process(events):
    def entry(name, source):
        return {"namespace": "pg", "name": name, "inputs": [{"namespace": "pg", "name": source}]}

    long = "x" * (NAME_LIMIT - 1)
    entries = [entry(long + "1", "a"), entry(long + "2", "b")]
    payload = events.run(job=f"etl|{long}", job_facets={"lineage": {"entries": entries}})

    requests = translate(merge([read_event(payload).event])).requests

    keys = {request.process.key for request in requests}
    assert len(keys) == 2
    assert max(map(len, keys)) <= NAME_LIMIT
