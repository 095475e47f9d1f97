"""`/_control`: the stand-in's own routes, which need no token and which nothing of Purview has."""

from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from local.datamap.errors import Refused
from local.datamap.faults import Faults
from local.datamap.state import State


class Control:
    def __init__(self, state: State) -> None:
        self._state = state

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/_control/operations", self._operations)
        app.router.add_delete("/_control/operations", self._reset_operations)
        app.router.add_get("/_control/faults", self._get_faults)
        app.router.add_put("/_control/faults", self._put_faults)
        app.router.add_delete("/_control/faults", self._mend)
        app.router.add_put("/_control/seed", self._seed)
        app.router.add_delete("/_control/catalogue", self._forget)

    async def _operations(self, _: web.Request) -> web.Response:
        counted = self._state.operations
        return web.json_response({"total": counted.total(), "byRoute": dict(sorted(counted.items()))})

    async def _reset_operations(self, _: web.Request) -> web.Response:
        self._state.operations.clear()
        return web.Response(status=204)

    async def _get_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._state.faults.model_dump(by_alias=True, exclude_defaults=True))

    async def _put_faults(self, request: web.Request) -> web.Response:
        try:
            faults = Faults.model_validate_json(await request.read())
        except ValidationError as invalid:
            wrong = [{"at": list(e["loc"]), "problem": e["msg"]} for e in invalid.errors(include_url=False)]
            return web.json_response({"errors": wrong}, status=400)
        self._state.misbehave(faults)
        return await self._get_faults(request)

    async def _mend(self, _: web.Request) -> web.Response:
        self._state.misbehave(Faults())
        return web.Response(status=204)

    async def _seed(self, request: web.Request) -> web.Response:
        try:
            self._state.catalogue.load(orjson.loads(await request.read()))
        except orjson.JSONDecodeError as invalid:
            return _bad(str(invalid))
        except Refused as refused:
            return web.json_response(refused.body, status=400)
        return web.Response(status=204)

    async def _forget(self, _: web.Request) -> web.Response:
        self._state.forget()
        return web.Response(status=204)


def _bad(problem: str) -> web.Response:
    body: dict[str, Any] = {"errors": [{"at": [], "problem": problem}]}
    return web.json_response(body, status=400)
