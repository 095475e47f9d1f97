"""What the app says through OpenTelemetry, kept in memory."""

from contextlib import contextmanager

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from lineage.instruments import Instruments
from lineage.telemetry import listen, telemetry


class Heard:
    """The spans and metrics of one test."""

    def __init__(self):
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self._traces = TracerProvider(ALWAYS_ON)
        self._traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self._meters = MeterProvider([self._reader])
        self.instruments = Instruments(self._traces, self._meters)

    @property
    def spans(self):
        """Those that have ended, in that order."""
        return self._spans.get_finished_spans()

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def metric(self, name):
        """The points of a metric: what they are about, and the number or histogram."""
        data = self._reader.get_metrics_data()
        return [
            (dict(point.attributes), point)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def counts(self, name):
        """The points of a counter or gauge: what they are about, and the number."""
        return [(about, point.value) for about, point in self.metric(name)]

    def close(self):
        self._traces.shutdown()
        self._meters.shutdown()


@contextmanager
def hearing():
    """Listens to the app, which is silent again afterwards."""
    before, heard = telemetry(), Heard()
    listen(heard.instruments)
    try:
        yield heard
    finally:
        listen(before)
        heard.close()
