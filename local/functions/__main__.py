"""
Runs a function app: `python -m local.functions --app . --port 0`.

Its first line of output is a JSON object with `functions` (the base URL) and `names` (of the functions); app
settings are its environment. Ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
from pathlib import Path

from aiohttp import web

from local.functions import config, routes, worker
from local.functions.queue import QueueListener

KEY_SETTING = "LOCAL_FUNCTION_KEY"
LEASE_SECONDS = 600  # the host's own, not configurable there


async def serve(app: Path, port: int, lease_seconds: int) -> None:
    """Starts everything, says so, and runs until told to end."""
    options = config.read(app)
    functions = await worker.start(app)
    listeners = [
        asyncio.create_task(QueueListener(function, options.queues, lease_seconds=lease_seconds).run())
        for function in functions
        if function.trigger["type"] == "queueTrigger"
    ]
    web_app = routes.create_app(functions, prefix=options.route_prefix, key=os.environ[KEY_SETTING])
    runner = web.AppRunner(web_app, auto_decompress=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    print(json.dumps({"functions": address, "names": [function.name for function in functions]}), flush=True)
    await _told_to_end(listeners)
    await runner.cleanup()
    worker.stop()


async def _told_to_end(listeners: list[asyncio.Task[None]]) -> None:
    """Waits for a signal; a listener that fails ends the process, which must not look alive."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    told = asyncio.create_task(end.wait())
    done, _ = await asyncio.wait([told, *listeners], return_when=asyncio.FIRST_COMPLETED)
    for task in (told, *listeners):
        task.cancel()
    await asyncio.gather(told, *listeners, return_exceptions=True)
    for task in done - {told}:
        task.result()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local.functions", description="runs a function app locally"
    )
    parser.add_argument(
        "--app", type=Path, default=Path.cwd(), help="folder with function_app.py and host.json"
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--lease-seconds", type=int, default=LEASE_SECONDS, help="how long a received message stays hidden"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("azure", "azure_functions_runtime", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(serve(options.app.resolve(), options.port, options.lease_seconds))


if __name__ == "__main__":
    main()
