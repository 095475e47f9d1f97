import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.naming.identifiers import split_identifiers


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("orders", ["orders"]),
        ("sales.orders", ["sales", "orders"]),
        ("[sales].[orders]", ["sales", "orders"]),
        ("[sales].[orders.by.day]", ["sales", "orders.by.day"]),
        ('"shop"."public"."orders"', ["shop", "public", "orders"]),
        ("`main`.`orders`", ["main", "orders"]),
        ("main.[orders]", ["main", "orders"]),
        ("[a]]b].c", ["a]b", "c"]),
        ('"say ""hi"""', ['say "hi"']),
        (" sales . orders ", ["sales", "orders"]),
        ("sales.", ["sales", ""]),
        ("", [""]),
        ("[orders", ["[orders"]),
        ("[sales.orders", ["[sales", "orders"]),
        ("[a]b.c", ["[a]b", "c"]),
        ('o"brien.t', ['o"brien', "t"]),
        ("[]", [""]),
    ],
)
def test_a_name_splits_at_the_dots_outside_quotes(name, parts):
    assert split_identifiers(name) == parts


@given(
    st.lists(st.text(alphabet=st.characters(exclude_characters="\x00"), min_size=1), min_size=1, max_size=5)
)
def test_bracketed_parts_come_back_as_they_were(parts):
    name = ".".join("[" + part.replace("]", "]]") + "]" for part in parts)

    assert split_identifiers(name) == parts


@given(st.text(alphabet='[]".` ab', max_size=60))
def test_any_text_has_at_least_one_part(text):
    assert split_identifiers(text)
