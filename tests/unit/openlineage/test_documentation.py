"""docs/openlineage.md names every facet, option and attribute that there is."""

from dataclasses import fields
from pathlib import Path

import pytest

from lineage.openlineage import JOB_ATTRIBUTES, RUN_ATTRIBUTES, Options
from lineage.openlineage.facets import (
    DATASET_FACETS,
    DESCRIPTION_LIMIT,
    JOB_FACETS,
    RUN_FACETS,
    SQL_LIMIT,
)
from lineage.request import COLUMNS_LIMIT, DATASETS_LIMIT

TEXT = (Path(__file__).parents[3] / "docs" / "openlineage.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", sorted({*RUN_FACETS, *JOB_FACETS, *DATASET_FACETS, *RUN_ATTRIBUTES, *JOB_ATTRIBUTES})
)
def test_every_facet_and_every_attribute_is_documented(name):
    assert f"`{name}`" in TEXT


def test_every_option_is_documented_with_its_default():
    for option in fields(Options):
        assert f"| `{option.name}` | {'on' if option.default else 'off'} |" in TEXT


@pytest.mark.parametrize("limit", [DATASETS_LIMIT, COLUMNS_LIMIT, SQL_LIMIT, DESCRIPTION_LIMIT])
def test_every_limit_is_documented(limit):
    assert f"{limit:,}" in TEXT
