"""azure.yaml, what azd packs, and the hook that runs after provisioning."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from lineage import __version__
from lineage.cli.app import app
from tests.unit.infra.bicep import INFRA, ROOT, declared, one

AZURE_YAML = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
PRINCIPAL = "0e2f6f0e-1111-2222-3333-444444444444"


def test_azd_finds_templates_and_service():
    infra = AZURE_YAML["infra"]

    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", AZURE_YAML["name"])
    assert AZURE_YAML["metadata"] == {"template": f"{AZURE_YAML['name']}@{__version__}"}
    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").is_file()
    assert (ROOT / infra["path"] / f"{infra['module']}.parameters.json").is_file()
    assert list(AZURE_YAML["services"].values()) == [
        {"project": ".", "language": "python", "host": "function"}
    ]


def test_the_app_carries_the_services_name():
    app = one("resource", "app", INFRA / "function-app.bicep")

    (service,) = AZURE_YAML["services"]
    assert f"'azd-service-name': '{service}'" in app.value["tags"]


def test_everything_carries_the_environments_name():
    assert one("variable", "tags", INFRA / "main.bicep").value == {"azd-env-name": "environmentName"}


def test_a_hook_for_each_system_never_fails_the_deployment():
    hook = AZURE_YAML["hooks"]["postprovision"]

    assert {system: run["shell"] for system, run in hook.items()} == {"posix": "sh", "windows": "pwsh"}
    for run in hook.values():
        assert (ROOT / run["run"]).is_file()
        assert run["continueOnError"] is True


def test_the_hook_for_posix_systems_may_be_executed():
    """The file itself is what azd runs: without the bit it ends with 126, and nobody is told what to do by hand."""
    assert os.access(ROOT / AZURE_YAML["hooks"]["postprovision"]["posix"]["run"], os.X_OK)


@pytest.mark.parametrize("hook", sorted((INFRA / "hooks").iterdir()), ids=lambda hook: hook.name)
def test_a_hook_reads_what_the_deployment_gives(hook):
    text = hook.read_text("utf-8")
    given = {output.name for output in declared("output", INFRA / "main.bicep")}
    read = set(re.findall(r"\b((?:PURVIEW|LINEAGE|AZURE)_[A-Z_]+)\b", text))

    assert read - {"PURVIEW_AUTH", "PURVIEW_CLIENT_ID"} <= given


@pytest.mark.parametrize("hook", sorted((INFRA / "hooks").iterdir()), ids=lambda hook: hook.name)
def test_a_hook_gives_the_command_options_that_it_has(hook):
    command = typer.main.get_command(app).commands["setup"]
    options = {option for parameter in command.params for option in parameter.opts}

    given = set(re.findall(r"--[a-z]+", hook.read_text("utf-8")))
    assert given >= {"--grant", "--yes"}
    assert given <= options


def ignored(path):
    """Whether .funcignore, which azd reads as git reads .gitignore, keeps a path out of the package."""
    lines = (ROOT / ".funcignore").read_text("utf-8").splitlines()
    patterns = [re.escape(line).replace(r"\*", "[^/]*") for line in lines if line and line[0] != "#"]
    return any(re.fullmatch(pattern, part) for pattern in patterns for part in path.parts)


def test_the_package_has_all_of_the_app():
    app = [path.relative_to(ROOT) for path in (ROOT / "lineage").rglob("*.py")]

    assert app
    assert [path for path in app if ignored(path)] == []


def test_the_package_has_nothing_of_the_deployment():
    for name in (
        "azure.yaml",
        "infra/main.bicep",
        ".azure/dev/.env",
        "docs/deployment.md",
        "tests/unit/infra/bicep.py",
    ):
        assert ignored(Path(name)), name


# --- the hook itself, with a `lineage` command that writes down how it was called


@pytest.fixture
def run(tmp_path):
    """Runs the hook for POSIX systems; answers what it said, and how `lineage` was called, if it was."""
    calls = tmp_path / "calls"

    def run(*, lineage=None, **environ):
        if lineage is not None:
            command = tmp_path / "lineage"
            command.write_text(
                f'#!/bin/sh\necho "$@ auth=$PURVIEW_AUTH client=$PURVIEW_CLIENT_ID collection=$PURVIEW_COLLECTION" >> {calls}\nexit {lineage}\n'
            )
            command.chmod(0o755)
        for tool in ("cat", "env"):
            if not (tmp_path / tool).exists():
                (tmp_path / tool).symlink_to(shutil.which(tool))
        done = subprocess.run(
            [shutil.which("sh"), INFRA / "hooks" / "postprovision.sh"],
            env={"PATH": os.fspath(tmp_path), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout, calls.read_text("utf-8").strip() if calls.exists() else None

    return run


def test_the_hook_runs_setup_as_whoever_deploys(run):
    said, called = run(
        lineage=0,
        LINEAGE_PRINCIPAL_ID=PRINCIPAL,
        PURVIEW_COLLECTION="qu45fs",
        PURVIEW_CLIENT_ID="the-app's",
    )

    assert called == f"setup --grant {PRINCIPAL} --yes auth=azure-cli client= collection=qu45fs"
    assert said == ""


@pytest.mark.parametrize("lineage", [None, 1], ids=["no command", "not a Collection Admin"])
def test_the_hook_says_what_to_do_by_hand(run, lineage):
    said, _ = run(
        lineage=lineage,
        LINEAGE_PRINCIPAL_ID=PRINCIPAL,
        PURVIEW_COLLECTION="qu45fs",
        PURVIEW_ENDPOINT="https://contoso.purview.azure.com",
    )

    assert f"lineage setup --grant {PRINCIPAL} --collection qu45fs --yes" in said
    assert "PURVIEW_ENDPOINT=https://contoso.purview.azure.com" in said
    assert "Data curators" in said


def test_the_hook_does_nothing_it_knows_too_little_for(run):
    said, called = run(lineage=0)

    assert called is None
    assert "did not say which identity" in said
