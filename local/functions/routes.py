"""HTTP as the Functions host does it: routes under the prefix, methods, function keys by header or `?code=`."""

import logging
from collections.abc import Awaitable, Callable
from hmac import compare_digest

from aiohttp import web

from local.functions.worker import Function, InvocationFailed, RpcHttp, TypedData, invoke

logger = logging.getLogger("host.http")

BODY_LIMIT = 100 * 1024 * 1024  # bytes: the host's default
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")


def create_app(functions: list[Function], *, prefix: str, key: str) -> web.Application:
    """The web application that serves every HTTP-triggered function."""
    app = web.Application(client_max_size=BODY_LIMIT)
    for function in functions:
        if function.trigger["type"] == "httpTrigger":
            path = "/".join(filter(None, ("", prefix, function.trigger.get("route") or function.name)))
            for method in function.trigger.get("methods") or METHODS:
                app.router.add_route(str(method), f"/{path.lstrip('/')}", _handler(function, key))
    return app


def _handler(function: Function, key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        if not _allowed(function, request, key):
            return web.Response(status=401)
        value = TypedData(http=await _to_rpc(request))
        try:
            answer = await invoke(function, value, {}, request.headers.get("traceparent", ""))
        except InvocationFailed as error:
            logger.error("%s failed: %s\n%s", function.name, error, error.stack)  # noqa: TRY400 - the function's stack
            return web.Response(status=500)
        return _from_rpc(answer.http)

    return handle


def _allowed(function: Function, request: web.Request, key: str) -> bool:
    if str(function.trigger.get("authLevel", "function")).lower() == "anonymous":
        return True
    given = request.headers.get("x-functions-key") or request.query.get("code") or ""
    return compare_digest(given.encode(), key.encode())


async def _to_rpc(request: web.Request) -> RpcHttp:
    return RpcHttp(
        method=request.method,
        url=str(request.url),
        headers={name.lower(): value for name, value in request.headers.items()},
        params=dict(request.match_info),
        query=dict(request.query),
        body=TypedData(bytes=await request.read()),
    )


def _from_rpc(http: RpcHttp) -> web.Response:
    body = http.body.bytes if http.body else b""
    headers = {name: getattr(value, "value", value) for name, value in dict(http.headers or {}).items()}
    return web.Response(status=int(http.status_code), headers=headers, body=body)
