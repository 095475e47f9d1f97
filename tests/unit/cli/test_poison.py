"""What `lineage poison list` says of a message, without a queue."""

import pytest

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
