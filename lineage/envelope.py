"""
Bytes on the wire to a message, and back: plain JSON, base64, gzip, CloudEvents 1.0, claim checks.

Whatever a producer's tools do to the text, the payload is found; and what the app itself writes (dead messages)
is the same standard envelope, so that moving one back to the queue unchanged replays it.
"""

import base64
import binascii
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from lineage.errors import InvalidRequest, Mistake, PayloadTooLarge
from lineage.request import read_json

PAYLOAD_LIMIT = 16 * 1024 * 1024  # bytes, after decompression
GZIP_MEMBERS = 100
NESTING_LIMIT = 4  # an envelope in an envelope: ours around Event Grid's around the request
GZIP_MAGIC = b"\x1f\x8b"
JSON_STARTS = b'{["'
SOURCE = "purview-lineage"
SENT = "lineage.request"  # the CloudEvents type of a request that was wrapped by whoever sent it
CORE_ATTRIBUTES = frozenset(
    {"specversion", "id", "source", "type", "time", "datacontenttype", "data", "data_base64", "dataref"}
)

Attributes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    A message out of its wrapping: `original` is what the first sender put on the queue, to the byte (what a replay
    gives back); or `claim` names the blob that holds it.
    """

    original: bytes
    claim: str | None = None
    kind: str | None = None  # the CloudEvents type of the wrapping
    attributes: Attributes = field(default_factory=dict)  # its extension attributes: reason, attempts, ...

    @property
    def subject(self) -> str | None:
        """The id of the request inside, where the wrapping says it."""
        subject = self.attributes.get("subject")
        return subject if isinstance(subject, str) else None


def open_envelope(body: bytes) -> Envelope:
    """Takes our own envelope off a message, however often it was put on. What cannot be read stays as it is."""
    kind: str | None = None
    attributes: Attributes = {}
    for _ in range(NESTING_LIMIT):
        event = _own_event(body)
        if event is None:
            break
        if kind is None:  # the outermost says what became of the message last
            kind = str(event.get("type"))
            attributes = {name: value for name, value in event.items() if name not in CORE_ATTRIBUTES}
        if isinstance(event.get("dataref"), str):
            return Envelope(body, event["dataref"], kind, attributes)
        body = _data(event)
    return Envelope(body, None, kind, attributes)


def read_payload(original: bytes) -> Any:
    """The JSON that a message carries, out of a CloudEvent if somebody wrapped it in one; or `InvalidRequest`."""
    return unwrapped(read_json(plain(original)))


def unwrapped(payload: Any) -> Any:
    """What a CloudEvent carries, if JSON is one; or `InvalidRequest`."""
    for _ in range(NESTING_LIMIT + 1):
        if not (isinstance(payload, dict) and "specversion" in payload):
            return payload
        data = _data(payload)
        payload = read_json(plain(data)) if isinstance(data, bytes) else data
    raise InvalidRequest(Mistake("data", f"more than {NESTING_LIMIT} CloudEvents in each other"))


def seal(data: bytes, kind: str, attributes: Attributes, *, claim: str | None = None) -> bytes:
    """
    A CloudEvents 1.0 JSON envelope around a message, as ASCII.

    UTF-8 text is carried as text, so that people can read it in Storage Explorer; other bytes as `data_base64`; what
    is too large for the queue stays in a blob, named by `dataref`.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": SOURCE,
        "type": kind,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **attributes,
    }
    if claim is not None:
        event["dataref"] = claim
    else:
        event |= _carried(data)
    return json.dumps(event).encode("ascii")


def plain(body: bytes) -> bytes:
    """JSON as it is, or decoded from base64, or unzipped. The forms cannot be confused: JSON starts outside base64."""
    text = body.removeprefix(BOM_UTF8).strip()
    if not text:
        raise InvalidRequest(Mistake("", "the message is empty"))
    if text[:2] == GZIP_MAGIC:
        return gunzip(text)
    if text[:1] in JSON_STARTS:
        return _bounded(text)
    try:
        decoded = base64.b64decode(b"".join(text.split()), validate=True)  # some tools break the lines
    except (binascii.Error, ValueError):
        return _bounded(text)
    return gunzip(decoded) if decoded[:2] == GZIP_MAGIC else _bounded(decoded.removeprefix(BOM_UTF8).strip())


def gunzip(data: bytes) -> bytes:
    """Gzip, bounded: a small message may not unfold into a large one."""
    plain_data = b""
    for _ in range(GZIP_MEMBERS):  # one after the other
        stream = zlib.decompressobj(wbits=31)
        try:
            plain_data += stream.decompress(data, PAYLOAD_LIMIT + 1 - len(plain_data))
        except zlib.error as error:
            raise InvalidRequest(Mistake("", f"not gzip: {error}")) from error
        _bounded(plain_data)
        if not stream.eof:
            raise InvalidRequest(Mistake("", "the gzip data is cut off"))
        data = stream.unused_data.lstrip(b"\0")
        if not data:
            return plain_data
    raise InvalidRequest(Mistake("", f"more than {GZIP_MEMBERS} gzip members"))


def _own_event(body: bytes) -> dict[str, Any] | None:
    """The CloudEvent this app wrote; its source stands near the start, so other messages are not parsed twice."""
    try:
        text = plain(body)
        event = read_json(text) if SOURCE.encode() in text[:512] else None
    except InvalidRequest:
        return None
    if not isinstance(event, dict) or event.get("source") != SOURCE or "specversion" not in event:
        return None
    return event if isinstance(event.get("dataref"), str) or _carries_bytes(event) else None


def _carries_bytes(event: Mapping[str, Any]) -> bool:
    try:
        return isinstance(_data(event), bytes)
    except InvalidRequest:
        return False


def _bounded(data: bytes) -> bytes:
    if len(data) > PAYLOAD_LIMIT:
        raise PayloadTooLarge(Mistake("", f"larger than {PAYLOAD_LIMIT // 1024 // 1024} MiB"))
    return data


def _carried(data: bytes) -> dict[str, str]:
    try:
        return {"datacontenttype": "text/plain", "data": data.decode()}
    except UnicodeDecodeError:
        return {"datacontenttype": "application/octet-stream", "data_base64": base64.b64encode(data).decode()}


def _data(event: Mapping[str, Any]) -> Any:
    """A CloudEvent's data: bytes still to be read, or JSON (CloudEvents JSON format 1.0.2, section 3.1)."""
    if isinstance(event.get("data_base64"), str):
        try:
            return base64.b64decode(event["data_base64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest(Mistake("data_base64", f"not base64: {error}")) from error
    data = event.get("data")
    if data is None:
        raise InvalidRequest(Mistake("data", "the CloudEvent carries no data"))
    return data.encode() if isinstance(data, str) else data
