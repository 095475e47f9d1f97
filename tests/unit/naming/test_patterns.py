import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.naming.patterns import PATTERN_LIMIT, Pattern, Template, tokens


def match(pattern, text, **options):
    return Pattern.parse(pattern, **options).match(text)


def test_a_placeholder_is_one_piece_of_a_path():
    assert match("lake/{folder}/x", "lake/sales/x") == {"folder": "sales"}
    assert match("lake/{folder}/x", "lake/sales/2024/x") is None


def test_a_placeholder_stops_at_the_character_that_comes_next():
    assert match("{host}.windows.net", "shop.windows.net") == {"host": "shop"}
    assert match("{host}.windows.net", "eu.shop.windows.net") is None


def test_a_placeholder_is_never_empty():
    assert match("lake/{folder}", "lake/") is None
    assert match("lake/{path*}", "lake/") is None


def test_a_star_takes_slashes_and_all():
    assert match("lake/{path*}", "lake/a/b/c") == {"path": "a/b/c"}


def test_a_star_goes_on_to_the_first_occurrence_of_what_comes_next():
    assert match("{path*}#__schema{rest*}", "a/b#c#__schema#__schema") == {
        "path": "a/b#c",
        "rest": "#__schema",
    }


def test_an_optional_part_may_be_absent():
    assert match("pg://{host}[:{port}]/{db}", "pg://h:5432/d") == {"host": "h", "port": "5432", "db": "d"}
    assert match("pg://{host}[:{port}]/{db}", "pg://h/d") == {"host": "h", "db": "d"}


def test_a_shape_says_which_hosts_a_placeholder_takes():
    assert match("mssql://{host:azure-sql}", "mssql://eu.shop.database.windows.net")
    assert match("mssql://{host:azure-sql}", "mssql://erp01") is None
    assert match("mssql://{host:azure-sql}", "mssql://x/y.database.windows.net") is None


def test_in_a_dotted_name_no_piece_holds_a_dot():
    assert match("{schema}.{table}", "a.b", dotted=True) == {"schema": "a", "table": "b"}
    assert match("{schema}.{table}", "a.b.c", dotted=True) is None


def test_literals_mean_themselves_even_where_regular_expressions_have_other_ideas():
    assert match("a.b*(c)+{x}", "a.b*(c)+1") == {"x": "1"}
    assert match("a.b", "aXb") is None
    assert match("^{x}$", "^1$") == {"x": "1"}
    assert match("{x}-{y}", "1-2") == {"x": "1", "y": "2"}
    assert match("{x}^{y}]"[:-1], "1^2") == {"x": "1", "y": "2"}


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("{", "stray '{' at character 1"),
        ("a}", "stray '}' at character 2"),
        ("{Host}", "names in lower case"),
        ("{}", "stray"),
        ("[a", "a [ without its ]"),
        ("a]", "] without its ["),
        ("[a[b]]", "brackets inside brackets"),
        ("{host:nowhere}", "unknown shape 'nowhere'; there are: adls"),
        ("{a}{b}", "{a} touching another placeholder"),
        ("{a}[{b}]", "{a} touching another placeholder"),
        ("{a}.{a}", "uses {a} twice"),
        ("{a=b}", "gives {a} a default"),
        ("x" * (PATTERN_LIMIT + 1), "longer than"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_with_the_reason(pattern, complaint):
    with pytest.raises(ValueError, match=r"\w") as caught:
        Pattern.parse(pattern)

    assert complaint in str(caught.value)


def test_a_template_writes_what_the_placeholders_stand_for():
    assert Template.parse("pg://{host}/{db}").render({"host": "h", "db": "d"}) == "pg://h/d"


def test_a_template_has_defaults_for_what_is_absent():
    template = Template.parse("pg://{host}:{port=5432}")

    assert template.render({"host": "h"}) == "pg://h:5432"
    assert template.render({"host": "h", "port": "1"}) == "pg://h:1"


def test_an_optional_part_of_a_template_appears_when_all_of_it_is_there():
    template = Template.parse("pg://{host}[:{port}]/x")

    assert template.render({"host": "h", "port": "1"}) == "pg://h:1/x"
    assert template.render({"host": "h"}) == "pg://h/x"


@pytest.mark.parametrize("template", ["{path*}", "{host:adls}"])
def test_a_template_names_placeholders_and_does_not_describe_them(template):
    with pytest.raises(ValueError, match="may only name"):
        Template.parse(template)


def test_a_template_knows_the_pattern_of_what_it_writes():
    template = Template.parse("https://{host}/{container}/{path}")
    looks = {token.name: token for token in tokens("abfss://{container}@{host:adls}/{path*}")}

    pattern = template.as_pattern(looks)

    assert pattern.match("https://lake.dfs.core.windows.net/c/a/b") == {
        "host": "lake.dfs.core.windows.net",
        "container": "c",
        "path": "a/b",
    }


PIECES = [
    "{a}",
    "{b*}",
    "{c:port}",
    "{d:azure-sql}",
    "[",
    "]",
    "/",
    ".",
    ":",
    "a",
    "aa",
    "(a+)+",
    "\\",
    "^",
    "{",
    "}",
    "-",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30), st.booleans())
def test_any_text_is_a_pattern_or_is_refused_with_a_reason(text, dotted):
    try:
        pattern = Pattern.parse(text, dotted=dotted)
    except ValueError:
        return
    for adversary in ("a" * 4096, "a.a/" * 1024, "1:" * 2048, "[-" * 2048):
        start = time.process_time()
        pattern.match(adversary)
        assert time.process_time() - start < 0.5
