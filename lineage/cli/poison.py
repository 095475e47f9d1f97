"""`lineage poison`: the messages that need a person. What changes the queue only says what it would do, until `--yes`."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lineage.cli.environment import not_found, open_service, run
from lineage.cli.output import AsJson, note, say, say_json, say_problem
from lineage.cli.problems import Failure
from lineage.delivery import DeadMessage, PoisonQueue
from lineage.service import Service

app = typer.Typer(
    help="The messages that need a person: look, replay, drop.", no_args_is_help=True, rich_markup_mode=None
)

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Ids of messages or of their requests; all if left out."),
]
ProblemIs = Annotated[
    str | None,
    typer.Option("--problem", metavar="CODE", help="Only with this problem, as in dataset-missing."),
]
ReasonHas = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only with this text in their reason.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages are meant: all, or those that fit everything given."""

    ids: Sequence[str] = ()
    problem: str | None = None
    reason: str | None = None

    def __call__(self, message: DeadMessage) -> bool:
        """Whether a message is."""
        return (
            (not self.ids or message.id in self.ids or _request_id(message) in self.ids)
            and self.problem in (None, message.problem)
            and (self.reason or "").lower() in message.reason.lower()
        )

    def without(self, found: Sequence[DeadMessage]) -> list[str]:
        """The ids that none of these messages has."""
        known = {each for message in found for each in (message.id, _request_id(message))}
        return [each for each in dict.fromkeys(self.ids) if each not in known]


@app.command("list")
def list_messages(
    ids: Ids = None, *, problem: ProblemIs = None, reason: ReasonHas = None, as_json: AsJson = False
) -> None:
    """List dead messages, oldest first, with the reason of each."""
    choice = Choice(ids or (), problem, reason)
    found = run(_found(choice), as_json=as_json)
    _show(found, as_json=as_json)
    _miss(choice, found, as_json=as_json)


@app.command()
def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Of the message, or of its request.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead message: why it died, and the message as it was sent."""
    message, original = run(_original(message_id), as_json=as_json)
    if as_json:
        say_json({**_facts(message), **message.attributes, "original": original})
        return
    for name, value in {**_facts(message), **message.attributes}.items():
        say(f"{name}: {value}")
    say()
    say(_readable(original))


@app.command()
def replay(
    ids: Ids = None,
    *,
    problem: ProblemIs = None,
    reason: ReasonHas = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put dead messages back on the queue, unchanged."""
    choice = Choice(ids or (), problem, reason)
    done = run(_change(choice, lambda poison: poison.replay(choice, dry_run=not yes)), as_json=as_json)
    _show_change(done, "replayed", yes=yes, as_json=as_json)
    _miss(choice, done, as_json=as_json)


@app.command()
def drop(
    ids: Ids = None,
    *,
    problem: ProblemIs = None,
    reason: ReasonHas = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove dead messages for good."""
    choice = Choice(ids or (), problem, reason)
    done = run(_change(choice, lambda poison: poison.drop(choice, dry_run=not yes)), as_json=as_json)
    _show_change(done, "dropped", yes=yes, as_json=as_json)
    _miss(choice, done, as_json=as_json)


def _queue(service: Service) -> PoisonQueue:
    return PoisonQueue(service.storage, service.settings.queue_name, service.outcomes)


async def _found(choice: Choice) -> list[DeadMessage]:
    return await _change(choice, lambda poison: poison.replay(choice, dry_run=True))


async def _change(
    choice: Choice, act: Callable[[PoisonQueue], Awaitable[list[DeadMessage]]]
) -> list[DeadMessage]:
    async with open_service() as service:
        done = await act(_queue(service))
    if choice.ids and not done:
        raise _nothing_fits(choice.ids)
    return done


def _miss(choice: Choice, found: Sequence[DeadMessage], *, as_json: bool) -> None:
    """Says which ids were asked for in vain, beside what was found by the others."""
    if missing := choice.without(found):
        problem = _nothing_fits(missing).problem
        say_problem(problem, as_json=as_json)
        raise typer.Exit(problem.exit_code)


def _nothing_fits(ids: Sequence[str]) -> Failure:
    return not_found(f"no dead message {', '.join(ids)} fits", "lineage poison list")


async def _original(message_id: str) -> tuple[DeadMessage, str]:
    """A message with what was sent, out of the container if it is a claim check."""
    choice = Choice((message_id,))
    async with open_service() as service:
        for message in await _queue(service).replay(choice, dry_run=True):
            body = await service.storage.fetch(message.claim) if message.claim else message.original
            return message, body.decode("utf-8", "backslashreplace")
    raise not_found(f"no dead message {message_id}", "lineage poison list")


def _show(messages: Sequence[DeadMessage], *, as_json: bool) -> None:
    if as_json:
        say_json([_facts(message) | message.attributes for message in messages])
        return
    for message in messages:
        say(f"{message.id}  {message.problem}", "bold")
        say(f"  request {_request_id(message) or 'unknown'}{_tried(message)}")
        say(f"  {message.reason}")
    note(f"{len(messages)} dead")


def _show_change(messages: Sequence[DeadMessage], done: str, *, yes: bool, as_json: bool) -> None:
    if as_json:
        say_json({"dryRun": not yes, done: [_facts(message) for message in messages]})
        return
    for message in messages:
        say(f"{done if yes else f'would be {done}'}  {message.id}  {message.problem}")
    note(f"{len(messages)} {done}" if yes else f"{len(messages)} would be {done}: add --yes to do it")


def _facts(message: DeadMessage) -> dict[str, Any]:
    return {"id": message.id, "problem": message.problem, "reason": message.reason}


def _request_id(message: DeadMessage) -> str:
    return str(message.attributes.get("subject") or "")


def _tried(message: DeadMessage) -> str:
    """How often; nothing of what the host moved by itself, since only the app counts."""
    match message.attributes.get("attempts"):
        case None:
            return ""
        case 1:
            return ", tried once"
        case attempts:
            return f", tried {attempts} times"


def _readable(original: str) -> str:
    """Indented, if it is JSON."""
    try:
        return json.dumps(json.loads(original), indent=2)
    except ValueError:
        return original
