"""Events as real producers shape them, made here by hand, small."""

import pytest

PRODUCER = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python"
RUN = "01a203d0-9cad-7752-aea4-5ebb92ef33fe"


class Events:
    """Makes events. A dataset is written `namespace|name`, with its facets behind it where it has any."""

    @staticmethod
    def dataset(text, **facets):
        namespace, _, name = text.partition("|")
        return {"namespace": namespace, "name": name, **({"facets": facets} if facets else {})}

    def run(
        self,
        kind="COMPLETE",
        *,
        inputs=(),
        outputs=(),
        job="etl|load",
        minute=0,
        run_facets=None,
        job_facets=None,
    ):
        return {
            "eventType": kind,
            "eventTime": f"2026-05-01T12:{minute:02}:00Z",
            "run": {"runId": RUN, "facets": run_facets or {}},
            "job": {**self.dataset(job), "facets": job_facets or {}},
            "inputs": [self._side(each) for each in inputs],
            "outputs": [self._side(each) for each in outputs],
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        }

    def job(self, *, inputs=(), outputs=(), job="etl|load", minute=0, job_facets=None):
        event = self.run(inputs=inputs, outputs=outputs, job=job, minute=minute, job_facets=job_facets)
        return {key: value for key, value in event.items() if key not in {"run", "eventType"}}

    def of_dataset(self, dataset, *, minute=0):
        event = self.run(minute=minute)
        about = {key: event[key] for key in ("eventTime", "producer", "schemaURL")}
        return {**about, "dataset": self._side(dataset)}

    def _side(self, dataset):
        return self.dataset(dataset) if isinstance(dataset, str) else dataset

    def columns(self, indirect=(), **fields):
        """A columnLineage facet: column=[source column, written `namespace|name|column`, with its transformation types]."""
        made = {
            column: {
                "inputFields": [
                    self._source(*source) if isinstance(source, tuple) else self._source(source)
                    for source in sources
                ]
            }
            for column, sources in fields.items()
        }
        return {"fields": made, "dataset": [self._source(source, "INDIRECT") for source in indirect]}

    @staticmethod
    def _source(text, *types):
        namespace, name, field = text.split("|")
        source = {"namespace": namespace, "name": name, "field": field}
        return {**source, "transformations": [{"type": each} for each in types]} if types else source


@pytest.fixture(scope="session")
def events():
    return Events()
