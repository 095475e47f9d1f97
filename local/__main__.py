"""
The local stack: `python -m local` until Ctrl+C or SIGTERM.

With `--json` its first line of output is one JSON object with all addresses, printed when everything is ready.
"""

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Mapping

from local.stack import Addresses, Stack


def describe(addresses: Addresses) -> str:
    """For people: the addresses, a line to try, and what other programs need in another shell."""
    return f"""The local stack is up. Ctrl+C ends it.

  functions   {addresses.functions}  (below it /api/lineage, /api/health, ...)
  Data Map    {addresses.datamap}
  queue       {addresses.queue}
  storage     {addresses.storage}

In another shell, this is what the documents and examples call these:

{_exports(_for_examples(addresses))}

Try it:

  curl -s -X POST '{addresses.functions}/api/lineage?code={addresses.functionKey}' \\
    -H 'Content-Type: application/json' -d '{{
      "inputs":  ["mssql://sales.database.windows.net/orders/dbo/raw_orders"],
      "outputs": ["https://lake.dfs.core.windows.net/silver/orders"],
      "process": {{"name": "load_orders", "namespace": "adf://contoso-factory"}},
      "columns": [{{"source": "order_id", "target": "id"}}],
      "onMissing": "create"}}'

And this is what `.venv/bin/lineage` needs, as in `.venv/bin/lineage doctor`:

{_exports(addresses.app_settings())}
"""


def _for_examples(addresses: Addresses) -> dict[str, str]:
    return {
        "LINEAGE_URL": addresses.functions,
        "LINEAGE_KEY": addresses.functionKey,
        "LINEAGE_STORAGE": addresses.storage,
        "DATAMAP": addresses.datamap,
    }


def _exports(variables: Mapping[str, str]) -> str:
    return "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in variables.items())


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
