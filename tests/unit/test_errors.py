"""The tree of errors: each class knows its fate, its status and the facts an operator acts on."""

import inspect
from datetime import timedelta

import pytest

from lineage import errors
from lineage.errors import (
    AlreadyExists,
    AnotherWrites,
    DataMapError,
    DatasetMissing,
    Fate,
    InvalidRequest,
    InvalidSettings,
    LineageError,
    Mistake,
    NotAuthorized,
    NotFound,
    PayloadGone,
    PayloadTooLarge,
    ReferenceMissing,
    Refused,
    SignInFailed,
    StorageFailed,
    TooLarge,
    TypeMissing,
    Unavailable,
    UnknownDataset,
    UnknownRequest,
)

TREE = {
    InvalidRequest: (LineageError, "dead", 400),
    PayloadTooLarge: (InvalidRequest, "dead", 413),
    PayloadGone: (InvalidRequest, "dead", 400),
    UnknownRequest: (LineageError, "dead", 404),
    UnknownDataset: (LineageError, "dead", 404),
    Refused: (DataMapError, "dead", 422),
    AlreadyExists: (Refused, "dead", 422),
    NotFound: (Refused, "dead", 422),
    ReferenceMissing: (Refused, "dead", 422),
    TypeMissing: (Refused, "dead", 422),
    TooLarge: (DataMapError, "deferred", 503),
    NotAuthorized: (DataMapError, "deferred", 502),
    Unavailable: (DataMapError, "deferred", 503),
    AnotherWrites: (LineageError, "deferred", 503),
    SignInFailed: (LineageError, "deferred", 502),
    StorageFailed: (LineageError, "deferred", 503),
    InvalidSettings: (LineageError, "deferred", 503),
}
CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, LineageError) and cls not in {LineageError, DataMapError}
]


@pytest.mark.parametrize(("cls", "place"), TREE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_each_class_has_its_place_fate_and_status(cls, place):
    parent, fate, status = place

    assert (cls.__base__, cls.fate, cls.status) == (parent, Fate(fate), status)


@pytest.mark.parametrize("final", [True, False])
def test_a_missing_dataset_is_dead_only_if_it_is_final(final):
    error = DatasetMissing(Mistake("inputs.0", "no entity"), final=final)

    assert error.fate is (Fate.DEAD if final else Fate.DEFERRED)
    assert error.status == 422


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_is_in_the_picture_and_can_be_told_to_a_caller(cls):
    assert cls in TREE or cls is DatasetMissing
    assert f"─ {cls.__name__} " in errors.__doc__
    assert cls.title
    assert cls.code.replace("-", "").isalpha()
    assert cls.code.islower()


def test_kinds_of_problems_that_callers_tell_apart_have_codes_of_their_own():
    codes = {cls: cls.code for cls in CLASSES if Refused not in cls.__mro__[1:]}

    assert len(set(codes.values())) == len(codes)


def test_a_mistake_reads_as_its_path_and_what_is_wrong():
    assert str(Mistake("inputs.0.guid", "not a guid")) == "inputs.0.guid: not a guid"
    assert str(Mistake("", "not JSON")) == "not JSON"


def test_an_invalid_request_says_every_mistake_with_its_path():
    error = InvalidRequest(Mistake("inputs.0", "what is this"), Mistake("", "and that"))

    assert str(error) == error.detail == "inputs.0: what is this; and that"
    assert error.facts() == {
        "errors": [{"path": "inputs.0", "message": "what is this"}, {"path": "", "message": "and that"}],
    }


def test_invalid_settings_say_every_mistake():
    error = InvalidSettings([Mistake("PURVIEW_AUTH", "x"), Mistake("LineageStorage", "y")])

    assert (str(error), error.facts()) == ("PURVIEW_AUTH: x; LineageStorage: y", {})
    assert [mistake.path for mistake in error.mistakes] == ["PURVIEW_AUTH", "LineageStorage"]


def test_an_error_of_the_data_map_gives_the_facts_it_has_and_no_others():
    bare, whole = (
        Unavailable("no answer"),
        Refused("no", http_status=400, error_code="ATLAS-400-00-028", request_id="r", retry_after=0.0),
    )

    assert bare.facts() == {}
    assert whole.facts() == {
        "dataMapStatus": 400,
        "errorCode": "ATLAS-400-00-028",
        "requestId": "r",
        "retryAfterSeconds": 0.0,
    }


def test_a_missing_dataset_passes_on_what_the_data_map_said():
    answer = ReferenceMissing("no", http_status=404, error_code="ATLAS-404-00-00A", request_id="r")
    error = DatasetMissing(Mistake("inputs.0", "gone"), final=False, answer=answer)

    assert error.facts() == {
        "errors": [{"path": "inputs.0", "message": "gone"}],
        "dataMapStatus": 404,
        "errorCode": "ATLAS-404-00-00A",
        "requestId": "r",
    }
    assert DatasetMissing(Mistake("inputs.0", "gone"), final=True).facts() == {
        "errors": [{"path": "inputs.0", "message": "gone"}],
    }


@pytest.mark.parametrize(("status", "all_calls"), [(None, True), (429, True), (503, True), (500, False)])
def test_a_500_concerns_one_call_and_any_other_outage_all(status, all_calls):
    assert Unavailable("down", http_status=status).concerns_all is all_calls


@pytest.mark.parametrize(
    ("status", "foreign"),
    [(200, True), (302, True), (404, True), (429, False), (500, False), (503, False), (None, False)],
)
def test_a_page_or_a_gateways_no_is_not_the_data_map_and_holds_no_other_call_up(status, foreign):
    error = Unavailable("a page", http_status=status)

    assert error.is_foreign is foreign
    assert not (foreign and error.concerns_all)


def test_an_error_may_be_worth_less_patience_than_others():
    soon = timedelta(seconds=30)

    assert DatasetMissing(Mistake("inputs.0", "gone"), final=False, patience=soon).patience == soon
    assert DatasetMissing(Mistake("inputs.0", "gone"), final=False).patience is None
    assert Unavailable("down").patience is None


def test_other_errors_have_no_facts_beyond_their_detail():
    assert (SignInFailed("no token").facts(), StorageFailed("down").detail) == ({}, "down")
