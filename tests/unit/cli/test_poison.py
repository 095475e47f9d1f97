"""What `lineage poison` says of messages, without a queue."""

import json
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from lineage.cli import poison
from lineage.cli.app import app
from lineage.cli.poison import _show
from lineage.delivery import DeadMessage


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"subject": "r", "attempts": 1}, "request r, tried once"),
        ({"attempts": 4}, "request unknown, tried 4 times"),
        ({}, "request unknown"),  # the host moved it by itself
    ],
)
def test_a_dead_message_is_listed_with_how_often_it_was_tried(capsys, attributes, said):
    _show([DeadMessage("m", "dataset-missing", "gone", b"{}", None, attributes)], as_json=False)

    assert capsys.readouterr().out.splitlines() == ["m  dataset-missing", f"  {said}", "  gone"]


class Queue:
    """Two dead messages."""

    messages = (
        DeadMessage("m1", "dataset-missing", "gone", b"{}", None, {"subject": "r1"}),
        DeadMessage("m2", "dataset-missing", "gone", b"{}", None, {"subject": "r2"}),
    )

    async def replay(self, choice, *, dry_run):  # noqa: ARG002 - as the queue's own
        return [each for each in self.messages if choice(each)]

    drop = replay


@pytest.fixture
def command(monkeypatch):
    """Runs `lineage poison` on them."""

    @asynccontextmanager
    async def no_service():
        yield None

    monkeypatch.setattr(poison, "open_service", no_service)
    monkeypatch.setattr(poison, "_queue", lambda _: Queue())
    return lambda *words: CliRunner().invoke(app, ["poison", *words])


@pytest.mark.parametrize("words", [["list"], ["replay"], ["replay", "--yes"], ["drop"], ["drop", "--yes"]])
def test_ids_that_fit_nothing_are_said_though_others_do(command, words):
    result = command(*words, "m1", "nobody", "r2", "noone", "nobody")

    assert result.exit_code == 3
    assert [each in result.stdout for each in ("m1", "m2", "nobody")] == [True, True, False]
    assert "no dead message nobody, noone fits" in result.stderr


def test_ids_that_fit_nothing_are_said_as_json_beside_the_others(command):
    result = command("list", "m1", "nobody", "--json")

    assert [each["id"] for each in json.loads(result.stdout)] == ["m1"]
    assert json.loads(result.stderr)["problem"] == "not-found"


def test_where_all_ids_fit_nothing_is_said_of_them(command):
    assert command("list", "m1", "r2").exit_code == 0
    assert command("list", "nobody").exit_code == 3
