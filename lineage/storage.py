"""The storage account from the event loop: its blocking calls run in a small pool of threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from lineage.account import Account, Leased
from lineage.envelope import Attributes
from lineage.settings import Storage

THREADS = 8

P = ParamSpec("P")
R = TypeVar("R")


class StorageAccount:
    """`Account`, awaited. Made once per process."""

    def __init__(self, settings: Storage) -> None:
        self._account = Account(settings)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")

    async def send(self, queue: str, message: bytes, *, delay: float = 0) -> None:
        """Puts a message on a queue, to be seen after `delay` seconds."""
        await self._run(self._account.send, queue, message, delay)

    async def post(
        self,
        queue: str,
        data: bytes,
        kind: str,
        attributes: Attributes,
        *,
        claim: str | None = None,
        delay: float = 0,
    ) -> None:
        """Sends data in an envelope, by claim check where it has to be."""
        await self._run(self._account.post, queue, data, kind, attributes, claim=claim, delay=delay)

    async def receive(self, queue: str, lease_seconds: int) -> list[Leased]:
        """Messages of a queue, hidden from others for so long."""
        return await self._run(self._account.receive, queue, lease_seconds)

    async def release(self, queue: str, leased: Leased) -> None:
        """Makes a leased message visible again."""
        await self._run(self._account.release, queue, leased)

    async def delete(self, queue: str, leased: Leased) -> None:
        """Removes a leased message."""
        await self._run(self._account.delete, queue, leased)

    async def depth(self, queue: str) -> int:
        """About how many messages a queue holds."""
        return await self._run(self._account.depth, queue)

    def depth_now(self, queue: str) -> int:
        """As `depth`, for a thread that may wait."""
        return self._account.depth(queue)

    async def has_container(self) -> bool:
        """Whether the container for payloads is there."""
        return await self._run(self._account.has_container)

    async def keep(self, payload: bytes) -> str:
        """Stores a payload and answers its name."""
        return await self._run(self._account.keep, payload)

    async def fetch(self, name: str) -> bytes:
        """The payload of a claim check, or `PayloadGone`."""
        return await self._run(self._account.fetch, name)

    async def discard(self, name: str) -> None:
        """Removes a payload."""
        await self._run(self._account.discard, name)

    def close(self) -> None:
        """Gives threads and connections back."""
        self._threads.shutdown()
        self._account.close()

    async def _run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))
