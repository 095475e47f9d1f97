"""The HTTP side of the stand-in: what every call goes through on its way to an operation.

Data Map routes answer under `/datamap/api` and, for older clients, under `/catalog/api`, with or without api-version.
A call is counted, signed in, subjected to the faults that are set, and answered with a request id.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web

from local.datamap import (
    account_routes,
    entity_routes,
    lineage_routes,
    relationship_routes,
    search_routes,
    type_routes,
)
from local.datamap.control import Control
from local.datamap.errors import Code, Refused, gateway_refusal
from local.datamap.faults import gateway_answer, retry_after
from local.datamap.identity import SIGN_IN, Identity, SignIn
from local.datamap.operation import Call, Operation
from local.datamap.state import State
from local.datamap.tokens import Tokens

BASE_PATHS = ("/datamap/api", "/catalog/api")
_MAX_BODY = 64 * 1024 * 1024
_TRICKLES = 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_DATA_MAP = [
    *entity_routes.ROUTES,
    *relationship_routes.ROUTES,
    *lineage_routes.ROUTES,
    *type_routes.ROUTES,
    *search_routes.ROUTES,
]


def create_app(sign_in: SignIn = SIGN_IN, seed: dict[str, Any] | None = None) -> web.Application:
    """The whole stand-in as an aiohttp application, for a server of its own or inside a test.

    `seed` is a catalogue to start with, as a scan would leave it: an entity/bulk body and, if wanted, `relationships`.
    """
    state, tokens = State(), Tokens()
    state.catalogue.load(seed or {})
    app = web.Application(client_max_size=_MAX_BODY)
    Control(state).add_to(app)
    Identity(tokens, sign_in).add_to(app)
    front = _Front(state, tokens)
    for method, path, operation in _DATA_MAP:
        for base in BASE_PATHS:
            app.router.add_route(method, base + path, front.data_map(f"{method} {path}", operation))
    for method, path, operation in account_routes.ROUTES:
        app.router.add_route(method, path, front.account(operation))
    app.router.add_route("*", "/{path:.*}", _no_such_route)
    return app


class _Front:
    """Wraps operations into handlers."""

    def __init__(self, state: State, tokens: Tokens) -> None:
        self._state = state
        self._tokens = tokens

    def data_map(self, route: str, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._state.operations[route] += 1
            try:
                self._tokens.check(request.headers.get("Authorization"))
                return await self._with_faults(route, request, operation)
            except Refused as refused:
                return _answer(refused.body, refused.status)

        return handle

    def account(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self._tokens.check(request.headers.get("Authorization"))
                return _reply(operation(await self._call(request)))
            except Refused as refused:
                return _answer(refused.body, refused.status)

        return handle

    async def _with_faults(
        self, route: str, request: web.Request, operation: Operation
    ) -> web.StreamResponse:
        faults, budget = self._state.faults, self._state.budget
        if budget is not None and not budget.spend():
            return _answer(gateway_answer(429).body, 429, retry_after(faults.retry_after_seconds))
        failure = faults.failure(route)
        call = await self._call(request)
        if failure is not None and not failure.after_work:
            await faults.delay(1)
            return failure.response(request)
        try:
            response = _reply(operation(call))
        finally:
            await faults.delay(call.entities)
        if failure is not None:
            return failure.response(request)
        return await _trickle(request, response, faults.slow_body_ms) if faults.slow_body_ms else response

    async def _call(self, request: web.Request) -> Call:
        body = None
        if request.body_exists:
            try:
                body = orjson.loads(await request.read())
            except orjson.JSONDecodeError as invalid:
                raise Code.BAD_REQUEST(f"The body is not JSON: {invalid}") from invalid
        return Call(self._state.catalogue, request.match_info, request.query, body)


def _reply(body: Any) -> web.Response:
    return _answer(body) if body is not None else web.Response(status=204, headers=_request_id())


def _answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        charset="UTF-8",
        headers=_request_id() | (headers or {}),
    )


def _request_id() -> dict[str, str]:
    return {"x-ms-request-id": str(uuid4())}


async def _trickle(request: web.Request, whole: web.Response, milliseconds: float) -> web.StreamResponse:
    body = bytes(whole.body) if isinstance(whole.body, bytes) else b""
    slow = web.StreamResponse(status=whole.status, headers=whole.headers)
    await slow.prepare(request)
    step = max(1, -(-len(body) // _TRICKLES))
    for start in range(0, len(body), step):
        await asyncio.sleep(milliseconds / 1000 / _TRICKLES)
        await slow.write(body[start : start + step])
    await slow.write_eof()
    return slow


async def _no_such_route(_: web.Request) -> web.Response:
    """What Purview's gateway says of an unknown path is not public; only the 404 is."""
    return _answer(gateway_refusal(404, "NotFound", "Request URI not found").body, 404)
