"""What can go wrong, as one tree. Each class knows its fate, so nothing downstream decides twice.

    LineageError
    ├── InvalidRequest       not JSON, or not a request we know         dead       400
    │   ├── PayloadTooLarge  beyond what the app takes                  dead       413
    │   └── PayloadGone      a claim check without its payload          dead       400
    ├── UnknownRequest       an outcome of which nothing is known       -          404
    ├── UnknownDataset       a look at a dataset that is not there      -          404
    ├── DatasetMissing       a dataset is not in the catalogue          deferred   422   (dead when it can never appear)
    ├── DataMapError         the Data Map did not do what was asked
    │   ├── Refused          it never will: an Atlas 4xx code           dead       422
    │   │   ├── AlreadyExists      what was to be created is there
    │   │   ├── NotFound           what was asked for is not there
    │   │   ├── ReferenceMissing   a dataset it refers to is not there
    │   │   └── TypeMissing        a type it names is not registered
    │   ├── TooLarge         too much at once: 408, 413                 deferred   503   (the writer splits first)
    │   ├── NotAuthorized    401, 403: a role or a token is missing     deferred   502
    │   └── Unavailable      429, 5xx, timeout, connection; or          deferred   503   (says when to come back)
    │                        somebody else answered in its place
    ├── AnotherWrites        another instance has the same process  deferred   503   (for seconds, so it comes back soon)
    ├── SignInFailed         no token: the identity is not in order     deferred   502
    ├── StorageFailed        the app's own storage did not answer       deferred   503
    └── InvalidSettings      an app setting is missing or wrong         deferred   503

Anything else that is raised is a bug of ours: the host retries it, and on the last attempt it is dead too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar, Self


class Fate(StrEnum):
    """What becomes of a message whose handling raised: tried again by itself, or set aside for a person."""

    DEFERRED = "deferred"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with what a caller sent: where (a path such as `inputs.0.guid`) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class LineageError(Exception):
    """
    The root of the tree.

    `code` names the kind of problem and is stable; it ends the `type` URI of an RFC 9457 problem.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    fate: Fate = Fate.DEAD
    patience: timedelta | None = (
        None  # for how long it is worth trying again, if that is less than for others
    )
    retry_after: float | None = None  # seconds, if whoever failed said when to come back
    request_key: str | None = None  # of the request it concerns, once that is known

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail

    def __copy__(self) -> Self:
        """Another of the same, for each of those that share a call: what is added to one is not said of all."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__)
        other.__cause__ = self.__cause__
        return other

    def facts(self) -> dict[str, Any]:
        """What else an operator needs to act, as JSON members of the problem."""
        return {}


class InvalidRequest(LineageError):
    """The message can never be understood, however often it is tried."""

    code = "invalid-request"
    title = "The message is not a valid lineage request"
    status = 400

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes

    def facts(self) -> dict[str, Any]:
        return {"errors": [{"path": mistake.path, "message": mistake.message} for mistake in self.mistakes]}


class PayloadTooLarge(InvalidRequest):
    """The payload is larger than the app takes, as it came or unzipped."""

    code = "payload-too-large"
    title = "The payload is too large"
    status = 413


class PayloadGone(InvalidRequest):
    """A claim check whose payload is not in the container any more."""

    code = "payload-gone"
    title = "The payload of the claim check is gone"


class UnknownRequest(LineageError):
    """Somebody asks for the outcome of a request that was never seen, or was forgotten."""

    code = "unknown-request"
    title = "There is no such request"
    status = 404


class UnknownDataset(LineageError):
    """Somebody wants to look at a dataset that the catalogue does not hold."""

    code = "unknown-dataset"
    title = "There is no such dataset"
    status = 404


class DatasetMissing(LineageError):
    """Datasets that the catalogue does not hold. `final` when the caller asked not to wait, or waiting is pointless."""

    code = "dataset-missing"
    title = "A dataset is not in the catalogue"
    status = 422

    def __init__(
        self,
        *mistakes: Mistake,
        final: bool,
        patience: timedelta | None = None,
        answer: "DataMapError | None" = None,
    ) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes
        self.fate = Fate.DEAD if final else Fate.DEFERRED
        self.patience = patience
        self.answer = answer

    def facts(self) -> dict[str, Any]:
        mistakes = [{"path": mistake.path, "message": mistake.message} for mistake in self.mistakes]
        return {"errors": mistakes} | (self.answer.facts() if self.answer else {})


class DataMapError(LineageError):
    """The Data Map answered with an error, or not at all."""

    def __init__(
        self,
        detail: str,
        *,
        http_status: int | None = None,
        error_code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.http_status = http_status
        self.error_code = error_code
        self.request_id = request_id
        self.retry_after = retry_after

    def facts(self) -> dict[str, Any]:
        facts = {
            "dataMapStatus": self.http_status,
            "errorCode": self.error_code,
            "requestId": self.request_id,
            "retryAfterSeconds": self.retry_after,
        }
        return {name: value for name, value in facts.items() if value is not None}


class Refused(DataMapError):
    """The Data Map understood and said no: the same call will be refused every time."""

    code = "data-map-refused"
    title = "The Data Map refuses this lineage"
    status = 422


class AlreadyExists(Refused):
    """The relationship or type is there already: success, to whoever wanted it to be there."""


class NotFound(Refused):
    """No such entity or relationship."""


class ReferenceMissing(Refused):
    """An entity or relationship refers to an entity that does not exist."""


class TypeMissing(Refused):
    """No type of this name is registered."""


class TooLarge(DataMapError):
    """The call carries too much: HTTP 413, or 408, which Microsoft documents as 'reduce the payload'."""

    code = "data-map-too-large"
    title = "The Data Map cannot take this much in one call"
    status = 503
    fate = Fate.DEFERRED


class NotAuthorized(DataMapError):
    """HTTP 401 or 403: nothing is wrong with the message, so it waits until somebody grants the role."""

    code = "data-map-not-authorized"
    title = "The app may not write to the Data Map"
    status = 502
    fate = Fate.DEFERRED


class Unavailable(DataMapError):
    """Throttled, down, slow or unreachable; or what answers is something else: a gateway, a proxy, a page."""

    code = "data-map-unavailable"
    title = "The Data Map is not available"
    status = 503
    fate = Fate.DEFERRED

    @property
    def concerns_all(self) -> bool:
        """
        Whether the next call would fare no better. A 500 is Atlas stumbling over this very call, and what stands in
        front of the Data Map may object to this very call too.
        """
        return self.http_status != HTTPStatus.INTERNAL_SERVER_ERROR and not self.is_foreign

    @property
    def is_foreign(self) -> bool:
        """Whether something else answered than the Data Map: of its own, only 429 and 5xx are `Unavailable`."""
        status = self.http_status
        return (
            status is not None
            and status < HTTPStatus.INTERNAL_SERVER_ERROR
            and status != HTTPStatus.TOO_MANY_REQUESTS
        )


class AnotherWrites(LineageError):
    """Another instance is writing the same process, or ended while it was. `retry_after` is in seconds."""

    code = "another-instance-writes"
    title = "Another instance is writing this process"
    status = 503
    fate = Fate.DEFERRED

    def __init__(self, retry_after: float) -> None:
        super().__init__("another instance is writing this process")
        self.retry_after = retry_after

    def facts(self) -> dict[str, Any]:
        return {"retryAfterSeconds": self.retry_after}


class SignInFailed(LineageError):
    """No token could be got for the Data Map."""

    code = "sign-in-failed"
    title = "The app cannot sign in to Microsoft Entra"
    status = 502
    fate = Fate.DEFERRED


class StorageFailed(LineageError):
    """The storage account did not do what was asked."""

    code = "storage-failed"
    title = "The app's storage account is not available"
    status = 503
    fate = Fate.DEFERRED


class InvalidSettings(LineageError):
    """An app setting is missing or wrong; says which, and what to write instead."""

    code = "invalid-settings"
    title = "The app's settings are not in order"
    status = 503
    fate = Fate.DEFERRED

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def concerns_one(error: Exception) -> bool:
    """Whether a shared call has to be told apart: it is refused or too large, and not the Data Map that is down."""
    return isinstance(error, Refused | TooLarge) or (
        isinstance(error, Unavailable) and not error.concerns_all
    )


def first_line(error: BaseException) -> str:
    """What an error says, without what SDKs print below it, and cut if it is very long."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:500]
