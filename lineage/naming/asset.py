"""What naming speaks of: a place in the catalogue, and how a name was understood to mean it."""

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """Who says that a rule is right."""

    MICROSOFT = "microsoft"  # Microsoft's documentation or product, or an answer captured from Purview
    THIRD_PARTY = "third-party"  # other people's public code that writes to or reads from Purview
    USER = "user"  # a rule of the app's own settings
    GUESS = "guess"  # by analogy: compare with a scanned asset before relying on it


@dataclass(frozen=True, slots=True)
class Asset:
    """Where something is, or would be, in the catalogue: its type and its unique name."""

    type_name: str
    qualified_name: str


@dataclass(frozen=True, slots=True)
class Match:
    """An asset, and which rule found it in a name."""

    asset: Asset
    rule: str
    evidence: Evidence
