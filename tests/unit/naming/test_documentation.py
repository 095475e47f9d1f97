"""
The table of rules in docs/naming.md is made from the rules, so the two cannot drift apart.

After a change of the rules: `python tests/unit/naming/test_documentation.py` writes the table again.
"""

import json
import re
from pathlib import Path

import pytest

from lineage.naming import BUILT_IN, Rules, locate_openlineage
from lineage.naming.built_in import LINES
from lineage.naming.shapes import HOSTS

DOCUMENT = Path(__file__).parents[3] / "docs" / "naming.md"
BETWEEN = r"(?s)(?<=<!-- {0} -->\n).*(?=<!-- end of {0} -->)"


def rules_table():
    rows = [re.split(r"\s{2,}", line) for line in LINES.strip().splitlines()]
    cells = [
        [key, *(f"`{part}`" if part != "-" else "" for part in parts), evidence, source]
        for key, *parts, evidence, source in rows
    ]
    head = [
        "rule",
        "OpenLineage namespace",
        "OpenLineage name",
        "typeName",
        "qualifiedName",
        "evidence",
        "source",
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *cells))


def shapes_table():
    rows = (
        f"| `{name}` | {', '.join(f'`{ending}`' for ending in endings)} |\n"
        for name, endings in HOSTS.items()
    )
    return "".join(["| shape | hosts that end in |\n", "| --- | --- |\n", *rows])


TABLES = {"rules": rules_table, "shapes": shapes_table}


def test_the_documented_tables_are_the_ones_in_use():
    text = DOCUMENT.read_text(encoding="utf-8")

    for name, table in TABLES.items():
        documented = re.search(BETWEEN.format(name), text)
        assert documented, name
        assert documented[0] == table(), f"run: python {Path(__file__).name}"


def test_the_table_has_every_rule_once():
    assert len(LINES.strip().splitlines()) == len(BUILT_IN.built_in)


def test_the_documented_users_rules_do_what_the_document_says():
    text = DOCUMENT.read_text(encoding="utf-8")
    examples = re.findall(r"(?s)```json\n(.*?)```", text)
    rules = [Rules.parse(example) for example in examples]

    match = locate_openlineage("shop-pg", "public.orders", rules[0])

    assert match
    assert match.asset.qualified_name == "postgresql://shop.postgres.database.azure.com/shop/public/orders"


def test_the_documented_mistake_is_what_one_is_told():
    text = DOCUMENT.read_text(encoding="utf-8")
    broken = [{"namespace": "x", "name": "{table}", "typeName": "DataSet", "qualifiedName": "x/{tabel}"}]

    with pytest.raises(ValueError, match="tabel") as caught:
        Rules.parse(json.dumps(broken))

    assert str(caught.value) in text


def write():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        text = re.sub(BETWEEN.format(name), lambda _, table=table: table(), text)
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
