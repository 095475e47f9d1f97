"""A user's rules: how they are written, and what each mistake in them is told."""

import json

import pytest

from lineage.naming import BUILT_IN, Evidence, Rules, locate_openlineage
from lineage.naming.user_rules import RULES_LIMIT

RULE = {
    "namespace": "shop-pg",
    "name": "{schema}.{table}",
    "typeName": "azure_postgresql_table",
    "qualifiedName": "postgresql://shop.postgres.database.azure.com/shop/{schema}/{table}",
}


def parse(*rules):
    return Rules.parse(json.dumps(rules))


def complaint(text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        Rules.parse(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_rule_maps_a_namespace_of_ones_own():
    match = locate_openlineage("shop-pg", "public.orders", parse(RULE))

    assert match
    assert match.asset.qualified_name == "postgresql://shop.postgres.database.azure.com/shop/public/orders"
    assert match.rule == "user-1"
    assert match.evidence is Evidence.USER


def test_a_rule_may_have_a_name_of_its_own():
    match = locate_openlineage("shop-pg", "public.orders", parse({**RULE, "id": "shop"}))

    assert match
    assert match.rule == "shop"


def test_the_built_in_rules_stand_behind():
    rules = parse(RULE)

    assert locate_openlineage("s3://b", "k", rules) == locate_openlineage("s3://b", "k")
    assert rules.built_in == BUILT_IN.built_in


def test_a_rule_comes_before_the_built_in_ones():
    rules = parse(
        {
            "namespace": "s3://{bucket}",
            "name": "{key*}",
            "typeName": "DataSet",
            "qualifiedName": "minio/{key}",
        }
    )

    match = locate_openlineage("s3://b", "k", rules)

    assert match
    assert match.asset.qualified_name == "minio/k"


def test_a_rule_sees_the_name_as_the_producer_wrote_it():
    rules = parse(
        {**RULE, "namespace": "sqlserver://Old:1433;database=x", "name": "t", "qualifiedName": "custom/t"}
    )

    match = locate_openlineage("sqlserver://Old:1433;database=x", "t", rules)

    assert match
    assert match.asset.qualified_name == "custom/t"


def test_a_rule_also_sees_the_name_without_the_quotes_of_sql():
    match = locate_openlineage("shop-pg", '"public"."orders.by.day"', parse(RULE))

    assert match
    assert match.asset.qualified_name.endswith("/public/orders.by.day")


@pytest.mark.parametrize("text", ["", "  ", "[]"])
def test_no_rules_are_no_mistake(text):
    assert Rules.parse(text).user == ()


def test_what_is_not_json_is_told_so():
    assert complaint("[{").startswith("is not JSON: ")


def test_what_is_not_a_list_is_told_so():
    assert complaint('{"namespace": "x"}') == "is not a list of rules: write [{...}, {...}]"


def test_a_missing_field_is_named_with_its_rule():
    without = {key: value for key, value in RULE.items() if key != "typeName"}

    assert complaint(json.dumps([RULE, without])) == "rule 2, typeName: this field is needed"


def test_an_unknown_field_is_answered_with_those_there_are():
    message = complaint(json.dumps([{**RULE, "type": "x"}]))

    assert message.startswith(
        "rule 1, type: there is no such field; there are: id, namespace, name, text, typeName"
    )


@pytest.mark.parametrize(
    "change", [{"text": "x"}, {"namespace": None}, {"name": None}, {"namespace": None, "name": None}]
)
def test_a_rule_is_for_pairs_or_for_texts(change):
    assert (
        complaint(json.dumps([{**RULE, **change}]))
        == 'rule 1: write either "namespace" and "name", or "text"'
    )


def test_a_template_that_names_an_unknown_placeholder_is_answered_with_those_there_are():
    message = complaint(json.dumps([{**RULE, "id": "shop", "qualifiedName": "x/{database}"}]))

    assert message == (
        "rule 1 (shop), qualifiedName: nothing gives {database}; the patterns have {schema}, {table}"
    )


def test_a_placeholder_used_on_both_sides_is_refused():
    message = complaint(json.dumps([{**RULE, "namespace": "{schema}"}]))

    assert message == "rule 1: namespace and name both use {schema}; rename one of them"


def test_a_pattern_that_makes_no_sense_is_quoted_with_the_reason():
    message = complaint(json.dumps([{**RULE, "name": "{a}{b}"}]))

    assert message == (
        "rule 1, name: '{a}{b}' has {a} touching another placeholder: nothing says where it ends"
    )


@pytest.mark.parametrize("type_name", ["", "1x", "a/b", 3])
def test_a_type_that_cannot_be_one_is_refused(type_name):
    assert complaint(json.dumps([{**RULE, "typeName": type_name}])).startswith("rule 1, typeName: ")


def test_a_message_stays_short_however_long_the_mistake():
    assert len(complaint(json.dumps([{**RULE, "name": "{" * 1_000_000}]))) < 300


def test_there_is_an_end_to_how_many_rules_there_may_be():
    assert f"{RULES_LIMIT} are allowed" in complaint(json.dumps([RULE] * (RULES_LIMIT + 1)))


def test_regular_expressions_are_no_part_of_the_language():
    rules = parse({"namespace": "(a+)+$", "name": "{t}", "typeName": "DataSet", "qualifiedName": "x/{t}"})

    assert locate_openlineage("a" * 4000 + "!", "t", rules) is None
    assert locate_openlineage("(a+)+$", "t", rules)
