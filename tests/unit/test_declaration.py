"""What belongs together, what it is going to write, and what it takes to take it away again."""

from datetime import UTC, datetime

import pytest

from lineage.declaration import Declaration, guids_of, intended, removals
from lineage.openlineage import merge, read_event, translate
from lineage.order import Version
from lineage.outcomes import Outcome, WrittenEntity, WrittenRelationship
from lineage.plan import Node
from lineage.request import DIRECT_EDGES_LIMIT, LineageRequest

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAMP = {"eventTime": NOON.isoformat(), "producer": "https://example.com/tests", "schemaURL": "x"}


def named(name):
    return {"namespace": "pg", "name": name}


def declaration(payload):
    snapshot = merge([read_event(STAMP | payload).event])
    return Declaration.of_event("an id", snapshot, translate(snapshot))


def test_a_request_with_a_process_and_a_time_is_a_declaration_by_its_process():
    request = LineageRequest(
        inputs=["a"], outputs=["b"], process={"name": "load", "namespace": "adf"}, event_time=NOON
    )

    made = Declaration.of_request(request)

    assert (made.id, made.requests) == (request.key, (request,))
    assert made.declarer == "process lineage_process lineage://adf/load"
    assert made.version == Version(NOON)
    assert not made.is_whole


@pytest.mark.parametrize("request_", [{"event_time": NOON}, {"process": {"name": "load"}}])
def test_a_request_without_a_process_or_a_time_has_no_declarer(request_):
    request = LineageRequest(inputs=["a"], outputs=["b"], **request_)

    assert Declaration.of_request(request).declarer is None


def test_all_processes_of_a_job_are_declared_by_it_together_with_its_requests():
    job = {"job": {"namespace": "etl", "name": "load"}}

    one = declaration(job | {"inputs": [named("a")], "outputs": [named("b")]})
    entries = [{**named("b"), "inputs": [named("a")]}, {**named("c"), "inputs": [named("d")]}]
    several = declaration({"job": {**job["job"], "facets": {"lineage": {"entries": entries}}}})

    assert one.declarer == several.declarer == "process lineage_process lineage://etl/load"
    assert (len(one.requests), len(several.requests)) == (1, 2)
    assert one.is_whole
    assert several.is_whole
    assert one.version.time == NOON


def test_a_dataset_is_a_declarer_of_its_own():
    facet = {"lineage": {"inputs": [named("a")]}}

    made = declaration({"dataset": {**named("view"), "facets": facet}})

    assert made.declarer == "dataset pg/view"
    assert not made.is_withdrawal


def nodes(**names):
    return {path.replace("_", "."): Node("t", name, None) for path, name in names.items()}


def test_what_a_request_writes_is_its_process_or_its_edges():
    direct = LineageRequest(inputs=["a", "b"], outputs=["c"])
    process = LineageRequest(inputs=["a"], outputs=["c"], process={"name": "load"})
    found = nodes(inputs_0="a", inputs_1="b", outputs_0="c")

    assert set(intended(process, found)) == {("lineage_process", "lineage://default/load")}
    assert set(intended(direct, found)) == {("t", "a", "t", "c"), ("t", "b", "t", "c")}


def test_the_guids_are_those_of_the_outcome():
    entity = WrittenEntity(guid="guid", type_name="t", qualified_name="q", result="created")
    ends = [entity.model_copy(update={"guid": name, "qualified_name": name}) for name in ("a", "b")]
    edge = WrittenRelationship(relationship_type="r", end1="a", end2="b", guid="edge", result="created")

    assert guids_of(Outcome(id="1", process=entity)) == {("t", "q"): "guid"}
    assert guids_of(Outcome(id="1", datasets=ends, relationships=[edge])) == {("t", "a", "t", "b"): "edge"}


def test_processes_are_taken_away_one_by_one_and_edges_by_their_target():
    pieces = {
        ("lineage_process", "job#out"): "guid",
        ("t", "a", "t", "x"): "edge",
        ("t", "b", "t", "x"): "",
        ("t", "a", "t", "y"): "",
    }

    process, x, y = removals(pieces)

    assert (process.request.process.key, process.guids) == ("job#out", {"process": "guid"})
    assert [each.qualified_name for each in x.request.inputs] == ["a", "b"]
    assert [each.qualified_name for each in x.request.outputs] == ["x"]
    assert x.guids == {"inputs.0": "edge"}
    assert [each.qualified_name for each in y.request.outputs] == ["y"]
    assert {each.request.action for each in (process, x, y)} == {"remove"}


def test_more_edges_than_a_request_may_have_are_taken_away_by_several():
    pieces = {("t", f"source{number}", "t", "x"): "" for number in range(DIRECT_EDGES_LIMIT + 1)}

    assert sorted(len(each.request.inputs) for each in removals(pieces)) == [1, DIRECT_EDGES_LIMIT]
