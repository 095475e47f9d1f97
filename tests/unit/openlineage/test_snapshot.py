"""A run's events in any order, however often, say the same; what they say is their union."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.openlineage import EventKind, EventType, merge, read_event, translate


def snapshot(*payloads):
    return merge(read_event(payload).event for payload in payloads)


def names(datasets):
    return [dataset.name.name for dataset in datasets]


def test_inputs_and_outputs_are_united(events):
    """Seen with sqlmesh, whose COMPLETE has no inputs, and with dbt, whose FAIL has no outputs."""
    merged = snapshot(
        events.run("START", inputs=["pg|a", "pg|b"]),
        events.run("COMPLETE", inputs=["pg|b"], outputs=["pg|c"], minute=5),
    )

    assert names(merged.inputs) == ["a", "b"]
    assert names(merged.outputs) == ["c"]


def test_the_facet_of_the_later_event_counts_even_if_it_comes_first(events):
    early = events.run(
        "START", job_facets={"sql": {"query": "early"}, "documentation": {"description": "kept"}}
    )
    late = events.run("COMPLETE", minute=5, job_facets={"sql": {"query": "late"}})

    for order in ((early, late), (late, early)):
        assert snapshot(*order).job_facets == {
            "sql": {"query": "late"},
            "documentation": {"description": "kept"},
        }


def test_a_facet_is_replaced_as_a_whole(events):
    early = events.run("START", job_facets={"jobType": {"integration": "SPARK", "processingType": "BATCH"}})
    late = events.run("COMPLETE", minute=5, job_facets={"jobType": {"integration": "SPARK"}})

    assert snapshot(early, late).job_facets == {"jobType": {"integration": "SPARK"}}


def test_a_deleted_facet_is_gone_unless_it_is_told_again(events):
    said = events.run("START", job_facets={"sql": {"query": "q"}})
    deleted = events.run("RUNNING", minute=1, job_facets={"sql": {"_deleted": True}})
    again = events.run("COMPLETE", minute=2, job_facets={"sql": {"query": "new"}})

    assert snapshot(said, deleted).job_facets == {}
    assert snapshot(said, deleted, again).job_facets == {"sql": {"query": "new"}}


def test_facets_of_one_dataset_come_from_all_events(events):
    symlinks = {"identifiers": [{"namespace": "h", "name": "d.c"}]}
    columns = events.columns(x=["pg|a|x"])

    merged = snapshot(
        events.run("START", outputs=[events.dataset("pg|c", symlinks=symlinks)]),
        events.run("COMPLETE", minute=1, outputs=[events.dataset("pg|c", columnLineage=columns)]),
    )

    assert merged.outputs[0].facets.keys() == {"symlinks", "columnLineage"}


def test_explicit_lineage_accumulates_over_a_run(events):
    def entry(target, *sources):
        inputs = [{**events.dataset(source), "type": "DATASET"} for source in sources]
        return {**events.dataset(target), "type": "DATASET", "inputs": inputs}

    first = events.run("RUNNING", job_facets={"lineage": {"entries": [entry("pg|c", "pg|a")]}})
    second = events.run(
        "COMPLETE",
        minute=1,
        job_facets={"lineage": {"entries": [entry("pg|c", "pg|b"), entry("pg|d", "pg|a")]}},
    )

    for order in ((first, second), (second, first)):
        entries = snapshot(*order).job_facets["lineage"]["entries"]
        assert [(each["name"], [source["name"] for source in each["inputs"]]) for each in entries] == [
            ("c", ["a", "b"]),
            ("d", ["a"]),
        ]


@pytest.mark.parametrize("maker", ["job", "dataset"])
def test_declared_lineage_is_replaced_by_the_latest(events, maker):
    def event(source, minute):
        if maker == "job":
            return events.job(inputs=[source], outputs=["pg|c"], minute=minute)
        inputs = [{**events.dataset(source), "type": "DATASET"}]
        return events.of_dataset(events.dataset("pg|c", lineage={"inputs": inputs}), minute=minute)

    early, late = event("pg|a", 0), event("pg|b", 1)

    for order in ((early, late), (late, early)):
        (request,) = translate(snapshot(*order)).requests
        assert [dataset.name for dataset in request.inputs] == ["b"]


def test_the_times_are_those_of_the_first_and_the_last_event(events):
    merged = snapshot(events.run("COMPLETE", minute=9), events.run("START", minute=2))

    assert merged.first == datetime(2026, 5, 1, 12, 2, tzinfo=UTC)
    assert merged.latest == datetime(2026, 5, 1, 12, 9, tzinfo=UTC)


def version(snapshot):
    return snapshot.last, snapshot.by, snapshot.known


def test_of_two_snapshots_of_a_run_the_one_that_knows_more_is_the_newer(events):
    start, complete = events.run("START", inputs=["pg|a"]), events.run("COMPLETE", minute=9)

    assert version(snapshot(complete)) < version(snapshot(complete, start))
    assert version(snapshot(complete, start, start)) == version(snapshot(start, complete))


def test_declarations_of_the_same_moment_have_an_order_all_the_same(events):
    one, other = (events.job(inputs=[name], outputs=["pg|c"]) for name in ("pg|a", "pg|b"))

    assert version(snapshot(one)) != version(snapshot(other))
    assert version(snapshot(one)) == version(snapshot(one))


@pytest.mark.parametrize(
    ("kinds", "state", "final"),
    [
        (["START"], EventType.START, False),
        (["START", "RUNNING", "OTHER"], EventType.OTHER, False),
        (["START", "COMPLETE"], EventType.COMPLETE, True),
        (["COMPLETE", "START"], EventType.COMPLETE, True),
        (["START", "FAIL"], EventType.FAIL, True),
        (["START", "ABORT"], EventType.ABORT, True),
        (["FAIL", "START", "COMPLETE"], EventType.COMPLETE, True),
        (["COMPLETE", "FAIL"], EventType.COMPLETE, True),
        (["FAIL", "ABORT"], EventType.ABORT, True),
        (["COMPLETE", "OTHER"], EventType.COMPLETE, True),
        ([None], None, True),
        ([None, "START"], EventType.START, True),
        ([None, "FAIL"], EventType.FAIL, True),
    ],
)
def test_a_run_is_final_when_any_event_ended_it_and_complete_counts_before_all_others(
    events, kinds, state, final
):
    merged = snapshot(*(events.run(kind, minute=minute) for minute, kind in enumerate(kinds)))

    assert merged.state is state
    assert merged.is_final is final


STREAM = {"jobType": {"processingType": "STREAMING"}}
kinds_of_events = st.lists(
    st.tuples(st.sampled_from([*EventType, None]), st.integers(0, 9), st.booleans()), min_size=1, max_size=6
)


@given(told=kinds_of_events)
def test_what_may_be_written_is_never_taken_back_by_an_event_more(events, told):
    """Else it would make a difference which events an instance knew when it wrote."""
    payloads = [
        events.run(kind, minute=minute, job_facets=STREAM if stream else None)
        for kind, minute, stream in told
    ]
    written = [
        merged.is_final and not merged.has_failed
        for merged in (snapshot(*payloads[: number + 1]) for number in range(len(payloads)))
    ]

    assert written == sorted(written)


@pytest.mark.parametrize("kind", ["FAIL", "ABORT"])
def test_what_a_stream_did_stays_done_however_it_ends(events, kind):
    merged = snapshot(events.run("RUNNING", job_facets=STREAM), events.run(kind, minute=1))

    assert merged.state is EventType(kind)
    assert not merged.has_failed


@pytest.mark.parametrize("processing", ["STREAMING", "SERVICE", "streaming"])
def test_a_stream_is_written_as_it_goes(events, processing):
    merged = snapshot(events.run("RUNNING", job_facets={"jobType": {"processingType": processing}}))

    assert merged.is_continuous
    assert merged.is_final


def test_where_every_event_is_a_complete_snapshot_the_last_one_with_datasets_counts(events):
    """A Flink RUNNING event without inputs and outputs must not wipe out what was known."""
    facets = {
        "jobType": {
            "processingType": "STREAMING",
            "emissionPattern": {"eventContentMode": "COMPLETE_SNAPSHOT"},
        }
    }
    told = [
        events.run("RUNNING", inputs=["k|a"], outputs=["k|b"], job_facets=facets),
        events.run("RUNNING", inputs=["k|new"], outputs=["k|b"], job_facets=facets, minute=1),
        events.run("RUNNING", job_facets=facets, minute=2),
    ]

    assert names(snapshot(*told).inputs) == ["new"]


def test_job_events_in_between_do_not_belong_to_the_run(events):
    merged = snapshot(events.job(inputs=["pg|declared"]), events.run(inputs=["pg|observed"], minute=1))

    assert merged.kind is EventKind.RUN
    assert names(merged.inputs) == ["observed"]


def test_every_permutation_with_every_repetition_says_the_same(events):
    payloads = [
        events.run("START", inputs=["pg|a", "pg|b"], job_facets={"sql": {"query": "1"}}),
        events.run("RUNNING", inputs=["pg|c"], minute=1, job_facets={"sql": {"query": "2"}}),
        events.run("OTHER", outputs=["pg|d"], minute=1, job_facets={"sql": {"query": "3"}}),
        events.run(
            "COMPLETE", outputs=[events.dataset("pg|d", columnLineage=events.columns(x=["pg|a|x"]))], minute=1
        ),
    ]
    expected = snapshot(*payloads)

    for order in permutations(payloads):
        for repeated in range(len(order)):
            assert snapshot(*order, order[repeated]) == expected


names_of_datasets = st.sampled_from(["pg|a", "pg|b", "pg|c", "pg|d"])
facets_of_jobs = st.fixed_dictionaries(
    {},
    optional={
        "sql": st.fixed_dictionaries({"query": st.sampled_from("xyz")}) | st.just({"_deleted": True}),
        "jobType": st.fixed_dictionaries({"processingType": st.sampled_from(["BATCH", "STREAMING"])}),
        "lineage": st.just({"_deleted": True})
        | st.lists(names_of_datasets, max_size=2).map(
            lambda targets: {
                "entries": [
                    {
                        "namespace": "pg",
                        "name": target[3:],
                        "type": "DATASET",
                        "inputs": [{"namespace": "pg", "name": "z"}],
                    }
                    for target in targets
                ]
            }
        ),
    },
)


@st.composite
def histories(draw):
    events = draw(
        st.lists(
            st.tuples(
                st.sampled_from([*EventType, None]),
                st.integers(0, 3),
                st.lists(names_of_datasets, max_size=3),
                st.lists(names_of_datasets, max_size=2),
                facets_of_jobs,
            ),
            min_size=1,
            max_size=6,
        )
    )
    order = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=3))))
    return events, order


def told(events, history):
    return [
        events.run(kind, inputs=inputs, outputs=outputs, minute=minute, job_facets=facets)
        for kind, minute, inputs, outputs, facets in history
    ]


@given(history=histories())
def test_any_history_in_any_order_with_repetitions_ends_in_the_same_lineage(events, history):
    straight, shuffled = (snapshot(*told(events, each)) for each in history)

    assert straight == shuffled
    assert translate(straight) == translate(shuffled)


@given(history=histories())
def test_merging_what_is_stored_equals_merging_what_was_sent(events, history):
    sent = told(events, history[0])

    stored = [read_event(payload).event.to_json() for payload in sent]

    assert snapshot(*stored) == snapshot(*sent)
