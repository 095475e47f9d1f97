"""
One trace from the HTTP request over the queue to the Data Map, on Microsoft's runtime and the host's queue rules, and
what Application Insights is sent of it.
"""

import asyncio
import gzip
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from opentelemetry.trace import SpanKind

from lineage.delivery import PoisonQueue
from lineage.service import service
from local.functions import config, worker
from local.functions.queue import QueueListener
from local.functions.worker import RpcHttp, TypedData
from tests.heard import hearing

ROOT = Path(__file__).parents[2]
TRACE = "0af7651916cd43dd8448eb211c80319c"
REQUEST = f"00-{TRACE}-b7ad6b7169203331-00"  # of the host, which says "not sampled"
PATIENCE = 30  # seconds


class App:
    """The function app in this process, on a queue of its own."""

    def __init__(self, functions, heard):
        self.functions = {function.name: function for function in functions}
        self.heard = heard
        self._listener = None

    async def post(self, payload, traceparent=REQUEST, **headers):
        """As an HTTP caller; answers the status and the body."""
        http = RpcHttp(
            method="POST",
            url="http://localhost/api/lineage",
            headers=headers,
            params={},
            query={},
            body=TypedData(bytes=json.dumps(payload).encode()),
        )
        function = self.functions["ApplyLineage"]
        answer = await worker.invoke(function, TypedData(http=http), {}, traceparent)
        return int(answer.http.status_code), json.loads(answer.http.body.bytes)

    async def enqueue(self, payload, traceparent=REQUEST):
        status, body = await self.post(payload, traceparent, prefer="respond-async")
        assert status == 202
        return body["id"]

    def listen(self):
        """From now on the queue is worked off."""
        options = replace(config.read(ROOT).queues, max_polling_interval=timedelta(seconds=0.2))
        listener = QueueListener(self.functions["ConsumeLineage"], options, lease_seconds=60)
        self._listener = asyncio.create_task(listener.run())

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - of what an exporter holds, nobody tells
                await asyncio.sleep(0.02)

    def messages(self, fate):
        """The spans of messages with that fate."""
        found = (span for span in self.heard.spans if span.kind is SpanKind.CONSUMER)
        return [span for span in found if span.attributes.get("lineage.fate") == fate]

    async def close(self):
        if self._listener:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        await service().close()


@pytest.fixture(scope="session")
def functions():
    """Microsoft's runtime in this process, with an app of its own: a `FunctionApp` can be asked for its functions once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AzureWebJobsScriptRoot", str(ROOT))
        patch.syspath_prepend(str(ROOT))
        patch.delitem(sys.modules, "function_app", raising=False)
        yield asyncio.run(worker.start(ROOT))
        worker.stop()


@pytest.fixture
async def app(functions, storage, address, credential, monkeypatch):
    assert credential
    settings = {
        "PURVIEW_ENDPOINT": address,
        "LINEAGE_QUEUE_NAME": f"q{uuid4().hex}",
        "LineageStorage": storage.connection_string.get_secret_value(),
        "LINEAGE_RETRY_AFTER": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    service.cache_clear()
    with hearing() as heard:
        app = App(functions, heard)
        yield app
        await app.close()
    service.cache_clear()


def trace_of(span):
    return f"{span.context.trace_id:032x}"


def id_of(span):
    return f"{span.context.span_id:016x}"


def below(span):
    return f"{span.parent.span_id:016x}"


def linked(span):
    return {f"{link.context.trace_id:032x}" for link in span.links}


def request(account, *datasets, **more):
    process = {"name": "load", "qualifiedName": account.name(f"load/{uuid4().hex}")}
    source, target = datasets
    return {"source": source, "target": target, "process": process, **more}


async def test_one_trace_leads_from_the_http_request_over_the_queue_to_the_data_map(app, account):
    source, target = account.entities("a", "b")

    await app.enqueue(request(account, source, target))
    app.listen()
    await app.until(lambda: app.messages("done"))

    (sent,) = [span for span in app.heard.spans if span.kind is SpanKind.PRODUCER]
    (handled,) = app.messages("done")
    calls = [span for span in app.heard.spans if span.kind is SpanKind.CLIENT]
    assert "POST /atlas/v2/entity/bulk" in {span.name for span in calls}
    assert {trace_of(span) for span in app.heard.spans} == {TRACE}
    assert (below(sent), below(handled)) == ("b7ad6b7169203331", id_of(sent))
    assert {below(span) for span in calls} == {id_of(handled)}
    (invocation,) = linked(handled)
    assert invocation != TRACE  # the host begins a trace of its own with each queue message


async def test_a_request_that_is_applied_now_calls_the_data_map_in_its_own_trace(app, account):
    status, _ = await app.post(request(account, *account.entities("a", "b")))

    assert status == 200
    calls = app.heard.spans
    assert {span.kind for span in calls} == {SpanKind.CLIENT}
    assert {(trace_of(span), below(span)) for span in calls} == {(TRACE, "b7ad6b7169203331")}


async def test_a_deferred_message_comes_back_in_the_same_trace(app, account):
    (source,) = account.entities("a")
    late = {"typeName": "DataSet", "qualifiedName": account.name("late")}

    await app.enqueue(request(account, source, late))
    app.listen()
    await app.until(lambda: app.messages("deferred"))
    account.entities("late")
    await app.until(lambda: app.messages("done"))

    attempts = app.messages("deferred") + app.messages("done")
    assert len(attempts) >= 2
    assert {trace_of(span) for span in attempts} == {TRACE}
    ((about, ages),) = app.heard.metric("lineage.deferral.age")
    assert about == {"lineage.fate": "deferred", "lineage.problem": "dataset-missing"}
    assert ages.count == len(app.messages("deferred"))


async def test_a_dead_message_that_is_replayed_goes_on_in_its_trace_and_the_poison_queue_is_counted(app):
    nobody = str(uuid4())
    it = service()
    await app.enqueue({"source": nobody, "target": str(uuid4()), "onMissing": "fail"})
    app.listen()
    await app.until(lambda: app.messages("dead"))

    assert app.heard.counts("lineage.poison.depth") == [({}, 1)]
    await PoisonQueue(it.storage, it.settings.queue_name).replay(dry_run=False)
    await app.until(lambda: len(app.messages("dead")) == 2)
    assert {trace_of(span) for span in app.messages("dead")} == {TRACE}


async def test_messages_that_share_a_call_are_linked_by_it(app, account):
    source, target = account.entities("a", "b")
    traces = {uuid4().hex for _ in range(8)}
    account.misbehave(latencyMs=200)
    for trace in traces:
        await app.enqueue(request(account, source, target), f"00-{trace}-b7ad6b7169203331-01")

    app.listen()
    await app.until(lambda: len(app.messages("done")) == len(traces))

    writes = app.heard.named("POST /atlas/v2/entity/bulk")
    assert len(writes) < len(traces)
    for write in writes:
        assert below(write) in {id_of(span) for span in app.messages("done")}
    reached = [{trace_of(write)} | linked(write) for write in writes]
    assert set().union(*reached) == traces
    assert sum(map(len, reached)) == len(traces)
    ((_, sizes),) = app.heard.metric("lineage.datamap.batch.size")
    assert (sizes.count, sizes.sum) == (len(writes), len(traces))


async def test_nothing_that_is_said_names_a_dataset(app, account):
    (source,) = account.entities("secretly")
    named = {"typeName": "DataSet", "qualifiedName": account.name("secretly")}
    missing = {"typeName": "DataSet", "qualifiedName": account.name("secretly-missing")}

    await app.enqueue(request(account, named, source))
    await app.enqueue(request(account, named, missing, onMissing="fail"))
    app.listen()
    await app.until(lambda: app.messages("done") and app.messages("dead"))

    said = "".join(span.to_json() for span in app.heard.spans)
    assert account.run not in said
    assert "secretly" not in said


# What Application Insights is sent


class Ingestion:
    """Takes telemetry as Application Insights does, and keeps it."""

    def __init__(self):
        self.items = kept = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                items = json.loads(body)
                kept.extend(items)
                answer = {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.connection_string = (
            "InstrumentationKey=00000000-0000-4000-8000-000000000000;"
            f"IngestionEndpoint=http://127.0.0.1:{self._server.server_port}/"
        )
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ingestion():
    ingestion = Ingestion()
    yield ingestion
    ingestion.close()


SAY = """
from lineage import exporting
from lineage.errors import Unavailable
from lineage.telemetry import invocation, listen, start, telemetry
start()
with telemetry().processing("lineage", "REQUEST", invoked_by="", message_id="m"):
    with telemetry().calling("POST", "/atlas/v2/entity/bulk", "https://contoso.purview.azure.com/datamap/api") as answered:
        answered(200)
    telemetry().shared_by(3)
    telemetry().settled("dead", "dataset-missing", 1.0)
with telemetry().processing("lineage", "REQUEST", invoked_by="", message_id="n"):
    telemetry().settled("deferred", "dataset-missing", 60.0)
with invocation("REQUEST"), telemetry().sending("lineage"):
    pass
telemetry().watch_poison(lambda: 7)
exporting._exporters()
"""


def test_what_application_insights_is_sent(ingestion, tmp_path):
    """Sent when the process ends at the latest; the host says "not sampled", and it is sent all the same."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SAY.replace("REQUEST", REQUEST)],
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp_path),
            "WEBSITE_SITE_NAME": "func-lineage",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert {item["tags"]["ai.cloud.role"] for item in ingestion.items} == {"func-lineage"}
    assert list(tmp_path.iterdir()) == []  # nothing is left on the disk
    told = [(item["data"]["baseType"], item["tags"], item["data"]["baseData"]) for item in ingestion.items]

    requests = [(tags, data) for kind, tags, data in told if kind == "RequestData"]
    assert {tags["ai.operation.id"] for tags, _ in requests} == {TRACE}
    assert [(data["name"], data["success"], data["properties"]) for _, data in requests] == [
        ("process lineage", False, {"lineage.fate": "dead", "lineage.problem": "dataset-missing"}),
        ("process lineage", True, {"lineage.fate": "deferred", "lineage.problem": "dataset-missing"}),
    ]
    calls = [data for kind, _, data in told if kind == "RemoteDependencyData"]
    assert [(call["type"], call["name"], call["resultCode"]) for call in calls] == [
        ("HTTP", "POST /datamap/api/atlas/v2/entity/bulk", "200"),
        ("Queue Message | azure_storage_queue", "send lineage", "0"),
    ]
    metrics = {data["metrics"][0]["name"]: data for kind, _, data in told if kind == "MetricData"}
    assert {name: data["metrics"][0]["value"] for name, data in metrics.items()} == {
        "lineage.messages": 1,
        "lineage.datamap.operations": 1,
        "lineage.datamap.batch.size": 3,
        "lineage.deferral.age": 60,
        "lineage.poison.depth": 7,
    }
    assert set(metrics["lineage.messages"]["properties"]) == {"lineage.fate", "lineage.problem"}
    assert set(metrics["lineage.datamap.operations"]["properties"]) == {
        "http.request.method",
        "url.template",
        "http.response.status_code",
    }
