"""Misbehaviour on demand: slowness, throttling, refusals, broken connections, writes that readers see late.

What is PUT at `/_control/faults` is the whole of it; what is left out is well again. Purview's own answers when it is
throttled or overloaded are not public, so what a failure looks like can be chosen.
"""

import asyncio
import random
import time
from http import HTTPStatus
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from local.datamap.errors import Code, Refused, gateway_refusal
from local.datamap.validation import DEFAULT_LIMITS

Milliseconds = Annotated[float, Field(ge=0, le=600_000)]

_BROWSER_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Failure(_Settings):
    """Calls that fail: the `next` so many, or each with a `probability`; of one `route`, or of all."""

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    drop: bool = False
    next: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    route: str | None = None
    body: Literal["gateway", "atlas", "html", "empty"] = "gateway"
    retry_after_seconds: Annotated[float, Field(ge=0)] | None = None
    after_work: bool = False
    """Fails only once the operation has been done, as when an answer is lost on its way."""

    @field_validator("status")
    @classmethod
    def _known(cls, status: int | None) -> int | None:
        if status is not None and status not in set(HTTPStatus):
            raise ValueError(f"{status} is no registered status")
        return status

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.status is None) is not self.drop:
            raise ValueError("give either a status or drop: true")
        if (self.next is None) is (self.probability is None):
            raise ValueError("give either next or probability")
        return self

    def strikes(self, route: str) -> bool:
        """Whether this call fails; one of the `next` is used up if it does."""
        if self.route not in (None, route):
            return False
        if self.next is None:
            return random.random() < (self.probability or 0)
        if self.next == 0:
            return False
        self.next -= 1
        return True

    def response(self, request: web.Request) -> web.StreamResponse:
        if self.drop or self.status is None:
            return drop_connection(request)
        headers = retry_after(self.retry_after_seconds)
        if self.body == "html":
            page = _BROWSER_PAGE.format(HTTPStatus(self.status).phrase)
            return web.Response(status=self.status, text=page, content_type="text/html", headers=headers)
        if self.body == "empty":
            return web.Response(status=self.status, headers=headers)
        refusal = Code.INTERNAL_ERROR("asked for") if self.body == "atlas" else gateway_answer(self.status)
        return web.json_response(refusal.body, status=self.status, headers=headers)


class Faults(_Settings):
    latency_ms: Milliseconds = 0
    latency_ms_per_entity: Milliseconds = 0
    slow_body_ms: Milliseconds = 0
    """Time over which an answer's body trickles in."""
    visibility_delay_ms: Milliseconds = 0
    operations_per_second: Annotated[float, Field(gt=0)] | None = None
    retry_after_seconds: Annotated[float, Field(ge=0)] | None = None
    fail: list[Failure] = Field(default_factory=list)
    attribute_bytes: Annotated[int, Field(ge=1)] = DEFAULT_LIMITS.attribute_bytes
    asset_bytes: Annotated[int, Field(ge=1)] = DEFAULT_LIMITS.asset_bytes

    def failure(self, route: str) -> Failure | None:
        return next((failure for failure in self.fail if failure.strikes(route)), None)

    async def delay(self, entities: int) -> None:
        milliseconds = self.latency_ms + self.latency_ms_per_entity * entities
        if milliseconds:
            await asyncio.sleep(milliseconds / 1000)


class Budget:
    """So many operations a second, with a second's worth in hand."""

    def __init__(self, operations_per_second: float) -> None:
        self._rate = operations_per_second
        self._capacity = max(1.0, operations_per_second)
        self._left = self._capacity
        self._refilled = time.monotonic()

    def spend(self) -> bool:
        now = time.monotonic()
        self._left = min(self._capacity, self._left + (now - self._refilled) * self._rate)
        self._refilled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def drop_connection(request: web.Request) -> web.StreamResponse:
    """Closes the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def retry_after(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": f"{seconds:g}"}


def gateway_answer(status: int) -> Refused:
    """What the gateway says: for 403 as published, where the code is "Unauthorized"; for others by analogy."""
    if status == HTTPStatus.FORBIDDEN:
        return gateway_refusal(status, "Unauthorized", "Not authorized to access account")
    phrase = HTTPStatus(status).phrase
    return gateway_refusal(status, phrase.replace(" ", ""), phrase)
