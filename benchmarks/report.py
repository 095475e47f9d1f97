"""Writes what was measured into docs/benchmarks.md, between its markers, and the chart beside it."""

import os
import platform

from benchmarks import table
from benchmarks.chart import chart
from benchmarks.results import Results
from local.stack import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COMMANDS = {"full": "make bench", "quick": "make bench QUICK=1"}
QUIET = 0.5
BUSY = " **Other programs were running**, so its absolute numbers are too low and its ratios are unsteady."
REQUEST = "`POST /api/lineage` with known datasets"
ROUGH = (
    " **This is the short run**: queues this short say little about speed, since starting up and running dry count"
    " for as much as the work, and they understate what peers lose."
)


def write(results: Results, size: str, load: float) -> str:
    """Replaces the generated part and the chart; answers the generated part."""
    part = measured(results, size, load)
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), part), "utf-8")
    CHART.write_text(chart(results), "utf-8")
    return part


def measured(results: Results, size: str, load: float) -> str:
    """The generated part of the page; `load` is the machine's load average from before the run."""
    machine = (
        f"{os.cpu_count()} virtual cores, Python {platform.python_version()}, load average before {load:.1f}"
    )
    rough = (ROUGH if size == "quick" else "") + (BUSY if load > QUIET else "")
    idle = results.latency
    return "\n\n".join(
        (
            f"Measured by `{COMMANDS[size]}` on {machine}.{rough}",
            "### What it comes to",
            table.summary(results),
            "![Process lineage landed per second](benchmarks.svg)",
            "### Every figure",
            table.table(results),
            "### How cost grows with the messages",
            table.growth(results),
            "### One request to an idle app",
            f"{REQUEST}: {idle.request_ms:.1f} ms, of which the Data Map call takes {idle.datamap_ms:.1f} ms (medians).",
        )
    )


def replaced(page: str, part: str) -> str:
    """The page with another generated part."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"
