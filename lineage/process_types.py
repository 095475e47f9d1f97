"""
What the types of processes can hold. The Data Map drops any other attribute without a word, so the app says it.

Asked for only where a process has attributes that not every process has, and then once in a while for each type.
"""

import asyncio
from functools import partial

from cachetools import TTLCache

from lineage.answers import Json
from lineage.datamap import DataMap
from lineage.errors import LineageError
from lineage.plan import PROCESS_TYPE, PROCESS_TYPE_DEFINITION

REMEMBERED_FOR = 600.0  # seconds
REMEMBERED = 1_000  # types
# What every process has, of what a request can ask for. Apache Atlas `0010-base_model.json`.
OF_ALL = frozenset({"qualifiedName", "name", "description", "inputs", "outputs"})
OURS = {PROCESS_TYPE: PROCESS_TYPE_DEFINITION}


class ProcessTypes:
    """Belongs to one event loop."""

    def __init__(self, datamap: DataMap) -> None:
        self._datamap = datamap
        self._declared: TTLCache[str, asyncio.Task[frozenset[str] | None]] = TTLCache(
            REMEMBERED, REMEMBERED_FOR
        )

    async def warnings(self, process: Json) -> tuple[str, ...]:
        """Which attributes of a process entity the Data Map will drop, as far as that can be told."""
        type_name, attributes = process["typeName"], process["attributes"].keys() - OF_ALL
        if not attributes or attributes <= _names(OURS.get(type_name, {})):
            return ()
        declared = await self._attributes(type_name)
        if declared is None:
            return ()
        return tuple(
            f"process: {type_name} declares no attribute {name!r}: the Data Map does not keep it"
            for name in sorted(attributes - declared)
        )

    async def _attributes(self, type_name: str) -> frozenset[str] | None:
        """All that a type declares and inherits, or nothing if that cannot be told."""
        asked = self._declared.get(type_name)
        if asked is None:
            asked = self._declared[type_name] = asyncio.create_task(self._look_up(type_name))
            asked.add_done_callback(partial(self._keep_if_told, type_name))
        return await asyncio.shield(asked)

    def _keep_if_told(self, type_name: str, asked: asyncio.Task[frozenset[str] | None]) -> None:
        """Only what was told is remembered: the next one may be told."""
        if asked.cancelled() or asked.exception() or asked.result() is None:
            self._declared.pop(type_name, None)

    async def _look_up(self, type_name: str) -> frozenset[str] | None:
        names: set[str] = set()
        asked, waiting = {type_name}, [type_name]
        while waiting:
            name = waiting.pop()
            try:
                definition = await self._datamap.type_definition(name) or OURS.get(name)
            except LineageError:
                return None
            if definition is None:
                return None
            names |= _names(definition)
            above = set(definition.get("superTypes") or ()) - asked
            asked |= above
            waiting += above
        return frozenset(names)


def _names(definition: Json) -> frozenset[str]:
    return frozenset(attribute["name"] for attribute in definition.get("attributeDefs") or ())
