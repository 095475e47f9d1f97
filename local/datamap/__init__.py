"""A stand-in for Microsoft Purview's Data Map: the same routes, semantics and refusals, in memory."""

from local.datamap.server import create_app

__all__ = ["create_app"]
