"""
App settings, validated, with one clear message per mistake.

Read at the first use and never at import: in Azure an import error makes every function vanish. The names are
those of the app settings; `docs/settings.md` lists them.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lineage.errors import InvalidSettings, Mistake
from lineage.naming import BUILT_IN, Rules
from lineage.openlineage import Options
from lineage.request import OnMissing

HOST_JSON = Path(__file__).parent.parent / "host.json"
# Any setting of host.json can be overridden by an app setting of this form: the Functions host's own rule.
MAX_DEQUEUE_COUNT = "AzureFunctionsJobHost__extensions__queues__maxDequeueCount"
HOSTS_MAX_DEQUEUE_COUNT = "5"  # the Functions host's own default
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# A queue name has 3 to 63 characters, and `-poison` is added to ours.
QUEUE_NAME = re.compile(r"(?=.{3,56}$)[a-z0-9]+(?:-[a-z0-9]+)*")
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{1,61}[A-Za-z0-9])?")
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


def is_loopback(url: str) -> bool:
    """Whether a URL is on this machine, where plain http and self-made authorities are allowed."""
    return urlsplit(url).hostname in LOOPBACK


def _service_url(value: str) -> str:
    """An https origin without a path. Plain http is for loopback only: a token never travels in the clear."""
    url = _split(value)
    if not url or url.scheme not in {"https", "http"}:
        raise PydanticCustomError("url", "write a URL such as https://contoso.purview.azure.com")
    if url.scheme == "http" and not is_loopback(url.geturl()):
        raise PydanticCustomError("url", "write https://: a token is never sent in the clear")
    return f"{url.scheme}://{url.netloc}"


def _storage_url(value: str) -> str:
    """A storage endpoint; the emulator's has the account's name as its path."""
    url = _split(value)
    if not url:
        raise PydanticCustomError("url", "write a URL such as https://contoso.queue.core.windows.net")
    return _service_url(value) + url.path.rstrip("/")


def _split(value: str) -> SplitResult | None:
    """A URL, its scheme https if it has none; nothing if it is no host and, perhaps, a port."""
    try:
        url = urlsplit(value if "://" in value else f"https://{value}")
        return url if HOST.fullmatch(url.netloc) and url.port != 0 else None
    except ValueError:
        return None


def _duration(value: object) -> object:
    """Also .NET's `d.hh:mm:ss`, as in host.json, and plain seconds."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, str) and (days := re.fullmatch(r"(\d+)\.(\d\d:\d\d:\d\d)", value)):
        return f"{days[1]} days, {days[2]}"
    return value


def _queue_name(value: str) -> str:
    if not QUEUE_NAME.fullmatch(value):
        raise PydanticCustomError(
            "queue", "3 to 56 lower-case letters, digits and single hyphens (the poison queue adds seven)"
        )
    return value


def _naming_rules(value: str) -> Rules:
    try:
        return Rules.parse(value)
    except ValueError as error:
        raise PydanticCustomError("naming", "{text}", {"text": str(error)}) from error


def _options(value: str) -> Options:
    try:
        return Options.parse(value)
    except ValueError as error:
        raise PydanticCustomError("options", "{text}", {"text": str(error)}) from error


ServiceUrl = Annotated[str, AfterValidator(_service_url)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
Auth = Literal[
    "managed-identity",
    "client-secret",
    "client-certificate",
    "workload-identity",
    "azure-cli",
    "device-code",
    "default",
]
Duration = Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=3650)), BeforeValidator(_duration)]


class Storage(BaseModel):
    """The connection `LineageStorage`: a connection string, or service URIs and an identity."""

    model_config = ConfigDict(frozen=True)

    connection_string: SecretStr | None = Field(default=None, alias="LineageStorage")
    queue_url: StorageUrl | None = Field(default=None, alias="LineageStorage__queueServiceUri")
    blob_url: StorageUrl | None = Field(default=None, alias="LineageStorage__blobServiceUri")
    table_url: StorageUrl | None = Field(default=None, alias="LineageStorage__tableServiceUri")
    client_id: str | None = Field(default=None, alias="LineageStorage__clientId")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if self.connection_string is None and not (self.queue_url and self.blob_url and self.table_url):
            raise PydanticCustomError(
                "LineageStorage",
                "set LineageStorage (a connection string), or LineageStorage__queueServiceUri, "
                "LineageStorage__blobServiceUri and LineageStorage__tableServiceUri (identity)",
            )
        return self


class Readable(BaseModel):
    """Settings that are read from the environment."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The settings in `environ`, or `InvalidSettings` with every mistake. A blank value is no value."""
        given = {name: value.strip() for name, value in environ.items() if value.strip()}
        if "PURVIEW_ENDPOINT" not in given and (account := given.get("PURVIEW_ACCOUNT_NAME")):
            if not ACCOUNT_NAME.fullmatch(account):
                raise InvalidSettings(
                    [Mistake("PURVIEW_ACCOUNT_NAME", "write the account's name, as in contoso")]
                )
            given["PURVIEW_ENDPOINT"] = f"https://{account.lower()}.purview.azure.com"
        given.setdefault(MAX_DEQUEUE_COUNT, _max_dequeue_count())
        try:
            return cls.model_validate({**given, "storage": given})
        except ValidationError as error:
            raise InvalidSettings([_to_mistake(item) for item in error.errors(include_input=False)]) from None


class PurviewSettings(Readable):
    """What it takes to sign in and speak to the Data Map: all that somebody needs who only looks at lineage."""

    endpoint: ServiceUrl = Field(alias="PURVIEW_ENDPOINT")
    auth: Auth = Field(default="managed-identity", alias="PURVIEW_AUTH")
    tenant_id: str | None = Field(default=None, alias="PURVIEW_TENANT_ID")
    client_id: str | None = Field(default=None, alias="PURVIEW_CLIENT_ID")
    client_secret: SecretStr | None = Field(default=None, alias="PURVIEW_CLIENT_SECRET")
    certificate_path: Path | None = Field(default=None, alias="PURVIEW_CLIENT_CERTIFICATE_PATH")
    certificate_password: SecretStr | None = Field(default=None, alias="PURVIEW_CLIENT_CERTIFICATE_PASSWORD")
    # The name under which workload identity federation hands a process its token.
    federated_token_file: Path | None = Field(default=None, alias="AZURE_FEDERATED_TOKEN_FILE")
    authority: ServiceUrl = Field(default="https://login.microsoftonline.com", alias="PURVIEW_AUTHORITY_HOST")
    scope: str = Field(default="https://purview.azure.net/.default", alias="PURVIEW_SCOPE")
    collection: str | None = Field(default=None, alias="PURVIEW_COLLECTION")
    max_concurrency: Annotated[int, Field(ge=1, le=64)] = Field(default=8, alias="LINEAGE_MAX_CONCURRENCY")
    naming_rules: Annotated[Rules, BeforeValidator(_naming_rules)] = Field(
        default=BUILT_IN, alias="LINEAGE_NAMING_RULES"
    )


class DeliverySettings(Readable):
    """What it takes to see a message to its end: the queue, and how long to try."""

    queue_name: Annotated[str, AfterValidator(_queue_name)] = Field(alias="LINEAGE_QUEUE_NAME")
    give_up_after: Duration = Field(default=timedelta(hours=24), alias="LINEAGE_GIVE_UP_AFTER")
    retry_after: Duration = Field(default=timedelta(seconds=30), alias="LINEAGE_RETRY_AFTER")
    retry_after_max: Duration = Field(default=timedelta(hours=1), alias="LINEAGE_RETRY_AFTER_MAX")
    max_dequeue_count: Annotated[int, Field(ge=1)] = Field(alias=MAX_DEQUEUE_COUNT)
    storage: Storage


class Settings(DeliverySettings, PurviewSettings):
    """Everything the app can be told. Frozen: read once per process."""

    on_missing: OnMissing = Field(default="wait", alias="LINEAGE_ON_MISSING")
    openlineage_on_missing: OnMissing = Field(default="create", alias="LINEAGE_OPENLINEAGE_ON_MISSING")
    openlineage_options: Annotated[Options, BeforeValidator(_options)] = Field(
        default=Options(), alias="LINEAGE_OPENLINEAGE_OPTIONS"
    )
    reassert_after: Duration = Field(default=timedelta(hours=24), alias="LINEAGE_REASSERT_AFTER")
    keep_runs: Duration = Field(default=timedelta(days=7), alias="LINEAGE_KEEP_RUNS")


def _max_dequeue_count() -> str:
    """What host.json says: the host and the app must agree on which attempt is the last."""
    if not HOST_JSON.exists():  # installed for its command line: no host runs here
        return HOSTS_MAX_DEQUEUE_COUNT
    queues = json.loads(HOST_JSON.read_text("utf-8")).get("extensions", {}).get("queues", {})
    return str(queues.get("maxDequeueCount", HOSTS_MAX_DEQUEUE_COUNT))


def _to_mistake(error: Any) -> Mistake:
    path = ".".join(str(part) for part in error["loc"] if part != "storage") or error["type"]
    message = "this app setting is needed" if error["type"] == "missing" else error["msg"]
    if error["type"].startswith("time_delta"):
        message = "write a time such as 00:00:30, 1.00:00:00 or PT30S"
    if path == "PURVIEW_ENDPOINT" and error["type"] == "missing":
        message = "set it to https://{account}.purview.azure.com, or set PURVIEW_ACCOUNT_NAME"
    return Mistake(path, message)
