"""The lineage request: what a caller may write, and what is said, and at which path, where a caller may not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import InvalidRequest
from lineage.request import (
    CLOCKS_DIFFER,
    COLUMNS_LIMIT,
    DATASETS_LIMIT,
    DIRECT_EDGES_LIMIT,
    NAME_LIMIT,
    RESERVED_ATTRIBUTES,
    DatasetByGuid,
    DatasetByName,
    DatasetByQualifiedName,
    LineageRequest,
    json_schema,
    read_json,
    read_request,
)

GUID = "0e2f6f0e-0000-4000-8000-00000000000a"
OTHER = "9a1c4d52-0000-4000-8000-00000000000b"
FORMS = (
    "write a guid, a name (a qualifiedName or a storage, JDBC or abfss URL), "
    "{guid}, {typeName, qualifiedName} or {namespace, name}"
)
NO_DATASET = "direct lineage needs at least one dataset here (or name a process)"


def direct(**more):
    """A valid request without a process."""
    return {"inputs": ["a"], "outputs": ["b"], **more}


def through(**process):
    """A valid request with a process."""
    return {"inputs": ["a"], "outputs": ["b"], "process": {"name": "load", **process}}


def mistakes(payload):
    """What is said against a payload, as (path, message)."""
    with pytest.raises(InvalidRequest) as caught:
        read_request(payload)
    return [(mistake.path, mistake.message) for mistake in caught.value.mistakes]


def dataset_of(spelling):
    """What a dataset is read as."""
    (dataset,) = read_request({"inputs": [spelling], "outputs": ["b"]}).inputs
    return dataset


# What a request is


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (None, "null"),
        (True, "a boolean"),
        (7, "a number"),
        (1.5, "a number"),
        ("text", "a string"),
        ([], "an array"),
    ],
)
def test_anything_but_an_object_is_told_what_it_is(payload, kind):
    assert mistakes(payload) == [("", f"a lineage request is a JSON object, this is {kind}")]


def test_two_guids_are_a_request():
    request = read_request({"source": GUID, "target": OTHER})

    assert (request.inputs, request.outputs) == ((GUID,), (OTHER,))
    assert (request.action, request.mode, request.on_missing) == ("write", "replace", None)
    assert (request.process, request.columns, request.id) == (None, None, None)


def test_a_notebooks_relationship_payload_is_direct_lineage():
    request = read_request(
        {"relationshipType": "DataFlow", "end1": {"guid": GUID}, "end2": {"guid": OTHER}},
    )

    assert request.inputs == (DatasetByGuid(guid=GUID),)
    assert request.outputs == (DatasetByGuid(guid=OTHER),)
    assert "relationship_type" not in request.model_dump()


def test_another_relationship_type_is_not_understood():
    assert mistakes(direct(relationshipType="Contains")) == [
        ("relationshipType", "Input should be 'DataFlow'"),
    ]


@pytest.mark.parametrize(
    ("one", "several"),
    [("source", "inputs"), ("end1", "inputs"), ("target", "outputs"), ("end2", "outputs")],
)
def test_one_dataset_is_written_with_or_without_a_list(one, several):
    other = {"inputs": {"outputs": ["b"]}, "outputs": {"inputs": ["a"]}}[several]

    spellings = [{one: "x"}, {one: ["x"]}, {several: "x"}, {several: ["x"]}]
    requests = [read_request(spelling | other) for spelling in spellings]

    assert [getattr(request, several) for request in requests] == [("x",)] * 4


def test_a_field_nobody_knows_is_a_mistake_at_its_path():
    payload = through(colour="red") | {"extra": 1, "columns": [{"source": "a", "target": "b", "via": "c"}]}

    assert mistakes(payload) == [
        ("process.colour", "no such field"),
        ("columns.0.via", "no such field"),
        ("extra", "no such field"),
    ]


def test_fields_are_in_camel_case_only():
    assert mistakes(direct(on_missing="fail")) == [("on_missing", "no such field")]
    assert mistakes({"inputs": [{"type_name": "t", "qualified_name": "q"}], "outputs": ["b"]}) == [
        ("inputs.0.typeName", "this field is needed"),
        ("inputs.0.qualifiedName", "this field is needed"),
        ("inputs.0.type_name", "no such field"),
        ("inputs.0.qualified_name", "no such field"),
    ]


def test_every_mistake_is_named_not_only_the_first():
    payload = direct(action="undo", mode="merge", onMissing="shrug", id="")

    assert mistakes(payload) == [
        ("id", "String should have at least 1 character"),
        ("action", "Input should be 'write' or 'remove'"),
        ("mode", "Input should be 'replace' or 'append'"),
        ("onMissing", "Input should be 'wait', 'create' or 'fail'"),
    ]


@pytest.mark.parametrize("on_missing", ["wait", "create", "fail"])
def test_the_caller_may_say_what_to_do_about_a_missing_dataset(on_missing):
    assert read_request(direct(onMissing=on_missing)).on_missing == on_missing


def test_a_request_may_say_when_it_happened():
    utc, east = "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"

    assert read_request(direct(eventTime=utc)).event_time == read_request(direct(eventTime=east)).event_time
    assert read_request(direct()).event_time is None


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-01-01T00:00:00", "Input should have timezone info"),
        ("2026-01-01", "Input should have timezone info"),
        (True, "Input should be a valid datetime"),
    ],
)
def test_a_time_says_its_zone(time, said):
    assert mistakes(direct(eventTime=time)) == [("eventTime", said)]


@pytest.mark.parametrize("ahead", [CLOCKS_DIFFER + timedelta(minutes=5), timedelta(days=3650)])
def test_a_time_that_lies_in_the_future_is_refused_because_no_later_request_would_count(ahead):
    time = (datetime.now(UTC) + ahead).isoformat()

    assert mistakes(direct(eventTime=time)) == [
        ("eventTime", "lies in the future: no later request would count"),
    ]


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
def test_the_end_of_time_is_in_the_future_in_every_zone(time):
    ((path, _),) = mistakes(direct(eventTime=time))

    assert path == "eventTime"


@pytest.mark.parametrize("ahead", [timedelta(0), CLOCKS_DIFFER / 2])
def test_clocks_may_differ(ahead):
    time = datetime.now(UTC) + ahead

    assert read_request(direct(eventTime=time.isoformat())).event_time == time


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+12:00"])
def test_the_beginning_of_time_is_a_time(time):
    assert read_request(direct(eventTime=time)).key


def test_a_request_cannot_be_changed_once_it_is_read():
    request = read_request(direct())

    with pytest.raises(ValueError, match="frozen"):
        request.mode = "append"


# Datasets


@pytest.mark.parametrize(
    ("spelling", "dataset"),
    [
        ("mssql://s/d/dbo/t", "mssql://s/d/dbo/t"),
        ("  padded\t", "padded"),
        ({"guid": GUID.upper()}, DatasetByGuid(guid=GUID)),
        ({"guid": GUID, "typeName": "hive_table"}, DatasetByGuid(guid=GUID, type_name="hive_table")),
        (
            {"typeName": "hive_table", "qualifiedName": " db.t@c "},
            DatasetByQualifiedName(type_name="hive_table", qualified_name="db.t@c"),
        ),
        (
            {"typeName": "hive_table", "qualifiedName": "q", "displayName": "Orders"},
            DatasetByQualifiedName(type_name="hive_table", qualified_name="q", display_name="Orders"),
        ),
        (
            {"typeName": "hive_table", "uniqueAttributes": {"qualifiedName": "q"}},
            DatasetByQualifiedName(type_name="hive_table", qualified_name="q"),
        ),
        (
            {"namespace": "kafka://broker:9092", "name": "orders"},
            DatasetByName(namespace="kafka://broker:9092", name="orders"),
        ),
    ],
)
def test_a_dataset_has_several_spellings(spelling, dataset):
    assert dataset_of(spelling) == dataset


@pytest.mark.parametrize("value", [None, 5, True, 1.5, [], ["a"], {}, {"table": "t"}])
def test_what_is_no_dataset_is_told_the_forms_there_are(value):
    assert mistakes({"inputs": ["a", value], "outputs": ["b"]}) == [("inputs.1", FORMS)]


@pytest.mark.parametrize("side", ["source", "target", "end1", "end2"])
def test_the_path_of_a_single_dataset_is_the_callers_own_word_for_it(side):
    other = {"target": "b"} if side in {"source", "end1"} else {"source": "a"}

    assert mistakes(other | {side: 5}) == [(side, FORMS)]
    assert mistakes(other | {side: {"guid": "x"}}) == [
        (f"{side}.guid", "not a guid: 8-4-4-4-12 hexadecimal digits"),
    ]


@pytest.mark.parametrize("spelling", ["source", "end1", "target", "end2"])
def test_a_side_is_said_once(spelling):
    assert mistakes(direct() | {spelling: "x"}) == [
        (spelling, "says the same as another field of the request: give one of them"),
    ]


@pytest.mark.parametrize(
    ("unique", "path"),
    [
        ({}, "uniqueAttributes"),
        ({"name": "orders"}, "uniqueAttributes"),
        ({"qualifiedName": "q", "name": "orders"}, "uniqueAttributes"),
        ("q", "uniqueAttributes"),
        (None, "uniqueAttributes"),
        ({"qualifiedName": 5}, "qualifiedName"),
        ({"qualifiedName": ""}, "qualifiedName"),
    ],
)
def test_unique_attributes_hold_the_qualified_name_and_nothing_else(unique, path):
    dataset = {"typeName": "hive_table", "uniqueAttributes": unique}

    ((in_a_list, _),) = mistakes({"inputs": ["a", dataset], "outputs": ["b"]})
    ((alone, _),) = mistakes({"source": dataset, "target": "b"})

    assert (in_a_list, alone) == (f"inputs.1.{path}", f"source.{path}")


@pytest.mark.parametrize("field", ["<b>", "<", "<script>", "<texts>"])
def test_a_field_of_the_callers_that_looks_like_a_tag_is_named_all_the_same(field):
    columns = [{"source": {"dataset": "a", "column": "c", field: 1}, "target": "d"}]

    assert mistakes(direct(columns=columns) | {field: 1}) == [
        (f"columns.0.source.{field}", "no such field"),
        (field, "no such field"),
    ]


@pytest.mark.parametrize(
    "guid",
    ["", "x", GUID[:-1], GUID + "0", "{" + GUID + "}", GUID.replace("-", ""), "g" + GUID[1:], GUID + "\n"],
)
def test_what_is_no_guid_is_told_how_one_looks(guid):
    assert mistakes({"inputs": [{"guid": guid}], "outputs": ["b"]}) == [
        ("inputs.0.guid", "not a guid: 8-4-4-4-12 hexadecimal digits"),
    ]


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"guid": GUID, "name": "x"}, [("name", "no such field")]),
        ({"guid": 5}, [("guid", "Input should be a valid string")]),
        ({"typeName": "t"}, [("qualifiedName", "this field is needed")]),
        ({"qualifiedName": "q"}, [("typeName", "this field is needed")]),
        ({"namespace": "n"}, [("name", "this field is needed")]),
        ({"name": "n"}, [("namespace", "this field is needed")]),
        (
            {"typeName": "t", "qualifiedName": " "},
            [("qualifiedName", "String should have at least 1 character")],
        ),
        (
            {"namespace": "", "name": ""},
            [
                ("namespace", "String should have at least 1 character"),
                ("name", "String should have at least 1 character"),
            ],
        ),
    ],
)
def test_the_mistakes_of_a_dataset_are_those_of_the_form_it_is_written_in(dataset, said):
    expected = [(f"outputs.0.{field}", message) for field, message in said]

    assert mistakes({"inputs": ["a"], "outputs": [dataset]}) == expected


@pytest.mark.parametrize("type_name", ["", "1st", "_x", "a/b", "a?b", "t\n", "ä", "t" * 256])
def test_a_type_name_is_made_of_what_atlas_allows(type_name):
    dataset = {"typeName": type_name, "qualifiedName": "q"}

    ((path, _),) = mistakes({"inputs": [dataset], "outputs": ["b"]})

    assert path == "inputs.0.typeName"


@pytest.mark.parametrize("type_name", ["t", "hive_table", "Power BI Dataset", "a.b-c", "t" * 255])
def test_the_type_names_of_purview_are_taken(type_name):
    assert dataset_of({"typeName": type_name, "qualifiedName": "q"}).type_name == type_name


def test_a_name_is_as_long_as_the_data_map_allows():
    assert dataset_of("x" * NAME_LIMIT) == "x" * NAME_LIMIT
    assert mistakes({"inputs": ["x" * (NAME_LIMIT + 1)], "outputs": ["b"]}) == [
        ("inputs.0", f"String should have at most {NAME_LIMIT} characters"),
    ]


@pytest.mark.parametrize("letter", ["ü", "漢", "😀"])
def test_the_data_map_counts_the_bytes_of_a_name(letter):
    size = len(letter.encode())
    longest = letter * (NAME_LIMIT // size)
    said = f"longer than the Data Map's {NAME_LIMIT} bytes"

    assert dataset_of(longest) == longest
    assert mistakes({"inputs": [longest + letter], "outputs": ["b"]}) == [("inputs.0", said)]
    assert mistakes({"inputs": [{"namespace": "n", "name": longest + letter}], "outputs": ["b"]}) == [
        ("inputs.0.name", said),
    ]
    assert mistakes(direct(columns=[{"source": longest + letter, "target": "b"}])) == [
        ("columns.0.source", said),
    ]


def test_a_blank_name_is_no_name():
    assert mistakes({"inputs": ["  "], "outputs": ["b"]}) == [
        ("inputs.0", "String should have at least 1 character"),
    ]


# Which sides there are


@pytest.mark.parametrize("action", ["write", "remove"])
@pytest.mark.parametrize(
    ("sides", "path"),
    [
        ({}, "inputs"),
        ({"outputs": ["b"]}, "inputs"),
        ({"inputs": [], "outputs": ["b"]}, "inputs"),
        ({"inputs": None, "outputs": ["b"]}, "inputs"),
        ({"inputs": ["a"]}, "outputs"),
        ({"inputs": ["a"], "outputs": []}, "outputs"),
    ],
)
def test_direct_lineage_needs_both_sides(action, sides, path):
    assert mistakes(sides | {"action": action}) == [(path, NO_DATASET)]


def test_a_process_needs_a_side_to_be_written():
    said = "a process needs inputs or outputs (an empty list says that it has none)"

    assert mistakes({"process": {"name": "load"}}) == [("inputs", said)]


@pytest.mark.parametrize("sides", [{"inputs": ["a"]}, {"outputs": ["b"]}, {"inputs": []}, {"outputs": []}])
def test_a_process_may_have_one_side_or_none_that_is_said(sides):
    request = read_request({"process": {"name": "load"}, **sides})

    assert {side: getattr(request, side) for side in ("inputs", "outputs")} == {
        "inputs": None,
        "outputs": None,
    } | {side: tuple(datasets) for side, datasets in sides.items()}


def test_a_process_is_removed_without_saying_its_sides():
    assert read_request({"process": {"name": "load"}, "action": "remove"}).action == "remove"


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_side_has_a_largest_number_of_datasets(side):
    payload = {"process": {"name": "load"}}

    assert len(getattr(read_request(payload | {side: ["x"] * DATASETS_LIMIT}), side)) == DATASETS_LIMIT

    ((path, message),) = mistakes(payload | {side: ["x"] * (DATASETS_LIMIT + 1)})
    assert (path, f"at most {DATASETS_LIMIT} items" in message) == (side, True)


def test_direct_lineage_has_a_largest_number_of_edges():
    inputs = [f"in{number}" for number in range(DIRECT_EDGES_LIMIT // 10)]
    outputs = [f"out{number}" for number in range(10)]

    assert read_request({"inputs": inputs, "outputs": outputs})
    assert mistakes({"inputs": [*inputs, "one more"], "outputs": outputs}) == [
        ("inputs", f"more than {DIRECT_EDGES_LIMIT} direct edges: name the process between them"),
    ]


def test_with_a_process_the_number_of_pairs_does_not_matter():
    many = [f"d{number}" for number in range(100)]

    assert read_request({"inputs": many, "outputs": many, "process": {"name": "load"}})


# The process


@pytest.mark.parametrize(
    ("process", "key"),
    [
        ({"name": "load"}, "lineage://default/load"),
        ({"name": "load", "namespace": "nightly"}, "lineage://nightly/load"),
        ({"name": "load", "namespace": "nightly/"}, "lineage://nightly/load"),
        ({"name": "load", "namespace": "adf://contoso"}, "adf://contoso/load"),
        ({"name": "load", "namespace": "adf://contoso//"}, "adf://contoso/load"),
        ({"name": "load", "qualifiedName": "my://own"}, "my://own"),
        ({"name": "load", "namespace": "adf://contoso", "qualifiedName": "my://own"}, "my://own"),
    ],
)
def test_a_process_is_identified_by_its_job(process, key):
    assert read_request({"inputs": [], "process": process}).process.key == key


def test_a_process_is_the_same_whatever_it_reads_and_does():
    payloads = [through(), through(description="other"), through(attributes={"owner": "me"})]
    payloads.append(through() | {"inputs": ["elsewhere"]})

    assert len({read_request(payload).process.key for payload in payloads}) == 1


def test_a_process_keeps_the_further_attributes_of_its_type():
    attributes = {"owner": "me", "retries": 3, "tags": ["a", None], "nested": {"x": 1.5}}

    process = read_request(through(typeName="my_process", attributes=attributes)).process

    assert (process.type_name, process.attributes) == ("my_process", attributes)


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ({}, ("process.name", "this field is needed")),
        ({"name": " "}, ("process.name", "String should have at least 1 character")),
        ({"name": "p", "namespace": ""}, ("process.namespace", "String should have at least 1 character")),
        (
            {"name": "p", "qualifiedName": ""},
            ("process.qualifiedName", "String should have at least 1 character"),
        ),
        ({"name": 5}, ("process.name", "Input should be a valid string")),
        (
            {"name": "p", "description": "d" * 32_769},
            ("process.description", "String should have at most 32768 characters"),
        ),
    ],
)
def test_what_is_wrong_with_a_process_is_said_at_its_field(process, said):
    assert mistakes({"inputs": [], "process": process}) == [said]


@pytest.mark.parametrize("attributes", [[], "x", 5, None])
def test_the_attributes_of_a_process_are_an_object(attributes):
    ((path, _),) = mistakes(through(attributes=attributes))

    assert path == "process.attributes"


@pytest.mark.parametrize("name", sorted(RESERVED_ATTRIBUTES))
@pytest.mark.parametrize("value", [None, [], "x"])
def test_what_the_request_itself_says_is_not_said_again_as_an_attribute(name, value):
    """Else it would overwrite what the request says, or be overwritten without a word."""
    assert mistakes(through(attributes={"owner": "me", name: value})) == [
        (f"process.attributes.{name}", "the request itself says this one"),
    ]


@pytest.mark.parametrize("number", ["1e999", "-1e999", '[1, {"x": 1e400}]'])
def test_a_number_that_json_cannot_hold_is_refused_wherever_it_stands_in_an_attribute(number):
    """JSON's grammar allows any exponent; a float of Python's does not, and what it becomes is no JSON."""
    payload = read_json(f'{{"inputs": [], "process": {{"name": "p", "attributes": {{"a": {number}}}}}}}')

    assert mistakes(payload) == [("process.attributes", "holds a number that JSON cannot")]


def test_a_process_and_its_namespace_together_fit_the_data_map():
    longest = "ü" * ((NAME_LIMIT - len("lineage://default/")) // 2)

    assert len(read_request(through(name=longest)).process.key.encode()) == NAME_LIMIT
    assert mistakes(through(name=longest + "x")) == [
        ("process.name", f"with its namespace it is longer than the Data Map's {NAME_LIMIT} bytes"),
    ]


# Columns


def test_a_column_is_named_alone_where_its_side_has_a_single_dataset():
    request = read_request(direct(columns=[{"source": "order_id", "target": " id "}]))

    assert [(pair.source, pair.target) for pair in request.columns] == [("order_id", "id")]


@pytest.mark.parametrize(
    ("payload", "path", "said"),
    [
        ({"inputs": ["a", "b"], "outputs": ["c"]}, "columns.1.source", "2 inputs"),
        ({"inputs": ["a"], "outputs": ["b", "c"]}, "columns.1.target", "2 outputs"),
        ({"outputs": ["c"], "process": {"name": "p"}}, "columns.1.source", "0 inputs"),
        ({"inputs": ["a"], "outputs": [], "process": {"name": "p"}}, "columns.1.target", "0 outputs"),
    ],
)
def test_a_column_named_without_its_dataset_needs_a_single_dataset(payload, path, said):
    whole = {"source": {"dataset": "a", "column": "x"}, "target": {"dataset": "c", "column": "x"}}

    assert mistakes(payload | {"columns": [whole, {"source": "x", "target": "x"}]}) == [
        (path, f'the request has {said}: write {{"dataset": ..., "column": ...}}'),
    ]


def test_a_column_with_its_dataset_may_come_from_any_of_several():
    pair = {
        "source": {"dataset": {"guid": GUID}, "column": "x"},
        "target": {"dataset": {"namespace": "n", "name": "m"}, "column": "y"},
    }

    (read,) = read_request({"inputs": ["a", GUID], "outputs": ["b", "c"], "columns": [pair]}).columns

    assert (read.source.dataset, read.source.column) == (DatasetByGuid(guid=GUID), "x")
    assert (read.target.dataset, read.target.column) == (DatasetByName(namespace="n", name="m"), "y")


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ({"source": "x"}, [("target", "this field is needed")]),
        ({"source": 5, "target": "y"}, [("source", "write a column's name or {dataset, column}")]),
        ({"source": ["x"], "target": "y"}, [("source", "write a column's name or {dataset, column}")]),
        ({"source": "x", "target": None}, [("target", "write a column's name or {dataset, column}")]),
        ({"source": "", "target": "y"}, [("source", "String should have at least 1 character")]),
        ({"source": {"dataset": "a"}, "target": "y"}, [("source.column", "this field is needed")]),
        ({"source": {"column": "x"}, "target": "y"}, [("source.dataset", "this field is needed")]),
        ({"source": {"dataset": 5, "column": "x"}, "target": "y"}, [("source.dataset", FORMS)]),
        (
            {"source": {"dataset": {"guid": "x"}, "column": "x"}, "target": "y"},
            [("source.dataset.guid", "not a guid: 8-4-4-4-12 hexadecimal digits")],
        ),
    ],
)
def test_what_is_wrong_with_a_column_pair_is_said_at_its_end(pair, said):
    expected = [(f"columns.1.{path}", message) for path, message in said]

    assert mistakes(direct(columns=[{"source": "x", "target": "y"}, pair])) == expected


@pytest.mark.parametrize("columns", ["x", 5, {"source": "a", "target": "b"}])
def test_columns_are_a_list(columns):
    ((path, _),) = mistakes(direct(columns=columns))

    assert path == "columns"


def test_a_request_has_a_largest_number_of_column_pairs():
    pair = {"source": "x", "target": "y"}

    assert len(read_request(direct(columns=[pair] * COLUMNS_LIMIT)).columns) == COLUMNS_LIMIT

    ((path, message),) = mistakes(direct(columns=[pair] * (COLUMNS_LIMIT + 1)))
    assert (path, f"at most {COLUMNS_LIMIT} items" in message) == ("columns", True)


# Every dataset of a request


def test_every_dataset_is_given_with_its_path():
    request = read_request(
        {
            "inputs": ["a", {"guid": GUID}],
            "outputs": ["b"],
            "columns": [
                {"source": {"dataset": "a", "column": "x"}, "target": "y"},
                {
                    "source": {"dataset": {"guid": GUID}, "column": "x"},
                    "target": {"dataset": "b", "column": "y"},
                },
            ],
        },
    )

    assert list(request.datasets()) == [
        ("inputs.0", "a"),
        ("inputs.1", DatasetByGuid(guid=GUID)),
        ("outputs.0", "b"),
        ("columns.0.source.dataset", "a"),
        ("columns.1.source.dataset", DatasetByGuid(guid=GUID)),
        ("columns.1.target.dataset", "b"),
    ]


def test_a_request_without_sides_names_no_datasets():
    assert list(read_request({"process": {"name": "p"}, "action": "remove"}).datasets()) == []


# The idempotency key


def test_a_key_is_made_once_however_often_it_is_asked_for(monkeypatch):
    request = read_request(direct())
    key = request.key
    monkeypatch.setattr("lineage.request.hashlib", None)

    assert request.key == key
    assert request == read_request(direct())
    assert "key" not in request.model_dump()


def test_the_callers_id_is_the_key():
    assert read_request(direct(id="run-7")).key == "run-7"
    assert read_request(direct(id="x" * 256)).key == "x" * 256
    assert mistakes(direct(id="x" * 257)) == [("id", "String should have at most 256 characters")]


def test_the_same_request_in_other_spellings_has_the_same_key():
    spellings = [
        {"source": "a", "target": "b"},
        {"outputs": ["b"], "inputs": ["a"]},
        {"end1": " a ", "end2": ["b"], "relationshipType": "DataFlow"},
        {"inputs": "a", "outputs": "b", "mode": "replace", "action": "write", "columns": None},
    ]

    assert len({read_request(spelling).key for spelling in spellings}) == 1


def test_the_order_in_which_attributes_are_written_makes_no_other_request():
    one, other = through(attributes={"a": 1, "b": 2}), through(attributes={"b": 2, "a": 1})

    assert read_request(one).key == read_request(other).key


def test_another_request_has_another_key():
    payloads = [
        direct(),
        direct(inputs=["b"], outputs=["a"]),
        direct(inputs=["a", "b"]),
        direct(action="remove"),
        direct(mode="append"),
        direct(onMissing="fail"),
        direct(eventTime="2026-01-01T00:00:00Z"),
        direct(columns=[]),
        direct(columns=[{"source": "x", "target": "y"}]),
        direct(columns=[{"source": "y", "target": "x"}]),
        direct(inputs=[{"guid": GUID}]),
        through(),
        through(namespace="n"),
        through(attributes={"owner": "me"}),
    ]

    assert len({read_request(payload).key for payload in payloads}) == len(payloads)


def test_the_key_is_the_same_on_every_machine():
    key = read_request(direct()).key

    assert (len(key), int(key, 16) >= 0) == (32, True)
    assert key == read_request(json.loads(json.dumps(direct()))).key


# JSON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        "{} {}",
        "nul",
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "'a'",
        '"\\ud800"',
        '{"a": "\\udc00"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        f"[{'9' * 5_000}]",
    ],
)
def test_what_is_not_json_is_said_to_be_so(text):
    with pytest.raises(InvalidRequest, match=r"^not JSON: ") as caught:
        read_json(text)

    assert [mistake.path for mistake in caught.value.mistakes] == [""]


@pytest.mark.parametrize("body", [b"\xff", b'"\xff"', b'{"\xe9": 1}', b'"\xed\xa0\x80"'])
def test_text_that_is_not_utf8_is_not_json(body):
    with pytest.raises(InvalidRequest, match=r"^not JSON: "):
        read_json(body)


def test_the_last_of_two_equal_keys_counts():
    assert read_json('{"a": 1, "a": 2}') == {"a": 2}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
datasets = (
    st.sampled_from(["a", "", GUID])
    | values
    | st.fixed_dictionaries({}, optional={"guid": st.just(GUID) | values, "typeName": values})
    | st.fixed_dictionaries(
        {"typeName": st.just("t")},
        optional={"qualifiedName": values, "uniqueAttributes": values, "displayName": values},
    )
    | st.fixed_dictionaries({"namespace": values}, optional={"name": values})
)
ends = st.just("x") | values | st.fixed_dictionaries({"dataset": datasets, "column": st.just("x") | values})
near_requests = st.fixed_dictionaries(
    {},
    optional={
        "id": values,
        "action": st.sampled_from(["write", "remove"]) | values,
        "mode": st.sampled_from(["replace", "append"]) | values,
        "onMissing": values,
        "eventTime": values,
        "inputs": st.lists(datasets, max_size=3) | datasets,
        "outputs": st.lists(datasets, max_size=3) | datasets,
        "source": datasets,
        "end2": datasets,
        "process": values
        | st.fixed_dictionaries({"name": st.just("p")}, optional={"attributes": values, "typeName": values}),
        "columns": values
        | st.lists(st.fixed_dictionaries({}, optional={"source": ends, "target": ends}), max_size=3),
        "relationshipType": values,
    },
)


def reading(read, value):
    """What reading gives: a value, or the error it is refused with. Any other exception is a failure."""
    try:
        return read(value)
    except InvalidRequest as error:
        return error


@given(values | near_requests)
def test_any_value_is_a_request_or_told_its_mistakes(value):
    match reading(read_request, value):
        case LineageRequest() as request:
            assert request.key
            assert len(list(request.datasets())) >= len(request.inputs or ()) + len(request.outputs or ())
        case InvalidRequest(mistakes=said):
            assert said
            assert all(mistake.message for mistake in said)


@given(st.text() | st.binary() | values.map(json.dumps))
def test_any_text_is_json_or_said_not_to_be(text):
    read = reading(read_json, text)

    assert not isinstance(read, InvalidRequest) or str(read).startswith("not JSON: ")


@pytest.mark.parametrize("nested", ["list", "object"])
def test_values_nested_without_end_are_refused(nested):
    value = 1
    for _ in range(10_000):
        value = [value] if nested == "list" else {"x": value}

    ((path, _),) = mistakes(through(attributes={"deep": value}))
    assert path.startswith("process.attributes.deep")


def test_what_was_read_can_be_written_and_read_again():
    payload = through(typeName="t", attributes={"a": [1]}) | {
        "id": "x",
        "mode": "append",
        "onMissing": "create",
        "columns": [
            {"source": "x", "target": {"dataset": {"typeName": "t", "qualifiedName": "q"}, "column": "y"}}
        ],
    }
    request = read_request(payload)

    again = read_request(request.model_dump(mode="json", by_alias=True, exclude_none=True))

    assert again == request


# The schema


def test_the_schema_knows_every_spelling_of_a_side():
    schema = json_schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert {"inputs", "outputs", "source", "target", "end1", "end2"} <= schema["properties"].keys()
    assert schema["properties"]["end1"]["description"] == "one dataset, instead of `inputs`"
    assert schema["properties"]["target"]["description"] == "one dataset, instead of `outputs`"


def test_the_schema_lists_every_field_a_request_may_have():
    schema = json_schema()
    aliases = {field.alias or name for name, field in LineageRequest.model_fields.items()}

    assert aliases <= schema["properties"].keys()
    json.dumps(schema)
