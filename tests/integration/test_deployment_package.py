"""What is deployed runs by itself: the package from its own folder, with requirements.txt installed and nothing more."""

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import requests
from azure.storage.queue import QueueClient

from local import package
from local.catalogue import Catalogue
from local.stack import ROOT, Stack

FACTORY = "adf://factory"
RAW, CLEAN, REPORT = (
    f"https://lake.dfs.core.windows.net/silver/{name}" for name in ("raw", "clean", "report")
)
WAIT = 60  # seconds
DEVELOPMENT = ("typer", "rich", "pytest", "lineage.cli")
IMPORT_ALL = """
from importlib import import_module
from pkgutil import walk_packages
import function_app, lineage
for module in walk_packages(lineage.__path__, "lineage."):
    import_module(module.name)
"""
# Runs as the interpreter of the functions starts: the platform's packages come after the app's own, as in Azure. When it
# ends, it writes down what was imported, and what could have been.
CONFESSION = f"""
import atexit, json, os, sys
from importlib.util import find_spec
from pathlib import Path

def confess():
    told = {{
        "imported": {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}},
        "path": sys.path,
        "development": [name for name in {DEVELOPMENT} if find_spec(name)],
    }}
    Path(os.environ["CONFESSION"]).write_text(json.dumps(told))

sys.path.append(os.environ["PLATFORM"])
atexit.register(confess)
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    package.pack(folder)
    return folder


@pytest.fixture(scope="session")
def python(tmp_path_factory, folder):
    """An interpreter with what the package's requirements.txt asks for."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip("--python", python, "install", "--requirement", folder / "requirements.txt")
    return python


@pytest.fixture(scope="session")
def platform(tmp_path_factory):
    """A folder with the packages that are the platform's: Microsoft's runtime, and what the local stack has for a host."""
    folder = tmp_path_factory.mktemp("platform")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (runtime,) = re.findall(r"^RUNTIME := (\S+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    pip("install", "--target", folder, *project["optional-dependencies"]["local"])
    pip("install", "--target", folder, "--ignore-requires-python", "--no-deps", runtime)
    return folder


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """A folder with the local stack, and nothing else of the repository."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "local").symlink_to(ROOT / "local")
    (folder / "sitecustomize.py").write_text(CONFESSION)
    return folder


def pip(*arguments):
    quietly = ("--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", *quietly, *arguments], check=True)


@pytest.mark.timeout(300)  # it installs packages
def test_the_deployment_package_runs_with_its_requirements_alone(folder, python, platform, host, tmp_path):
    # Given the package and its requirements, every module of it can be imported
    subprocess.run([python, "-W", "error", "-c", IMPORT_ALL], env={}, cwd=folder, check=True)

    # When it runs on the local stack, and lineage is asked for by a message and by a request
    confession = tmp_path / "confession.json"
    settings = {"PYTHONPATH": str(host), "PLATFORM": str(platform), "CONFESSION": str(confession)}
    with (
        Stack(app=folder, python=str(python), settings=settings) as stack,
        Catalogue(stack.addresses) as catalogue,
    ):
        guids = catalogue.scan(dict.fromkeys((RAW, CLEAN, REPORT), "azure_datalake_gen2_path"))
        send(stack, {"source": RAW, "target": CLEAN})
        post(stack, {"source": CLEAN, "target": REPORT, "process": {"name": "report", "namespace": FACTORY}})

        # Then the lineage is there
        expected = {(RAW, CLEAN), (CLEAN, f"{FACTORY}/report"), (f"{FACTORY}/report", REPORT)}
        give_up = time.monotonic() + WAIT
        while (edges := catalogue.edges(guids[CLEAN])) != expected and time.monotonic() < give_up:
            time.sleep(0.1)
        assert edges == expected

    # And what did it was the package, which had nothing of the repository but the local stack
    told = json.loads(confession.read_text("utf-8"))
    own = [file for name, file in told["imported"].items() if re.match(r"lineage\b|function_app$", name)]
    assert own
    assert all(Path(file).is_relative_to(folder) for file in own)
    assert not [entry for entry in told["path"] if Path(entry).resolve().is_relative_to(ROOT)]
    assert told["development"] == []


def send(stack, request):
    with QueueClient.from_connection_string(stack.storage, stack.addresses.queue) as queue:
        queue.send_message(json.dumps(request))


def post(stack, request):
    answer = requests.post(
        f"{stack.addresses.functions}/api/lineage",
        json=request,
        headers={"x-functions-key": stack.addresses.functionKey},
        timeout=WAIT,
    )
    assert answer.status_code == 200, answer.text
