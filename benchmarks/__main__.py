"""`make bench`: runs everything, prints each figure as it is measured, and writes the docs' table and chart."""

import argparse
import os
import time

from benchmarks import report, sizes
from benchmarks.run import run


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="this app against its peers")
    size = parser.add_mutually_exclusive_group()
    size.set_defaults(sizes=sizes.DEFAULT)
    size.add_argument(
        "--quick", dest="sizes", action="store_const", const=sizes.QUICK, help="about two minutes, rough"
    )
    size.add_argument(
        "--huge",
        dest="sizes",
        action="store_const",
        const=sizes.HUGE,
        help="with 100,000 messages, too: hours",
    )
    chosen = parser.parse_args().sizes
    load, started = os.getloadavg()[0], time.monotonic()
    results = run(chosen, lambda line: print(line, flush=True))
    print(f"\n{report.write(results, chosen.name, load)}\n\n{time.monotonic() - started:.0f} seconds")


if __name__ == "__main__":
    main()
