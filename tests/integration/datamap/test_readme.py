"""The stand-in's README names a test for each behaviour; here is that they exist."""

import ast
import re
from pathlib import Path

from local.datamap import server
from local.datamap.faults import Failure, Faults

ROOT = Path(__file__).parents[3]
README = (ROOT / "local/datamap/README.md").read_text()


def existing_tests():
    """The names of all tests that the README may speak of."""
    for folder in ("contract", "clients", "integration/datamap"):
        for file in (ROOT / "tests" / folder).glob("test_*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node.name


def test_every_test_it_names_exists():
    named = set(re.findall(r"`(test_\w+)`", README))

    assert named
    assert named <= set(existing_tests())


def test_it_names_every_control_route():
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in server.create_app().router.routes()
        if route.method != "HEAD" and route.resource.canonical.startswith("/_control")
    }

    assert set(re.findall(r"`((?:GET|PUT|DELETE) /_control[\w/{}]+)`", README)) == routes


def test_it_names_every_setting():
    settings = {field.alias for model in (Faults, Failure) for field in model.model_fields.values()}

    missing = {
        setting for setting in settings if f"`{setting}" not in README and f'"{setting}"' not in README
    }
    assert not missing
