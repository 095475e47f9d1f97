"""Lineage as a picture: what is drawn, how often, and that no name breaks out of its format."""

import io
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lineage.cli.drawing import to_dot, to_mermaid, to_svg, to_tree
from lineage.cli.drawing.layout import lay_out
from lineage.graph import Graph

HOSTILE = '<script>"]; x -->|y| [[z]] \\" & \x1b[31m #35; `end` %%{init}%%'
SVG = "{http://www.w3.org/2000/svg}"


def parse(drawn):
    return ET.fromstring(drawn)  # noqa: S314 - drawn here, from nowhere else


def as_text(tree):
    console = Console(file=io.StringIO(), width=120)
    console.print(tree)
    return console.file.getvalue()


def test_a_tree_has_what_is_upstream_and_what_is_downstream(graph):
    drawn = as_text(to_tree(graph("raw>job job>a a>gold", job={"type_name": "lineage_process"})))

    assert drawn == (
        "a  azure_sql_table\n"
        "mssql://server/a\n"
        "├── upstream\n"
        "│   └── job  lineage_process\n"
        "│       └── raw  azure_sql_table\n"
        "└── downstream\n"
        "    └── gold  azure_sql_table\n"
    )


def test_a_tree_of_nothing_says_so(graph):
    assert as_text(to_tree(graph(""))).count("nothing") == 2


def test_where_ways_meet_again_the_rest_is_drawn_once(graph):
    drawn = as_text(to_tree(graph("a>b a>c b>d c>d d>e"), ("downstream",)))

    assert drawn.count("d  azure_sql_table (above)") == 1
    assert drawn.count("e  azure_sql_table") == 1


def test_a_circle_ends(graph):
    assert "a  azure_sql_table (above)" in as_text(to_tree(graph("a>b b>a")))


def test_a_long_chain_is_no_deep_recursion(graph):
    long = graph(" ".join(f"n{number}>n{number + 1}" for number in range(3000)), base="n0")

    assert to_tree(long, ("downstream",))
    assert len(lay_out(long).layers) == 3001


def test_an_arrow_to_what_is_not_described_is_left_out():
    answer = {
        "baseEntityGuid": "a",
        "guidEntityMap": {"a": {"typeName": "DataSet", "guid": "a", "displayText": "A"}},
        "relations": [{"fromEntityId": "a", "toEntityId": "gone"}],
    }

    read = Graph.read(answer)

    assert read.edges == ()
    assert read.entities["a"].name == "A"


def test_mermaid_has_a_node_for_each_entity_and_an_arrow_for_each_edge(graph):
    drawn = to_mermaid(graph("a>job job>b", job={"type_name": "Process"}))

    assert drawn.splitlines() == [
        "flowchart LR",
        '    n0["a<br/>azure_sql_table"]',
        '    n1(["job<br/>Process"])',
        '    n2["b<br/>azure_sql_table"]',
        "    n0 --> n1",
        "    n1 --> n2",
        "    style n0 stroke-width:3px",
    ]


def test_no_name_means_anything_to_mermaid(graph):
    drawn = to_mermaid(graph("", a={"name": HOSTILE}))

    label = drawn.splitlines()[1].removeprefix('    n0["').split("<br/>")[0]
    assert not set(label) & set('<>"[](){}|`%&\\\x1b')


def test_dot_quotes_what_it_is_given(graph):
    drawn = to_dot(graph("a>job", job={"type_name": "Process"}, a={"name": HOSTILE}))

    assert drawn.splitlines()[:3] == ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    assert '  "a" -> "job";' in drawn
    assert 'style="rounded"' in drawn
    assert 'style="bold"' in drawn
    assert '\\"]; x' in drawn


def test_an_svg_has_a_box_for_each_entity_and_a_path_for_each_edge(graph):
    picture = parse(to_svg(graph("a>job job>b a>b", job={"type_name": "Process"})))

    boxes = [box.get("class") for box in picture.iter(f"{SVG}rect") if box.get("class")]
    assert sorted(boxes) == ["dataset", "dataset base", "process"]
    assert len(picture.findall(f"{SVG}path")) == 3
    assert picture.find(f"{SVG}title").text == "Lineage of a"


def test_an_svg_shortens_long_names_and_keeps_them_whole_as_a_tooltip(graph):
    picture = parse(to_svg(graph("", a={"name": "x" * 100, "qualifiedName": "y" * 100})))

    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts[0] == "x" * 27 + "…"
    assert "y" * 100 in [title.text for title in picture.iter(f"{SVG}title")]


@given(st.text(), st.text())
def test_an_svg_is_well_formed_whatever_the_names(name, qualified_name):
    header = {"typeName": "t", "guid": "a", "attributes": {"name": name, "qualifiedName": qualified_name}}
    drawn = to_svg(Graph.read({"baseEntityGuid": "a", "guidEntityMap": {"a": header}, "relations": []}))

    assert parse(drawn.encode()).tag == f"{SVG}svg"


# Where things go


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_in_any_graph_everything_has_one_place_and_arrows_run_right_unless_they_close_a_circle(pairs):
    guids = [f"n{number}" for number in range(10)]
    headers = {guid: {"typeName": "t", "guid": guid} for guid in guids}
    relations = [{"fromEntityId": guids[one], "toEntityId": guids[other]} for one, other in pairs]
    graph = Graph.read({"baseEntityGuid": "n0", "guidEntityMap": headers, "relations": relations})

    layout = lay_out(graph)

    places = [place for layer in layout.layers for place in layer]
    assert len(places) == len(set(places))
    assert set(guids) <= set(places)
    column = {place: number for number, layer in enumerate(layout.layers) for place in layer}
    for (source, target), route in layout.routes.items():
        assert (route[0], route[-1]) == (source, target)
        if column[source] < column[target]:
            assert [column[place] for place in route] == list(range(column[source], column[target] + 1))
        else:
            assert len(route) == 2


def test_neighbours_lie_beside_each_other(graph):
    layout = lay_out(graph("a>x b>y a>p b>q p>x q>y", base="a"))

    assert [len(layer) for layer in layout.layers] == [2, 4, 2]
    rows = {place: row for layer in layout.layers for row, place in enumerate(layer)}
    assert rows["x"] == rows["a"]
    assert rows["y"] == rows["b"]


@pytest.mark.parametrize("draw", [to_dot, to_mermaid, to_svg])
def test_a_picture_is_the_same_each_time(graph, draw):
    assert draw(graph("a>b a>c c>d")) == draw(graph("a>b a>c c>d"))


def test_json_has_nodes_and_edges(graph):
    assert graph("a>b").to_json() == {
        "base": "a",
        "nodes": [
            {
                "guid": guid,
                "typeName": "azure_sql_table",
                "name": guid,
                "qualifiedName": f"mssql://server/{guid}",
            }
            for guid in ("a", "b")
        ],
        "edges": [{"from": "a", "to": "b"}],
        "cutOff": [],
        "warnings": [],
    }


def test_who_has_more_neighbours_than_were_asked_for_is_named():
    counts = {"OUTPUT": {"a": 1001, "b": 1000}, "INPUT": None}
    headers = {guid: {"typeName": "t", "guid": guid} for guid in ("a", "b")}

    read = Graph.read({"baseEntityGuid": "a", "guidEntityMap": headers, "widthCounts": counts})

    assert read.cut_off == ("a",)
