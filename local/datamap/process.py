"""A stand-in of one's own for as long as a test or a demo lasts."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from local.datamap.identity import SIGN_IN
from local.datamap.tokens import PURVIEW

_ROOT = Path(__file__).parents[2]
_STOP_WITHIN = 10


@contextmanager
def running(*options: str) -> Iterator[str]:
    """Runs `python -m local.datamap` with the options on a free port and gives its base URL."""
    command = [sys.executable, "-m", "local.datamap", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise RuntimeError(f"The Data Map stand-in did not start: {' '.join(command)}")
            yield address
        finally:
            process.terminate()
            process.wait(_STOP_WITHIN)


def token(address: str, *, resource: str = PURVIEW, verify: bool | str = True) -> str:
    """An access token from the stand-in's managed identity endpoint."""
    response = requests.get(
        f"{address}/identity/token",
        params={"api-version": "2019-08-01", "resource": resource},
        headers={"X-IDENTITY-HEADER": SIGN_IN.identity_header},
        timeout=10,
        verify=verify,
    )
    response.raise_for_status()
    issued: str = response.json()["access_token"]
    return issued
