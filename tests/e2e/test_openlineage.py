"""Events of any OpenLineage producer become lineage in the Data Map, whatever order and number they come in."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests

SERVER = "mssql://openlineage.database.windows.net"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROBLEM = "urn:purview-lineage:problem:"


class Job:
    """A job with tables of its own, the events it sends, and what the Data Map says of it."""

    def __init__(self, app, catalogue, name):
        self.app = app
        self.catalogue = catalogue
        self.name = name
        self.run = str(uuid4())
        self.process = f"lineage://airflow/{name}"

    def table(self, name, **facets):
        return {"namespace": SERVER, "name": f"{self.name}.dbo.{name}", "facets": facets}

    def qualified(self, name):
        return f"{SERVER}/{self.name}/dbo/{name}"

    def event(self, kind, minute=0, inputs=(), outputs=(), *, run_facets=None, job_facets=None):
        return {
            "eventType": kind,
            "run": {"runId": self.run, "facets": run_facets or {}},
            **self.declared(minute, inputs, outputs, job_facets=job_facets),
        }

    def declared(self, minute=0, inputs=(), outputs=(), *, job_facets=None):
        """A job event."""
        return {
            **self.stamp(minute),
            "job": {"namespace": "airflow", "name": self.name, "facets": job_facets or {}},
            "inputs": [self.table(each) if isinstance(each, str) else each for each in inputs],
            "outputs": [self.table(each) if isinstance(each, str) else each for each in outputs],
        }

    @staticmethod
    def stamp(minute=0):
        return {
            "eventTime": (NOON + timedelta(minutes=minute)).isoformat(),
            "producer": "https://example.com/tests",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        }

    def post(self, body, path="", **options):
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"x-functions-key": self.app.addresses.functionKey} | options.pop("headers", {})
        return requests.post(
            f"{self.app.addresses.functions}/api/v1/lineage{path}",
            data=data,
            headers=headers,
            timeout=60,
            **options,
        )

    def emit(self, *events):
        for event in events:
            answer = self.post(event)
            assert answer.status_code == 200, answer.text

    def outcome(self, request_id=None):
        """What became of the run, if anything is known."""
        answer = self.app.get(
            f"/api/lineage/requests/{requests.utils.quote(request_id or self.run, safe='')}"
        )
        return answer.json() if answer.status_code == 200 else None

    def became(self, status):
        return lambda: (record := self.outcome()) and record["status"] == status and record

    def entity(self):
        found = self.catalogue.entities("lineage_process", [self.process])
        return found[0] if found else None

    def has_edges(self, *, inputs, outputs):
        """A question for `wait_for`: whether exactly these edges are there."""
        expected = {(self.qualified(name), self.process) for name in inputs} | {
            (self.process, self.qualified(name)) for name in outputs
        }
        return lambda: (entity := self.entity()) and self.catalogue.edges(entity["guid"]) == expected

    def columns(self):
        return json.loads(self.entity()["attributes"]["columnMapping"])


@pytest.fixture
def job(app, catalogue, unique):
    return Job(app, catalogue, unique)


def test_what_start_and_complete_tell_is_written_when_the_run_completes(job, wait_for):
    job.emit(job.event("START", inputs=["raw", "seed"], job_facets={"sql": {"query": "select 1"}}))
    wait_for(job.became("accumulated"))
    assert job.entity() is None

    job.emit(job.event("COMPLETE", 7, outputs=["clean"]))

    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))
    attributes = job.entity()["attributes"]
    assert attributes["runId"] == job.run
    assert attributes["runState"] == "COMPLETE"
    assert attributes["sql"] == "select 1"
    assert attributes["producer"] == "https://example.com/tests"
    assert wait_for(job.became("done"))["outcome"]["process"]["qualifiedName"] == job.process


def test_complete_before_start_ends_in_the_same_graph(job, wait_for):
    job.emit(job.event("COMPLETE", 7, outputs=["clean"]))
    wait_for(job.became("done"))

    job.emit(job.event("START", inputs=["raw"]))

    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))


def test_a_late_event_adds_an_input_and_the_graph_follows(job, wait_for):
    job.emit(job.event("COMPLETE", 7, inputs=["raw"], outputs=["clean"]))
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))

    job.emit(job.event("RUNNING", 5, inputs=["seed"]))

    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))


def test_duplicates_change_nothing(job, wait_for):
    start, complete = job.event("START", inputs=["raw"]), job.event("COMPLETE", 7, outputs=["clean"])

    job.emit(start, complete, complete, start, complete)

    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))
    inputs = job.entity()["relationshipAttributes"]["inputs"]
    assert [end["displayText"] for end in inputs] == ["raw"]


@pytest.mark.parametrize(("kind", "why"), [("FAIL", "the run failed"), ("ABORT", "the run was aborted")])
def test_a_run_that_does_not_complete_writes_nothing_and_its_outcome_says_so(job, wait_for, kind, why):
    job.emit(job.event("START", inputs=["raw"], outputs=["clean"]))
    job.emit(job.event(kind, 7, inputs=["raw"], outputs=["clean"]))

    outcome = wait_for(job.became("done"))["outcome"]

    assert why in outcome["detail"]
    assert job.entity() is None


def test_a_run_that_goes_on_is_accumulated_and_its_outcome_says_so(job, wait_for):
    job.emit(job.event("START", inputs=["raw"], outputs=["clean"]))

    assert wait_for(job.became("accumulated"))["outcome"]["detail"] == "the run has not ended yet"


def test_the_next_run_of_a_job_replaces_what_the_last_one_read(job, wait_for):
    job.emit(job.event("COMPLETE", inputs=["raw", "seed"], outputs=["clean"]))
    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))

    job.run = str(uuid4())
    job.emit(job.event("COMPLETE", 60, inputs=["raw"], outputs=["clean"]))

    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))


def test_a_job_event_replaces_what_the_job_declared_before(job, wait_for):
    job.emit(job.declared(0, inputs=["raw", "seed"], outputs=["clean"]))
    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))

    job.emit(job.declared(60, inputs=["raw"], outputs=["clean", "audit"]))
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean", "audit"}))
    assert job.outcome(f"airflow/{job.name}")["status"] == "done"

    # An older one that comes late changes nothing
    job.emit(job.declared(30, inputs=["seed"], outputs=["clean"]))
    wait_for(lambda: (record := job.outcome(f"airflow/{job.name}")) and record["status"] == "superseded")
    assert job.has_edges(inputs={"raw"}, outputs={"clean", "audit"})()


def test_a_dataset_event_with_explicit_lineage_is_direct_lineage(job, catalogue, wait_for):
    source = {"namespace": SERVER, "name": f"{job.name}.dbo.raw", "type": "DATASET"}
    target = job.table("clean", lineage={"inputs": [source]})

    job.emit({**job.stamp(), "dataset": target})

    def edges():
        found = catalogue.entities("azure_sql_table", [job.qualified("clean")])
        return catalogue.edges(found[0]["guid"]) if found else None

    assert wait_for(edges) == {(job.qualified("raw"), job.qualified("clean"))}


def test_a_stream_is_written_while_it_runs(job, wait_for):
    streaming = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}

    job.emit(job.event("RUNNING", 1, inputs=["raw"], outputs=["clean"], job_facets=streaming))
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))

    job.emit(job.event("RUNNING", 2, job_facets=streaming))  # says nothing, so it takes nothing away
    job.emit(job.event("RUNNING", 3, inputs=["seed"], job_facets=streaming))
    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))


def test_column_lineage_is_read_back_without_what_merely_filters(job, wait_for):
    def source(name, column, kind):
        return {**job.table(name), "field": column, "transformations": [{"type": kind}]}

    fields = {
        "id": {"inputFields": [source("raw", "order_id", "DIRECT"), source("seed", "day", "INDIRECT")]},
        "total": {"inputFields": [source("raw", "net", "DIRECT"), source("seed", "vat", "DIRECT")]},
    }
    clean = job.table("clean", columnLineage={"fields": fields})

    job.emit(job.event("COMPLETE", inputs=["raw", "seed"], outputs=[clean]))

    wait_for(job.has_edges(inputs={"raw", "seed"}, outputs={"clean"}))
    mapping = {each["DatasetMapping"]["Source"]: each["ColumnMapping"] for each in job.columns()}
    assert mapping == {
        job.qualified("raw"): [{"Source": "net", "Sink": "total"}, {"Source": "order_id", "Sink": "id"}],
        job.qualified("seed"): [{"Source": "vat", "Sink": "total"}],
    }


def test_an_event_of_two_megabytes_goes_by_claim_check(job, wait_for):
    names = [f"{'long_' * 40}{number}" for number in range(400)]  # more than a queue message holds
    plan = {"spark.logicalPlan": {"plan": "x" * 2_000_000}}

    job.emit(job.event("COMPLETE", inputs=names, outputs=["clean"], run_facets=plan))

    wait_for(job.has_edges(inputs=set(names), outputs={"clean"}))


def test_a_batch_is_taken_whole(job, wait_for):
    batch = [job.event("START", inputs=["raw"]), job.event("COMPLETE", 7, outputs=["clean"])]

    answer = job.post(batch, "/batch")

    assert (answer.status_code, answer.content) == (204, b"")
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))


@pytest.mark.parametrize("path", ["", "/batch"])
def test_a_bad_event_does_not_hold_up_the_others_of_its_batch(job, wait_for, path):
    good, bad = job.event("COMPLETE", inputs=["raw"], outputs=["clean"]), job.event("START")
    del bad["job"]["name"]

    answer = job.post([good, bad, 7], path)

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "partial_success",
        "summary": {"received": 3, "successful": 1, "failed": 2, "retriable": 0, "non_retriable": 2},
        "failed_events": [
            {
                "index": 1,
                "reason": "job.name: needs text that is not empty, this is null",
                "retriable": False,
            },
            {
                "index": 2,
                "reason": "an OpenLineage event is a JSON object, this is a number",
                "retriable": False,
            },
        ],
    }
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))


def test_an_empty_batch_is_fine(job):
    assert job.post([], "/batch").status_code == 204
    assert job.post([]).status_code == 204


def test_a_batch_is_a_list_that_ends(job):
    assert "a batch is a JSON array" in job.post(job.event("START"), "/batch").json()["detail"]
    assert "a batch may have 1000" in job.post([{}] * 1001, "/batch").json()["detail"]


def test_odd_events_are_taken_with_warnings(job):
    event = job.event("START", inputs=["raw"])
    del event["schemaURL"]
    odd = {**event, "producer": "me", "eventTime": "2026-05-01T12:00:00", "outputs": None}
    odd["run"] = {"runId": "not a uuid", "facets": None}

    answer = job.post(odd)

    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert [each.partition(":")[0] for each in answer.json()["warnings"]] == [
        "eventTime",
        "producer",
        "schemaURL",
        "run.runId",
        "run.facets",
    ]


def test_a_refusal_lists_everything_that_is_wrong_and_where(job):
    event = {**job.event("START"), "eventTime": "yesterday", "run": {"runId": 7}, "job": {"namespace": ""}}

    answer = job.post(event)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"] == PROBLEM + "invalid-request"
    paths = [error["path"] for error in answer.json()["errors"]]
    assert paths == ["eventTime", "run.runId", "job.namespace", "job.name"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"{}",
        b"{",
        b"\xff\xfe",
        b"\x1f\x8bnot gzip",
        b'{"job": null, "run": {}}',
        b'{"run": [], "job": 1, "eventTime": 1e999}',
        b'{"specversion": "1.0"}',
        b"[" * 100_000,
        b'{"eventTime": "2026-05-01T12:00:00Z", "dataset": {"namespace": "\\ud800", "name": "x"}}',
    ],
)
@pytest.mark.parametrize("path", ["", "/batch"])
def test_whatever_is_posted_is_never_our_fault(job, body, path):
    answer = job.post(body, path)

    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_more_than_the_app_takes_is_413_and_says_when_to_come_back(job):
    event = job.event("START", job_facets={"sql": {"query": "x" * 17_000_000}})

    for body in (json.dumps(event).encode(), gzip.compress(json.dumps(event).encode())):
        answer = job.post(body)

        assert answer.status_code == 413
        assert int(answer.headers["Retry-After"]) > 0


def in_pieces(body):
    """Without a length, as Java's clients send what they compress: in chunks."""
    for start in range(0, len(body), 50):
        yield body[start : start + 50]


def test_gzip_and_chunks_are_understood_together(job, wait_for):
    body = gzip.compress(json.dumps(job.event("COMPLETE", inputs=["raw"], outputs=["clean"])).encode())

    answer = requests.post(
        f"{job.app.addresses.functions}/api/v1/lineage",
        data=in_pieces(body),
        headers={"x-functions-key": job.app.addresses.functionKey, "Content-Encoding": "gzip"},
        timeout=60,
    )

    assert answer.status_code == 200
    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))


@pytest.mark.needs_keys
def test_the_key_is_taken_by_header_and_by_query_and_needed(job):
    url = f"{job.app.addresses.functions}/api/v1/lineage"
    event, key = job.event("START"), job.app.addresses.functionKey

    assert requests.post(url, json=event, timeout=60).status_code == 401
    assert requests.post(url, json=event, params={"code": "wrong"}, timeout=60).status_code == 401
    assert requests.post(url, json=event, params={"code": key}, timeout=60).status_code == 200
    assert requests.post(url, json=event, headers={"x-functions-key": key}, timeout=60).status_code == 200


@pytest.mark.parametrize("path", ["", "/", "/batch", "/batch/"])
def test_nothing_redirects(job, path):
    """A client that follows a redirect sends a GET and takes its answer for success."""
    answer = job.post(job.event("START"), path, allow_redirects=False)

    assert not 300 <= answer.status_code < 400


def as_base64(event):
    return base64.b64encode(json.dumps(event).encode()).decode()


def as_cloud_event(event):
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/contoso/openlineage",
        "type": "openlineage.event",
        "data": event,
    }


@pytest.mark.parametrize(
    "wire", [json.dumps, as_base64, as_cloud_event], ids=["plain", "base64", "CloudEvent"]
)
def test_events_on_the_queue_are_understood_as_well(app, job, wait_for, wire):
    app.send(wire(job.event("START", inputs=["raw"])))
    app.send(wire(job.event("COMPLETE", 7, outputs=["clean"])))

    wait_for(job.has_edges(inputs={"raw"}, outputs={"clean"}))
