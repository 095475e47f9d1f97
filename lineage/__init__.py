"""Lineage for everything Microsoft Purview cannot scan."""
