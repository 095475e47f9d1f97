"""What a terminal, a pipe and a script get."""

import json

import pytest

from lineage.cli.output import plain, say, say_json, say_problem
from lineage.cli.problems import ExitCode, Problem, exit_code_of, exit_code_of_all, problem_of
from lineage.errors import (
    AlreadyExists,
    DatasetMissing,
    InvalidRequest,
    InvalidSettings,
    Mistake,
    NotAuthorized,
    NotFound,
    PayloadGone,
    PayloadTooLarge,
    Refused,
    SignInFailed,
    StorageFailed,
    TooLarge,
    Unavailable,
    UnknownRequest,
)

PROBLEM = Problem("code", "It did not work", [Mistake("file:1: inputs.0", "unknown")], "scan it")


def test_what_a_terminal_would_obey_does_not_reach_it(capsys):
    assert plain("a\x1b[2Jb\x00c\x9bd\r") == "a�[2Jb�c�d�"

    say("red \x1b[31m [bold]markup[/bold] :smile:")

    assert capsys.readouterr().out == "red �[31m [bold]markup[/bold] :smile:\n"


def test_a_long_line_stays_one_line_in_a_pipe(capsys):
    say("x" * 1000)

    assert capsys.readouterr().out == "x" * 1000 + "\n"


def test_json_is_ascii_so_that_no_terminal_can_spoil_it(capsys):
    say_json({"name": "Größe \x1b"})

    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out) == {"name": "Größe \x1b"}


def test_a_problem_says_what_where_and_how_to_mend_it(capsys):
    say_problem(PROBLEM, as_json=False)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: It did not work\n  file:1: inputs.0: unknown\n  mend: scan it\n"


def test_a_problem_is_json_where_that_was_asked_for(capsys):
    say_problem(PROBLEM, as_json=True)

    assert json.loads(capsys.readouterr().err) == {
        "problem": "code",
        "title": "It did not work",
        "errors": [{"path": "file:1: inputs.0", "message": "unknown"}],
        "mend": "scan it",
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest(Mistake("a", "b")), ExitCode.INVALID),
        (PayloadGone(Mistake("a", "b")), ExitCode.INVALID),
        (InvalidSettings([Mistake("a", "b")]), ExitCode.SETTINGS),
        (DatasetMissing(Mistake("a", "b"), final=True), ExitCode.NOT_FOUND),
        (UnknownRequest("x"), ExitCode.NOT_FOUND),
        (NotFound("x"), ExitCode.NOT_FOUND),
        (AlreadyExists("x"), ExitCode.FAILED),
        (NotAuthorized("x"), ExitCode.FAILED),
        (SignInFailed("x"), ExitCode.FAILED),
        (StorageFailed("x"), ExitCode.FAILED),
        (TooLarge("x"), ExitCode.FAILED),
        (Unavailable("x"), ExitCode.FAILED),
    ],
)
def test_each_error_of_the_tree_has_an_exit_code_and_something_that_mends_it(error, code):
    problem = problem_of(error, "file:1")

    assert problem.exit_code is code
    assert problem.mend
    assert str(problem.details[0]).startswith("file:1: ")


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest(Mistake("a", "b")),
        PayloadGone(Mistake("a", "b")),
        PayloadTooLarge(Mistake("a", "b")),
        DatasetMissing(Mistake("a", "b"), final=True),
        Refused("x"),
        Unavailable("x"),
        InvalidSettings([Mistake("a", "b")]),
    ],
)
def test_the_code_of_an_error_gives_the_exit_code_that_the_error_gives(error):
    assert exit_code_of(error.code) is problem_of(error).exit_code


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], ExitCode.DONE),
        ([ExitCode.DONE], ExitCode.DONE),
        ([ExitCode.INVALID, ExitCode.NOT_FOUND], ExitCode.INVALID),
        ([ExitCode.INVALID, ExitCode.DONE], ExitCode.FAILED),
        ([ExitCode.DONE, ExitCode.NOT_FOUND, ExitCode.INVALID], ExitCode.NOT_FOUND),
    ],
)
def test_of_several_the_first_that_failed_gives_the_exit_code_but_invalid_is_where_nothing_was_done(
    codes, expected
):
    assert exit_code_of_all(codes) is expected
