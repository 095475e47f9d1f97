"""Queries that alerts and workbook ask: only for what log lines and metrics have, and only for fates that there are."""

import json
import logging
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from lineage.delivery import Delivery, Received
from lineage.delivery.backoff import Backoff
from lineage.delivery.settle import TryAgain
from lineage.errors import InvalidRequest, Mistake, Refused, StorageFailed, Unavailable
from lineage.outcomes import Outcome, Record
from lineage.telemetry import telemetry
from tests.heard import hearing
from tests.unit.infra.bicep import INFRA, ROOT, declared, one

QUERIES = sorted((INFRA / "queries").glob("*.kql"))

# Columns of Azure Monitor's tables that the queries use:
# https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces, .../apprequests and .../appmetrics
COLUMNS = {
    "AppTraces": {"ItemCount", "Message", "TimeGenerated"},
    "AppRequests": {"ItemCount", "OperationName", "Properties", "ResultCode", "Success", "TimeGenerated"},
    "AppMetrics": {"ItemCount", "Max", "Name", "Properties", "Sum", "TimeGenerated"},
}
REFUSAL = {"http_status": 404, "error_code": "ATLAS-404-00-005", "request_id": "r", "retry_after": 1}


class Storage:
    """Takes everything, or nothing."""

    def __init__(self, *, works=True):
        self._works = works

    async def post(self, *_args, **_options):
        if not self._works:
            raise StorageFailed("storage: down")


class Outcomes:
    """Forgets."""

    def record(self, _record):
        pass


async def lines(caplog, result, *, works=True):
    """The log lines of a message whose handling ends in a result or an error."""

    async def handle(_payload):
        if isinstance(result, Exception):
            raise result
        return result

    backoff = Backoff(timedelta(seconds=30), timedelta(hours=1), timedelta(hours=24))
    delivery = Delivery(Storage(works=works), Outcomes(), "lineage", backoff=backoff, max_dequeue_count=5)
    caplog.clear()
    with caplog.at_level(logging.INFO, "lineage"), suppress(TryAgain):
        await delivery.deliver(Received(b"{}", "m", 1, datetime.now(UTC), "i"), handle)
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "lineage"]


@pytest.fixture
async def logged(caplog):
    """A line of each kind."""
    results = [
        Outcome(id="1"),
        InvalidRequest(Mistake("", "no")),
        Refused("no", **REFUSAL),
        Unavailable("later", **REFUSAL),
        RuntimeError("a bug"),
    ]
    found = [line for result in results for line in await lines(caplog, result)]
    return found + await lines(caplog, Unavailable("later", **REFUSAL), works=False)


def statements(path):
    return re.sub(r"//[^\n]*", "", path.read_text("utf-8"))


async def test_a_message_that_is_settled_logs_one_line_of_json(logged):
    assert [line["fate"] for line in logged] == ["done", "dead", "dead", "deferred", "retried", "retried"]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
async def test_a_query_names_fields_that_log_lines_have(query, logged):
    fields = {name for line in logged for name in line}

    assert set(re.findall(r"\bline\.(\w+)", statements(query))) <= fields


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
async def test_a_query_names_events_and_fates_that_there_are(query, logged):
    text = statements(query)
    fates = {*get_args(Record.model_fields["status"].annotation), *(line["fate"] for line in logged)}

    assert set(re.findall(r'line\.fate\) == "(\w+)"', text)) <= fates
    assert set(re.findall(r'line\.event\) == "([\w.]+)"', text)) <= {line["event"] for line in logged}


@pytest.fixture(scope="module")
def measured():
    """A point of each metric, as what it is about, by the metric's name."""
    names = ("messages", "datamap.operations", "datamap.batch.size", "deferral.age", "poison.depth")
    with hearing() as heard:
        telemetry().settled("deferred", "dataset-missing", 1.0)
        telemetry().shared_by(1)
        telemetry().watch_poison(lambda: 1)
        with telemetry().calling("GET", "/route", "https://localhost") as answered:
            answered(200)
        told = {f"lineage.{name}": [about for about, _ in heard.metric(f"lineage.{name}")] for name in names}
    return {name: abouts[0] for name, abouts in told.items()}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
def test_a_query_asks_metrics_for_what_they_are_about(query, measured):
    text = statements(query)
    names = re.findall(r'\bName == "([^"]+)"', text)
    fields = {field for about in measured.values() for field in about} if "AppRequests" in text else set()

    for name in names:
        fields |= set(measured[name])
    assert bool(names) == ("AppMetrics" in text)
    assert set(re.findall(r'Properties\["([^"]+)"\]', text)) <= fields


def test_every_metric_is_asked_for_and_documented(measured):
    asked = {name for query in QUERIES for name in re.findall(r'\bName == "([^"]+)"', statements(query))}

    assert asked == set(measured)
    documented = (ROOT / "docs/operating.md").read_text("utf-8")
    assert set(re.findall(r"(?m)^\| `(lineage\.[\w.]+)` \| (?:counter|histogram|gauge)", documented)) == asked


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
def test_a_query_names_columns_that_its_table_has(query):
    text = statements(query)
    table = text.split()[0]
    capitals = set(re.findall(r'(?<![\w."])[A-Z][A-Za-z]+\b(?!")', text)) - set(COLUMNS)

    assert capitals <= COLUMNS[table]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
def test_a_query_counts_lines_that_sampling_left_out(query):
    assert "count()" not in statements(query)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)
def test_a_query_says_what_it_answers_and_is_used(query):
    text = query.read_text("utf-8")
    users = [path.read_text("utf-8") for path in (INFRA / "alerts.bicep", INFRA / "workbook.bicep")]

    assert text.startswith("// ")
    assert any(f"loadTextContent('queries/{query.name}')" in user for user in users)


def rules():
    return [rule for rule in declared("resource", INFRA / "alerts.bicep") if "scheduledQueryRules" in rule.of]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_an_alert_measures_and_splits_by_columns_that_its_query_gives(rule):
    (condition,) = rule.value["properties"]["criteria"]["allOf"]
    (name,) = re.findall(r"'(queries/[\w-]+\.kql)'", condition["query"])
    (summary,) = re.findall(r"summarize (.+)", statements(INFRA / name), re.DOTALL)
    given = re.findall(r"(\w+) =", summary) + re.findall(r", (\w+)\s*$", summary)

    assert condition["metricMeasureColumn"] in given
    assert {dimension["name"] for dimension in condition.get("dimensions", [])} <= set(given)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_an_alert_resolves_itself_or_is_muted_and_not_both(rule):
    """Azure takes `muteActionsDuration` only from rules that do not resolve themselves."""
    properties = rule.value["properties"]

    assert properties["autoMitigate"] is not ("muteActionsDuration" in properties)
    assert properties["actions"] == {"actionGroups": "actionGroups"}


def test_an_alert_looks_back_at_least_as_far_as_the_longest_delay_between_two_attempts():
    (waiting,) = [rule for rule in rules() if rule.name == "waiting"]
    longest = one("parameter", "retryAfterMax", INFRA / "main.bicep").value

    assert (waiting.value["properties"]["windowSize"], longest) == ("PT2H", "PT1H")


def test_the_hosts_own_poisoning_is_counted_by_the_words_the_host_uses():
    """`Message has reached MaxDequeueCount of 5. Moving message to queue '…-poison'.` is all that the host says."""
    assert 'Message has "MaxDequeueCount"' in statements(INFRA / "queries" / "dead-messages.kql")


def test_requests_and_failures_are_never_sampled_away():
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]

    assert {"Request", "Exception"} <= set(sampling["excludedTypes"].split(";"))
