"""A file of requests: which form it has, and where in it a mistake lies."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from lineage.cli import documents
from lineage.cli.documents import read_documents
from lineage.cli.problems import Failure

REQUEST = {"source": "a", "target": "b"}
EVENT = {
    "eventTime": "2025-01-01T00:00:00Z",
    "producer": "https://example.com/p",
    "job": {"namespace": "jobs", "name": "load"},
}


@pytest.fixture
def written(tmp_path):
    """Writes a file and answers its name."""

    def write(text):
        file = tmp_path / "file"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(file)

    return write


def places(file):
    return [document.place.removeprefix(file) for document in read_documents(file)]


def mistakes(file):
    with pytest.raises(Failure) as caught:
        read_documents(file)
    return [str(each).removeprefix(file) for each in caught.value.problem.details]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(REQUEST), [""]),
        (json.dumps(REQUEST, indent=2), [""]),
        (json.dumps([REQUEST, REQUEST]), ["[0]", "[1]"]),
        (f"\n{json.dumps(REQUEST)}\n\n{json.dumps(REQUEST)}", [":2", ":4"]),
        (b"\xef\xbb\xbf" + json.dumps(REQUEST).encode(), [""]),
        (f"{json.dumps(REQUEST)}\r\n{json.dumps(REQUEST)}\r\n", [":1", ":2"]),
        (f"{json.dumps(REQUEST)}\n" + '{"source": "a\u2028b", "target": "c\x85d"}\n', [":1", ":2"]),
    ],
)
def test_the_form_of_a_file_is_seen(written, text, expected):
    assert places(written(text)) == expected


def test_standard_input_is_a_file_like_any_other(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(json.dumps(REQUEST).encode()))
    monkeypatch.setattr(documents, "sys", SimpleNamespace(stdin=stdin))

    (document,) = read_documents("-")

    assert document.place == "-"
    assert sys.stdin is not stdin


def test_an_event_without_a_run_goes_by_its_jobs_name(written):
    (document,) = read_documents(written(json.dumps(EVENT)))

    assert document.event
    assert document.id == "jobs/load"


@pytest.mark.parametrize("payload", [REQUEST, EVENT])
@pytest.mark.parametrize("data", [lambda it: it, json.dumps], ids=["json", "text"])
def test_what_is_in_a_cloud_event_is_taken_out_of_it(written, payload, data):
    event = {"specversion": "1.0", "id": "1", "source": "tests", "type": "any", "data": data(payload)}

    (bare, wrapped) = read_documents(written(json.dumps([payload, event])))

    assert (wrapped.payload, wrapped.id, wrapped.event) == (bare.payload, bare.id, bare.event)


def test_a_mistake_in_a_cloud_event_is_said_as_if_it_stood_bare(written):
    event = {"specversion": "1.0", "id": "1", "source": "tests", "type": "any", "data": {"source": 1}}

    assert mistakes(written(json.dumps(event)))[0].startswith(": source: ")


@pytest.mark.parametrize("event", [{"specversion": "1.0"}, {"specversion": "1.0", "data_base64": "?"}])
def test_a_cloud_event_without_anything_in_it_is_a_mistake(written, event):
    assert "data" in mistakes(written(json.dumps(event)))[0]


def test_every_mistake_of_every_line_is_said(written):
    file = written(f'{json.dumps(REQUEST)}\n{{"source": 1, "target": "b"}}\n{{"source": \n')

    found = mistakes(file)

    assert found[0].startswith(":2: source: ")
    assert found[1].startswith(":3: not JSON")


def test_one_document_over_several_lines_is_not_taken_for_many(written):
    found = mistakes(written('{\n  "source": "a",\n  "target" "b"\n}'))

    assert len(found) == 1
    assert "line 3" in found[0]


@pytest.mark.parametrize("text", ["", " \n ", "[]"])
def test_an_empty_file_is_a_mistake(written, text):
    assert mistakes(written(text))[0].endswith("there is nothing in it")


def test_what_is_no_text_is_said(written):
    assert "cannot be read" in mistakes(written(b"\xff\xfe\x00"))[0]
