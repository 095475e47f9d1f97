"""What is kept of an event: little, always the same, and enough to read the same event again."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import InvalidRequest
from lineage.openlineage import read_event
from lineage.openlineage.facets import (
    DATASET_FACETS,
    JOB_FACETS,
    MOUNTS_LIMIT,
    RUN_FACETS,
    SQL_LIMIT,
)


def condensed(payload):
    return read_event(payload).event.to_json()


def size(payload):
    return len(json.dumps(payload))


def test_an_event_reads_back_as_itself(events):
    payload = events.run(
        inputs=[
            "pg|a",
            events.dataset("pg|b", symlinks={"identifiers": [{"namespace": "h", "name": "d.b"}]}),
        ],
        outputs=[
            events.dataset(
                "pg|c", columnLineage=events.columns(["pg|a|f"], x=["pg|a|x", ("pg|b|y", "INDIRECT")])
            )
        ],
        run_facets={"parent": {"job": {"namespace": "etl", "name": "dag"}, "run": {"runId": "1"}}},
        job_facets={
            "sql": {"query": "select 1"},
            "jobType": {"processingType": "BATCH", "integration": "DBT"},
        },
    )

    event = read_event(payload).event

    assert read_event(event.to_json()).event == event
    assert condensed(condensed(payload)) == condensed(payload)


def test_what_is_kept_is_an_openlineage_event_without_a_fault(events):
    for payload in (events.run(inputs=["pg|a"]), events.job(outputs=["pg|b"]), events.of_dataset("pg|c")):
        assert read_event(condensed(payload)).notes.warnings == []


def test_job_and_dataset_events_read_back_as_themselves(events):
    lineage = {"inputs": [{"namespace": "pg", "name": "a", "type": "DATASET", "field": "x"}], "fields": {}}
    for payload in (
        events.job(inputs=["pg|a"], outputs=["pg|b"], job_facets={"lineage": {"entries": [{"type": "JOB"}]}}),
        events.of_dataset(events.dataset("pg|b", lineage=lineage)),
    ):
        event = read_event(payload).event
        assert read_event(event.to_json()).event == event


def test_the_order_of_datasets_and_facets_leaves_no_trace(events):
    payload = events.run(
        inputs=["pg|a", "pg|b"], job_facets={"sql": {"query": "q"}, "documentation": {"description": "d"}}
    )
    turned = {
        **dict(reversed(payload.items())),
        "inputs": payload["inputs"][::-1],
        "job": {**payload["job"], "facets": dict(reversed(payload["job"]["facets"].items()))},
    }

    assert json.dumps(condensed(turned)) == json.dumps(condensed(payload))


def test_what_lineage_does_not_need_is_let_go(events):
    huge = {"plan": [{"class": "org.apache.spark.sql.Project"}] * 1000}
    payload = events.run(
        inputs=[events.dataset("pg|a", schema={"fields": [{"name": "x"}] * 1000}, dataSource={"uri": "pg"})],
        run_facets={
            "spark.logicalPlan": huge,
            "spark_unknown": huge,
            "environmentVariables": huge,
            "my_facet": huge,
        },
    )

    kept = condensed(payload)

    assert size(kept) < 500
    assert "facets" not in kept["run"]


def test_long_texts_are_cut(events):
    payload = events.run(
        run_facets={"errorMessage": {"message": "x" * 100_000, "stackTrace": "y" * 100_000}},
        job_facets={"sql": {"query": "z" * 100_000}},
    )

    kept = condensed(payload)

    assert "facets" not in kept["run"]
    assert kept["job"]["facets"]["sql"] == {"query": "z" * SQL_LIMIT}


def test_columns_that_only_filter_or_join_are_kept_once_for_the_dataset(events):
    """Spark copies every indirect dependency into every column: 200 x 200 entries become one."""
    joined = [(f"pg|a|k{number}", "INDIRECT") for number in range(200)]
    fields = {f"c{number}": [("pg|b|v", "DIRECT"), *joined] for number in range(200)}
    payload = events.run(outputs=[events.dataset("pg|o", columnLineage=events.columns(**fields))])

    kept = condensed(payload)

    assert size(kept) < size(payload) / 100
    assert kept["outputs"][0]["facets"]["columnLineage"]["dataset"] == [
        {"namespace": "pg", "name": "a", "field": ""}
    ]


def test_mounts_are_kept_and_the_rest_of_the_environment_is_not(events):
    mounts = [
        {"mountPoint": f"/mnt/{n}", "source": "abfss://c@a.dfs.core.windows.net/"}
        for n in range(MOUNTS_LIMIT + 9)
    ]
    facet = {
        "environment-properties": {"user": "somebody", "mountPoints": [None, {"mountPoint": "/x"}, *mounts]}
    }

    kept = condensed(events.run(run_facets={"environment-properties": facet}))["run"]["facets"][
        "environment-properties"
    ]

    assert len(kept["environment-properties"]["mountPoints"]) == MOUNTS_LIMIT - 1
    assert "somebody" not in json.dumps(kept)


def test_a_parent_without_a_run_is_kept_as_far_as_it_goes(events):
    facet = {"run": {}, "job": {"namespace": "etl", "name": "dag"}, "_producer": "x"}

    assert condensed(events.run(run_facets={"parent": facet}))["run"]["facets"] == {
        "parent": {"job": {"namespace": "etl", "name": "dag"}}
    }


def test_the_deletion_of_a_facet_is_kept(events):
    payload = events.run(job_facets={"sql": {"_deleted": True}})

    assert condensed(payload)["job"]["facets"] == {"sql": {"_deleted": True}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "namespace",
                    "name",
                    "field",
                    "fields",
                    "inputs",
                    "inputFields",
                    "entries",
                    "type",
                    "job",
                    "run",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
facets = st.dictionaries(
    st.sampled_from([*RUN_FACETS, *JOB_FACETS, *DATASET_FACETS]),
    json_values | st.just({"_deleted": True}),
    max_size=4,
)
odd_datasets = st.lists(
    st.fixed_dictionaries(
        {"namespace": json_values, "name": json_values}, optional={"facets": facets | json_values}
    ),
    max_size=3,
)
odd_events = st.fixed_dictionaries(
    {"eventTime": st.just("2026-05-01T12:00:00Z") | json_values},
    optional={
        "eventType": json_values,
        "run": st.fixed_dictionaries({"runId": st.just("1") | json_values}, optional={"facets": facets})
        | json_values,
        "job": st.fixed_dictionaries(
            {"namespace": st.just("n"), "name": st.just("j")}, optional={"facets": facets}
        )
        | json_values,
        "dataset": st.fixed_dictionaries({"namespace": st.just("n"), "name": st.just("d"), "facets": facets})
        | json_values,
        "inputs": odd_datasets | json_values,
        "outputs": odd_datasets | json_values,
        "producer": json_values,
    },
)


@given(odd_events)
def test_whatever_is_sent_is_refused_or_reads_back_as_itself(payload):
    try:
        event = read_event(payload).event
    except InvalidRequest:
        return
    assert read_event(event.to_json()).event == event


def seconds_to_read(events, columns):
    fields = {
        f"column_{n}": [f"pg|shop.public.source|field_{n}", ("pg|shop.public.other|key", "INDIRECT")]
        for n in range(columns)
    }
    payload = events.run(
        outputs=[events.dataset("pg|shop.public.wide", columnLineage=events.columns(**fields))]
    )
    start = time.process_time()
    condensed(payload)
    return time.process_time() - start


def test_ten_times_the_columns_take_about_ten_times_as_long(events):
    seconds_to_read(events, 1000)
    small, large = min(seconds_to_read(events, 2000) for _ in range(3)), seconds_to_read(events, 20_000)

    assert large < 40 * small
    assert large < 5
