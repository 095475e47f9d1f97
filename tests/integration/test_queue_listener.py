"""
The Functions host's queue rules, as the local host plays them, on a real queue with function apps of a few lines.

Microsoft's rules: azure-sdk-for-net, QueueListener and QueueProcessor; docs, "Azure Queue storage trigger".
"""

import base64
import json
import os
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from local.process import Process

ROOT = Path(__file__).parents[2]
APP = """
import os, time
import azure.functions as func

app = func.FunctionApp()


@app.function_name("Consume")
@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="Connection", data_type="DATATYPE")
def consume(message: func.QueueMessage) -> None:
    body = message.get_body()
    with open(os.environ["CALLS"], "ab") as calls:
        calls.write(b"%d %s\\n" % (message.dequeue_count, body))
    BEHAVE
"""
WAITS = 60  # seconds, at most


class Host:
    """A queue, its poison queue, and the local host with an app of one function beside them."""

    def __init__(self, connection, folder):
        self.connection = connection
        self.folder = folder
        self.name = f"q{uuid4().hex}"
        self.queue = QueueClient.from_connection_string(connection, self.name)
        self.poison = QueueClient.from_connection_string(connection, f"{self.name}-poison")
        self.process = None

    def start(self, behave="pass", *, lease_seconds=600, encoding="none", data_type="binary", **options):
        queues = {"maxPollingInterval": "00:00:00.2", "messageEncoding": encoding, **options}
        host = {"version": "2.0", "extensions": {"queues": queues}}
        (self.folder / "host.json").write_text(json.dumps(host))
        app = APP.replace("BEHAVE", behave).replace("DATATYPE", data_type)
        (self.folder / "function_app.py").write_text(app)
        settings = {
            "QUEUE": self.name,
            "Connection": self.connection,
            "CALLS": str(self.folder / "calls"),
            "LOCAL_FUNCTION_KEY": "key",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "local.functions", "--app", str(self.folder)]
        log = self.folder / "host.log"
        self.process = Process([*command, "--lease-seconds", str(lease_seconds)], log, env=settings)
        self.process.line_with('"functions"')

    def stop(self):
        if self.process:
            self.process.stop()
        self.queue.close()
        self.poison.close()

    def calls(self):
        """What the function was called with: (dequeue count, body)."""
        if not (self.folder / "calls").exists():
            return []
        lines = (self.folder / "calls").read_bytes().splitlines()
        return [(int(count), body) for count, body in (line.split(b" ", 1) for line in lines)]

    def wait_for(self, question):
        give_up = time.monotonic() + WAITS
        while not (answer := question()):
            assert time.monotonic() < give_up, (self.folder / "host.log").read_text()[-3000:]
            time.sleep(0.05)
        return answer

    def waiting(self):
        """Messages on the queue, hidden ones included."""
        return self.queue.get_queue_properties().approximate_message_count

    def dead(self):
        """The contents of the poison queue, once there is something in it."""
        try:
            return [message.content for message in self.poison.peek_messages(32)]
        except ResourceNotFoundError:
            return []


@pytest.fixture
def host(storage, tmp_path):
    host = Host(storage.connection_string.get_secret_value(), tmp_path)
    yield host
    host.stop()


def test_a_message_that_is_handled_is_deleted(host):
    host.queue.create_queue()
    host.queue.send_message("hello <ü>")
    host.start()

    host.wait_for(lambda: host.waiting() == 0)

    assert host.calls() == [(1, "hello <ü>".encode())]
    assert host.dead() == []


def test_a_queue_that_is_missing_is_waited_for_and_not_made(host):
    host.start()
    with pytest.raises(ResourceNotFoundError):
        host.waiting()

    host.queue.create_queue()
    host.queue.send_message("late")

    host.wait_for(lambda: host.calls() and host.waiting() == 0)
    assert host.calls() == [(1, b"late")]


def test_a_failure_is_tried_again_and_after_the_last_the_body_is_in_the_poison_queue_unchanged(host):
    body = '{ "a":1,\t"b": "<ü>" }'
    host.queue.create_queue()
    host.queue.send_message(body)
    host.start("raise ValueError('no')", maxDequeueCount=3)

    host.wait_for(host.dead)
    host.wait_for(lambda: host.waiting() == 0)

    assert host.dead() == [body]
    assert host.calls() == [(count, body.encode()) for count in (1, 2, 3)]


def test_between_two_tries_a_message_is_hidden_for_the_time_that_host_json_says(host):
    host.queue.create_queue()
    host.queue.send_message("x")
    host.start("raise ValueError('no')", visibilityTimeout="01:00:00")

    host.wait_for(host.calls)
    released = (host.folder / "host.log").read_text
    host.wait_for(lambda: "Consume failed" in released())

    assert (host.waiting(), host.queue.peek_messages()) == (1, [])
    assert host.calls() == [(1, b"x")]


def test_a_message_that_was_received_too_often_goes_to_poison_without_a_call(host):
    """So it is with a message whose handling ended the process at each of its deliveries."""
    host.queue.create_queue()
    host.queue.send_message("x")
    for _ in range(2):
        (message,) = host.queue.receive_messages(visibility_timeout=60)
        host.queue.update_message(message, visibility_timeout=0)
    host.start(maxDequeueCount=2)

    host.wait_for(host.dead)

    assert (host.dead(), host.calls()) == (["x"], [])


def test_base64_is_decoded_where_host_json_says_so_and_what_is_none_goes_to_poison_at_once(host):
    host.queue.create_queue()
    for text in (base64.b64encode(b"\xff\x00hello").decode(), '{"plain": "json"}'):
        host.queue.send_message(text)
    host.start(encoding="base64")

    host.wait_for(host.dead)
    host.wait_for(lambda: host.waiting() == 0)

    assert host.dead() == ['{"plain": "json"}']
    assert host.calls() == [(1, b"\xff\x00hello")]


@pytest.mark.parametrize("text", ["ü", "bücher==", "YWJj\u00a0", "abc"])
def test_what_is_no_base64_for_whatever_reason_goes_to_poison_at_once(host, text):
    host.queue.create_queue()
    host.queue.send_message(text)
    host.start(encoding="base64")

    host.wait_for(host.dead)
    host.wait_for(lambda: host.waiting() == 0)

    assert (host.dead(), host.calls()) == ([text], [])


def test_bytes_that_are_no_text_fail_for_a_function_that_takes_text_without_a_call_until_they_are_dead(host):
    text = base64.b64encode(b"\xff\x00hello").decode()
    host.queue.create_queue()
    host.queue.send_message(text)
    host.start(encoding="base64", data_type="string", maxDequeueCount=2)

    host.wait_for(host.dead)
    host.wait_for(lambda: host.waiting() == 0)

    log = (host.folder / "host.log").read_text()
    assert (host.dead(), host.calls()) == ([text], [])
    assert log.count("Consume was not called") == 2


def test_a_lease_is_renewed_for_as_long_as_the_function_runs(host):
    host.queue.create_queue()
    host.queue.send_message("slow")
    host.start("time.sleep(5)", lease_seconds=2)

    host.wait_for(lambda: host.waiting() == 0)

    assert host.calls() == [(1, b"slow")]


def test_messages_are_handled_at_the_same_time_up_to_the_batch_and_its_threshold(host):
    host.queue.create_queue()
    for number in range(6):
        host.queue.send_message(str(number))
    host.start("time.sleep(600)", batchSize=2, newBatchThreshold=1)

    host.wait_for(lambda: len(host.calls()) == 3 or len(host.calls()) == 2)

    assert len(host.calls()) <= 2 + 1
    assert host.waiting() == 6
    host.process.kill()
