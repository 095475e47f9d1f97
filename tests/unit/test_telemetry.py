"""What the app says of itself, and that it costs and breaks nothing, whoever listens."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from lineage.batching import Batcher
from lineage.delivery.history import TRACEPARENT
from lineage.errors import (
    AlreadyExists,
    InvalidRequest,
    Mistake,
    NotFound,
    Refused,
    StorageFailed,
    Unavailable,
)
from lineage.telemetry import Telemetry, invocation, telemetry
from tests.heard import hearing

ROOT = Path(__file__).parents[2]
TRACE = "a" * 32
SPAN = "b" * 16
TRACEPARENT_OF_HOST = f"00-{TRACE}-{SPAN}-00"
SENDER = f"00-{'c' * 32}-{'d' * 16}-01"
NOWHERE = "InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=http://127.0.0.1:1/"


def in_a_process_of_its_own(code, **environ):
    """Runs code with no settings but these; answers what it printed, and what it wrote to the log."""
    program = f"import logging\nlogging.basicConfig()\n{code}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environ | {"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


LOADED = 'import sys; print(*(name for name in ("opentelemetry", "azure.monitor") if name in sys.modules))'
ONE_OF_EACH = """
from lineage.telemetry import telemetry
with telemetry().processing("lineage", "", invoked_by="", message_id="1"):
    with telemetry().calling("POST", "/route", "https://localhost/datamap") as answered:
        answered(200)
    telemetry().settled("done", None, 0.0)
"""


# Nobody listens


@pytest.mark.parametrize("connection_string", ["", "  "])
def test_where_nobody_listens_opentelemetry_is_not_even_imported(connection_string):
    code = f"import function_app\nfrom lineage.telemetry import start\nstart()\n{ONE_OF_EACH}\n{LOADED}"

    assert in_a_process_of_its_own(code, APPLICATIONINSIGHTS_CONNECTION_STRING=connection_string) == ("", "")


def test_opentelemetrys_own_switch_turns_it_off():
    code = f"from lineage.telemetry import start\nstart()\n{LOADED}"

    assert in_a_process_of_its_own(
        code, APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE, OTEL_SDK_DISABLED="true"
    ) == ("", "")


def test_a_message_carries_the_trace_of_the_invocation_all_the_same():
    silent = Telemetry()

    with invocation(TRACEPARENT_OF_HOST), silent.sending("lineage") as carried:
        assert carried == {"traceparent": TRACEPARENT_OF_HOST}
    for nothing in (None, ""):
        with invocation(nothing), silent.sending("lineage") as carried:
            assert carried == {}


@pytest.mark.parametrize(
    ("carried", "continued"), [(SENDER, SENDER), ("", TRACEPARENT_OF_HOST)], ids=["message", "invocation"]
)
def test_what_is_sent_while_a_message_is_handled_carries_its_trace_all_the_same(carried, continued):
    """As when a batch is divided: each of its events goes on in the trace of whoever sent them."""
    silent = Telemetry()

    with (
        silent.processing("lineage", carried, invoked_by=TRACEPARENT_OF_HOST, message_id="1"),
        silent.sending("lineage") as sent,
    ):
        assert sent == {"traceparent": continued}
    with silent.sending("lineage") as sent:
        assert sent == {}


@pytest.mark.parametrize(
    "environ",
    [{}, {"APPLICATIONINSIGHTS_CONNECTION_STRING": NOWHERE, "OTEL_SDK_DISABLED": "true"}],
    ids=["nobody listens", "switched off"],
)
def test_azures_libraries_do_not_write_a_line_for_each_call_whoever_listens(environ):
    """The Functions worker passes on whatever its root logger is given, from INFO on."""
    code = (
        "logging.getLogger().setLevel(logging.INFO)\n"
        "from lineage.telemetry import start\nstart()\n"
        "logging.getLogger('azure.core.pipeline.policies.http_logging_policy').info('a request')"
    )

    assert in_a_process_of_its_own(code, **environ) == ("", "")


def test_silence_takes_whatever_it_is_told():
    silent = Telemetry()

    with silent.processing("lineage", "", invoked_by="", message_id="1"), silent.on_behalf_of([None]):
        with silent.calling("GET", "/route", "https://localhost/datamap") as answered:
            answered(200)
        silent.shared_by(1)
        silent.settled("done", None, 0.0)
        silent.watch_poison(lambda: 1)


# Somebody is to be told


def test_importing_the_app_loads_nothing_even_then():
    code = f"import function_app\n{LOADED}"

    assert in_a_process_of_its_own(code, APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE) == ("", "")


def test_no_message_waits_for_the_import_of_the_exporter():
    code = f"from lineage.telemetry import start\nstart()\n{ONE_OF_EACH}\n{LOADED}\nimport os; os._exit(0)"
    code = code.replace("import os;", "import os; sys.stdout.flush();")

    assert in_a_process_of_its_own(code, APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE) == (
        "opentelemetry",
        "",
    )


EXPORTED = """
import time
from lineage import exporting
while not exporting._made.cache_info().currsize:
    time.sleep(0.01)
"""
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_METRIC_EXPORT_INTERVAL": "20"}  # milliseconds


@pytest.mark.parametrize(
    "connection_string", ["nonsense", "InstrumentationKey=secret", "IngestionEndpoint=x"]
)
def test_a_connection_string_that_is_none_breaks_nothing_and_is_not_shown(connection_string):
    code = f"from lineage.telemetry import start\nstart()\n{ONE_OF_EACH}\n{EXPORTED}\nprint('went on')"

    printed, logged = in_a_process_of_its_own(
        code, APPLICATIONINSIGHTS_CONNECTION_STRING=connection_string, **AT_ONCE
    )

    assert printed == "went on"
    assert logged == 'WARNING:lineage:{"event": "lineage.telemetry", "problem": "ValueError"}'


@pytest.mark.parametrize(
    ("authentication", "signed_in"),
    [
        ("", "None"),
        ("ClientId=0e2f6f0e-0000-4000-8000-000000000000;Authorization=AAD", "ManagedIdentityCredential"),
    ],
)
def test_the_exporters_sign_in_as_the_host_does(authentication, signed_in):
    code = (
        "from lineage import exporting\nexporting.to_application_insights()\n"
        "for exporter in exporting._exporters(): print(type(exporter._credential).__name__)\n"
        "import os, sys; sys.stdout.flush(); os._exit(0)"
    )

    printed, _ = in_a_process_of_its_own(
        code,
        APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING=authentication,
    )

    assert printed.split() == [signed_in.replace("None", "NoneType")] * 2


def test_an_exporter_that_cannot_be_imported_breaks_nothing():
    code = (
        "import sys\nsys.modules['opentelemetry'] = None\n"
        f"from lineage.telemetry import start\nstart()\n{ONE_OF_EACH}\nprint('went on')"
    )

    printed, logged = in_a_process_of_its_own(code, APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE)

    assert printed == "went on"
    assert '"event": "lineage.telemetry", "problem": "ModuleNotFoundError"' in logged


def test_what_the_worker_has_set_up_is_used_and_nothing_else():
    code = f"""
import os
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
from lineage.telemetry import start
start()
{ONE_OF_EACH}
print(*(span.name for span in spans.get_finished_spans()), sep="; ")
import sys
print("lineage.exporting" in sys.modules)
"""
    printed, _ = in_a_process_of_its_own(code, APPLICATIONINSIGHTS_CONNECTION_STRING=NOWHERE)

    assert printed.splitlines() == ["POST /route; process lineage", "False"]


# Spans


@pytest.fixture
def heard():
    with hearing() as heard:
        yield heard


def of(span):
    """Which trace a span is in, and below which span."""
    return f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}" if span.parent else None


def id_of(span):
    return f"{span.context.span_id:016x}"


def process(traceparent=SENDER, invoked_by=TRACEPARENT_OF_HOST):
    return telemetry().processing("lineage", traceparent, invoked_by=invoked_by, message_id="m")


def call(error=None, status=200):
    with telemetry().calling("POST", "/entity/guid/{guid}", "https://localhost/datamap") as answered:
        if error:
            raise error
        answered(status)


def test_sending_continues_the_invocation_and_tells_the_message(heard):
    with invocation(TRACEPARENT_OF_HOST), telemetry().sending("lineage") as carried:
        pass

    (span,) = heard.spans
    assert (span.name, span.kind, of(span)) == ("send lineage", SpanKind.PRODUCER, (TRACE, SPAN))
    assert carried == {"traceparent": f"00-{TRACE}-{id_of(span)}-01"}
    assert TRACEPARENT.fullmatch(carried["traceparent"])
    assert dict(span.attributes) == {
        "messaging.system": "azure_storage_queue",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "lineage",
    }


def test_without_a_trace_to_continue_one_begins(heard):
    with telemetry().sending("lineage") as carried:
        pass

    (span,) = heard.spans
    assert span.parent is None
    assert carried["traceparent"].split("-")[1] == of(span)[0]


def test_a_message_is_handled_in_its_own_trace_and_linked_to_the_invocation(heard):
    with process():
        pass

    (span,) = heard.spans
    assert (span.name, span.kind, of(span)) == ("process lineage", SpanKind.CONSUMER, ("c" * 32, "d" * 16))
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE]
    assert span.attributes["messaging.message.id"] == "m"


@pytest.mark.parametrize("invoked_by", [SENDER, "", "nonsense"])
def test_an_invocation_that_is_the_trace_or_has_none_is_not_linked(heard, invoked_by):
    with process(invoked_by=invoked_by):
        pass

    assert heard.spans[0].links == ()


@pytest.mark.parametrize("fate", ["retried", "dead"])
def test_a_message_that_failed_is_a_span_that_failed(heard, fate):
    with process():
        telemetry().settled(fate, "data-map-refused", 1.0)

    (span,) = heard.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["lineage.fate"] == fate
    assert span.attributes["lineage.problem"] == span.attributes["error.type"] == "data-map-refused"


@pytest.mark.parametrize("fate", ["done", "deferred", "superseded", "accumulated"])
def test_a_message_that_is_well_or_waits_is_not(heard, fate):
    with process():
        telemetry().settled(fate, None, 1.0)

    (span,) = heard.spans
    assert span.status.status_code is StatusCode.UNSET
    assert (span.attributes["lineage.fate"], "error.type" in span.attributes) == (fate, False)


def test_a_call_is_told_by_its_route(heard):
    with process():
        call()

    span, message = heard.spans
    assert (span.name, span.kind) == ("POST /entity/guid/{guid}", SpanKind.CLIENT)
    assert of(span) == ("c" * 32, id_of(message))
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "url.template": "/entity/guid/{guid}",
        "url.full": "https://localhost/datamap/entity/guid/{guid}",
        "server.address": "localhost",
        "server.port": 443,
        "http.response.status_code": 200,
    }


def test_a_call_for_an_http_caller_continues_the_invocation(heard):
    with invocation(TRACEPARENT_OF_HOST):
        call()

    assert of(heard.spans[0]) == (TRACE, SPAN)


def test_what_went_wrong_with_a_call_is_told_in_codes_and_never_in_words(heard):
    error = Unavailable("the words of orders.customers", http_status=503, request_id="r")

    with pytest.raises(Unavailable):
        call(error)

    (span,) = heard.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "data-map-unavailable"
    assert span.attributes["http.response.status_code"] == 503
    assert span.attributes["az.service_request_id"] == "r"
    assert "words" not in span.to_json()


@pytest.mark.parametrize("error", [AlreadyExists("", http_status=409), NotFound("", http_status=404)])
def test_an_answer_that_is_expected_is_no_failure(heard, error):
    with pytest.raises(Refused):
        call(error)

    assert heard.spans[0].status.status_code is StatusCode.UNSET


def test_a_call_that_was_not_answered_has_no_status(heard):
    with pytest.raises(Unavailable):
        call(Unavailable("no answer"))

    (span,) = heard.spans
    assert span.status.status_code is StatusCode.ERROR
    assert "http.response.status_code" not in span.attributes


# A call that several messages share


class Messages:
    """Messages that are handled at the same time and whose items share calls."""

    def __init__(self, refuses=None):
        self.refuses = refuses
        self.batcher = Batcher(
            self._send, size=10, divides=lambda error: isinstance(error, InvalidRequest) and not error.final
        )

    async def _send(self, items):
        with telemetry().calling("POST", f"/{'+'.join(items)}", "https://localhost/datamap") as answered:
            if self.refuses in items:
                raise divisible(len(items))
            answered(200)
        return items

    async def handle(self, number):
        with telemetry().processing(
            "lineage", f"00-{number * 32}-{number * 16}-01", invoked_by="", message_id=number
        ):
            return await self.batcher.submit(number)


def divisible(items):
    error = InvalidRequest(Mistake("", "no"))
    error.final = items == 1
    return error


async def handled(messages, *numbers):
    return await asyncio.gather(*map(messages.handle, numbers), return_exceptions=True)


def linked(span):
    return [f"{link.context.trace_id:032x}"[0] for link in span.links]


async def test_a_shared_call_is_in_the_firsts_trace_and_linked_to_the_others(heard):
    await handled(Messages(), "1", "2", "3")

    (call,) = heard.named("POST /1+2+3")
    first, second, third = (heard.named("process lineage")[index] for index in range(3))
    assert of(call) == ("1" * 32, id_of(first))
    assert [link.context.span_id for link in call.links] == [second.context.span_id, third.context.span_id]


async def test_the_halves_of_a_call_that_was_refused_are_those_of_their_own_messages(heard):
    await handled(Messages(refuses="3"), "1", "2", "3", "4")

    calls = {span.name: span for span in heard.spans if span.kind is SpanKind.CLIENT}
    assert {name: (of(span)[0][0], linked(span)) for name, span in calls.items()} == {
        "POST /1+2+3+4": ("1", ["2", "3", "4"]),
        "POST /1+2": ("1", ["2"]),
        "POST /3+4": ("3", ["4"]),
        "POST /3": ("3", []),
        "POST /4": ("4", []),
    }


async def test_a_message_is_linked_once_and_never_to_itself(heard):
    batcher = Messages().batcher
    with process():
        await asyncio.gather(*map(batcher.submit, "abc"))

    assert heard.named("POST /a+b+c")[0].links == ()


async def test_those_without_a_trace_do_not_get_into_that_of_others(heard):
    messages = Messages()

    with invocation(TRACEPARENT_OF_HOST):
        await handled(messages, "1")
    with invocation(""):
        await messages.batcher.submit("x")

    assert heard.named("POST /x")[0].parent is None


async def test_an_item_from_before_anybody_listened_does_no_harm():
    batcher = Messages().batcher
    early = asyncio.ensure_future(batcher.submit("a"))
    await asyncio.sleep(0)  # submitted, and not sent yet

    with hearing() as heard:
        assert await early == "a"

    assert heard.named("POST /a")[0].links == ()


# Metrics


def test_messages_are_counted_by_fate_and_problem(heard):
    for fate, problem in [("done", None), ("done", None), ("dead", "invalid-request")]:
        telemetry().settled(fate, problem, 1.0)

    assert heard.counts("lineage.messages") == [
        ({"lineage.fate": "done"}, 2),
        ({"lineage.fate": "dead", "lineage.problem": "invalid-request"}, 1),
    ]


def test_only_deferred_messages_have_an_age(heard):
    for fate, age in [("deferred", 40.0), ("deferred", 4_000.0), ("done", 9.0), ("dead", 9.0)]:
        telemetry().settled(fate, "dataset-missing" if fate != "done" else None, age)

    ((about, ages),) = heard.metric("lineage.deferral.age")
    assert about == {"lineage.fate": "deferred", "lineage.problem": "dataset-missing"}
    assert (ages.count, ages.min, ages.max) == (2, 40.0, 4_000.0)


def test_operations_are_counted_by_route_and_status(heard):
    call()
    call()
    for error in (Unavailable("", http_status=429), Unavailable("no answer")):
        with pytest.raises(Unavailable):
            call(error)

    route = {"http.request.method": "POST", "url.template": "/entity/guid/{guid}"}
    failed = {"error.type": "data-map-unavailable"}
    assert heard.counts("lineage.datamap.operations") == [
        (route | {"http.response.status_code": 200}, 2),
        (route | {"http.response.status_code": 429} | failed, 1),
        (route | failed, 1),
    ]


def test_how_many_share_a_write_is_measured(heard):
    telemetry().shared_by(1)
    telemetry().shared_by(49)

    ((_, sizes),) = heard.metric("lineage.datamap.batch.size")
    assert (sizes.count, sizes.sum, sizes.max) == (2, 50, 49)


def test_the_poison_queue_is_counted_when_metrics_are_read(heard):
    depths = iter([3, 5])
    telemetry().watch_poison(lambda: next(depths))

    assert [heard.counts("lineage.poison.depth") for _ in range(2)] == [[({}, 3)], [({}, 5)]]


def test_a_depth_that_cannot_be_had_is_not_told(heard, caplog):
    def down():
        raise StorageFailed("down")

    assert heard.counts("lineage.poison.depth") == []  # nobody watches yet
    telemetry().watch_poison(down)

    assert heard.counts("lineage.poison.depth") == []
    assert caplog.records == []
