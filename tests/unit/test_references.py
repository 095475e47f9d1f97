"""What a caller wrote for a dataset, to a guid or to a type and qualifiedName."""

import pytest

from lineage.errors import InvalidRequest
from lineage.naming import BUILT_IN, Asset, Rules
from lineage.references import GENERIC, display_name, matched, understood, without_unknown_types
from lineage.request import DatasetByGuid, DatasetByName, DatasetByQualifiedName, read_request

GUID = "0e2f6f0e-0000-4000-8000-00000000000a"
LAKE = "https://lake.dfs.core.windows.net/silver/orders"
TABLE = {"typeName": "hive_table", "qualifiedName": "db.orders@cluster"}


def request(*inputs, **more):
    return read_request({"inputs": list(inputs), "outputs": [GUID], **more})


def references(*inputs, on_missing="wait", **more):
    """The references of the inputs, and of columns by path."""
    found = understood(request(*inputs, **more), BUILT_IN, on_missing)
    assert found.pop("outputs.0") == GUID
    return found


def said(call, *given, **more):
    with pytest.raises(InvalidRequest) as caught:
        call(*given, **more)
    return [(mistake.path, mistake.message) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("dataset", "reference"),
    [
        (GUID, GUID),
        (GUID.upper(), GUID),
        ({"guid": GUID.upper()}, GUID),
        (TABLE, Asset("hive_table", "db.orders@cluster")),
        (
            {"typeName": "hive_table", "uniqueAttributes": {"qualifiedName": "q"}},
            Asset("hive_table", "q"),
        ),
        (LAKE, Asset("azure_datalake_gen2_path", LAKE)),
        (
            {"namespace": "abfss://silver@lake.dfs.core.windows.net", "name": "/orders"},
            Asset("azure_datalake_gen2_path", LAKE),
        ),
    ],
)
def test_each_form_of_a_dataset_is_understood(dataset, reference):
    assert references(dataset) == {"inputs.0": reference}


def test_a_dataset_of_a_column_has_a_path_of_its_own():
    columns = [{"source": {"dataset": LAKE, "column": "a"}, "target": {"dataset": GUID, "column": "b"}}]

    assert references(LAKE, GUID, columns=columns) == {
        "inputs.0": Asset("azure_datalake_gen2_path", LAKE),
        "inputs.1": GUID,
        "columns.0.source.dataset": Asset("azure_datalake_gen2_path", LAKE),
        "columns.0.target.dataset": GUID,
    }


@pytest.mark.parametrize("on_missing", ["wait", "fail", "create"])
def test_text_that_no_rule_understands_is_said_with_all_others(on_missing):
    payload = request("my table", GUID, "x")

    assert said(understood, payload, BUILT_IN, on_missing) == [
        ("inputs.0", "no naming rule understands 'my table': write typeName and qualifiedName"),
        ("inputs.2", "no naming rule understands 'x': write typeName and qualifiedName"),
    ]


@pytest.mark.parametrize("on_missing", ["wait", "fail"])
def test_an_openlineage_name_that_no_rule_understands_is_said(on_missing):
    payload = request({"namespace": "mine", "name": "b c"})

    assert said(understood, payload, BUILT_IN, on_missing) == [
        (
            "inputs.0",
            (
                "no naming rule understands the namespace 'mine' with the name 'b c': "
                "write typeName and qualifiedName"
            ),
        ),
    ]


SECRET_NAMES = [
    "jdbc:sqlserver://u:hush@h:1433;clientSecret=hush",
    "ftp://u:hush@h/x?token=hush",
    {"namespace": "odd://u:hush@h", "name": "t?token=hush"},
]


@pytest.mark.parametrize("dataset", SECRET_NAMES)
def test_secrets_in_what_no_rule_understands_are_not_shown(dataset):
    ((_, message),) = said(understood, request(dataset), BUILT_IN, "wait")

    assert "no naming rule understands" in message
    assert "hush" not in message


def test_secrets_are_no_part_of_a_generic_dataset():
    assert references(SECRET_NAMES[-1], on_missing="create") == {"inputs.0": Asset(GENERIC, "odd://h/t")}


@pytest.mark.parametrize(
    ("namespace", "name"), [("mine", "b c"), ("mine/", "b c"), ("mine", "/b c"), ("mine//", "//b c")]
)
def test_an_openlineage_name_without_a_rule_is_a_generic_dataset_where_it_may_be_created(namespace, name):
    found = references({"namespace": namespace, "name": name}, on_missing="create")

    assert found == {"inputs.0": Asset(GENERIC, "mine/b c")}


# Types that are not registered


UNKNOWN = {"hive_table": "no such type"}


@pytest.mark.parametrize("on_missing", ["wait", "fail"])
def test_a_type_that_is_not_registered_is_said_at_each_dataset_of_it(on_missing):
    payload = request(TABLE, LAKE, TABLE | {"qualifiedName": "other"})
    found = understood(payload, BUILT_IN, on_missing)

    assert said(without_unknown_types, payload, found, UNKNOWN, on_missing) == [
        ("inputs.0", "no such type"),
        ("inputs.2", "no such type"),
    ]


def test_a_type_that_the_caller_chose_is_never_taken_for_another():
    payload = request(TABLE)
    found = understood(payload, BUILT_IN, "create")

    assert said(without_unknown_types, payload, found, UNKNOWN, "create") == [("inputs.0", "no such type")]


def test_a_type_that_a_rule_chose_is_a_generic_one_where_it_may_be_created():
    payload = request(LAKE, GUID)
    found = understood(payload, BUILT_IN, "create")

    known, warnings = without_unknown_types(payload, found, {"azure_datalake_gen2_path": "no"}, "create")

    assert known == {"inputs.0": Asset(GENERIC, LAKE), "inputs.1": GUID, "outputs.0": GUID}
    assert warnings == ("inputs.0: the type azure_datalake_gen2_path is not registered: taken as a DataSet",)
    assert found["inputs.0"] == Asset("azure_datalake_gen2_path", LAKE)


def test_where_every_type_is_registered_nothing_changes():
    payload = request(LAKE, TABLE)
    found = understood(payload, BUILT_IN, "wait")

    assert without_unknown_types(payload, found, {"mssql": "no"}, "wait") == (found, ())


# Names for people


def test_an_asset_is_called_as_the_caller_calls_it_or_by_the_last_of_its_name():
    asset = Asset("azure_datalake_gen2_path", LAKE)
    called = DatasetByQualifiedName(type_name=asset.type_name, qualified_name=LAKE, display_name="Orders")

    assert display_name(called, asset) == "Orders"
    assert display_name(LAKE, asset) == "orders"


@pytest.mark.parametrize(
    "dataset",
    [
        GUID,
        DatasetByGuid(guid=GUID),
        DatasetByQualifiedName(type_name="t", qualified_name=LAKE),
        "my table",
        DatasetByName(namespace="mine", name="b c"),
    ],
)
def test_what_needs_no_naming_or_has_none_matches_no_rule(dataset):
    assert matched(dataset, BUILT_IN) is None


def test_a_match_says_the_rule_and_the_asset():
    rules = Rules.parse(
        '[{"namespace": "mine", "name": "{table}", "typeName": "hive_table", "qualifiedName": "{table}@x"}]'
    )

    assert matched(DatasetByName(namespace="mine", name="t"), rules).asset == Asset("hive_table", "t@x")
    assert matched(LAKE, rules).asset == Asset("azure_datalake_gen2_path", LAKE)
