"""Azurite, the Data Map stand-in and the function app, up and down together, on free ports."""

import json
import secrets
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient

from local.process import Process

ROOT = Path(__file__).parent.parent
AZURITE = ROOT / "local" / "azurite" / "node_modules" / ".bin" / "azurite"
AZURITE_OPTIONS = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
# Azurite's one account and its well-known key, published in its documentation: no secret.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
QUEUE = "lineage"
# Locally everything that waits is quicker than in Azure, so that a mistake is in the poison queue within a minute.
# The first two override host.json, as the Functions host lets app settings do.
QUICK = {
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.5",
    "LINEAGE_RETRY_AFTER": "00:00:01",
    "LINEAGE_RETRY_AFTER_MAX": "00:00:05",
    "LINEAGE_GIVE_UP_AFTER": "00:01:00",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is, once it is up."""

    functions: str
    functionKey: str  # noqa: N815 - JSON's spelling, as these are printed
    storage: str
    queue: str
    datamap: str
    identityEndpoint: str  # noqa: N815
    identityHeader: str  # noqa: N815

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    def app_settings(self) -> dict[str, str]:
        """What the app, and the `lineage` command, have to be told. They sign in as in Azure, by the managed identity."""
        return {
            "LineageStorage": self.storage,
            "LINEAGE_QUEUE_NAME": self.queue,
            "PURVIEW_ENDPOINT": self.datamap,
            "IDENTITY_ENDPOINT": self.identityEndpoint,
            "IDENTITY_HEADER": self.identityHeader,
        }


class Stack:
    """
    The three programs. A context manager: leaves nothing running.

    `settings` are further app settings of the functions; `app` is another folder to run than the checkout, and `python`
    the interpreter that runs it; `core_tools` runs it with `func start`, the real Functions host, which has to be
    installed.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        app: Path = ROOT,
        python: str = sys.executable,
        lease_seconds: int = 600,
        core_tools: bool = False,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lineage-local-")
        self.logs = Path(self._folder.name)
        self._app = app
        self._python = python
        self._lease = lease_seconds
        self._core_tools = core_tools
        self.settings = dict(settings or {})
        self._key = secrets.token_urlsafe(24)
        self._identity_header = secrets.token_urlsafe(24)
        self._functions_url = ""  # until they run
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends what runs, last started first."""
        for process in reversed(self._running):
            process.stop()
        self._running.clear()
        self._folder.cleanup()

    def start_functions(self) -> None:
        """Starts the function app (again): another process, the same addresses of everything else."""
        if self._core_tools:
            self._start_core_tools()
            return
        self.functions = self._launch(
            "functions",
            [self._python, "-m", "local.functions", "--lease-seconds", str(self._lease)],
            self.app_settings(),
            folder=self._app,
        )
        self._functions_url = json.loads(self.functions.line_with('"functions"'))["functions"]

    def _start_core_tools(self) -> None:
        port = _free_port()
        self.functions = self._launch(
            "functions",
            ["func", "start", "--port", str(port), "--script-root", str(self._app)],
            {"FUNCTIONS_WORKER_RUNTIME": "python", **self.app_settings()},
        )
        self.functions.line_with("Host lock lease acquired", timeout=120)
        self._functions_url = f"http://127.0.0.1:{port}"

    @property
    def addresses(self) -> Addresses:
        """Where to find what runs."""
        return Addresses(
            functions=self._functions_url,
            functionKey=self._key,
            storage=self.storage,
            queue=QUEUE,
            datamap=self._datamap_url,
            identityEndpoint=f"{self._datamap_url}/identity/token",
            identityHeader=self._identity_header,
        )

    def app_settings(self) -> dict[str, str]:
        """What local.settings.json would hold."""
        return {
            "AzureWebJobsStorage": self.storage,
            "LOCAL_FUNCTION_KEY": self._key,
            **self.addresses.app_settings(),
            **QUICK,
            **self.settings,
        }

    def _start(self) -> None:
        # In memory Azurite keeps what every message held, and stands still for a minute at times to forget it; on disk
        # it writes all rows out every few seconds. So the one keeps queues and blobs, another one tables.
        azurite = self._launch_azurite("azurite", "--location", str(self.logs / "azurite"))
        tables = self._launch_azurite("azurite-tables", "--inMemoryPersistence")
        self.datamap = self._launch(
            "datamap",
            [sys.executable, "-m", "local.datamap", "--port", "0"],
            {"DATAMAP_IDENTITY_HEADER": self._identity_header},
        )
        self._datamap_url = self.datamap.line_with("http").strip()
        self.storage = connection_string(azurite, tables)
        _create_queues(self.storage)
        self.start_functions()

    def _launch_azurite(self, name: str, *options: str) -> Process:
        ports = [f"--{service}Port=0" for service in ("blob", "queue", "table")]
        return self._launch(name, [str(AZURITE), *AZURITE_OPTIONS, *ports, *options])

    def _launch(
        self,
        name: str,
        command: list[str],
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Process:
        env = {"PYTHONPATH": str(ROOT), **(env or {})}
        process = Process(command, self.logs / f"{name}.log", env=env, folder=folder)
        self._running.append(process)
        return process


def connection_string(azurite: Process, tables: Process | None = None) -> str:
    """How to reach Azurite; `tables` is another one, if that is where they are."""
    parts = [f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}"]
    for service, process in (("Blob", azurite), ("Queue", azurite), ("Table", tables or azurite)):
        line = process.line_with(f"{service} service is successfully listening at")
        parts.append(f"{service}Endpoint={line.split()[-1]}/{ACCOUNT}")
    return ";".join(parts) + ";"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _create_queues(storage: str) -> None:
    """The queues that deployment creates: the host does not create a queue it listens to."""
    with QueueServiceClient.from_connection_string(storage) as service:
        for name in (QUEUE, f"{QUEUE}-poison"):
            try:
                service.create_queue(name)
            except ResourceExistsError:
                continue
