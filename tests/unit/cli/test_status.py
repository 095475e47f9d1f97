"""How long `lineage status` waits, and what it makes of it."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from lineage.cli import status
from lineage.cli.app import app
from lineage.outcomes import Record

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def ask(monkeypatch):
    """Runs the command where the record has this status."""

    def run(state, *options):
        async def find(request_id):
            return Record(id=request_id, status=state, first_seen=NOW, last_seen=NOW)

        @asynccontextmanager
        async def service():
            yield SimpleNamespace(outcomes=SimpleNamespace(find=find))

        monkeypatch.setattr(status, "open_service", service)
        return CliRunner().invoke(app, ["status", "r", *options])

    return run


@pytest.mark.parametrize("state", sorted(status.PENDING))
def test_who_waited_in_vain_is_told_so(ask, state):
    result = ask(state, "--wait", "0.01")

    assert (result.exit_code, result.stderr) == (1, f"still {state} after 0.01 seconds\n")
    assert state in result.stdout


@pytest.mark.parametrize("state", sorted(status.PENDING))
def test_who_only_looks_is_not(ask, state):
    assert ask(state).exit_code == 0


@pytest.mark.parametrize(("state", "code"), [("done", 0), ("superseded", 0), ("dead", 1)])
def test_what_has_ended_is_not_waited_for(ask, state, code):
    assert ask(state, "--wait", "60").exit_code == code
