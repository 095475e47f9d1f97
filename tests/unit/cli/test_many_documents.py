"""`lineage apply` and `explain` of several documents, of which some fail: what is said, when, and the exit code."""

import json
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from lineage.cli import apply, explain
from lineage.cli.app import app
from lineage.errors import DatasetMissing, InvalidRequest, Mistake
from lineage.explain import Explanation
from lineage.outcomes import Outcome

FAILURES = {
    "invalid": InvalidRequest(Mistake("inputs.0", "no naming rule")),
    "missing": DatasetMissing(Mistake("inputs.0", "not there"), final=True),
    "bug": ZeroDivisionError(),
}


class Service:
    """Does what the id of a document says, and keeps what is recorded."""

    def __init__(self):
        self.recorded = []
        self.outcomes = self
        self.explainer = self

    async def apply_now(self, payload):
        if error := FAILURES.get(payload.get("id", "")):
            raise error
        return Outcome(id=payload.get("id", "event"))

    apply = apply_now

    async def explain(self, payload):
        await self.apply_now(payload)
        return Explanation()

    def record(self, record):
        self.recorded.append(record)


@pytest.fixture
def service(monkeypatch):
    service = Service()

    @asynccontextmanager
    async def opened():
        yield service

    monkeypatch.setattr(apply, "open_service", opened)
    monkeypatch.setattr(explain, "open_service", opened)
    return service


def run(command, *ids, options=()):
    documents = [{"id": each, "source": "a", "target": "b"} for each in ids]
    return CliRunner().invoke(app, [command, "-", *options], input=json.dumps(documents))


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("command", ["apply", "explain"])
@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (["one", "two"], 0),
        (["invalid"], 4),
        (["invalid", "missing"], 4),
        (["invalid", "one"], 1),  # 4 says that nothing was written
        (["one", "invalid"], 1),
        (["one", "missing", "invalid"], 3),
    ],
)
def test_the_exit_code_of_several_never_says_that_nothing_was_written_if_something_was(command, ids, code):
    assert run(command, *ids).exit_code == code


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("command", ["apply", "explain"])
def test_one_that_fails_takes_nothing_from_what_is_said_of_the_others(command):
    result = run(command, "one", "invalid", "two")

    assert [each in result.stdout for each in ("one", "two")] == [True, True]
    assert "-[1]: inputs.0: no naming rule" in result.stderr


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("command", ["apply", "explain"])
def test_one_that_fails_stands_among_the_others_in_json(command):
    told = json.loads(run(command, "one", "invalid", "two", options=["--json"]).stdout)

    assert [each["place"] for each in told] == ["-[0]", "-[1]", "-[2]"]
    assert [each.get("problem") for each in told] == [None, "invalid-request", None]


@pytest.mark.usefixtures("service")
def test_what_was_written_is_said_though_the_next_one_ends_the_command():
    result = run("apply", "one", "bug", "two")

    assert isinstance(result.exception, ZeroDivisionError)
    assert result.stdout == "done  one\n"


def test_an_event_that_is_applied_leaves_an_outcome_as_a_request_does(service):
    event = {"eventTime": "2025-01-01T00:00:00Z", "job": {"namespace": "jobs", "name": "load"}}

    result = CliRunner().invoke(app, ["apply", "-"], input=json.dumps(event))

    assert (result.exit_code, result.stdout) == (0, "done  event\n")
    (record,) = service.recorded
    assert (record.id, record.status, record.attempts, record.outcome.id) == ("event", "done", 1, "event")
