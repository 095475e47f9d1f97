"""Names come from anywhere: nothing raises, nothing hangs, and what comes out can be a qualifiedName."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.naming import BUILT_IN, Rules, display_name, locate, locate_openlineage, near
from lineage.naming.locate import NAME_LIMIT
from lineage.naming.normalization import QUALIFIED_NAME_LIMIT

SCHEMES = [
    "abfss",
    "wasbs",
    "https",
    "mssql",
    "sqlserver",
    "jdbc:sqlserver",
    "jdbc:oracle:thin",
    "postgres",
    "mysql",
]
SCHEMES += ["snowflake", "azurekusto", "azurecosmos", "s3a", "dbfs", "file", "duckdb", "kafka", "hive", "x"]
PIECES = [*'@:/;=.[]"`#?{}%\\ ,a1é😂\x00\n', "://", "database=", "dbo.", "COMPLEX", "part-00000-", "(a+)+"]
HOSTS = ["lake.dfs.core.windows.net", "s.database.windows.net", "onelake.dfs.fabric.microsoft.com", "h", ""]

namespaces = st.builds(
    lambda scheme, host, rest: f"{scheme}://{host}{''.join(rest)}",
    st.sampled_from(SCHEMES),
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(PIECES), max_size=8),
)
names = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
USER = Rules.parse(
    json.dumps(
        [
            {
                "namespace": "{a*}/{b*}:{c*}",
                "name": "{d*}.{e*}",
                "typeName": "DataSet",
                "qualifiedName": "{a}{b}{c}{d}{e}",
            },
            {"text": "{a*}[:{b}]x{c*}", "typeName": "DataSet", "qualifiedName": "{a}-{c}"},
        ]
    )
)


@given(namespaces | st.text(max_size=80), names)
def test_any_pair_is_understood_or_not_and_what_comes_out_is_usable(namespace, name):
    for rules in (BUILT_IN, USER):
        if match := locate_openlineage(namespace, name, rules):
            assert_usable(match)


@given(st.builds(lambda namespace, name: namespace + name, namespaces, names) | names)
def test_any_text_is_understood_or_not_and_what_comes_out_is_usable(text):
    for rules in (BUILT_IN, USER):
        if match := locate(text, rules):
            assert_usable(match)


segments = st.text(alphabet="abcXYZ019 _-.,@{}%?é😂", max_size=8)
paths = st.lists(segments, max_size=5).map("/".join) | st.lists(segments, max_size=4).map(".".join)


@given(st.builds("{}://{}/{}".format, st.sampled_from(SCHEMES), st.sampled_from(HOSTS), paths), paths)
def test_what_was_written_is_understood_as_itself(namespace, name):
    """Naming what naming gave changes nothing: an asset's name in the queue and in the catalogue are one."""
    match = locate_openlineage(namespace, name)
    again = match and locate(match.asset.qualified_name)
    if match and again:
        assert again.asset.qualified_name == match.asset.qualified_name


def assert_usable(match):
    qualified_name = match.asset.qualified_name
    assert 0 < len(qualified_name) <= QUALIFIED_NAME_LIMIT
    assert qualified_name == qualified_name.strip()
    assert not any(character < " " for character in qualified_name)
    assert display_name(match.asset)
    assert near(match.asset) is not None


ADVERSARIES = [
    "a", "/", ".", "[", "]", '"', "`", ":", ";", "=", "@", "{", "}", "#", " ", "[a.", "a.", "a/", "1", "-1", "part-00000-",
    "//a", "%7B", "(a+)+", "=;", ";database=a", "\\", "é", "😂", "aA0-", ".a@", "/a#", "[]", "2024-05-01/", "deadbeef-",
]  # fmt: skip
PREFIXES = [
    "",
    "abfss://c@a.dfs.core.windows.net/",
    "mssql://s.database.windows.net/",
    "jdbc:oracle:thin:@",
    "jdbc:",
]
PREFIXES += ["https://a.dfs.core.windows.net/c/", "sqlserver://s;", "/subscriptions/", "hive://"]
A_MOMENT = 0.5  # seconds for one name; the slowest takes a few milliseconds


@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_the_longest_names_that_are_read_at_all_are_read_in_no_time(adversary):
    for prefix in PREFIXES:
        text = (prefix + adversary * NAME_LIMIT)[:NAME_LIMIT]
        assert_quick(lambda text=text: locate(text, USER))
        assert_quick(lambda text=text: locate_openlineage(text, text, USER))
        assert_quick(lambda text=text, prefix=prefix: locate_openlineage(prefix, text, USER))
        match = locate(text) or locate_openlineage(prefix, text)
        assert_quick(lambda match=match: match and near(match.asset))


def test_megabytes_are_turned_away_at_once():
    text = "mssql://s.database.windows.net/" + "a." * 4_000_000

    assert_quick(lambda: locate(text))
    assert_quick(lambda: locate_openlineage(text, text))
    assert locate(text) is None


def assert_quick(run):
    start = time.process_time()
    run()
    assert time.process_time() - start < A_MOMENT
