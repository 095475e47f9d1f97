"""A local.settings.json, as tools and people leave it."""

import json
from types import SimpleNamespace

import pytest
import typer

from lineage.cli import environment
from lineage.cli.environment import use_settings_of


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Reads the file with this content into an environment of its own."""
    environ = {}
    monkeypatch.setattr(environment, "os", SimpleNamespace(environ=environ))

    def read(content):
        file = tmp_path / "local.settings.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        use_settings_of(file)
        return environ

    return read


def test_a_byte_order_mark_is_no_part_of_it(given):
    assert given(b'\xef\xbb\xbf{"Values": {"LINEAGE_X": "1"}}') == {"LINEAGE_X": "1"}


def test_null_is_no_value(given):
    assert given({"Values": {"LINEAGE_X": None, "LINEAGE_Y": "2"}}) == {"LINEAGE_Y": "2"}


def test_what_is_encrypted_is_not_taken_for_settings(given):
    with pytest.raises(typer.BadParameter, match="encrypted: func settings decrypt"):
        given({"IsEncrypted": True, "Values": {"LINEAGE_X": "CfDJ8A=="}})


def test_what_says_that_it_is_not_encrypted_is_taken(given):
    assert given({"IsEncrypted": False, "Values": {"LINEAGE_X": "1"}}) == {"LINEAGE_X": "1"}


def test_a_value_without_a_name_is_said(given):
    with pytest.raises(typer.BadParameter, match="has no name"):
        given({"Values": {"": "1"}})


@pytest.mark.parametrize("values", [{"A=B": "1"}, {"LINEAGE_X": "\0"}])
def test_what_no_environment_can_hold_is_said(tmp_path, values):
    file = tmp_path / "local.settings.json"
    file.write_text(json.dumps({"Values": values}))

    with pytest.raises(typer.BadParameter, match=r"not a local\.settings\.json"):
        use_settings_of(file)
