"""host.json with its overrides from app settings, and `%SETTING%` in bindings, as the Functions host reads them."""

import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

OVERRIDE = "AzureFunctionsJobHost__"


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """`extensions.queues` of host.json, with the host's defaults."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: timedelta
    max_polling_interval: timedelta
    base64: bool


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What of host.json matters locally."""

    route_prefix: str
    queues: QueueOptions


def read(app: Path) -> HostOptions:
    """The options of an app folder's host.json, overridden by `AzureFunctionsJobHost__…` settings."""
    options = json.loads((app / "host.json").read_text("utf-8"))
    for name, value in os.environ.items():
        if name.startswith(OVERRIDE):
            _override(options, name.removeprefix(OVERRIDE).split("__"), value)
    extensions = options.get("extensions", {})
    queues = {name.lower(): value for name, value in extensions.get("queues", {}).items()}
    batch_size = int(queues.get("batchsize", 16))
    return HostOptions(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api"),
        queues=QueueOptions(
            batch_size=batch_size,
            new_batch_threshold=int(queues.get("newbatchthreshold", batch_size // 2)),
            max_dequeue_count=int(queues.get("maxdequeuecount", 5)),
            visibility_timeout=_span(queues.get("visibilitytimeout", "00:00:00")),
            max_polling_interval=_span(queues.get("maxpollinginterval", "00:01:00")),
            base64=queues.get("messageencoding", "base64").lower() == "base64",
        ),
    )


def expand(text: str) -> str:
    """`%NAME%` is the app setting NAME; a missing one stops the host, as it does in Azure."""
    return re.sub(r"%([^%]+)%", lambda found: os.environ[found[1]], text)


def _override(options: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        options = options.setdefault(name, {})
    options[path[-1]] = value


def _span(text: str) -> timedelta:
    """`hh:mm:ss` with optional fractions, .NET's TimeSpan."""
    hours, minutes, seconds = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
