"""`lineage doctor`: an account where all is well, and ten where something is not; each named, each with what mends it."""

import json
import os
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time

import pytest
import requests
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient
from typer.testing import CliRunner

from lineage import health
from lineage.account import CONTAINER
from lineage.cli.app import app
from lineage.datamap import DataMap
from lineage.errors import SignInFailed
from local.datamap.identity import SIGN_IN
from local.datamap.process import running
from local.process import Process
from local.stack import AZURITE, connection_string

QUEUES = ("lineage", "lineage-poison")
TABLES = ("lineageoutcomes", "lineageruns")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("doctor")


@pytest.fixture(scope="module")
def purview(folder):
    with running("--self-signed", str(folder / "tls.pem")) as address:
        yield address


@pytest.fixture(scope="module")
def account(folder):
    """A storage account as deployment makes it."""
    ports = [f"--{service}Port=0" for service in ("blob", "queue", "table")]
    azurite = Process(
        [str(AZURITE), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", *ports],
        folder / "azurite.log",
    )
    try:
        connection = connection_string(azurite)
        for name in QUEUES:
            with QueueClient.from_connection_string(connection, name) as queue:
                queue.create_queue()
        with TableServiceClient.from_connection_string(connection) as tables:
            for name in TABLES:
                tables.create_table(name)
        with BlobServiceClient.from_connection_string(connection) as blobs:
            blobs.create_container(CONTAINER)
        yield connection
    finally:
        azurite.stop()


@pytest.fixture(autouse=True)
def environment(purview, account, folder, monkeypatch):
    """Settings with which all is well."""
    for name in list(os.environ):
        if name.startswith(("PURVIEW_", "LINEAGE_", "LineageStorage", "AZURE_")):
            monkeypatch.delenv(name)
    for name, value in {
        "REQUESTS_CA_BUNDLE": str(folder / "tls.pem"),
        "IDENTITY_ENDPOINT": f"{purview}/identity/token",
        "IDENTITY_HEADER": SIGN_IN.identity_header,
        "PURVIEW_ENDPOINT": purview,
        "LINEAGE_QUEUE_NAME": "lineage",
        "LineageStorage": account,
    }.items():
        monkeypatch.setenv(name, value)
    lineage("setup", "--yes")


def lineage(*arguments, code=0):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def examined(*, code):
    """The checks of the doctor by name; the whole of what it says to a person agrees."""
    checks = {check["name"]: check for check in json.loads(lineage("doctor", "--json", code=code).stdout)}
    said = lineage("doctor", code=code).stdout
    for name, check in checks.items():
        assert f"{'fine ' if check['ok'] else 'WRONG'}  {name}" in said
        assert check["ok"] or f"mend: {check['mend']}" in said
    return checks


def wrong(checks):
    return {name for name, check in checks.items() if not check["ok"]}


@pytest.fixture
def misbehave(purview):
    """Sets faults of the Data Map for a while."""
    yield lambda *fail: requests.put(f"{purview}/_control/faults", json={"fail": fail}, timeout=10)
    requests.delete(f"{purview}/_control/faults", timeout=10)


def test_where_all_is_well_every_check_says_so():
    checks = examined(code=0)

    assert set(checks) == {
        *("identity", "audience", "dataMap", "clock", "role", "processType"),
        *("queue", "poisonQueue", "deadMessages", "table lineageoutcomes", "table lineageruns", "payloads"),
    }
    assert "object id 00000000-0000-0000-0000-000000000001" in checks["identity"]["detail"]


@pytest.mark.parametrize("route", [None, "POST /atlas/v2/entity/bulk"])
def test_fault_1_no_role_whether_to_read_or_only_to_write(misbehave, route):
    misbehave({"status": 403, "probability": 1, "route": route})

    checks = examined(code=1)

    assert wrong(checks) == {"role"}
    assert checks["role"]["mend"] == "lineage setup --grant 00000000-0000-0000-0000-000000000001 --yes"


def test_the_role_is_to_be_granted_on_the_collection_of_the_settings(misbehave, monkeypatch):
    monkeypatch.setenv("PURVIEW_COLLECTION", "abc123")
    misbehave({"status": 403, "probability": 1})

    assert "--collection abc123 --yes" in examined(code=1)["role"]["mend"]


def test_fault_2_a_token_for_another_audience(monkeypatch):
    monkeypatch.setenv("PURVIEW_SCOPE", "https://storage.azure.com/.default")

    checks = examined(code=1)

    assert wrong(checks) == {"audience", "dataMap"}
    assert "https://storage.azure.com" in checks["audience"]["detail"]
    assert "PURVIEW_SCOPE=https://purview.azure.net/.default" in checks["audience"]["mend"]


@pytest.fixture
def with_secret(monkeypatch, purview):
    """Signs in as an application with this secret."""

    def use(secret):
        monkeypatch.setenv("PURVIEW_AUTH", "client-secret")
        monkeypatch.setenv("PURVIEW_AUTHORITY_HOST", purview)
        monkeypatch.setenv("PURVIEW_TENANT_ID", "11111111-1111-4111-8111-111111111111")
        monkeypatch.setenv("PURVIEW_CLIENT_ID", "app")
        monkeypatch.setenv("PURVIEW_CLIENT_SECRET", secret)

    return use


def test_fault_3_a_wrong_secret(with_secret):
    with_secret("hush-hush")

    checks = examined(code=1)

    assert wrong(checks) == {"identity", "dataMap"}
    assert "AADSTS7000215" in checks["identity"]["detail"]
    assert checks["identity"]["mend"].startswith("az functionapp config appsettings set ")
    assert "'PURVIEW_CLIENT_SECRET=<the value of the secret, not its id>'" in checks["identity"]["mend"]
    assert "hush-hush" not in json.dumps(checks)


def test_an_expired_secret_is_told_from_a_wrong_one(with_secret):
    with_secret(SIGN_IN.expired_secret)

    checks = examined(code=1)

    assert wrong(checks) == {"identity", "dataMap"}
    assert "AADSTS7000222" in checks["identity"]["detail"]
    assert checks["identity"]["mend"].startswith(
        "az ad app credential reset --id app && az functionapp config "
    )
    assert "'PURVIEW_CLIENT_SECRET=<the new password>'" in checks["identity"]["mend"]
    assert SIGN_IN.expired_secret not in json.dumps(checks)


def test_fault_4_a_queue_is_missing(monkeypatch):
    monkeypatch.setenv("LINEAGE_QUEUE_NAME", "elsewhere")

    checks = examined(code=1)

    assert wrong(checks) == {"queue", "poisonQueue"}
    connection = '--connection-string "$LineageStorage"'
    assert checks["queue"]["mend"] == f"az storage queue create --name elsewhere {connection}"
    assert checks["poisonQueue"]["mend"] == f"az storage queue create --name elsewhere-poison {connection}"


def test_fault_5_the_process_type_is_missing_and_setup_mends_it(purview):
    requests.delete(f"{purview}/_control/catalogue", timeout=10)

    checks = examined(code=1)
    assert wrong(checks) == {"processType"}
    assert checks["processType"]["mend"] == "lineage setup --yes"

    lineage("setup", "--yes")
    assert wrong(examined(code=0)) == set()


def test_fault_6_an_endpoint_that_is_something_else(monkeypatch, account):
    blobs = account.split("BlobEndpoint=")[1].split("/devstoreaccount1")[0]
    monkeypatch.setenv("PURVIEW_ENDPOINT", blobs)

    checks = examined(code=1)

    assert wrong(checks) == {"dataMap"}
    assert "answers, but as no Data Map" in checks["dataMap"]["detail"]
    assert "PURVIEW_ENDPOINT=https://<account>.purview.azure.com" in checks["dataMap"]["mend"]


@pytest.fixture
def page():
    """The address of something that answers everything with a page, and that all is well."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>We will be back soon</html>")

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_endpoint_that_answers_with_a_page_is_something_else_too(monkeypatch, page):
    monkeypatch.setenv("PURVIEW_ENDPOINT", page)

    checks = examined(code=1)

    assert wrong(checks) == {"dataMap"}
    assert "answers, but as no Data Map" in checks["dataMap"]["detail"]
    assert "PURVIEW_ENDPOINT=https://<account>.purview.azure.com" in checks["dataMap"]["mend"]


@pytest.mark.parametrize("body", ["html", "gateway", "empty"])
def test_only_a_refusal_by_atlas_says_that_the_app_may_write(misbehave, body):
    """The upsert of nothing is refused for being nothing: a gateway that refuses it says nothing of the role."""
    misbehave({"status": 404, "probability": 1, "route": "POST /atlas/v2/entity/bulk", "body": body})

    checks = examined(code=1)

    assert wrong(checks) == {"role"}
    assert "PURVIEW_ENDPOINT=" in checks["role"]["mend"]


def test_where_a_collection_is_named_it_may_be_that_one_that_is_not_there(misbehave, monkeypatch):
    monkeypatch.setenv("PURVIEW_COLLECTION", "nowhere")
    misbehave({"status": 404, "probability": 1, "route": "POST /atlas/v2/entity/bulk"})

    assert "PURVIEW_COLLECTION=" in examined(code=1)["role"]["mend"]


def test_a_sign_in_that_fails_half_way_does_not_hide_what_was_found(misbehave, monkeypatch):
    misbehave({"status": 403, "probability": 1})

    async def failing(_datamap):
        raise SignInFailed("the token endpoint is gone")

    monkeypatch.setattr(DataMap, "claims", failing)

    checks = examined(code=1)

    assert wrong(checks) == {"role"}
    assert "<object id>" in checks["role"]["mend"]


@pytest.fixture
def behind_a_clock(purview, folder):
    """A Data Map whose clock is off by so many seconds: the stand-in, seen through a proxy that changes the time."""
    servers = []

    def start(seconds):
        class Proxy(BaseHTTPRequestHandler):
            def do_GET(self):
                self.forward()

            def do_POST(self):
                self.forward()

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {
                    name: self.headers[name]
                    for name in ("Authorization", "Content-Type")
                    if self.headers[name]
                }
                answer = requests.request(
                    self.command, purview + self.path, data=body, headers=headers, timeout=10,
                    verify=str(folder / "tls.pem"),
                )  # fmt: skip
                self.send_response_only(answer.status_code)
                self.send_header("Date", formatdate(time() + seconds, usegmt=True))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("seconds", "how"), [(3600, "behind"), (-3600, "ahead")])
def test_fault_7_the_clock_is_off(monkeypatch, behind_a_clock, seconds, how):
    monkeypatch.setenv("PURVIEW_ENDPOINT", behind_a_clock(seconds))

    checks = examined(code=1)

    assert wrong(checks) == {"clock"}
    assert f" s {how}" in checks["clock"]["detail"]
    assert checks["clock"]["mend"] == "sudo timedatectl set-ntp true"


def test_a_clock_may_be_a_little_off(monkeypatch, behind_a_clock):
    monkeypatch.setenv("PURVIEW_ENDPOINT", behind_a_clock(60))

    assert wrong(examined(code=0)) == set()


def test_fault_8_nobody_answers(monkeypatch):
    monkeypatch.setenv("PURVIEW_ENDPOINT", "http://127.0.0.1:1")

    checks = examined(code=1)

    assert wrong(checks) == {"dataMap"}
    assert "no answer from the Data Map" in checks["dataMap"]["detail"]
    assert checks["dataMap"]["mend"].startswith("curl --verbose http://127.0.0.1:1/datamap/api")


def test_fault_9_a_table_is_missing(account):
    with TableServiceClient.from_connection_string(account) as tables:
        tables.delete_table("lineageruns")
        try:
            checks = examined(code=1)
        finally:
            tables.create_table("lineageruns")

    assert wrong(checks) == {"table lineageruns"}
    assert checks["table lineageruns"]["mend"].startswith("az storage table create --name lineageruns ")


def test_fault_10_messages_wait_for_a_person(account):
    with QueueClient.from_connection_string(account, "lineage-poison") as poison:
        poison.send_message("one that the host gave up on")
        checks = examined(code=1)
        poison.clear_messages()

    assert wrong(checks) == {"deadMessages"}
    assert checks["deadMessages"]["detail"].startswith("about 1 message waits")
    assert checks["deadMessages"]["mend"] == "lineage poison list"


# And what else may be wrong


def test_the_container_for_payloads_is_missing(account):
    with BlobServiceClient.from_connection_string(account) as blobs:
        blobs.delete_container(CONTAINER)
        try:
            checks = examined(code=1)
        finally:
            blobs.create_container(CONTAINER)

    assert wrong(checks) == {"payloads"}
    assert checks["payloads"]["mend"].startswith("az storage container create --name lineage-payloads ")


def test_storage_that_does_not_answer(monkeypatch):
    key = "AccountName=devstoreaccount1;AccountKey=bm9ib2R5"
    monkeypatch.setenv("LineageStorage", f"{key};QueueEndpoint=nonsense")

    checks = examined(code=1)

    assert {"queue", "poisonQueue", "payloads"} <= wrong(checks)
    assert "LineageStorage=<connection string>" in checks["queue"]["mend"]


def test_storage_that_refuses_the_key(monkeypatch, account):
    key = account.split("AccountKey=")[1].split(";")[0]
    monkeypatch.setenv("LineageStorage", account.replace(key, "bm9ib2R5"))

    checks = examined(code=1)

    assert "Storage Queue Data Contributor" in checks["queue"]["mend"]
    assert key not in json.dumps(checks)


def test_settings_that_are_not_in_order(monkeypatch):
    monkeypatch.delenv("LINEAGE_QUEUE_NAME")
    monkeypatch.setenv("PURVIEW_AUTH", "client-secret")

    checks = examined(code=1)

    assert set(checks) == {"settings"}
    assert "LINEAGE_QUEUE_NAME" in checks["settings"]["detail"]
    assert checks["settings"]["mend"].endswith("--settings 'LINEAGE_QUEUE_NAME=<value>'")


def test_what_does_not_keep_the_app_from_its_work_does_not_make_it_unready():
    minor = health.Check("clock", ok=False, blocks=False)

    assert health.is_ready([minor])
    assert not health.is_ready([minor, health.Check("queue", ok=False)])
    assert "blocks" not in health.Check("queue", ok=True).facts()
