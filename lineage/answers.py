"""
The Data Map's answers to what they mean: an object, or an error that knows its fate.

Only Atlas can refuse lineage. What else speaks (a gateway, a proxy with its page, another service at a wrong address)
has not understood it, so nothing is dead or done for what it says.
"""

import json
from http import HTTPStatus
from typing import Any

from azure.core.rest import HttpResponse

from lineage.errors import (
    AlreadyExists,
    DataMapError,
    NotAuthorized,
    NotFound,
    ReferenceMissing,
    Refused,
    TooLarge,
    TypeMissing,
    Unavailable,
)

Json = dict[str, Any]

# Atlas' codes that mean more than "no". Apache Atlas `AtlasErrorCode.java`; the HTTP status alone misleads: an
# invalid attribute is a 404 too.
BY_CODE: dict[str, type[DataMapError]] = {
    "ATLAS-409-00-004": AlreadyExists,  # the relationship
    "ATLAS-409-00-001": AlreadyExists,  # the type
    "ATLAS-400-00-07D": ReferenceMissing,  # an end of a relationship
    "ATLAS-404-00-00A": ReferenceMissing,  # an input or output of an entity
    "ATLAS-400-00-014": TypeMissing,
    "ATLAS-404-00-001": TypeMissing,
    "ATLAS-404-00-005": NotFound,  # a guid
    "ATLAS-404-00-009": NotFound,  # a qualifiedName
    "ATLAS-404-00-00C": NotFound,  # a relationship
    "ATLAS-404-00-00F": NotFound,  # a relationship that was deleted before
}
BY_STATUS: dict[int, type[DataMapError]] = {
    401: NotAuthorized,
    403: NotAuthorized,
    408: TooLarge,
    413: TooLarge,
    429: Unavailable,
}


def error_of(status: int, body: str, retry_after: float | None = None) -> DataMapError:
    """
    An error answer to the error it means.

    Purview has two bodies, Atlas' own (`errorCode`, `errorMessage`, `requestId`) and its gateway's
    (`error.code`, `error.message`), and answers in neither when a proxy on the way speaks.
    """
    answer = _json_of(body)
    gateway = answer.get("error")
    gateway = gateway if isinstance(gateway, dict) else {}
    code = _text(answer.get("errorCode") or gateway.get("code"))
    message = (
        _text(answer.get("errorMessage") or gateway.get("message") or body.strip()[:200]) or "no explanation"
    )
    kind = BY_CODE.get(str(code)) or BY_STATUS.get(status) or _otherwise(status, str(code))
    return kind(
        f"{code or f'HTTP {status}'}: {message}",
        http_status=status,
        error_code=code,
        request_id=_text(answer.get("requestId")),
        retry_after=retry_after,
    )


def _otherwise(status: int, code: str) -> type[DataMapError]:
    from_atlas = status < HTTPStatus.INTERNAL_SERVER_ERROR and code.startswith("ATLAS-")
    return Refused if from_atlas else Unavailable


def text_of(response: HttpResponse) -> str:
    """An answer's text; words in its place if it is none in the encoding that it names."""
    try:
        return response.text()
    except UnicodeDecodeError:
        return "(what is not the text that it says it is)"


def answer_of(status: int, text: str) -> Json:
    """The answer to a call that went well, where every route answers an object or nothing; or `Unavailable`."""
    if not text.strip():
        return {}
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        said = _text(text.strip()[:200])
        raise Unavailable(f"HTTP {status}, but not as a Data Map answers: {said}", http_status=status)
    return answer


def _json_of(text: str) -> Json:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def retry_after(response: HttpResponse) -> float | None:
    """Seconds, an hour at most; the header's date form is not used by Azure."""
    try:
        return min(max(0.0, float(response.headers.get("Retry-After", ""))), 3600.0)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    """What should be text, as text that can be written anywhere."""
    return str(value).encode("utf-8", "replace").decode() if value else None
