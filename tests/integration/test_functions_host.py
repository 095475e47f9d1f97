"""The app on Microsoft's Python runtime, and the host's rules around it, on a real queue."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from local.process import Process

ROOT = Path(__file__).parents[2]


def test_the_app_imports_with_an_empty_environment():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import function_app"],
        env={},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert done.stderr == b""
    assert done.returncode == 0


def test_microsofts_runtime_lists_exactly_the_functions_of_the_app(stack):
    listed = json.loads((stack.logs / "functions.log").read_text("utf-8").splitlines()[0])["names"]

    assert sorted(listed) == sorted(
        re.findall(r'function_name\("(\w+)"\)', (ROOT / "function_app.py").read_text("utf-8"))
    )


@pytest.fixture
def host(stack, tmp_path):
    """Starts the app beside the stack's, with other settings; answers its base URL and key."""
    started = []

    def start(**settings):
        log = tmp_path / f"functions-{len(started)}.log"
        started.append(
            Process([sys.executable, "-m", "local.functions"], log, env=stack.app_settings() | settings)
        )
        return json.loads(started[-1].line_with('"functions"'))["functions"]

    yield start
    for process in started:
        process.stop()


def test_a_wrong_setting_is_one_clear_message_at_the_first_use(host, stack):
    url = host(PURVIEW_ENDPOINT="", LINEAGE_MAX_CONCURRENCY="many", LINEAGE_QUEUE_NAME="other-queue")
    headers = {"x-functions-key": stack.addresses.functionKey}

    ready = requests.get(f"{url}/api/ready", headers=headers, timeout=30)
    posted = requests.post(f"{url}/api/lineage", json={}, headers=headers, timeout=30)

    assert requests.get(f"{url}/api/health", timeout=30).status_code == 200
    assert (ready.status_code, posted.status_code) == (503, 503)
    assert ready.json()["checks"][0]["name"] == "settings"
    for detail in (ready.json()["checks"][0]["detail"], posted.json()["detail"]):
        assert "PURVIEW_ENDPOINT: set it to https://{account}.purview.azure.com" in detail
        assert "LINEAGE_MAX_CONCURRENCY: " in detail


def test_messages_that_come_while_a_setting_is_wrong_wait_with_that_reason(host, stack):
    with QueueClient.from_connection_string(stack.storage, "unready-queue") as queue:
        queue.create_queue()
        queue.send_message('{"source": "a", "target": "b"}')
        host(PURVIEW_AUTH="magic", LINEAGE_QUEUE_NAME="unready-queue", LINEAGE_RETRY_AFTER="01:00:00")

        give_up = time.monotonic() + 30
        while queue.peek_messages() and time.monotonic() < give_up:
            time.sleep(0.1)

        assert queue.get_queue_properties().approximate_message_count == 1  # hidden until it is tried again
        assert queue.peek_messages() == []
        with pytest.raises(ResourceNotFoundError):
            QueueClient.from_connection_string(stack.storage, "unready-queue-poison").get_queue_properties()


def test_ready_says_what_is_wrong_and_what_to_do(host, stack):
    url = host(LINEAGE_QUEUE_NAME="not-there", IDENTITY_HEADER="wrong")

    answer = requests.get(f"{url}/api/ready?code={stack.addresses.functionKey}", timeout=60)

    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert answer.status_code == 503
    assert {name for name, check in checks.items() if check.get("blocks")} == {
        "identity",
        "dataMap",
        "queue",
        "poisonQueue",
    }
    assert "az functionapp identity assign" in checks["identity"]["mend"]
    assert "az storage queue create --name not-there" in checks["queue"]["mend"]


def test_an_app_that_cannot_be_imported_ends_the_host_with_its_error(tmp_path):
    (tmp_path / "function_app.py").write_text("import no_such_module")
    (tmp_path / "host.json").write_text('{"version": "2.0"}')

    done = subprocess.run(
        [sys.executable, "-m", "local.functions", "--app", str(tmp_path)],
        env={**os.environ, "LOCAL_FUNCTION_KEY": "key"},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1
    assert b"no_such_module" in done.stderr
