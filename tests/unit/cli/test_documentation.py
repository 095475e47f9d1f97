"""docs/command-line.md against the command itself: every command, option and exit code; and every way to sign in."""

import re
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from lineage.cli.app import app
from lineage.cli.problems import ExitCode
from lineage.identity import NEEDED
from lineage.settings import Auth, PurviewSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "command-line.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
SHOWN = re.findall(r"(?m)^\$ (?:[A-Z_]+=\S+ )*lineage (.+)$", PAGE)


def commands():
    """Every command by its words."""
    root = typer.main.get_command(app)
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {sub}", each) for sub, each in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("words", [name for name, _ in commands()])
def test_every_command_is_documented_and_explains_itself(words):
    group, _, sub = words.partition(" ")

    assert f"## `lineage {group}" in PAGE
    assert not sub or f"`{sub}" in PAGE
    assert CliRunner().invoke(app, [*words.split(), "--help"]).exit_code == 0


@pytest.mark.parametrize("words", [name for name, _ in commands()])
def test_every_option_is_documented(words):
    options = [
        option for each in dict(commands())[words].params for option in each.opts if option[:2] == "--"
    ]

    for option in options:
        assert option == "--help" or option in PAGE, option


@pytest.mark.parametrize("line", SHOWN)
def test_every_line_that_is_shown_is_one_the_command_takes(line, monkeypatch, tmp_path):
    for name in ("PURVIEW_ENDPOINT", "PURVIEW_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "local.settings.json"
    settings.write_text('{"Values": {}}')
    words = line.replace("local.settings.json", str(settings)).split()

    result = CliRunner().invoke(app, words)

    assert result.exit_code != ExitCode.USAGE, result.stderr


def test_every_exit_code_is_documented_and_in_the_help():
    said = CliRunner().invoke(app, ["--help"]).stdout

    for code in ExitCode:
        assert f"| {code.value} |" in PAGE
        assert re.search(rf"\b{code.value} ", said)


def test_every_way_to_sign_in_is_documented_with_what_it_needs():
    rows = {row.split("`")[1]: row for row in re.findall(r"(?m)^\| `[a-z-]+`.*$", SETTINGS)}

    for auth in get_args(Auth):
        for name in NEEDED.get(auth, ()):
            assert f"`{PurviewSettings.model_fields[name].alias}`" in rows[auth]
