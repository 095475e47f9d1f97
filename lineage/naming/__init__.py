"""
Names: from what pipelines call a dataset to what Purview calls it.

Lineage joins only where names agree to the letter, and every tool has its own: OpenLineage's namespace and name, storage
and JDBC URLs, Purview's typeName and qualifiedName. The rules in between are a table (`built_in.py`), in front of which
a user may put rules of their own. Pure functions; nothing is looked up and nothing raises.
"""

from lineage.naming.asset import Asset, Evidence, Match
from lineage.naming.display import display_name
from lineage.naming.locate import locate, locate_openlineage
from lineage.naming.near import near
from lineage.naming.rules import BUILT_IN, Rules

__all__ = [
    "BUILT_IN",
    "Asset",
    "Evidence",
    "Match",
    "Rules",
    "display_name",
    "locate",
    "locate_openlineage",
    "near",
]
