"""Two instances of the app in one process, for tests of what happens between them."""

import asyncio

from lineage.errors import LineageError
from lineage.service import Service


class Instances:
    """Two instances of the app, in this process."""

    def __init__(self, app_settings):
        self.settings = app_settings

    def deliver(self, arriving, *, together=False):
        """Hands each event to the instance it is meant for; answers the outcomes."""
        return asyncio.run(self._deliver(arriving, together))

    async def _deliver(self, arriving, together):
        services = [Service(self.settings), Service(self.settings)]
        try:
            if together:
                return await asyncio.gather(*(until_done(services[at], event) for at, event in arriving))
            return [await until_done(services[at], event) for at, event in arriving]
        finally:
            for service in services:
                await service.close()


async def until_done(service, event):
    """As a queue does: again and again until it is done."""
    for _ in range(200):
        try:
            return await service.apply(event)
        except LineageError as error:
            if error.fate != "deferred":
                raise
            await asyncio.sleep(0.01)
    raise AssertionError("never done")
