"""The command as a package: the function app does without it, and a missing extra is said."""

import subprocess
import sys
from pathlib import Path

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
