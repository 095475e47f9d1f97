"""The command as a package: the function app does without it, and a missing extra is said."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.cli.app import app

ROOT = Path(__file__).parents[3]


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, env={}
    )


def test_the_function_app_imports_nothing_of_it():
    unwanted = {"typer", "rich", "lineage.cli", "azure.identity", "msal"}

    done = python(f"import sys, function_app; print(*{unwanted} & set(sys.modules))")

    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_where_the_extra_is_missing_it_says_what_to_install():
    done = python("import sys; sys.modules['typer'] = None; import lineage.cli; lineage.cli.main()")

    assert done.returncode == 1
    assert done.stderr == "the lineage command needs typer: pip install '.[cli]' in a checkout\n"


def test_no_file_of_it_is_long():
    for file in (ROOT / "lineage" / "cli").rglob("*.py"):
        assert len(file.read_text("utf-8").splitlines()) < 400, file


@pytest.mark.parametrize(
    ("words", "argument"),
    [
        ("send", "FILE"),
        ("apply", "FILE"),
        ("explain", "FILE"),
        ("show", "REF"),
        ("status", "ID"),
        ("poison list", "[ID]..."),
        ("poison show", "ID"),
        ("poison replay", "[ID]..."),
        ("poison drop", "[ID]..."),
    ],
)
def test_the_help_names_an_argument_as_the_documents_do(words, argument):
    said = CliRunner().invoke(app, [*words.split(), "--help"]).stdout

    usage = said.splitlines()[0]
    assert usage.removeprefix(f"Usage: lineage {words} [OPTIONS] ").strip("{}") == argument


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "x", "--type", "a", "--namespace", "b"], "one of --type and --namespace"),
        (["setup", "--collection", "finance"], "give --grant with it"),
        (["setup", "--grant", "somebody@contoso.com"], "the object id of an identity"),
        (["setup", "--grant", ""], "the object id of an identity"),
    ],
)
def test_what_would_be_ignored_or_useless_is_wrong_usage(arguments, said):
    result = CliRunner().invoke(app, arguments)

    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize(
    ("arguments", "place", "mend"),
    [
        (["what is this"], "REF", "give --type or --namespace"),
        ([""], "REF", "give --type or --namespace"),
        (["x", "--type", "1"], "--type", "correct it"),
        (["x", "--namespace", ""], "--namespace", "correct it"),
    ],
)
def test_what_names_no_dataset_is_one_mistake_in_the_words_of_the_command(
    monkeypatch, arguments, place, mend
):
    monkeypatch.setenv("PURVIEW_ENDPOINT", "https://contoso.purview.azure.com")

    result = CliRunner().invoke(app, ["show", *arguments])

    title, mistake, mending = result.stderr.splitlines()
    assert result.exit_code == 4
    assert title == "error: This names no dataset or process"
    assert mistake.startswith(f"  {place}: ")
    assert mending == f"  mend: {mend}"
