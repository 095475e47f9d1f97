"""docs/deployment.md says what the templates do."""

import json
import re

import pytest

from tests.unit.infra.bicep import INFRA, ROOT, declared, files

DOCS = (ROOT / "docs" / "deployment.md").read_text("utf-8")
FILLED_IN_BY_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE"}


def rows(heading):
    """The cells of the first table under a heading."""
    section = DOCS.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_every_parameter_is_explained_with_its_default():
    values = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"].values()
    defaults = {}
    for value in values:
        if isinstance(value["value"], str):
            name, _, default = value["value"].strip("${}").partition("=")
            defaults[name] = default
    explained = {name.strip("`"): default for name, default, _ in rows("## Parameters")}

    assert set(explained) == set(defaults) - FILLED_IN_BY_AZD
    for name, default in explained.items():
        # what is not in code font says what an empty value means
        assert default.strip("`") == defaults[name] if default.startswith("`") else not defaults[name], name


def test_every_role_that_is_assigned_is_explained():
    named = {re.sub(r"\W", "", role).lower() for _, role, _, _ in rows("### In Azure")}

    assert named == {
        role.lower() for role in json.loads((INFRA / "role-definitions.json").read_text("utf-8"))
    }


def test_every_template_is_listed():
    listed = re.findall(r"[\w-]+\.bicep", "".join(cell for row in rows("## What is made") for cell in row))

    assert sorted(listed) == sorted({path.name for path in files()} - {"main.bicep"})


def test_every_alert_is_explained_under_its_name():
    rules = [
        rule for rule in declared("resource", INFRA / "alerts.bicep") if "scheduledQueryRules" in rule.of
    ]

    assert [row[0] for row in rows("### Alerts")] == [
        rule.value["properties"]["displayName"] for rule in rules
    ]


def test_what_is_asked_of_azd_is_what_the_deployment_gives():
    asked = set(re.findall(r"azd env get-value (\w+)", DOCS))

    assert asked
    assert asked <= {output.name for output in declared("output", INFRA / "main.bicep")}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"azd env set (\w+)", DOCS)) - {"NAME"}))
def test_what_azd_is_told_is_a_parameter(name):
    assert f"${{{name}" in (INFRA / "main.parameters.json").read_text("utf-8")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]*)", DOCS):
        assert not target or (ROOT / "docs" / target).is_file(), target
    anchors = {
        re.sub(r"[^\w -]", "", line).lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", DOCS, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", DOCS)) <= anchors
