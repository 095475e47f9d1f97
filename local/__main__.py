"""
The local stack: `python -m local` until Ctrl+C or SIGTERM.

With `--json` its first line of output is one JSON object with all addresses, printed when everything is ready.
"""

import argparse
import shlex
import signal
import sys
import threading

from local.stack import Addresses, Stack


def describe(addresses: Addresses) -> str:
    """For people: the addresses, a line to try, and what the `lineage` command needs in another shell."""
    exports = "\n".join(
        f"  export {name}={shlex.quote(value)}" for name, value in addresses.app_settings().items()
    )
    return f"""The local stack is up. Ctrl+C ends it.

  functions   {addresses.functions}/api      (key {addresses.functionKey})
  Data Map    {addresses.datamap}
  queue       {addresses.queue}
  storage     {addresses.storage}

Try it:

  curl -s -X POST '{addresses.functions}/api/lineage?code={addresses.functionKey}' \\
    -H 'Content-Type: application/json' -d '{{
      "inputs":  ["mssql://sales.database.windows.net/orders/dbo/raw_orders"],
      "outputs": ["https://lake.dfs.core.windows.net/silver/orders"],
      "process": {{"name": "load_orders", "namespace": "adf://contoso-factory"}},
      "columns": [{{"source": "order_id", "target": "id"}}],
      "onMissing": "create"}}'

Or from another shell, with this in its environment, `lineage doctor`, `lineage show`, ...:

{exports}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local", description="Azurite, Data Map stand-in, function app"
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")
    parser.add_argument(
        "--core-tools", action="store_true", help="run the app with `func start`, where it is installed"
    )
    options = parser.parse_args()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    with Stack(core_tools=options.core_tools) as stack:
        print(stack.addresses.to_json() if options.json else describe(stack.addresses), flush=True)
        while not end.wait(1):
            if not stack.functions.is_running:
                sys.exit("the function app ended by itself")


if __name__ == "__main__":
    main()
