"""The deployment package, as `azd package` makes it of the repository: every file that `.funcignore` does not name."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from local.stack import ROOT


def files() -> Sequence[Path]:
    """What goes into it, of what is in git, by its path in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git there is
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    ignored = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text("utf-8").splitlines())
    return [Path(name) for name in ignored.match_files(listed.stdout.split("\0")[:-1], negate=True)]


def pack(folder: Path) -> None:
    """Copies them into a folder."""
    for file in files():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
