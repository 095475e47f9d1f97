"""docs/deployment.md says what the templates do."""

import json
import os
import re
import shutil
import subprocess

import pytest

from lineage.settings import Settings
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


def test_a_desk_that_does_what_the_page_says_knows_the_app(tmp_path):
    """With `azd` and `lineage` that only say: what the templates give, and what is in the environment."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8").split("## From your desk")[1]
    script = re.search(r"(?ms)^```sh\n(.*?)^```$", page)[1]
    outputs = {output.name: "x" for output in declared("output", INFRA / "main.bicep")}
    outputs |= {"AZURE_STORAGE_ACCOUNT_NAME": "contoso", "LINEAGE_QUEUE_NAME": "lineage"}
    outputs |= {"PURVIEW_ENDPOINT": "https://contoso.purview.azure.com", "PURVIEW_COLLECTION": ""}
    said = "\n".join(f'{name}="{value}"' for name, value in outputs.items())
    for name, does in {"az": ":", "azd": f"cat <<'END'\n{said}\nEND", "lineage": "env"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)

    done = subprocess.run(
        [shutil.which("bash"), "-eu", "-c", script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    settings = Settings.read(dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line))
    assert settings.auth == "azure-cli"
    assert settings.endpoint == "https://contoso.purview.azure.com"
    assert settings.storage.table_url == "https://contoso.table.core.windows.net"
    assert settings.storage.client_id is None
