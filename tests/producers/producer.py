"""Running what a virtual environment of `make e2e-producers` holds."""

import os
import subprocess
from pathlib import Path

ENVIRONMENTS = os.environ.get("PRODUCERS")
ROOT = Path(__file__).parents[2]


class Producer:
    """A virtual environment, whose commands run in a folder, with settings and nothing else that is around."""

    def __init__(self, name, folder, settings):
        self.environment = (ROOT / ENVIRONMENTS / name).resolve()
        self.folder = folder
        self._settings = {
            "HOME": str(folder),
            "PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}",
            **settings,
        }

    def run(self, command, *arguments):
        done = subprocess.run(
            [self.environment / "bin" / command, *arguments],
            cwd=self.folder,
            env=self._settings,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
