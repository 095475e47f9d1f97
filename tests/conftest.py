"""Options of the whole suite. With none of them, tests start what they need on free ports and end it."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--addresses",
        help="a running app for tests/e2e: the JSON line of `python -m local --json`, or a file with it",
    )
