"""The examples, run against the stack as they stand; what they need of their own platforms is given to them here."""

import base64
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
import requests
from azure.storage.queue import QueueClient, QueueSasPermissions, generate_queue_sas

import lineage
from lineage.naming import locate
from lineage.request import read_request
from local.catalogue import Catalogue
from local.stack import ACCOUNT, ACCOUNT_KEY

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
WAIT = 60  # seconds, for what takes one


@pytest.fixture
def addresses(stack):
    return stack.addresses


@pytest.fixture
def catalogue(addresses):
    with Catalogue(addresses) as catalogue:
        yield catalogue


def read(name):
    return json.loads((EXAMPLES / name).read_text("utf-8"))


def named(dataset):
    return locate(dataset).asset


def scan(catalogue, request):
    """Puts a request's datasets in the catalogue, and answers the guid of its output."""
    assets = [named(dataset) for dataset in (*request["inputs"], *request["outputs"])]
    guids = catalogue.scan({asset.qualified_name: asset.type_name for asset in assets})
    return guids[assets[-1].qualified_name]


def edges(request):
    """What the Data Map should show of a request."""
    process = read_request(request).process.key
    inputs, outputs = (
        [named(each).qualified_name for each in request[side]] for side in ("inputs", "outputs")
    )
    return {(name, process) for name in inputs} | {(process, name) for name in outputs}


def wait_until_done(addresses, request_id):
    url = f"{addresses.functions}/api/lineage/requests/{quote(request_id, safe='')}"
    give_up = time.monotonic() + WAIT
    while True:
        answer = requests.get(url, headers={"x-functions-key": addresses.functionKey}, timeout=10).json()
        if answer.get("status") == "done":
            return
        assert time.monotonic() < give_up, answer
        time.sleep(0.1)


def sent_by(script, **given):
    """What an example hands to `lineage.send`, with what its platform gives it."""
    calls = []

    def send(request, *, storage, credential=None):
        calls.append((request, storage, credential))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "send", send, raising=False)
        patch.setenv("LINEAGE_STORAGE", "")
        runpy.run_path(str(EXAMPLES / script), init_globals=given)
    (call,) = calls
    return call


def run(*command, **environ):
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.strip()


def test_the_script_sends_its_request_and_prints_the_id(addresses, catalogue):
    request, _, _ = sent_by("send.py")
    guid = scan(catalogue, request)

    printed = run(sys.executable, str(EXAMPLES / "send.py"), LINEAGE_STORAGE=addresses.storage)

    assert printed == request["id"]
    wait_until_done(addresses, request["id"])
    assert edges(request) <= catalogue.edges(guid)


def test_curl_posts_its_request_and_shows_the_answer(addresses, catalogue):
    script = EXAMPLES / "curl.sh"
    request = json.loads(re.search(r"--data '(.*)'", script.read_text("utf-8"), re.DOTALL)[1])
    guid = scan(catalogue, request)

    answer = run(str(script), LINEAGE_URL=addresses.functions, LINEAGE_KEY=addresses.functionKey)

    assert json.loads(answer)["status"] == "done"
    assert edges(request) <= catalogue.edges(guid)


@pytest.mark.parametrize(
    ("script", "given"),
    [
        (
            "notebooks/databricks.py",
            {"dbutils": SimpleNamespace(credentials=SimpleNamespace(getServiceCredentialsProvider=str))},
        ),
        (
            "notebooks/fabric.py",
            {"notebookutils": SimpleNamespace(credentials=SimpleNamespace(getToken="token for {}".format))},
        ),
    ],
)
def test_what_a_notebook_sends_is_written(addresses, catalogue, script, given):
    request, storage, _ = sent_by(script, **given)
    guid = scan(catalogue, request)

    request_id = lineage.send(request, storage=addresses.storage)

    assert storage.startswith("https://")
    wait_until_done(addresses, request_id)
    assert edges(request) <= catalogue.edges(guid)


def test_the_credential_of_fabric_is_its_token_for_storage():
    notebook = SimpleNamespace(credentials=SimpleNamespace(getToken=lambda audience: f"token for {audience}"))

    _, _, credential = sent_by("notebooks/fabric.py", notebookutils=notebook)

    token = credential.get_token("https://storage.azure.com/.default")
    assert token.token == "token for storage"
    assert token.expires_on > time.time()


def test_the_message_that_a_pipeline_puts_on_the_queue_is_written(addresses, catalogue):
    (activity,) = read("data-factory/queue.json")["properties"]["activities"]
    request = read("data-factory/queue.json")["properties"]["parameters"]["request"]["defaultValue"]
    settings = activity["typeProperties"]
    guid = scan(catalogue, request)

    # Given what Data Factory makes of the expressions
    body = evaluated(settings["body"], request)
    headers = {name: evaluated(value, request) for name, value in settings["headers"].items()}
    query = urlsplit(settings["url"]).query

    # When it is put on the queue, with a shared access signature in the place of the managed identity
    with QueueClient.from_connection_string(addresses.storage, addresses.queue) as queue:
        url = f"{queue.url}/messages?{query}&{may_add(addresses.queue)}"
    answer = requests.request(settings["method"], url, data=body, headers=headers, timeout=10)

    # Then its lineage is there
    assert answer.status_code == 201, answer.text
    wait_until_done(addresses, read_request(request).key)
    assert edges(request) <= catalogue.edges(guid)


def evaluated(value, request):
    """An expression of Data Factory; the few that the examples need."""
    if isinstance(value, str):
        return value
    text = json.dumps(request)
    results = {
        "@{base64(string(pipeline().parameters.request))}": base64.b64encode(text.encode()).decode(),
        "@string(pipeline().parameters.request)": text,
        "@formatDateTime(utcnow(), 'R')": format_datetime(datetime.now(UTC), usegmt=True),
    }
    evaluated = value["value"]
    for expression, result in results.items():
        evaluated = evaluated.replace(expression, result)
    assert "@" not in evaluated
    return evaluated


def may_add(queue):
    return generate_queue_sas(
        ACCOUNT,
        queue,
        ACCOUNT_KEY,
        permission=QueueSasPermissions(add=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )


def test_what_a_pipeline_posts_is_written(addresses, catalogue):
    (activity,) = read("data-factory/http.json")["properties"]["activities"]
    request = read("data-factory/http.json")["properties"]["parameters"]["request"]["defaultValue"]
    settings = activity["typeProperties"]
    guid = scan(catalogue, request)

    answer = requests.request(
        settings["method"],
        f"{addresses.functions}/api/{settings['functionName']}",
        data=evaluated(settings["body"], request),
        headers={**settings["headers"], "x-functions-key": addresses.functionKey},
        timeout=30,
    )

    assert answer.json()["status"] == "done"
    assert edges(request) <= catalogue.edges(guid)


@pytest.mark.parametrize("encode", [str.encode, lambda text: base64.b64encode(text.encode())])
def test_the_event_that_event_grid_delivers_is_written(addresses, catalogue, encode):
    event = read("event-grid/event.json")
    guid = scan(catalogue, event["data"])

    with QueueClient.from_connection_string(addresses.storage, addresses.queue) as queue:
        queue.send_message(encode(json.dumps(event)).decode())

    wait_until_done(addresses, read_request(event["data"]).key)
    assert edges(event["data"]) <= catalogue.edges(guid)


def test_a_client_of_openlineage_is_configured_by_the_example(addresses, catalogue, tmp_path):
    client, v2 = map(pytest.importorskip, ("openlineage.client", "openlineage.client.event_v2"))
    config = (EXAMPLES / "openlineage.yml").read_text("utf-8")
    config = config.replace("https://contoso-lineage.azurewebsites.net", addresses.functions)
    (tmp_path / "openlineage.yml").write_text(
        config.replace("the-function-key", addresses.functionKey), "utf-8"
    )
    run_id = str(uuid4())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENLINEAGE_CONFIG", str(tmp_path / "openlineage.yml"))
        client.OpenLineageClient().emit(
            v2.RunEvent(
                eventType=v2.RunState.COMPLETE,
                eventTime=datetime.now(UTC).isoformat(),
                run=v2.Run(runId=run_id),
                job=v2.Job(namespace="examples", name="load_orders"),
                inputs=[v2.InputDataset("mssql://sales.database.windows.net:1433", "orders.dbo.raw_orders")],
                outputs=[v2.OutputDataset("abfss://silver@lake.dfs.core.windows.net", "/orders")],
            )
        )

    wait_until_done(addresses, run_id)
    assert catalogue.entity("lineage_process", "lineage://examples/load_orders")


@pytest.mark.skipif(not shutil.which("jq"), reason="the quickstart reads answers with jq")
def test_the_commands_of_the_quickstart_print_what_it_says(addresses):
    environ = {
        "LINEAGE_URL": addresses.functions,
        "LINEAGE_KEY": addresses.functionKey,
        "LINEAGE_STORAGE": addresses.storage,
    }
    commands = list(commands_of(ROOT / "docs" / "quickstart.md"))
    tried = [(command, said) for command, said in commands if not command.startswith(("make", "export"))]
    assert len(tried) == 5

    for command, said in tried:
        line = f"cd {shlex.quote(str(ROOT))} && {command}"
        printed = run("bash", "-c", line.replace(".venv/bin/python", shlex.quote(sys.executable)), **environ)
        if command.endswith("send.py"):
            wait_until_done(addresses, printed)
        assert not said or as_for_anyone(printed) == as_for_anyone(said)


def commands_of(document):
    """The commands of a document, each with the output shown for it."""
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", document.read_text("utf-8")):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            lines = part.splitlines()
            length = next(n for n in range(1, len(lines) + 1) if is_whole("\n".join(lines[:n])))
            yield "\n".join(lines[:length]), "\n".join(lines[length:])


def is_whole(command):
    """Whether no quote is still open."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def as_for_anyone(text):
    """Without what differs from one run to the next."""
    return re.sub(r'"(guid|result)": "[^"]*"', r'"\1": "..."', text)
