"""Lineage for everything Microsoft Purview cannot scan."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineage.sender import Sender, send

__all__ = ["Sender", "send"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`lineage.send` for pipelines, imported when it is used: the function app itself does not need it."""
    if name in __all__:
        from lineage import sender  # noqa: PLC0415 - whoever does not send does not pay for it

        return getattr(sender, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
