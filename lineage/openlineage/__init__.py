"""
OpenLineage: events of any producer in, lineage requests out.

    read_event      JSON -> Event: understood, condensed, with warnings for what was odd
    Event.to_json   Event -> the small JSON that is stored and queued, which reads back as the same event
    merge           all events of a run, in any order and number -> Snapshot
    translate       Snapshot -> the requests to write, or the verdict why there are none

Pure functions: who stores the events and when they are read back is not decided here.
"""

from lineage.openlineage.event import Event, EventKind, EventType
from lineage.openlineage.identity import Options
from lineage.openlineage.process import JOB_ATTRIBUTES, RUN_ATTRIBUTES
from lineage.openlineage.reading import Reading, is_event, read_batch, read_event
from lineage.openlineage.snapshot import Snapshot, merge
from lineage.openlineage.translation import Translation, Verdict, translate

__all__ = [
    "JOB_ATTRIBUTES",
    "RUN_ATTRIBUTES",
    "Event",
    "EventKind",
    "EventType",
    "Options",
    "Reading",
    "Snapshot",
    "Translation",
    "Verdict",
    "is_event",
    "merge",
    "read_batch",
    "read_event",
    "translate",
]
