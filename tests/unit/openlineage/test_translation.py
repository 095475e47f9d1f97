"""From a snapshot to requests: their form, their limits, and how long they take."""

import time

import pytest

from lineage.errors import InvalidRequest
from lineage.openlineage import Verdict, merge, read_event, translate
from lineage.request import COLUMNS_LIMIT, DATASETS_LIMIT, DIRECT_EDGES_LIMIT, ColumnOfDataset, DatasetByName


def translated(*payloads):
    return translate(merge(read_event(payload).event for payload in payloads))


def test_a_request_says_all_there_is_to_say(events):
    columns = events.columns(id=["pg|a|order_id"])

    translation = translated(
        events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)])
    )

    (request,) = translation.requests
    assert translation.verdict is Verdict.LINEAGE
    assert request.action == "write"
    assert request.mode == "replace"
    assert request.on_missing is None
    assert request.inputs == (DatasetByName(namespace="pg", name="a"),)
    assert request.outputs == (DatasetByName(namespace="pg", name="b"),)
    assert [(pair.source, pair.target) for pair in request.columns] == [("order_id", "id")]


def test_a_request_without_columns_says_nothing_of_them(events):
    assert translated(events.run(inputs=["pg|a"], outputs=["pg|b"])).requests[0].columns is None


def test_the_same_events_make_the_same_request_to_the_letter(events):
    payloads = [
        events.run("START", inputs=["pg|b", "pg|a"]),
        events.run(inputs=["pg|c"], outputs=["pg|o"], minute=1),
    ]

    one, other = translated(*payloads), translated(*payloads[::-1])

    assert one.requests[0].key == other.requests[0].key


def test_columns_name_their_dataset_as_the_sides_do(events):
    columns = events.columns(id=["pg|a|id"])
    outputs = [events.dataset("pg|o", columnLineage=columns), "pg|p"]

    (request,) = translated(events.run(inputs=["pg|a", "pg|b"], outputs=outputs)).requests

    (pair,) = request.columns
    assert isinstance(pair.source, ColumnOfDataset)
    assert isinstance(pair.target, ColumnOfDataset)
    assert pair.source.dataset in request.inputs
    assert pair.target.dataset in request.outputs


def test_events_that_together_name_too_many_datasets_are_refused(events):
    half = DATASETS_LIMIT // 2 + 1
    payloads = [
        events.run("START", inputs=[f"pg|a{number}" for number in range(half)]),
        events.run(inputs=[f"pg|b{number}" for number in range(half)], outputs=["pg|o"], minute=1),
    ]

    with pytest.raises(
        InvalidRequest, match=f"the run has {2 * half} datasets; {DATASETS_LIMIT} are allowed"
    ):
        translated(*payloads)


def test_direct_lineage_has_a_limit_of_its_own(events):
    inputs = [{"namespace": "pg", "name": f"t{number}"} for number in range(DIRECT_EDGES_LIMIT + 1)]

    with pytest.raises(InvalidRequest, match=f"more than {DIRECT_EDGES_LIMIT} inputs"):
        translated(events.of_dataset(events.dataset("pg|o", lineage={"inputs": inputs})))


def test_columns_beyond_the_limit_are_left_out_and_told(events):
    sources = [f"pg|a|c{number}" for number in range(300)]
    columns = events.columns(**{f"t{number}": sources for number in range(COLUMNS_LIMIT // 300 + 1)})

    translation = translated(
        events.run(inputs=["pg|a"], outputs=[events.dataset("pg|o", columnLineage=columns)])
    )

    assert len(translation.requests[0].columns) == COLUMNS_LIMIT
    assert "of 50100 pairs of columns left out" in str(translation.warnings[0])


def seconds(events, size):
    columns = events.columns(**{f"c{number}": [f"pg|s.t{number % 50}|f{number}"] for number in range(size)})
    payload = events.run(
        inputs=[f"pg|s.t{number}" for number in range(50)],
        outputs=[
            events.dataset(f"pg|s.o{number}", columnLineage=columns if number == 0 else {})
            for number in range(20)
        ],
    )
    snapshot = merge([read_event(payload).event])
    start = time.process_time()
    translate(snapshot)
    return time.process_time() - start


def test_ten_times_the_columns_take_about_ten_times_as_long(events):
    seconds(events, 500)
    small, large = min(seconds(events, 1000) for _ in range(3)), seconds(events, 10_000)

    assert large < 40 * small
    assert large < 5


def test_the_most_datasets_on_both_sides_take_no_time_to_speak_of(events):
    names = [f"pg|s.t{number}" for number in range(DATASETS_LIMIT)]
    snapshot = merge([read_event(events.run(inputs=["pg|s.raw", *names[1:]], outputs=names)).event])

    start = time.process_time()
    (request,) = translate(snapshot).requests

    assert time.process_time() - start < 5
    assert len(request.inputs) == 1
    assert len(request.outputs) == DATASETS_LIMIT
