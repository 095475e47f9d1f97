"""
Traces and metrics: what the app says of itself besides its log, and the silence where nobody listens.

OpenTelemetry is imported only if Application Insights is to be told, or if the Functions worker has set it up by
itself. Otherwise nothing here does anything, and the import of the app and each message cost what they would without.
Only the traceparent is kept either way: a message carries the trace of whoever sent it.

What is said is ids, codes and counts, never a payload and never the name of a dataset.
"""

# ruff: noqa: ARG002 - who says nothing has no use for what it is given

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache

logger = logging.getLogger("lineage")

CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
SWITCHED_OFF = "OTEL_SDK_DISABLED"  # OpenTelemetry's own setting
# Loggers of Azure's libraries that write a line or more per call, whoever listens: the host would keep, and bill, each.
TALKATIVE = ("azure.core.pipeline.policies.http_logging_policy", "azure.monitor.opentelemetry.exporter")

Trace = dict[str, str]  # CloudEvents' distributed tracing extension: `traceparent`, if there is a trace
Answered = Callable[[int], None]

invoked_by: ContextVar[str] = ContextVar("invoked_by", default="")  # the traceparent of the host's invocation
_nothing: AbstractContextManager[None] = nullcontext()
_unheard: AbstractContextManager[Answered] = nullcontext(lambda _status: None)


class Telemetry:
    """Says nothing; `lineage.instruments` does."""

    def sending(self, queue: str) -> AbstractContextManager[Trace]:
        """While a message is sent. Gives what its envelope carries, so that whoever handles it continues the trace."""
        traceparent = invoked_by.get()
        return nullcontext({"traceparent": traceparent} if traceparent else {})

    def processing(
        self, queue: str, traceparent: str, *, invoked_by: str, message_id: str
    ) -> AbstractContextManager[None]:
        """While a message is handled: a part of the trace that it carries, linked to that of the invocation."""
        return invocation(traceparent or invoked_by)

    def settled(self, fate: str, problem: str | None, age: float) -> None:
        """What became of the message that is being handled, and how many seconds ago it was first seen."""

    def caller(self) -> object:
        """Who is at work here, for `on_behalf_of`."""

    def on_behalf_of(self, callers: Sequence[object]) -> AbstractContextManager[None]:
        """While something is done for several callers at once: a part of the first's trace, linked to the others'."""
        return _nothing

    def shared_by(self, requests: int) -> None:
        """How many requests share a write to the Data Map."""

    def calling(self, method: str, route: str, base: str) -> AbstractContextManager[Answered]:
        """While the Data Map at `base` is called. `route` has placeholders where the call has names and guids."""
        return _unheard

    def watch_poison(self, depth: Callable[[], int]) -> None:
        """How to count the dead messages. It is asked now and then, from a thread of its own, and may fail."""


_listening = Telemetry()


def telemetry() -> Telemetry:
    """To whom the app says it."""
    return _listening


def listen(listening: Telemetry) -> None:
    """From now on the app says it to these."""
    global _listening  # noqa: PLW0603 - as OpenTelemetry's own providers, one per process
    _listening = listening


@cache
def start() -> None:
    """Says it to Application Insights, or to whom the worker has set up; once. That it fails breaks nothing."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if os.environ.get(SWITCHED_OFF, "").lower() == "true":
        return
    try:
        if _is_set_up():
            from lineage.instruments import Instruments  # noqa: PLC0415 - see the module's docstring

            listen(Instruments())
        elif os.environ.get(CONNECTION_STRING, "").strip():
            from lineage import exporting  # noqa: PLC0415 - see the module's docstring

            listen(exporting.to_application_insights())
    except Exception as error:  # noqa: BLE001 - a message matters more than what is said of it
        cannot(error)


def cannot(error: Exception) -> None:
    """Says why there is no telemetry. The error's own words may quote the connection string."""
    logger.warning(json.dumps({"event": "lineage.telemetry", "problem": type(error).__name__}))


@contextmanager
def invocation(traceparent: str | None) -> Iterator[None]:
    """An invocation by the host, whose trace is continued."""
    token = invoked_by.set(traceparent or "")
    try:
        yield
    finally:
        invoked_by.reset(token)


def _is_set_up() -> bool:
    """Whether somebody has given this process a tracer provider."""
    trace = sys.modules.get("opentelemetry.trace")
    return trace is not None and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
