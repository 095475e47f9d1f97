"""The HTTP API: problems a caller can act on, keys, health."""

import gzip
import json
from uuid import uuid4

import pytest

PROBLEM = "urn:purview-lineage:problem:"


@pytest.mark.parametrize(
    ("body", "status", "problem", "path"),
    [
        (b"", 400, "invalid-request", ""),
        (b"{", 400, "invalid-request", ""),
        (b"[]", 400, "invalid-request", ""),
        (b"\xff\xfe", 400, "invalid-request", ""),
        (b'{"source": 1, "target": "x"}', 400, "invalid-request", "source"),
        (b'{"inputs": [{"guid": "1"}], "outputs": ["a"]}', 400, "invalid-request", "inputs.0.guid"),
        (b'{"source": "what is this", "target": "nor this"}', 400, "invalid-request", "inputs.0"),
        (b'{"source": "x", "target": "y", "mood": "replace"}', 400, "invalid-request", "mood"),
    ],
)
def test_a_bad_request_is_a_problem_that_names_the_field(app, body, status, problem, path):
    answer = app.post(body)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"] == PROBLEM + problem
    assert path in [error["path"] for error in answer.json()["errors"]]


def test_a_missing_dataset_is_a_422_that_names_it(app):
    guid = str(uuid4())

    answer = app.post({"source": guid, "target": str(uuid4()), "onMissing": "fail"})

    assert answer.status_code == 422
    assert answer.json()["type"] == PROBLEM + "dataset-missing"
    assert answer.json()["errorCode"] == "ATLAS-400-00-07D"
    assert guid in answer.json()["detail"]


def test_an_unknown_type_is_said_with_its_path(app):
    answer = app.post(
        {"source": {"typeName": "no_such_type", "qualifiedName": "x://y"}, "target": str(uuid4())}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "inputs.0"
    assert "no_such_type" in answer.json()["errors"][0]["message"]


def test_a_body_that_unfolds_beyond_the_limit_is_413(app):
    answer = app.post(gzip.compress(json.dumps({"source": " " * 20_000_000}).encode()))

    assert answer.status_code == 413


@pytest.mark.needs_keys
def test_reading_and_writing_need_a_key_and_health_does_not(app):
    assert app.post({}, headers={"x-functions-key": "wrong"}).status_code == 401
    assert app.get("/api/ready", key=False).status_code == 401
    assert app.get("/api/health", key=False).json() == {"status": "ok"}
    assert app.get(f"/api/ready?code={app.addresses.functionKey}", key=False).status_code == 200


def test_ready_checks_each_thing_the_app_needs(app):
    answer = app.get("/api/ready").json()

    assert answer["status"] == "ready"
    assert {"identity", "dataMap", "queue", "poisonQueue"} <= {check["name"] for check in answer["checks"]}
