"""The `lineage` command on the local stack: the life of a message, and every command with its exit codes."""

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from typer.testing import CliRunner

import lineage as package
from lineage.cli.app import app
from lineage.cli.output import progress
from local.__main__ import describe
from local.catalogue import Catalogue
from local.datamap.process import running

LINEAGE = Path(sys.executable).with_name("lineage")
TABLE = "azure_sql_table"


@pytest.fixture(autouse=True)
def environment(stack, monkeypatch):
    """The app settings of the stack's own function app."""
    for name in list(os.environ):
        if name.startswith(("PURVIEW_", "LINEAGE_", "LineageStorage", "AZURE_")):
            monkeypatch.delenv(name)
    for name, value in stack.app_settings().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def lineage():
    """Runs the command in this process; answers what it printed, with `code` and `json`."""

    def run(*arguments, code=0, stdin=None):
        result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result

    return run


@pytest.fixture(scope="module")
def catalogue(stack):
    with Catalogue(stack.addresses) as catalogue:
        yield catalogue


@pytest.fixture
def table():
    """The qualifiedName of a table that nobody has scanned."""
    run = uuid4().hex[:8]
    return lambda name: f"mssql://src.database.windows.net/shop_{run}/dbo/{name}"


@pytest.fixture
def scanned(catalogue, table):
    """Scans tables; answers their names."""

    def scan(*names):
        catalogue.scan({table(name): TABLE for name in names})
        return [table(name) for name in names]

    return scan


def job(inputs, outputs, **more):
    return {
        "inputs": inputs,
        "outputs": outputs,
        "process": {"name": uuid4().hex, "namespace": "cli"},
        **more,
    }


def parsed(result):
    return json.loads(result.stdout)


def test_the_whole_life_of_a_message(lineage, table, scanned, tmp_path):
    (raw,) = scanned("raw")
    file = tmp_path / "request.json"
    file.write_text(json.dumps(job([raw], [table("clean")], onMissing="fail")))

    (sent,) = parsed(lineage("send", file, "--json"))
    assert (sent["status"], sent["kind"]) == ("queued", "request")

    status = parsed(lineage("status", sent["id"], "--wait", 60, "--json", code=1))
    assert (status["status"], status["problem"]) == ("dead", "dataset-missing")
    assert table("clean") in status["reason"]

    (dead,) = parsed(lineage("poison", "list", sent["id"], "--json"))
    assert dead["problem"] == "dataset-missing"
    assert json.loads(parsed(lineage("poison", "show", dead["id"], "--json"))["original"]) == json.loads(
        file.read_text()
    )

    scanned("clean")  # what the operator mends: somebody scans the table
    planned = lineage("poison", "replay", dead["id"])
    assert f"would be replayed  {dead['id']}" in planned.stdout
    assert len(parsed(lineage("poison", "list", sent["id"], "--json"))) == 1, "a dry run changes nothing"
    assert "replayed" in lineage("poison", "replay", dead["id"], "--yes").stdout

    lineage("poison", "list", sent["id"], code=3)
    assert is_done_in_the_end(sent["id"])
    shown = lineage("show", raw)
    assert [part in shown.stdout for part in ("raw", "downstream", "clean", "lineage_process")] == [True] * 4


def is_done_in_the_end(request_id):
    found = CliRunner().invoke(app, ["status", request_id, "--wait", "60", "--json"])
    assert found.exit_code == 0, (found.stdout, found.stderr)
    return json.loads(found.stdout)["status"] == "done"


# send


def test_many_requests_are_sent_from_lines_arrays_and_standard_input(lineage, scanned, tmp_path):
    raw, clean = scanned("raw", "clean")
    jobs = [job([raw], [clean]) for _ in range(20)]
    lines = tmp_path / "jobs.ndjson"
    lines.write_text("".join(f"{json.dumps(each)}\n\n" for each in jobs))

    from_lines = lineage("send", lines).stdout.split()
    from_array = lineage("send", "-", stdin=json.dumps(jobs)).stdout.split()

    assert from_lines == from_array, "the same requests have the same ids"
    assert len(set(from_lines)) == 20
    assert is_done_in_the_end(from_lines[-1])


def test_an_openlineage_event_is_sent_under_its_runs_id(lineage, table):
    run = str(uuid4())
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2025-01-01T00:00:00Z",
        "producer": "https://example.com/producer",
        "run": {"runId": run},
        "job": {"namespace": "cli", "name": run},
        "inputs": [{"namespace": "file", "name": table("a")}],
        "outputs": [{"namespace": "file", "name": table("b")}],
    }

    (sent,) = parsed(lineage("send", "-", "--json", stdin=json.dumps(event)))

    assert (sent["kind"], sent["id"]) == ("event", run)
    assert is_done_in_the_end(run)


def test_one_mistake_keeps_the_whole_file_from_being_sent(lineage, table, tmp_path):
    file = tmp_path / "jobs.ndjson"
    good, bad = job([table("a")], [table("b")]), job([{"guid": "1"}], [table("b")])
    file.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n{{oops\n")

    result = lineage("send", file, code=4)

    assert result.stdout == ""
    assert f"{file}:2: inputs.0.guid" in result.stderr
    assert f"{file}:3" in result.stderr
    assert "nothing has been sent" in result.stderr


@pytest.mark.parametrize("stdin", ["", "\n", "[]", "{", '"text"', "[1]", "{}", '{"source": 1}'])
@pytest.mark.parametrize("command", ["send", "apply"])
def test_what_is_no_request_is_invalid_input(lineage, command, stdin):
    result = lineage(command, "-", "--json", stdin=stdin, code=4)

    problem = json.loads(result.stderr)
    assert problem["problem"] == "invalid-request"
    assert problem["errors"]
    assert problem["mend"]


def test_a_file_that_is_not_there_is_said(lineage, tmp_path):
    assert "nowhere.json: cannot be read" in lineage("send", tmp_path / "nowhere.json", code=4).stderr


def test_of_many_mistakes_some_are_shown_and_the_rest_counted(lineage):
    result = lineage("send", "-", stdin=json.dumps([{}] * 50), code=4)

    assert "and 30 more" in result.stderr


def test_how_far_sending_came_is_said_when_storage_fails(lineage, table, monkeypatch):
    monkeypatch.setenv("LineageStorage", "no connection string")

    result = lineage("send", "-", stdin=json.dumps(job([table("a")], [table("b")])), code=1)

    assert "0 of 1 were sent" in result.stderr
    assert "mend: lineage doctor" in result.stderr


def test_a_request_in_a_cloud_event_is_sent_as_the_queue_would_take_it(lineage, scanned):
    raw, clean = scanned("raw", "clean")
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "tests",
        "type": "any",
        "data": job([raw], [clean]),
    }

    sent = lineage("send", "-", stdin=json.dumps(event)).stdout.strip()

    assert is_done_in_the_end(sent)


# apply


def test_lineage_is_applied_now_and_said(lineage, scanned):
    raw, clean = scanned("raw", "clean")
    request = job([raw], [clean])

    result = lineage("apply", "-", stdin=json.dumps(request))

    assert result.stdout.startswith("done  ")
    assert f"created  lineage_process  lineage://cli/{request['process']['name']}" in result.stdout


def test_one_that_fails_does_not_keep_the_others_from_being_applied(lineage, scanned, table):
    raw, clean = scanned("raw", "clean")
    batch = [job([table("nowhere")], [clean], onMissing="fail"), {"source": raw, "target": clean}]

    results = parsed(lineage("apply", "-", "--json", stdin=json.dumps(batch), code=3))

    assert results[0]["problem"] == "dataset-missing"
    assert results[0]["errors"][0]["path"] == "-[0]: inputs.0"
    assert results[1]["outcome"]["relationships"][0]["result"] == "created"


def test_what_became_of_an_event_that_was_applied_is_found_as_that_of_a_request(lineage, table):
    event = started(table)

    lineage("apply", "-", stdin=json.dumps(event))

    record = parsed(lineage("status", event["run"]["runId"], "--json"))
    assert (record["status"], record["attempts"]) == ("accumulated", 1)


# explain


def test_a_request_is_explained_name_by_name_and_call_by_call_and_nothing_is_written(lineage, scanned):
    raw, clean = scanned("raw", "clean")
    request = job([raw], [clean])

    lines = lineage("explain", "-", stdin=json.dumps(request)).stdout.splitlines()

    assert f"  inputs.0  {raw}" in lines
    assert "    rule       azure-sql-table (microsoft)" in lines
    assert f"    asset      {TABLE}  {raw}" in lines
    body = json.loads("\n".join(lines[lines.index("  POST /atlas/v2/entity/bulk") + 1 :]))
    process = f"lineage://cli/{request['process']['name']}"
    assert body["entities"][0]["attributes"]["qualifiedName"] == process
    lineage("show", process, "--type", "lineage_process", code=3)


def test_of_a_dataset_that_is_missing_it_is_said_what_was_looked_for(lineage, scanned, table):
    (raw,) = scanned("raw")

    said = lineage("explain", "-", stdin=json.dumps(job([raw], [table("clean")])), code=3).stdout

    assert "catalogue  does not hold it" in said
    assert f"nor        azure_sql_view  {table('clean')}" in said
    assert "would not be written: dataset-missing (onMissing is wait)" in said


def test_what_comes_near_is_told_with_its_guid(lineage, catalogue, scanned, table):
    (raw,) = scanned("raw")
    guid = catalogue.scan({table("view"): "azure_sql_view"})[table("view")]

    said = lineage("explain", "-", stdin=json.dumps(job([raw], [table("view")]))).stdout

    assert f"near       azure_sql_view  {table('view')}  {guid}" in said


def test_an_event_is_explained_as_it_is_and_as_it_would_be_once_completed(lineage, scanned, table):
    scanned("raw", "clean")

    (told,) = parsed(lineage("explain", "-", "--json", stdin=json.dumps(started(table))))
    said = lineage("explain", "-", stdin=json.dumps(started(table))).stdout

    assert told["verdict"] == "the run has not ended yet"
    assert told["onceCompleted"][0]["writes"][0]["path"] == "/atlas/v2/entity/bulk"
    assert "RunEvent: the run has not ended yet\n" in said
    assert "once the run has completed:" in said


def started(table):
    sides = {
        side: [
            {"namespace": "mssql://src.database.windows.net", "name": ".".join(table(name).split("/")[3:])}
        ]
        for side, name in (("inputs", "raw"), ("outputs", "clean"))
    }
    return {
        "eventType": "START",
        "eventTime": "2026-05-01T12:00:00Z",
        "run": {"runId": str(uuid4())},
        "job": {"namespace": "cli", "name": "started"},
        **sides,
    }


def test_what_cannot_be_understood_is_told_with_its_place(lineage):
    request = {"source": "what is this", "target": "nor this"}

    assert "-: inputs.0: " in lineage("explain", "-", stdin=json.dumps(request), code=4).stderr


# show


@pytest.fixture
def chain(lineage, scanned):
    """Raw -> clean -> gold, as qualifiedNames."""
    raw, clean, gold = scanned("raw", "clean", "gold")
    lineage("apply", "-", stdin=json.dumps([job([raw], [clean]), job([clean], [gold])]))
    return raw, clean, gold


def test_lineage_is_shown_upstream_and_downstream(lineage, chain):
    _, clean, _ = chain

    lines = lineage("show", clean).stdout.splitlines()

    assert lines[0].startswith("clean  azure_sql_table")
    assert lines[1].strip() == clean
    text = "\n".join(lines)
    assert text.index("upstream") < text.index("raw  ") < text.index("downstream") < text.index("gold  ")


def test_one_direction_and_fewer_steps_can_be_asked_for(lineage, chain):
    raw, _, _ = chain

    shown = lineage("show", raw, "--direction", "downstream", "--depth", 1).stdout

    assert "clean" in shown
    assert "gold" not in shown
    assert "upstream" not in shown


def test_a_dataset_is_named_by_guid_by_type_and_name_or_by_openlineage_name(lineage, catalogue, chain):
    _, clean, _ = chain
    guid = catalogue.entity(TABLE, clean)["guid"]
    server, database, schema, name = clean.removeprefix("mssql://").split("/")
    ways = [
        [clean],
        [guid],
        [clean, "--type", TABLE],
        [f"{database}.{schema}.{name}", "--namespace", f"sqlserver://{server}:1433"],
    ]

    shown = [parsed(lineage("show", *way, "--json"))["base"] for way in ways]

    assert shown == [guid] * 4


@pytest.mark.parametrize(
    ("form", "start"), [("--mermaid", "flowchart LR\n"), ("--dot", "digraph lineage {\n"), ("--svg", "<svg ")]
)
def test_lineage_is_drawn_in_formats_of_others(lineage, chain, form, start):
    drawn = lineage("show", chain[0], form).stdout

    assert drawn.startswith(start)
    assert [name in drawn for name in ("raw", "clean", "gold")] == [True] * 3


def test_a_dataset_that_is_not_there_is_not_found(lineage, table):
    assert "have the source scanned" in lineage("show", table("nowhere"), code=3).stderr
    assert "no dataset or process has the guid" in lineage("show", uuid4(), code=3).stderr
    assert "no_such_type" in lineage("show", "x://y", "--type", "no_such_type", code=3).stderr


def test_a_name_that_no_rule_understands_is_invalid(lineage):
    assert "no naming rule understands" in lineage("show", "what is this", code=4).stderr


def test_a_dataset_under_another_spelling_is_shown_and_said(lineage, chain):
    result = lineage("show", chain[0].replace("mssql://src", "mssql://SRC"))

    assert "raw" in result.stdout


def test_to_look_takes_neither_queue_nor_storage(lineage, chain, monkeypatch):
    for name in ("LineageStorage", "LINEAGE_QUEUE_NAME"):
        monkeypatch.delenv(name)

    assert "gold" in lineage("show", chain[0]).stdout
    assert "LINEAGE_QUEUE_NAME" in lineage("send", "-", stdin='{"source": "a", "target": "b"}', code=5).stderr


def test_one_format_at_a_time(lineage):
    lineage("show", "x", "--svg", "--dot", code=2)
    lineage("show", "x", "--svg", "--json", code=2)


# status


def test_a_request_that_nobody_sent_is_not_found(lineage):
    problem = json.loads(lineage("status", "nobody", "--json", code=3).stderr)

    assert problem["problem"] == "not-found"


def test_a_status_reads_well(lineage, scanned):
    raw, clean = scanned("raw", "clean")
    (request_id,) = lineage("send", "-", stdin=json.dumps(job([raw], [clean]))).stdout.split()

    shown = lineage("status", request_id, "--wait", 60).stdout

    facts = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (facts["id"], facts["status"], facts["attempts"]) == (request_id, "done", "1")
    assert facts["written"].startswith("lineage_process lineage://cli/")


# poison


@pytest.fixture
def dead(lineage, scanned, table):
    """Two dead messages of the test's own, as request ids."""
    (raw,) = scanned("raw")
    jobs = [job([raw], [table(name)], onMissing="fail") for name in ("one", "two")]
    ids = lineage("send", "-", stdin=json.dumps(jobs)).stdout.split()
    for each in ids:
        lineage("status", each, "--wait", 60, code=1)
    yield ids
    CliRunner().invoke(app, ["poison", "drop", *ids, "--yes"])


def test_dead_messages_are_listed_by_problem_and_reason(lineage, dead, table):
    listed = lineage("poison", "list", *dead).stdout
    assert listed.count("dataset-missing") == 2
    assert dead[0] in listed

    (one,) = parsed(lineage("poison", "list", "--reason", table("ONE"), "--json"))
    assert one["subject"] == dead[0]
    assert len(parsed(lineage("poison", "list", "--problem", "dataset-missing", "--json"))) >= 2
    assert parsed(lineage("poison", "list", "--problem", "no-such-problem", "--json")) == []


def test_a_dead_message_is_shown_with_what_was_sent(lineage, dead):
    shown = lineage("poison", "show", dead[0]).stdout

    assert "problem: dataset-missing" in shown
    assert '"onMissing": "fail"' in shown
    lineage("poison", "show", "nobody", code=3)


def test_dead_messages_are_dropped_only_when_told_to(lineage, dead):
    planned = lineage("poison", "drop", *dead)
    assert planned.stdout.count("would be dropped") == 2
    assert "add --yes" in planned.stderr

    dropped = parsed(lineage("poison", "drop", dead[0], "--yes", "--json"))

    assert (dropped["dryRun"], len(dropped["dropped"])) == (False, 1)
    lineage("poison", "list", dead[0], code=3)
    assert len(parsed(lineage("poison", "list", dead[1], "--json"))) == 1


# setup


def test_setup_says_what_it_would_do_then_does_it_then_finds_it_done(lineage):
    principal = str(uuid4())
    arguments = ["setup", "--grant", principal, "--collection", "local"]

    planned, done, again = lineage(*arguments), lineage(*arguments, "--yes"), lineage(*arguments, "--yes")

    role = f"make {principal} Data Curator of the collection local (local)"
    assert f"would be done  {role}" in planned.stdout
    assert "add --yes to do it" in planned.stderr
    assert f"done  {role}" in done.stdout
    assert f"already so  {role}" in again.stdout
    assert "already so  register the process type lineage_process" in again.stdout


def test_setup_grants_whoever_is_signed_in(lineage):
    steps = parsed(lineage("setup", "--grant", "me", "--json"))["steps"]

    assert steps[0]["what"].startswith("make 00000000-0000-0000-0000-000000000001 Data Curator")


def test_an_object_id_is_granted_to_as_the_policy_writes_it(lineage):
    principal = str(uuid4())

    planned = lineage("setup", "--grant", principal.upper(), "--collection", "local")

    assert f"make {principal} Data Curator" in planned.stdout


def test_a_collection_that_is_not_there_is_not_found(lineage):
    result = lineage("setup", "--grant", "me", "--collection", "nowhere", code=3)

    assert "there is no collection nowhere" in result.stderr


# The command itself


def test_the_console_script_reads_a_settings_file_and_shows_no_secret(stack, tmp_path):
    settings = tmp_path / "local.settings.json"
    given = {
        "LineageStorage": "hush",
        "LINEAGE_QUEUE_NAME": "lineage",
        "PURVIEW_ENDPOINT": "http://127.0.0.1:9",
    }
    settings.write_text(json.dumps({"Values": stack.app_settings() | given}))

    done = subprocess.run(
        [LINEAGE, "--settings", settings, "send", "-"],
        input='{"source": "a", "target": "b"}',
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "error: The app's storage account is not available" in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


def test_what_make_up_prints_is_all_that_the_command_needs(stack, scanned):
    (raw,) = scanned("raw")
    exports = re.findall(r"(?m)^ +export .*$", describe(stack.addresses))

    def lineage(*arguments):
        return subprocess.run(
            ["/bin/sh", "-c", "\n".join([*exports, shlex.join([str(LINEAGE), *arguments])])],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )

    assert lineage("show", raw).stdout.startswith("raw  azure_sql_table")
    checks = json.loads(lineage("doctor", "--json").stdout)
    assert len(checks) >= 10
    assert not any(check.get("blocks") for check in checks)


def test_installed_away_from_the_app_it_needs_no_host_json(stack, tmp_path):
    shutil.copytree(Path(package.__file__).parent, tmp_path / "lineage")

    done = subprocess.run(
        [sys.executable, "-c", "from lineage.cli import main; main()", "poison", "list", "--json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), **stack.app_settings()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), list)


def test_a_progress_bar_is_shown_to_who_looks_at_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())

    with progress(quiet=False) as bar:
        bar.update(bar.add_task("sending", total=2), completed=1)
        bar.refresh()

    assert "sending" in sys.stderr.getvalue()
    assert "1/2" in sys.stderr.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_who_lacks_the_role_may_still_grant_it(lineage, stack):
    """An administrator of a collection need not be its curator: the type is left to the app."""
    fail = [{"status": 403, "probability": 1}]
    faults = f"{stack.addresses.datamap}/_control/faults"
    requests.put(faults, json={"fail": fail}, timeout=10)
    try:
        result = lineage("setup", "--grant", uuid4(), "--yes")
        alone = lineage("setup", "--yes", code=1)
    finally:
        requests.delete(faults, timeout=10)

    assert "done  make " in result.stdout
    assert "left to the app" in result.stdout
    assert "mend: lineage doctor" in alone.stderr


def test_an_interrupt_ends_it_at_once_though_a_thread_waits_for_a_code(tmp_path):
    with running("--self-signed", str(tmp_path / "tls.pem"), "--no-approve-devices") as purview:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "REQUESTS_CA_BUNDLE": str(tmp_path / "tls.pem"),
            "PURVIEW_ENDPOINT": purview,
            "PURVIEW_AUTHORITY_HOST": purview,
            "PURVIEW_AUTH": "device-code",
        }
        with subprocess.Popen(
            [LINEAGE, "show", str(uuid4())], env=environment, stderr=subprocess.PIPE, text=True
        ) as command:
            prompt = command.stderr.readline()
            command.send_signal(signal.SIGINT)
            try:
                command.wait(10)
            finally:
                command.kill()

    assert "enter the code" in prompt
    assert command.returncode == 130


@pytest.mark.parametrize("content", ["", "[]", '{"Values": []}', "{}"])
def test_a_settings_file_that_is_none_is_wrong_usage(lineage, tmp_path, content):
    file = tmp_path / "settings.json"
    file.write_text(content)

    assert "local.settings.json" in lineage("--settings", file, "doctor", code=2).stderr


def test_what_the_environment_says_comes_before_a_settings_file(lineage, tmp_path, chain):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": {"PURVIEW_ENDPOINT": "https://elsewhere.example"}}))

    assert "gold" in lineage("--settings", file, "show", chain[0]).stdout


def test_wrong_usage_is_exit_code_2(lineage):
    for arguments in (["no-such-command"], ["show"], ["show", "x", "--depth", "99"], ["poison", "show"]):
        lineage(*arguments, code=2)


def test_the_version_is_said(lineage):
    assert lineage("--version").stdout.strip() == "0.1.0"
