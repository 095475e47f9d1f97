"""Options and the stack of the whole suite. What tests need they start on free ports, and end."""

from collections.abc import Iterator

import pytest

from local.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--addresses",
        help="a running app for tests/e2e: the JSON line of `python -m local --json`, or a file with it",
    )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The local stack, started once; tests that share it make datasets of their own."""
    with Stack() as stack:
        yield stack
