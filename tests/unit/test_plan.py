"""Plans: what a request changes in the Data Map, payload by payload."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.columns import ATTRIBUTE_LIMIT, edge_mapping, process_mapping, read_process_mapping
from lineage.errors import InvalidRequest
from lineage.plan import (
    DIRECT_LINEAGE,
    PROCESS_TYPE,
    PROCESS_TYPE_DEFINITION,
    Edge,
    Node,
    Plan,
    placeholder,
    plan_direct,
    plan_direct_removal,
    plan_process,
    plan_process_removal,
    related,
)
from lineage.request import read_request

ORDERS = Node("azure_sql_table", "mssql://s/d/dbo/orders", "guid-orders")
LINES = Node("azure_sql_table", "mssql://s/d/dbo/lines", "guid-lines")
SILVER = Node("azure_datalake_gen2_path", "https://lake/silver", "guid-silver")
GOLD = Node("azure_datalake_gen2_path", "https://lake/gold", "guid-gold")
NEW = Node("azure_datalake_gen2_path", "https://lake/new", None, "new data")
UNNAMED = Node("DataSet", None, "guid-unnamed")


def request_of(inputs=None, outputs=None, **more):
    """A request and its nodes; datasets are given as nodes, in columns as well."""
    nodes = {}

    def named(path, node):
        nodes[path] = node
        return f"name of {node.reference}"

    def end(path, value):
        if isinstance(value, str):
            return value
        node, column = value
        return {"dataset": named(f"{path}.dataset", node), "column": column}

    payload = dict(more)
    for side, datasets in (("inputs", inputs), ("outputs", outputs)):
        if datasets is not None:
            payload[side] = [named(f"{side}.{index}", node) for index, node in enumerate(datasets)]
    if more.get("columns"):
        payload["columns"] = [
            {
                "source": end(f"columns.{index}.source", source),
                "target": end(f"columns.{index}.target", target),
            }
            for index, (source, target) in enumerate(more["columns"])
        ]
    return read_request(payload), nodes


def process_plan(*, current=None, process=None, **asked):
    request, nodes = request_of(**asked, process={"name": "load"} | (process or {}))
    return plan_process(request, request.process, nodes, current)


def process_removal(current, **asked):
    request, nodes = request_of(**asked, process={"name": "load"}, action="remove")
    return plan_process_removal(request, nodes, current)


def direct_plan(**asked):
    return plan_direct(*request_of(**asked))


def there(guid, **sides):
    """An entity as the Data Map shows it, with what it is related to: other guid -> relationship guid."""
    shown = {
        side: [
            {"guid": other, "relationshipGuid": edge, "relationshipStatus": "ACTIVE"}
            for other, edge in ends.items()
        ]
        for side, ends in sides.items()
    }
    return {"guid": guid, "attributes": {"columnMapping": None}, "relationshipAttributes": shown}


# Placeholders


def test_a_dataset_is_referred_to_by_its_guid_if_it_has_one():
    assert ORDERS.reference == "guid-orders"
    assert NEW.reference == placeholder(NEW.type_name, NEW.qualified_name)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_placeholder_is_a_negative_number_that_fits_64_bits(type_name, qualified_name):
    number = placeholder(type_name, qualified_name)

    assert -(2**63) <= int(number) <= 0
    assert number.startswith("-")
    assert number == placeholder(type_name, qualified_name)


def test_placeholders_tell_entities_apart():
    entities = [("t", "ab"), ("ta", "b"), ("t", "abc"), ("u", "ab"), ("t", "AB")]

    assert len({placeholder(*entity) for entity in entities}) == len(entities)


# Writing a process


def test_a_process_is_one_entity_with_its_datasets_by_guid():
    plan = process_plan(inputs=[ORDERS, LINES], outputs=[SILVER])

    assert plan.entities == (
        {
            "typeName": PROCESS_TYPE,
            "guid": placeholder(PROCESS_TYPE, "lineage://default/load"),
            "attributes": {
                "name": "load",
                "qualifiedName": "lineage://default/load",
                "inputs": [{"guid": "guid-orders"}, {"guid": "guid-lines"}],
                "outputs": [{"guid": "guid-silver"}],
            },
        },
    )
    assert plan == Plan(process=plan.process)


def test_a_process_may_be_of_another_type_and_have_further_attributes():
    described = {
        "typeName": "my_process",
        "namespace": "adf://contoso",
        "description": "nightly",
        "attributes": {"owner": "me", "retries": 3},
    }

    plan = process_plan(inputs=[], process=described)

    assert plan.process == {
        "typeName": "my_process",
        "guid": placeholder("my_process", "adf://contoso/load"),
        "attributes": {
            "owner": "me",
            "retries": 3,
            "name": "load",
            "qualifiedName": "adf://contoso/load",
            "description": "nightly",
            "inputs": [],
        },
    }


def test_a_description_that_is_not_given_is_not_sent_so_that_the_old_one_stays():
    assert "description" not in process_plan(inputs=[ORDERS]).process["attributes"]
    assert process_plan(inputs=[], process={"description": ""}).process["attributes"]["description"] == ""


@pytest.mark.parametrize(
    ("sides", "sent"),
    [
        ({"inputs": [ORDERS]}, {"inputs": [{"guid": "guid-orders"}]}),
        ({"outputs": [ORDERS]}, {"outputs": [{"guid": "guid-orders"}]}),
        ({"inputs": [ORDERS], "outputs": []}, {"inputs": [{"guid": "guid-orders"}], "outputs": []}),
        ({"inputs": [], "outputs": []}, {"inputs": [], "outputs": []}),
    ],
)
def test_a_side_that_is_absent_is_not_sent_and_one_that_is_empty_is(sides, sent):
    """The Data Map leaves an attribute that is absent as it is, and takes every edge away for an empty list."""
    attributes = process_plan(**sides).process["attributes"]

    assert {side: attributes[side] for side in ("inputs", "outputs") if side in attributes} == sent


def test_a_dataset_that_is_named_twice_is_sent_once():
    plan = process_plan(inputs=[ORDERS, ORDERS, LINES], outputs=[NEW, NEW])

    assert plan.process["attributes"]["inputs"] == [{"guid": "guid-orders"}, {"guid": "guid-lines"}]
    assert plan.process["attributes"]["outputs"] == [{"guid": NEW.reference}]
    assert len(plan.datasets) == 1


def test_more_than_ten_datasets_keep_their_order():
    nodes = [Node("t", f"q{number}", f"guid-{number}") for number in range(25)]

    sent = process_plan(inputs=nodes).process["attributes"]["inputs"]

    assert sent == [{"guid": f"guid-{number}"} for number in range(25)]


def test_a_process_may_read_and_write_the_same_dataset():
    attributes = process_plan(inputs=[ORDERS], outputs=[ORDERS]).process["attributes"]

    assert attributes["inputs"] == attributes["outputs"] == [{"guid": "guid-orders"}]


def test_a_dataset_that_does_not_exist_is_created_before_the_process_that_names_it():
    plan = process_plan(inputs=[ORDERS], outputs=[NEW])

    assert plan.datasets == (
        {
            "typeName": "azure_datalake_gen2_path",
            "guid": NEW.reference,
            "attributes": {"name": "new data", "qualifiedName": "https://lake/new"},
        },
    )
    assert plan.process["attributes"]["outputs"] == [{"guid": NEW.reference}]
    assert plan.entities == (*plan.datasets, plan.process)


def test_a_dataset_to_create_without_a_name_is_called_by_its_qualified_name():
    (created,) = process_plan(outputs=[Node("t", "q", None)]).datasets

    assert created["attributes"] == {"name": "q", "qualifiedName": "q"}


# Columns of a process


def test_columns_are_grouped_by_the_datasets_they_belong_to():
    plan = process_plan(
        inputs=[ORDERS, LINES],
        outputs=[SILVER, GOLD],
        columns=[
            ((ORDERS, "a"), (SILVER, "b")),
            ((LINES, "c"), (GOLD, "d")),
            ((ORDERS, "e"), (SILVER, "f")),
            ((ORDERS, "a"), (GOLD, "g")),
        ],
    )

    assert (
        plan.process["attributes"]["columnMapping"]
        == process_mapping(
            {
                (ORDERS.qualified_name, SILVER.qualified_name): [("a", "b"), ("e", "f")],
                (LINES.qualified_name, GOLD.qualified_name): [("c", "d")],
                (ORDERS.qualified_name, GOLD.qualified_name): [("a", "g")],
            }
        )[0]
    )


def test_a_column_alone_belongs_to_the_only_dataset_of_its_side():
    plan = process_plan(inputs=[ORDERS], outputs=[NEW], columns=[("a", "b"), ((ORDERS, "c"), "d")])

    assert read_process_mapping(plan.process["attributes"]["columnMapping"]) == {
        (ORDERS.qualified_name, NEW.qualified_name): [("a", "b"), ("c", "d")],
    }


def test_a_dataset_without_a_known_name_is_named_by_its_guid():
    plan = process_plan(inputs=[UNNAMED], outputs=[SILVER], columns=[("a", "b")])

    assert read_process_mapping(plan.process["attributes"]["columnMapping"]) == {
        ("guid-unnamed", SILVER.qualified_name): [("a", "b")],
    }


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_columns_that_are_not_given_are_not_sent_so_that_the_old_ones_stay(mode):
    plan = process_plan(inputs=[ORDERS], outputs=[SILVER], mode=mode)

    assert "columnMapping" not in plan.process["attributes"]


def test_an_empty_list_of_columns_takes_the_old_ones_away():
    plan = process_plan(inputs=[ORDERS], outputs=[SILVER], columns=[])

    assert plan.process["attributes"]["columnMapping"] == "[]"


def test_columns_that_do_not_fit_are_left_out_and_said():
    columns = [(f"source column {number}", "x") for number in range(5_000)]

    plan = process_plan(inputs=[ORDERS], outputs=[SILVER], columns=columns)
    written = read_process_mapping(plan.process["attributes"]["columnMapping"])

    left_out = 5_000 - sum(map(len, written.values()))
    assert left_out > 0
    assert plan.warnings == (
        f"columns: {left_out} pairs were left out: an attribute of the Data Map holds {ATTRIBUTE_LIMIT} bytes",
    )


@pytest.mark.parametrize(
    ("columns", "path", "said"),
    [
        (
            [("a", "b"), ((SILVER, "a"), "b")],
            "columns.1.source.dataset",
            "https://lake/silver is not one of the inputs",
        ),
        (
            [("a", (ORDERS, "b"))],
            "columns.0.target.dataset",
            "mssql://s/d/dbo/orders is not one of the outputs",
        ),
        ([((UNNAMED, "a"), "b")], "columns.0.source.dataset", "guid-unnamed is not one of the inputs"),
    ],
)
@pytest.mark.parametrize("process", [None, {"name": "load"}])
def test_a_column_belongs_to_a_dataset_of_its_side(columns, path, said, process):
    request, nodes = request_of([ORDERS], [SILVER], columns=columns, process=process)

    with pytest.raises(InvalidRequest) as caught:
        plan_process(request, request.process, nodes) if process else plan_direct(request, nodes)

    assert [(mistake.path, mistake.message) for mistake in caught.value.mistakes] == [(path, said)]


# Appending to a process


def test_appending_sends_edges_one_by_one_so_that_the_others_stay():
    plan = process_plan(inputs=[ORDERS], outputs=[SILVER, NEW], mode="append")
    process = placeholder(PROCESS_TYPE, "lineage://default/load")

    assert plan.process["attributes"] == {"name": "load", "qualifiedName": "lineage://default/load"}
    assert plan.edges == (
        Edge("dataset_process_inputs", (process, PROCESS_TYPE), ("guid-orders", "azure_sql_table")),
        Edge("process_dataset_outputs", (process, PROCESS_TYPE), ("guid-silver", "azure_datalake_gen2_path")),
        Edge("process_dataset_outputs", (process, PROCESS_TYPE), (NEW.reference, "azure_datalake_gen2_path")),
    )
    assert [dataset["guid"] for dataset in plan.datasets] == [NEW.reference]


def test_appending_leaves_out_the_edges_that_are_there():
    current = there("p", inputs={"guid-orders": "e1"}, outputs={"guid-lines": "e2"})

    plan = process_plan(inputs=[ORDERS, LINES], outputs=[ORDERS], mode="append", current=current)

    assert [(edge.type_name, edge.end2[0]) for edge in plan.edges] == [
        ("dataset_process_inputs", "guid-lines"),
        ("process_dataset_outputs", "guid-orders"),
    ]


def test_appending_writes_an_edge_again_that_was_deleted():
    current = there("p", inputs={"guid-orders": "e1"})
    current["relationshipAttributes"]["inputs"][0]["relationshipStatus"] = "DELETED"

    (edge,) = process_plan(inputs=[ORDERS], mode="append", current=current).edges

    assert edge.end2[0] == "guid-orders"


def test_appending_adds_columns_to_those_that_are_there():
    key = (ORDERS.qualified_name, SILVER.qualified_name)
    current = there("p")
    current["attributes"]["columnMapping"] = process_mapping({("x", "y"): [("k", "k")], key: [("a", "b")]})[0]

    plan = process_plan(
        inputs=[ORDERS],
        outputs=[SILVER],
        columns=[("a", "b"), ("c", "d")],
        mode="append",
        current=current,
    )

    assert read_process_mapping(plan.process["attributes"]["columnMapping"]) == {
        ("x", "y"): [("k", "k")],
        key: [("a", "b"), ("c", "d")],
    }


def test_appending_nothing_but_an_attribute_touches_no_edge():
    plan = process_plan(inputs=[], mode="append", process={"description": "new"})

    assert (plan.edges, plan.process["attributes"].keys()) == (
        (),
        {"name", "qualifiedName", "description"},
    )


# Removing


def test_a_process_is_removed_whole_if_no_side_is_named():
    assert process_removal(there("p", inputs={"guid-orders": "e1"})) == Plan(remove_entity="p")


def test_only_the_edges_that_are_named_are_removed():
    current = there(
        "p",
        inputs={"guid-orders": "in-orders", "guid-lines": "in-lines", "guid-gold": "in-gold"},
        outputs={"guid-orders": "out-orders", "guid-silver": "out-silver"},
    )

    assert process_removal(current, inputs=[ORDERS, LINES]) == Plan(
        remove_relationships=("in-orders", "in-lines")
    )
    assert process_removal(current, outputs=[SILVER]) == Plan(remove_relationships=("out-silver",))
    assert process_removal(current, inputs=[ORDERS], outputs=[ORDERS]) == Plan(
        remove_relationships=("in-orders", "out-orders")
    )


def test_an_empty_side_removes_nothing_rather_than_the_process():
    assert process_removal(there("p", inputs={"guid-orders": "e1"}), inputs=[]) == Plan()


def test_what_is_not_there_needs_no_removal():
    assert process_removal(None) == Plan()
    assert process_removal(None, inputs=[ORDERS]) == Plan()
    assert process_removal(there("p"), inputs=[ORDERS, NEW]) == Plan()


def test_direct_edges_are_removed_between_the_datasets_that_are_named():
    nodes = {"inputs.0": ORDERS, "inputs.1": LINES, "outputs.0": SILVER, "outputs.1": NEW}
    sources = [
        there("guid-orders", sinks={"guid-silver": "e1", "guid-gold": "e2"}),
        there("guid-lines", sinks={"guid-gold": "e3"}),
        {"guid": "guid-bare", "attributes": {}},
    ]

    assert plan_direct_removal(nodes, sources) == Plan(remove_relationships=("e1",))
    assert plan_direct_removal(nodes, []) == Plan()


# Direct lineage


def test_direct_lineage_is_an_edge_from_each_input_to_each_output():
    plan = direct_plan(inputs=[ORDERS, LINES], outputs=[SILVER, GOLD])

    assert [(edge.end1, edge.end2) for edge in plan.edges] == [
        (("guid-orders", "azure_sql_table"), ("guid-silver", "azure_datalake_gen2_path")),
        (("guid-orders", "azure_sql_table"), ("guid-gold", "azure_datalake_gen2_path")),
        (("guid-lines", "azure_sql_table"), ("guid-silver", "azure_datalake_gen2_path")),
        (("guid-lines", "azure_sql_table"), ("guid-gold", "azure_datalake_gen2_path")),
    ]
    assert {(edge.type_name, edge.columns, edge.append) for edge in plan.edges} == {
        (DIRECT_LINEAGE, None, False)
    }
    assert (plan.process, plan.entities, plan.warnings) == (None, (), ())


def test_a_dataset_that_is_named_twice_gets_one_edge():
    assert len(direct_plan(inputs=[ORDERS, ORDERS], outputs=[SILVER, SILVER]).edges) == 1


@pytest.mark.parametrize("node", [ORDERS, NEW])
def test_a_dataset_is_never_upstream_of_itself(node):
    with pytest.raises(InvalidRequest) as caught:
        direct_plan(inputs=[LINES, node], outputs=[SILVER, node])

    ((path, message),) = [(mistake.path, mistake.message) for mistake in caught.value.mistakes]
    assert (path, message) == (
        "outputs",
        f"{node.qualified_name} cannot be upstream of itself: name a process",
    )


def test_a_dataset_without_a_known_name_is_told_by_its_guid_not_to_be_its_own_upstream():
    with pytest.raises(InvalidRequest, match="guid-unnamed cannot be upstream of itself"):
        direct_plan(inputs=[UNNAMED], outputs=[UNNAMED])


def test_direct_lineage_creates_the_datasets_that_do_not_exist():
    plan = direct_plan(inputs=[NEW], outputs=[SILVER])

    assert [dataset["guid"] for dataset in plan.entities] == [NEW.reference]
    assert plan.edges[0].end1 == (NEW.reference, "azure_datalake_gen2_path")


def test_each_edge_gets_the_columns_of_its_own_datasets():
    plan = direct_plan(
        inputs=[ORDERS, LINES],
        outputs=[SILVER],
        columns=[((ORDERS, "a"), "b"), ((LINES, "c"), "d"), ((ORDERS, "e"), (SILVER, "f"))],
    )

    assert [edge.columns for edge in plan.edges] == [(("a", "b"), ("e", "f")), (("c", "d"),)]


def test_an_edge_without_columns_loses_them_only_if_columns_were_given():
    silent = direct_plan(inputs=[ORDERS, LINES], outputs=[SILVER])
    said = direct_plan(inputs=[ORDERS, LINES], outputs=[SILVER], columns=[((ORDERS, "a"), "b")])

    assert [edge.columns for edge in silent.edges] == [None, None]
    assert [edge.columns for edge in said.edges] == [(("a", "b"),), ()]


def test_an_empty_list_of_columns_takes_those_of_an_edge_away():
    (edge,) = direct_plan(inputs=[ORDERS], outputs=[SILVER], columns=[]).edges

    assert edge.columns == ()
    assert edge.attributes('[{"Source":"x","Sink":"y"}]') == ({"columnMapping": "[]"}, ())


def test_columns_of_edges_that_do_not_fit_are_left_out_and_said_for_each_edge():
    columns = [((node, f"column {number}"), "x") for node in (ORDERS, LINES) for number in range(2_000)]

    plan = direct_plan(inputs=[ORDERS, LINES, GOLD], outputs=[SILVER], columns=columns)

    warnings = [edge.attributes()[1] for edge in plan.edges]
    assert [len(each) for each in warnings] == [1, 1, 0]
    assert all("pairs were left out" in warning for each in warnings for warning in each)


def test_appended_columns_that_do_not_fit_beside_those_that_are_there_are_said():
    columns = [((ORDERS, f"column {number}"), "x") for number in range(700)]
    (edge,) = direct_plan(inputs=[ORDERS], outputs=[SILVER], columns=columns, mode="append").edges
    there, none = edge.attributes()
    more = edge_mapping([(f"other {number}", "x") for number in range(700)])[0]

    assert none == ()
    assert "pairs were left out" in edge.attributes(more)[1][0]
    assert there["columnMapping"] != edge.attributes(more)[0]["columnMapping"]


def test_appended_edges_are_marked_so():
    assert [edge.append for edge in direct_plan(inputs=[ORDERS], outputs=[SILVER], mode="append").edges] == [
        True
    ]


# Edges as the Data Map takes them


def test_an_edge_is_sent_with_guids_for_placeholders():
    edge = Edge(DIRECT_LINEAGE, ("-1", "a"), ("guid-2", "b"), (("x", "y"),))

    assert edge.body({"-1": "guid-1", "-2": "other"}) == {
        "typeName": DIRECT_LINEAGE,
        "end1": {"guid": "guid-1", "typeName": "a"},
        "end2": {"guid": "guid-2", "typeName": "b"},
        "attributes": {"columnMapping": '[{"Source":"x","Sink":"y"}]'},
    }


def test_an_edge_that_says_nothing_about_columns_sends_none():
    assert Edge(DIRECT_LINEAGE, ("1", "a"), ("2", "b")).body({})["attributes"] == {}


@pytest.mark.parametrize("existing", [None, "[]", '[{"Source":"x","Sink":"y"}]'])
def test_columns_of_an_edge_replace_those_that_are_there(existing):
    edge = Edge(DIRECT_LINEAGE, ("1", "a"), ("2", "b"), (("c", "d"),))

    assert edge.attributes(existing) == ({"columnMapping": '[{"Source":"c","Sink":"d"}]'}, ())


def test_appended_columns_of_an_edge_follow_those_that_are_there():
    edge = Edge(DIRECT_LINEAGE, ("1", "a"), ("2", "b"), (("c", "d"), ("x", "y")), append=True)
    existing = edge_mapping([("x", "y"), ("k", "k")])[0]

    assert json.loads(edge.attributes(existing)[0]["columnMapping"]) == [
        {"Source": "x", "Sink": "y"},
        {"Source": "k", "Sink": "k"},
        {"Source": "c", "Sink": "d"},
    ]
    assert edge.attributes(None) == ({"columnMapping": edge_mapping([("c", "d"), ("x", "y")])[0]}, ())


# What is related in the Data Map


def test_related_entities_are_those_of_active_relationships():
    entity = there("p", inputs={"a": "e1", "b": "e2"})
    entity["relationshipAttributes"]["inputs"][0]["relationshipStatus"] = "DELETED"
    entity["relationshipAttributes"]["inputs"].append({"guid": "c", "relationshipGuid": "e3"})

    assert related(entity, "inputs") == {"b": "e2", "c": "e3"}


@pytest.mark.parametrize(
    "entity", [{}, {"relationshipAttributes": {}}, {"relationshipAttributes": {"inputs": None}}]
)
def test_an_entity_without_relationships_is_related_to_nothing(entity):
    assert related(entity, "inputs") == {}


def test_our_process_type_declares_what_the_base_type_drops():
    attributes = {attribute["name"]: attribute for attribute in PROCESS_TYPE_DEFINITION["attributeDefs"]}

    assert (PROCESS_TYPE_DEFINITION["name"], PROCESS_TYPE_DEFINITION["superTypes"]) == (
        PROCESS_TYPE,
        ["Process"],
    )
    assert "columnMapping" in attributes
    assert {(attribute["typeName"], attribute["isOptional"]) for attribute in attributes.values()} == {
        ("string", True)
    }
