"""Column mappings: both formats of the Data Map, read as they were written, cut to what an attribute holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.columns import (
    ATTRIBUTE_LIMIT,
    edge_mapping,
    process_mapping,
    read_edge_mapping,
    read_process_mapping,
    union,
)

names = st.text(min_size=1, max_size=20)
pairs = st.tuples(names, names)
few_pairs = st.lists(pairs, min_size=1, max_size=6, unique=True)
few_groups = st.dictionaries(pairs, few_pairs, max_size=4)


def warning(left_out):
    return f"columns: {left_out} pairs were left out: an attribute of the Data Map holds 32768 bytes"


def edge_of(size):
    """Pairs whose mapping is `size` bytes long: two fixed ones and one that fills up."""
    fixed = [("a", "b"), ("c", "d")]
    rest = size - len(edge_mapping([*fixed, ("", "z")])[0])
    return [*fixed, ("x" * rest, "z")]


def groups_of(size):
    """Groups whose mapping is `size` bytes long."""
    fixed = {("in1", "out"): [("a", "b")]}
    rest = size - len(process_mapping({**fixed, ("in2", "out"): [("", "z")]})[0])
    return {**fixed, ("in2", "out"): [("x" * rest, "z")]}


# The two formats


def test_a_process_maps_columns_by_pairs_of_datasets():
    groups = {("in", "out"): [("a", "b"), ("c", "d")], ("in2", "out"): [("e", "f")]}

    text, warnings = process_mapping(groups)

    assert json.loads(text) == [
        {
            "DatasetMapping": {"Source": "in", "Sink": "out"},
            "ColumnMapping": [{"Source": "a", "Sink": "b"}, {"Source": "c", "Sink": "d"}],
        },
        {
            "DatasetMapping": {"Source": "in2", "Sink": "out"},
            "ColumnMapping": [{"Source": "e", "Sink": "f"}],
        },
    ]
    assert warnings == ()


def test_a_direct_edge_maps_columns_in_one_flat_list():
    text, warnings = edge_mapping([("a", "b"), ("c", "d")])

    assert json.loads(text) == [{"Source": "a", "Sink": "b"}, {"Source": "c", "Sink": "d"}]
    assert warnings == ()


def test_no_columns_are_an_empty_list():
    assert edge_mapping([]) == ("[]", ())
    assert process_mapping({}) == ("[]", ())
    assert process_mapping({("in", "out"): []}) == ("[]", ())


def test_a_pair_is_written_once():
    assert json.loads(edge_mapping([("a", "b"), ("c", "b"), ("a", "b")])[0]) == [
        {"Source": "a", "Sink": "b"},
        {"Source": "c", "Sink": "b"},
    ]
    assert read_process_mapping(process_mapping({("i", "o"): [("a", "b")] * 3})[0]) == {
        ("i", "o"): [("a", "b")],
    }


@given(few_groups)
def test_what_is_written_for_a_process_is_what_is_read(groups):
    text, warnings = process_mapping(groups)

    assert (read_process_mapping(text), warnings) == (groups, ())


@given(st.lists(pairs, max_size=8, unique=True))
def test_what_is_written_for_an_edge_is_what_is_read(columns):
    text, warnings = edge_mapping(columns)

    assert (read_edge_mapping(text), warnings) == (columns, ())


@given(few_groups)
def test_a_mapping_is_ascii_so_that_characters_are_bytes(groups):
    assert process_mapping(groups)[0].isascii()
    assert all(edge_mapping(columns)[0].isascii() for columns in groups.values())


# The limit


@pytest.mark.parametrize("write", [edge_mapping, process_mapping])
@pytest.mark.parametrize("below", [0, 1, 2])
def test_what_fits_to_the_byte_is_written_whole(write, below):
    size = ATTRIBUTE_LIMIT - below
    text, warnings = write(edge_of(size) if write is edge_mapping else groups_of(size))

    assert (len(text.encode()), warnings) == (size, ())


@pytest.mark.parametrize("write", [edge_mapping, process_mapping])
def test_one_byte_too_many_leaves_the_last_pair_out_and_says_so(write):
    size = ATTRIBUTE_LIMIT + 1
    text, warnings = write(edge_of(size) if write is edge_mapping else groups_of(size))

    assert warnings == (warning(1),)
    assert '"Sink":"z"' not in text
    assert '{"Source":"a","Sink":"b"}' in text


def test_all_that_is_after_the_first_pair_without_room_is_left_out_and_counted():
    columns = [("a", "b"), ("x" * ATTRIBUTE_LIMIT, "y"), ("c", "d"), ("e", "f")]

    text, warnings = edge_mapping(columns)

    assert (read_edge_mapping(text), warnings) == ([("a", "b")], (warning(3),))


def test_a_group_of_which_nothing_fits_is_not_written():
    groups = {("in", "out"): [("x" * ATTRIBUTE_LIMIT, "y")], ("in2", "out"): [("a", "b")]}

    text, warnings = process_mapping(groups)

    assert (read_process_mapping(text), warnings) == ({("in2", "out"): [("a", "b")]}, (warning(1),))


def test_names_of_datasets_longer_than_an_attribute_leave_nothing():
    assert process_mapping({("x" * ATTRIBUTE_LIMIT, "out"): [("a", "b")]}) == ("[]", (warning(1),))


def test_characters_beyond_ascii_count_as_they_are_written():
    text, warnings = edge_mapping([(f"ü{number}", "ö") for number in range(2_000)])
    written = read_edge_mapping(text)

    assert ATTRIBUTE_LIMIT - 100 < len(text.encode()) <= ATTRIBUTE_LIMIT
    assert warnings == (warning(2_000 - len(written)),)


@given(st.dictionaries(pairs, st.lists(pairs, max_size=3), max_size=3), st.integers(1, 4_000))
def test_a_mapping_is_never_longer_than_the_limit_nor_broken(groups, longer):
    long = {key: [(source * longer, sink) for source, sink in columns] for key, columns in groups.items()}
    total = sum(len(set(columns)) for columns in long.values())

    text, warnings = process_mapping(long)
    written = read_process_mapping(text)

    assert len(text.encode()) <= ATTRIBUTE_LIMIT
    kept = sum(map(len, written.values()))
    assert warnings == ((warning(total - kept),) if kept < total else ())
    assert all(columns == list(dict.fromkeys(long[key]))[: len(columns)] for key, columns in written.items())


@pytest.mark.parametrize("longer", range(100))
def test_many_small_groups_fill_an_attribute_and_never_overflow_it(longer):
    """Wherever the last pair that fits happens to end: commas between groups count as well."""
    groups = {(f"in{number}", "out"): [("a", "b")] for number in range(1_000)}

    text, warnings = process_mapping({("x" * longer, "out"): [("a", "b")], **groups})

    assert ATTRIBUTE_LIMIT - 110 < len(text) <= ATTRIBUTE_LIMIT
    assert warnings == (warning(1_001 - len(read_process_mapping(text))),)


@pytest.mark.parametrize("groups_by", [1, 1_000])
def test_ten_thousands_of_pairs_are_cut_to_the_limit(groups_by):
    """Linear: were it quadratic, the suite's time limit would end it."""
    count = 50_000
    groups = {}
    for number in range(count):
        groups.setdefault((f"in{number % groups_by}", "out"), []).append((f"c{number}", f"d{number}"))

    text, warnings = process_mapping(groups)
    written = sum(map(len, read_process_mapping(text).values()))

    assert len(text) <= ATTRIBUTE_LIMIT
    assert warnings == (warning(count - written),)
    assert written > 100


def test_ten_thousands_of_pairs_of_an_edge_are_cut_to_the_limit():
    columns = [(f"c{number}", f"d{number}") for number in range(50_000)]

    text, warnings = edge_mapping(columns)
    written = read_edge_mapping(text)

    assert written == columns[: len(written)]
    assert ATTRIBUTE_LIMIT - 50 < len(text) <= ATTRIBUTE_LIMIT
    assert warnings == (warning(50_000 - len(written)),)


# What others wrote


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", "null", "5", '"x"', "[1, null, []]", "not JSON", "[{"]
)
def test_what_is_no_mapping_says_nothing(text):
    assert read_process_mapping(text) == {}
    assert read_edge_mapping(text) == []


def test_a_mapping_of_data_factory_is_read():
    text = (
        '[{"ColumnMapping": [{"Source": "Date", "Sink": "Date", "Kind": "x"}], '
        '"DatasetMapping": {"Sink": "https://lake/out", "Source": "*"}, "Extra": 1}]'
    )

    assert read_process_mapping(text) == {("*", "https://lake/out"): [("Date", "Date")]}


def test_two_entries_of_the_same_datasets_are_read_as_one():
    once = json.loads(process_mapping({("in", "out"): [("a", "b")]})[0])
    again = json.loads(process_mapping({("in", "out"): [("c", "d")]})[0])

    assert read_process_mapping(json.dumps(once + again)) == {("in", "out"): [("a", "b"), ("c", "d")]}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"DatasetMapping": {"Source": "in", "Sink": "out"}},
        {"ColumnMapping": [{"Source": "a", "Sink": "b"}]},
        {"DatasetMapping": "in", "ColumnMapping": [{"Source": "a", "Sink": "b"}]},
        {"DatasetMapping": {"Source": "in", "Sink": "out"}, "ColumnMapping": "a"},
    ],
)
def test_an_entry_in_another_format_is_left_out(entry):
    good = json.loads(process_mapping({("in", "out"): [("a", "b")]})[0])

    assert read_process_mapping(json.dumps([entry, *good])) == {("in", "out"): [("a", "b")]}


def test_a_column_in_another_format_is_left_out():
    assert read_edge_mapping('["x", {"Source": "a", "Sink": "b"}, null]') == [("a", "b")]


@pytest.mark.parametrize(
    "incomplete",
    [
        {},
        {"Source": "a"},
        {"Sink": "b"},
        {"Source": None, "Sink": "b"},
        {"Source": "a", "Sink": 5},
        {"Source": ["a"], "Sink": {"b": 1}},
    ],
)
def test_nothing_is_made_up_for_an_end_that_is_not_there(incomplete):
    good = {"Source": "x", "Sink": "y"}
    of_no_dataset = {"DatasetMapping": incomplete, "ColumnMapping": [good]}
    of_a_dataset = {"DatasetMapping": good, "ColumnMapping": [incomplete, good]}

    assert read_edge_mapping(json.dumps([incomplete, good])) == [("x", "y")]
    assert read_process_mapping(json.dumps([of_no_dataset, of_a_dataset])) == {("x", "y"): [("x", "y")]}


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_a_mapping_nested_without_end_says_nothing(bracket):
    text = bracket * 100_000

    assert read_edge_mapping(text) == []
    assert read_process_mapping(text) == {}


# Both


@given(few_groups, few_groups)
def test_a_union_has_every_pair_of_both_once(groups, more):
    both = union(groups, more)

    assert both.keys() == groups.keys() | more.keys()
    for key, columns in both.items():
        assert set(columns) == {*groups.get(key, ()), *more.get(key, ())}
        assert len(columns) == len(set(columns))


@given(few_groups)
def test_a_union_with_itself_or_nothing_changes_nothing(groups):
    assert union(groups, groups) == union(groups, {}) == union({}, groups) == groups


def test_a_union_keeps_what_was_there_in_front():
    groups = {("in", "out"): [("b", "b"), ("a", "a")]}
    more = {("in2", "out"): [("z", "z")], ("in", "out"): [("c", "c"), ("b", "b")]}

    assert list(union(groups, more).items()) == [
        (("in", "out"), [("b", "b"), ("a", "a"), ("c", "c")]),
        (("in2", "out"), [("z", "z")]),
    ]


def test_a_union_leaves_its_arguments_alone():
    groups = {("in", "out"): [("a", "a")]}

    union(groups, {("in", "out"): [("b", "b")]})["in", "out"].append(("c", "c"))

    assert groups == {("in", "out"): [("a", "a")]}
