"""
What the app says through OpenTelemetry's API: three kinds of spans, and metrics.

Names and attributes are those of OpenTelemetry's semantic conventions for HTTP clients and messaging; what these have
no word for starts with `lineage.`. An exception's words are never recorded: the Data Map's quote what was sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from http import HTTPStatus
from urllib.parse import urlsplit

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from lineage import __version__
from lineage.errors import LineageError
from lineage.telemetry import Answered, Telemetry, Trace, invoked_by

Attributes = Mapping[str, str | int]

MESSAGING_SYSTEM = "azure_storage_queue"
# Answers that the app expects: it asks whether something is there, or finds that it is there already.
EXPECTED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
DEFAULT_PORTS = {"https": 443, "http": 80}
FAILURES = frozenset({"retried", "dead"})  # fates
AGES = (30, 60, 300, 900, 3_600, 14_400, 43_200, 86_400)  # seconds
SHARES = (1, 2, 5, 10, 20, 50)  # requests

_w3c = TraceContextTextMapPropagator()
_links: ContextVar[tuple[Link, ...]] = ContextVar("links", default=())


class Instruments(Telemetry):
    """Speaks to the given providers, or to those that are set up for the process."""

    def __init__(self, traces: TracerProvider | None = None, meters: MeterProvider | None = None) -> None:
        self._tracer = trace.get_tracer("lineage", __version__, traces)
        meter = metrics.get_meter("lineage", __version__, meters)
        self._messages = meter.create_counter(
            "lineage.messages", "{message}", "Queue messages, by their fate"
        )
        self._operations = meter.create_counter(
            "lineage.datamap.operations", "{operation}", "Calls of the Data Map, by route and status"
        )
        self._shares = meter.create_histogram(
            "lineage.datamap.batch.size",
            "{request}",
            "Requests that share a write to the Data Map",
            explicit_bucket_boundaries_advisory=SHARES,
        )
        self._ages = meter.create_histogram(
            "lineage.deferral.age",
            "s",
            "Time since the first sight of a message that is deferred",
            explicit_bucket_boundaries_advisory=AGES,
        )
        self._poison: Callable[[], int] | None = None
        meter.create_observable_gauge(
            "lineage.poison.depth", [self._poison_depth], "{message}", "Messages in the poison queue"
        )

    @contextmanager
    def sending(self, queue: str) -> Iterator[Trace]:
        with self._span(f"send {queue}", SpanKind.PRODUCER, _messaging(queue, "send"), _here()):
            carried: Trace = {}
            _w3c.inject(carried)
            yield carried

    @contextmanager
    def processing(self, queue: str, traceparent: str, *, invoked_by: str, message_id: str) -> Iterator[None]:
        attributes = {**_messaging(queue, "process"), "messaging.message.id": message_id}
        links = () if invoked_by == traceparent else _linked([_of(invoked_by)])
        with self._span(f"process {queue}", SpanKind.CONSUMER, attributes, _of(traceparent), links):
            yield

    def settled(self, fate: str, problem: str | None, age: float) -> None:
        attributes = {"lineage.fate": fate} | ({"lineage.problem": problem} if problem else {})
        self._messages.add(1, attributes)
        if fate == "deferred":
            self._ages.record(age, attributes)
        span = trace.get_current_span()
        span.set_attributes(attributes)
        if fate in FAILURES:
            span.set_attribute("error.type", problem or fate)
            span.set_status(StatusCode.ERROR)

    def caller(self) -> Context:
        return _here()

    @contextmanager
    def on_behalf_of(self, callers: Sequence[object]) -> Iterator[None]:
        heard = [
            caller for caller in callers if isinstance(caller, Context)
        ]  # not those from before anybody listened
        first, *others = heard or [_here()]
        entered, continued = context.attach(first), invoked_by.set("")
        linked = _links.set(_linked(others, besides=first))
        try:
            yield
        finally:
            _links.reset(linked)
            invoked_by.reset(continued)
            context.detach(entered)

    def shared_by(self, requests: int) -> None:
        self._shares.record(requests)

    @contextmanager
    def calling(self, method: str, route: str, base: str) -> Iterator[Answered]:
        call: Attributes = {"http.request.method": method, "url.template": route}
        attributes = {**call, "url.full": base + route, **_server(base)}
        with self._span(f"{method} {route}", SpanKind.CLIENT, attributes, _here(), _links.get()) as span:
            try:
                yield lambda status: self._answered(span, call, {"http.response.status_code": status})
            except LineageError as error:
                self._answered(span, call, _failure(error))
                if getattr(error, "http_status", None) not in EXPECTED:
                    span.set_status(StatusCode.ERROR)
                if request_id := getattr(error, "request_id", None):
                    span.set_attribute("az.service_request_id", request_id)
                raise

    def watch_poison(self, depth: Callable[[], int]) -> None:
        self._poison = depth

    def _answered(self, span: Span, call: Attributes, answer: Attributes) -> None:
        span.set_attributes(answer)
        self._operations.add(1, {**call, **answer})

    def _poison_depth(self, _options: CallbackOptions) -> Iterator[Observation]:
        """Nothing, rather than a number that is not known."""
        with suppress(LineageError):
            if self._poison is not None:
                yield Observation(self._poison())

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        parent: Context,
        links: Sequence[Link] = (),
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            parent,
            kind,
            attributes,
            links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span


def _messaging(queue: str, operation: str) -> dict[str, str]:
    return {
        "messaging.system": MESSAGING_SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
    }


def _failure(error: LineageError) -> dict[str, str | int]:
    status = getattr(error, "http_status", None)
    return {"error.type": error.code} | ({"http.response.status_code": status} if status else {})


@cache
def _server(base: str) -> Attributes:
    url = urlsplit(base)
    return {"server.address": str(url.hostname), "server.port": url.port or DEFAULT_PORTS[url.scheme]}


def _here() -> Context:
    """The span that is under way, or else the host's invocation."""
    if trace.get_current_span().get_span_context().is_valid:
        return context.get_current()
    return _of(invoked_by.get())


def _of(traceparent: str) -> Context:
    return _w3c.extract({"traceparent": traceparent}, context=Context())


def _linked(others: Iterable[Context], *, besides: Context | None = None) -> tuple[Link, ...]:
    """A link to the span of each, once."""
    spans = [trace.get_current_span(other).get_span_context() for other in others]
    own = trace.get_current_span(besides).get_span_context().span_id if besides else None
    links = {span.span_id: Link(span) for span in spans if span.is_valid and span.span_id != own}
    return tuple(links.values())
