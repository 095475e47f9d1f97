"""`make bench`: runs everything, prints each figure as it is measured, and writes the docs' table and chart."""

import argparse
import os
import time

from benchmarks import report, sizes
from benchmarks.run import run


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="this app against its peers")
    parser.add_argument("--quick", action="store_true", help="about two minutes, rough")
    chosen = sizes.QUICK if parser.parse_args().quick else sizes.DEFAULT
    load, started = os.getloadavg()[0], time.monotonic()
    results = run(chosen, lambda line: print(line, flush=True))
    print(f"\n{report.write(results, chosen.name, load)}\n\n{time.monotonic() - started:.0f} seconds")


if __name__ == "__main__":
    main()
