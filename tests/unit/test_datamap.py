"""Answers of the Data Map to the errors they mean. The calls themselves are shown against a server."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.answers import error_of
from lineage.errors import (
    AlreadyExists,
    DataMapError,
    Fate,
    NotAuthorized,
    NotFound,
    ReferenceMissing,
    Refused,
    TooLarge,
    TypeMissing,
    Unavailable,
)


def atlas(code, message="said Atlas"):
    return json.dumps({"requestId": "r-1", "errorCode": code, "errorMessage": message})


def gateway(code, message="said the gateway"):
    return json.dumps({"error": {"code": code, "message": message}})


# Codes and statuses as Apache Atlas pairs them: a 404 may be about an attribute, and a 400 about a type.
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "ATLAS-409-00-004", AlreadyExists),
        (409, "ATLAS-409-00-001", AlreadyExists),
        (400, "ATLAS-400-00-07D", ReferenceMissing),
        (404, "ATLAS-404-00-00A", ReferenceMissing),
        (400, "ATLAS-400-00-014", TypeMissing),
        (404, "ATLAS-404-00-001", TypeMissing),
        (404, "ATLAS-404-00-005", NotFound),
        (404, "ATLAS-404-00-009", NotFound),
        (404, "ATLAS-404-00-00C", NotFound),
        (404, "ATLAS-404-00-00F", NotFound),
        (400, "ATLAS-400-00-028", Refused),
        (404, "ATLAS-404-00-007", Refused),
        (404, "ATLAS-400-00-069", Refused),
        (409, "ATLAS-409-00-003", Refused),
        (403, "ATLAS-403-00-001", NotAuthorized),
        (500, "ATLAS-500-00-001", Unavailable),
    ],
)
def test_an_atlas_code_says_what_went_wrong(status, code, kind):
    error = error_of(status, atlas(code))

    assert type(error) is kind
    assert str(error) == f"{code}: said Atlas"
    assert error.facts() == {"dataMapStatus": status, "errorCode": code, "requestId": "r-1"}


@pytest.mark.parametrize("body", [gateway("Some", "words"), "<html>words</html>", "words", ""])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Unavailable),
        (400, Unavailable),
        (401, NotAuthorized),
        (403, NotAuthorized),
        (404, Unavailable),
        (408, TooLarge),
        (405, Unavailable),
        (409, Unavailable),
        (412, Unavailable),
        (413, TooLarge),
        (429, Unavailable),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
def test_without_a_known_code_the_status_says_what_went_wrong(status, body, kind):
    error = error_of(status, body)

    assert (type(error), error.http_status, error.request_id) == (kind, status, None)


@pytest.mark.parametrize("body", [gateway("NotFound"), "<html>moved</html>", ""])
@pytest.mark.parametrize("status", [301, 400, 404, 405])
def test_a_no_that_is_not_atlas_s_neither_kills_a_message_nor_holds_others_up(status, body):
    """A wrong endpoint or a gateway's rule says nothing about the lineage: a backlog must outlive it."""
    error = error_of(status, body)

    assert (error.fate, error.concerns_all) == (Fate.DEFERRED, False)


def test_the_gateways_words_are_passed_on_as_they_are():
    """Purview's gateway calls a 403 "Unauthorized"."""
    error = error_of(403, gateway("Unauthorized", "Not authorized to access account"))

    assert str(error) == "Unauthorized: Not authorized to access account"
    assert error.facts() == {"dataMapStatus": 403, "errorCode": "Unauthorized"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "HTTP 503: no explanation"),
        (" \n ", "HTTP 503: no explanation"),
        ("<html>down</html>\n", "HTTP 503: <html>down</html>"),
        ("x" * 1_000, f"HTTP 503: {'x' * 200}"),
        ("[]", "HTTP 503: []"),
        ('{"error": "words"}', 'HTTP 503: {"error": "words"}'),
        ('{"error": null}', 'HTTP 503: {"error": null}'),
        ('{"errorMessage": "words"}', "HTTP 503: words"),
        ('{"errorCode": "X"}', 'X: {"errorCode": "X"}'),
    ],
)
def test_an_answer_in_no_known_form_is_quoted_in_short(body, said):
    assert str(error_of(503, body)) == said


@pytest.mark.parametrize("bracket", ["[", '{"error":'])
def test_an_answer_nested_without_end_is_quoted_in_short(bracket):
    body = bracket * 100_000

    assert str(error_of(400, body)) == f"HTTP 400: {body[:200]}"


def test_when_to_come_back_is_kept():
    assert error_of(429, "", 7.5).facts() == {"dataMapStatus": 429, "retryAfterSeconds": 7.5}
    assert error_of(429, "").retry_after is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "errorCode", "errorMessage", "requestId"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.integers(300, 599), st.text() | json_values.map(json.dumps))
def test_any_answer_is_an_error_with_its_status(status, body):
    error = error_of(status, body)

    assert isinstance(error, DataMapError)
    assert error.http_status == status
    assert str(error)
