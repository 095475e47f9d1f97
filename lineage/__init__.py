"""Lineage for everything Microsoft Purview cannot scan."""

__version__ = "0.1.0"
