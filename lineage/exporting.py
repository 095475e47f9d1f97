"""
OpenTelemetry to Application Insights, from inside the app.

Beside the Functions host, not instead of it: the host goes on writing requests and logs, the app adds its own spans
and metrics and no logs, so that nothing is told twice. The exporter is large. It is made by the threads that export,
when there is first something to export, so that no message waits for its import.

It signs in as APPLICATIONINSIGHTS_AUTHENTICATION_STRING says, which the host reads too.
"""

import os
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from lineage.instruments import Instruments
from lineage.telemetry import cannot

# What the exporter would do besides: tell Microsoft of itself, ask there what to do, and send the resource with every
# batch. The app calls nobody whom it was not told to call.
WITHOUT = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
# As the exporter wants it: what has been added since it was told last.
CHANGES: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}

_making = Lock()


class LateSpans(SpanExporter):
    """Spans to Application Insights."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        exporters = _exporters()
        return exporters.spans.export(spans) if exporters else SpanExportResult.FAILURE


class LateMetrics(MetricExporter):
    """Metrics to Application Insights."""

    def __init__(self) -> None:
        super().__init__(preferred_temporality=CHANGES)

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_options: Any
    ) -> MetricExportResult:
        exporters = _exporters()
        if exporters is None:
            return MetricExportResult.FAILURE
        return exporters.metrics.export(metrics_data, timeout_millis)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - nothing is held back
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_options: Any) -> None:
        """The process ends: so do its connections."""


class _Exporters(NamedTuple):
    spans: SpanExporter
    metrics: MetricExporter


def _exporters() -> _Exporters | None:
    """Both, made by whichever thread comes first."""
    with _making:
        return _made()


@cache
def _made() -> _Exporters | None:
    """Both, or none if they cannot be made, which is said once."""
    try:
        from azure.monitor.opentelemetry import exporter  # noqa: PLC0415 - see the module's docstring

        return _Exporters(
            exporter.AzureMonitorTraceExporter(disable_offline_storage=True),
            exporter.AzureMonitorMetricExporter(disable_offline_storage=True),
        )
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, messages go on
        cannot(error)
        return None


def to_application_insights() -> Instruments:
    """Providers of the app's own; those of the process are left to whoever sets them up."""
    for name in WITHOUT:
        os.environ.setdefault(name, "true")
    # The role by which Application Insights knows the app's requests, which the host writes.
    resource = Resource.create({SERVICE_NAME: os.environ.get("WEBSITE_SITE_NAME", "purview-lineage")})
    # Unless told otherwise, everything: the host's traceparents say "not sampled" of requests that it does write.
    sampler = None if "OTEL_TRACES_SAMPLER" in os.environ else ALWAYS_ON
    traces = TracerProvider(sampler, resource)
    traces.add_span_processor(BatchSpanProcessor(LateSpans()))
    return Instruments(traces, MeterProvider([PeriodicExportingMetricReader(LateMetrics())], resource))
