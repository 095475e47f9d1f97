"""What is accepted, with which warnings, and what is refused, with which mistakes."""

from datetime import UTC, datetime

import pytest

from lineage.errors import InvalidRequest
from lineage.openlineage import EventKind, EventType, is_event, merge, read_event, translate
from lineage.openlineage.notes import NOTES_LIMIT
from lineage.request import DATASETS_LIMIT


def warnings(payload):
    return [str(note) for note in read_event(payload).notes.warnings]


def mistakes(payload):
    with pytest.raises(InvalidRequest) as caught:
        read_event(payload)
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


def test_a_spotless_event_is_accepted_without_a_warning(events):
    reading = read_event(events.run(inputs=["pg|a"], outputs=["pg|b"]))

    assert reading.notes.warnings == []
    assert reading.event.kind is EventKind.RUN
    assert reading.event.type is EventType.COMPLETE
    assert reading.event.time == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert str(reading.event.job) == "etl/load"


def test_the_kind_is_told_by_the_shape_not_by_the_schema_url(events):
    job, dataset = events.job(outputs=["pg|b"]), events.of_dataset("pg|a")
    odd = {**job, "schemaURL": "file:/__w/1/s/spec/OpenLineage.json#/$defs/RunEvent"}

    assert read_event(odd).event.kind is EventKind.JOB
    assert read_event(dataset).event.kind is EventKind.DATASET
    assert read_event({**job, "run": None}).event.kind is EventKind.JOB


@pytest.mark.parametrize("kind", [*EventType, "start", " Complete "])
def test_every_type_is_understood_in_any_case(events, kind):
    assert read_event(events.run(kind)).event.type is EventType(kind.strip().upper())


def test_an_event_may_have_no_type(events):
    event = events.run()
    del event["eventType"]

    assert read_event(event).event.type is None
    assert warnings(event) == []


@pytest.mark.parametrize("kind", ["FINISHED", 3, "", {}])
def test_a_type_nobody_knows_is_taken_as_other(events, kind):
    assert read_event(events.run(kind)).event.type is EventType.OTHER
    assert any(note.startswith("eventType: is none of START") for note in warnings(events.run(kind)))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-05-01T12:30:00Z", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("2026-05-01T12:30:00.123Z", datetime(2026, 5, 1, 12, 30, 0, 123000, tzinfo=UTC)),
        ("2026-05-01T12:30:00.123456789Z", datetime(2026, 5, 1, 12, 30, 0, 123456, tzinfo=UTC)),
        ("2026-05-01T22:30:00.000+10:00", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("2026-05-01t12:30:00z", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("2026-05-01 12:30:00+00:00", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("2026-05-01T12:30Z", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_all_forms_that_producers_write(events, text, time):
    assert read_event({**events.run(), "eventTime": text}).event.time == time


def test_a_time_without_a_zone_is_taken_as_utc_and_told(events):
    event = {**events.run(), "eventTime": "2026-05-01T12:30:00.641499"}

    assert read_event(event).event.time == datetime(2026, 5, 1, 12, 30, 0, 641499, tzinfo=UTC)
    assert warnings(event) == ["eventTime: has no time zone: taken as UTC"]


@pytest.mark.parametrize(
    "time",
    [
        None,
        "",
        "yesterday",
        "2026-05-01",
        "{{START}}",
        1714566600,
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_event_without_a_readable_time_is_refused(events, time):
    assert mistakes({**events.run(), "eventTime": time}).keys() == {"eventTime"}


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"schemaURL": None}, "schemaURL: is missing: the event's kind is told by its shape"),
        ({"producer": "feast"}, "producer: is not a URI"),
        ({"producer": None}, "producer: is missing"),
        ({"run": {"runId": "run-7"}}, "run.runId: is not a UUID"),
        ({"inputs": {}}, "inputs: is an object, not a list: ignored"),
        ({"outputs": "x"}, "outputs: is text, not a list: ignored"),
        ({"inputs": [None]}, "inputs.0: has no namespace and name to go by: ignored"),
        ({"inputs": [{"namespace": "pg", "name": None}]}, "inputs.0: has no namespace and name to go by: ignored"),
        ({"inputs": [{"namespace": "", "name": "t"}]}, "inputs.0: has no namespace and name to go by: ignored"),
        ({"inputs": [{"namespace": "pg", "name": "t", "facets": None}]}, "inputs.0.facets: is null, not an object: ignored"),
        (
            {"outputs": [{"namespace": "pg", "name": "t", "facets": {"symlinks": None}}]},
            "outputs.0.facets.symlinks: is null, not an object: ignored",
        ),
        (
            {"job": {"namespace": "etl", "name": "load", "facets": {"sql": "select 1"}}},
            "job.facets.sql: is text, not an object: ignored",
        ),
    ],
)  # fmt: skip
def test_what_real_producers_get_wrong_is_accepted_and_told(events, change, warning):
    assert warnings({**events.run(), **change}) == [warning]


def test_inputs_and_outputs_may_be_null_or_absent(events):
    event = {**events.run(), "inputs": None}
    del event["outputs"]

    assert warnings(event) == []


def test_one_nameless_dataset_does_not_cost_the_others(events):
    event = events.run(inputs=["pg|a", {"namespace": "pg", "name": "  "}, "pg|b"])

    assert [dataset.name.name for dataset in read_event(event).event.inputs] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"job": {"namespace": "etl", "name": None}}, {"job.name"}),
        ({"job": {"namespace": " ", "name": ""}}, {"job.namespace", "job.name"}),
        ({"job": "load"}, {"job.namespace", "job.name"}),
        ({"job": None}, {"job.namespace", "job.name"}),
        ({"job": {"namespace": "etl", "name": "x" * 5000}}, {"job.name"}),
        ({"run": {"runId": None}}, {"run.runId"}),
        ({"run": {"runId": 7}}, {"run.runId"}),
        ({"run": {}}, {"run.runId"}),
        ({"run": {"runId": "x" * 600}}, {"run.runId"}),
        ({"run": {"runId": ""}, "eventTime": None, "job": {}}, {"run.runId", "eventTime", "job.namespace", "job.name"}),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_every_mistake(events, change, paths):
    assert mistakes({**events.run(), **change}).keys() == paths


@pytest.mark.parametrize("payload", [None, [], "x", 1, True])
def test_what_is_no_object_is_no_event(payload):
    assert list(mistakes(payload)) == [""]


def test_an_object_of_another_kind_is_told_what_an_event_is(events):
    assert (
        "neither a run with its job, nor a job, nor a dataset"
        in mistakes({"eventTime": events.run()["eventTime"]})[""]
    )


def test_a_dataset_event_needs_its_dataset_named(events):
    assert mistakes(events.of_dataset({"namespace": "pg"})).keys() == {"dataset.name"}


def test_there_is_an_end_to_how_many_datasets_an_event_may_have(events):
    event = events.run(inputs=[f"pg|t{number}" for number in range(DATASETS_LIMIT + 1)])

    assert mistakes(event) == {"inputs": f"has {DATASETS_LIMIT + 1} datasets; {DATASETS_LIMIT} are allowed"}


def test_there_is_an_end_to_how_many_warnings_are_kept(events):
    assert len(warnings({**events.run(), "inputs": [None] * 5000})) == NOTES_LIMIT


def test_a_dataset_listed_twice_is_one_with_the_facets_of_both(events):
    twice = [
        events.dataset("pg|a", symlinks={"identifiers": [{"namespace": "x", "name": "y", "type": "TABLE"}]}),
        events.dataset("pg|a", columnLineage=events.columns(c=["pg|b|c"])),
    ]

    (dataset,) = read_event(events.run(outputs=twice)).event.outputs

    assert dataset.facets.keys() == {"symlinks", "columnLineage"}


def test_the_root_of_a_container_may_have_an_empty_name(events):
    event = events.run(inputs=["abfss://raw@lake.dfs.core.windows.net|", "pg|"])

    assert [dataset.name.name for dataset in read_event(event).event.inputs] == ["/"]


def test_credentials_in_a_namespace_are_not_kept(events):
    namespaces = [
        "sqlserver://erp01:3342;user=auser;password=😂😂;database=orders|t",
        "postgresql://reader:secret@warehouse:5432|t",
        "jdbc:mysql://h:3306/d?user=u&password=p&ssl=true|t",
    ]

    kept = str(read_event(events.run(inputs=namespaces)).event.to_json())

    assert "database=orders" in kept
    assert not any(secret in kept for secret in ("auser", "😂", "secret", "password", "user="))


@pytest.mark.parametrize("key", ["eventType", "schemaURL", "run", "job", "dataset"])
def test_an_event_is_recognised_even_where_it_is_wrong(key):
    assert is_event({key: None})


@pytest.mark.parametrize(
    "payload", [{}, [], None, {"inputs": [], "outputs": []}, {"source": "a", "target": "b"}]
)
def test_a_lineage_request_is_no_event(payload):
    assert not is_event(payload)


def test_a_request_that_says_when_it_happened_is_no_event():
    assert not is_event({"source": "a", "target": "b", "eventTime": "2026-05-01T12:30:00Z"})


LONG = "ü" * 3_000  # fewer characters than Purview takes, and more bytes


def test_names_are_measured_in_bytes_as_purview_does(events):
    with pytest.raises(InvalidRequest, match=r"job\.name: is longer than 4096 bytes"):
        read_event(events.run(job=f"etl|{LONG}"))

    reading = read_event(events.run(inputs=["pg|a", f"pg|{LONG}"]))

    assert [dataset.name.name for dataset in reading.event.inputs] == ["a"]
    assert [str(warning) for warning in reading.notes.warnings] == [
        "inputs.1: has no namespace and name to go by: ignored"
    ]


def test_columns_too_long_for_purview_are_left_out_of_any_lineage(events):
    columns = events.columns(**{LONG: ["pg|a|x"], "y": [f"pg|a|{LONG}", "pg|a|z"]})
    lineage = {
        "entries": [
            {
                "namespace": "pg",
                "name": "b",
                "type": "DATASET",
                "fields": {
                    LONG: {"inputs": [{"namespace": "pg", "name": "a", "type": "DATASET", "field": "x"}]}
                },
            }
        ]
    }
    for event in (
        events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)]),
        events.run(inputs=["pg|a"], outputs=["pg|b"], job_facets={"lineage": lineage}),
    ):
        (request,) = translate(merge([read_event(event).event])).requests

        assert [dataset.name for dataset in request.inputs] == ["a"]
        assert all(pair.source == "z" for pair in request.columns or ())


def test_a_dataset_event_has_no_inputs_and_outputs(events):
    payload = {
        **events.of_dataset("pg|view"),
        "inputs": [events.dataset("pg|a")],
        "outputs": [events.dataset("pg|b")],
    }

    reading = read_event(payload)

    assert (reading.event.inputs, reading.event.outputs) == ((), ())
    assert [str(warning) for warning in reading.notes.warnings] == [
        "inputs: a dataset event has none: ignored",
        "outputs: a dataset event has none: ignored",
    ]
    assert translate(merge([reading.event])).requests == ()
