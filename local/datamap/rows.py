"""What a catalogue is made of: entities, and the relationships between them."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local.datamap.typesystem import RelationshipType

ACTIVE = "ACTIVE"
DELETED = "DELETED"

Side = tuple[str, int]
"""A relationship type's name and which of its ends (0 or 1) is meant."""


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass(frozen=True, slots=True)
class Seen:
    """Attributes and version of a row as somebody sees them."""

    attributes: dict[str, Any]
    version: int


@dataclass(slots=True, eq=False, kw_only=True)
class Row:
    attributes: dict[str, Any] = field(default_factory=dict)
    guid: str = field(default_factory=lambda: str(uuid4()))
    status: str = ACTIVE
    version: int = 1
    created: int = field(default_factory=now_ms)
    updated: int = 0
    visible_from: float = 0.0
    _outdated: Seen | None = None
    _outdated_until: float = 0.0

    def touch(self) -> None:
        self.version += 1
        self.updated = now_ms()

    def as_written(self) -> Seen:
        return Seen(self.attributes, self.version)

    def as_read(self) -> Seen:
        """What readers see, which a change may not have reached yet."""
        if self._outdated is not None and time.monotonic() < self._outdated_until:
            return self._outdated
        return self.as_written()

    def keep_showing(self, *, until: float) -> None:
        """Lets readers go on seeing what they see now."""
        self._outdated, self._outdated_until = self.as_read(), until


@dataclass(slots=True, eq=False, kw_only=True)
class Entity(Row):
    type_name: str
    collection: str
    edges: dict[Side, dict[str, "Relationship"]] = field(default_factory=dict)
    """Active relationships by the entity's side of them, then by the other end's guid."""

    @property
    def qualified_name(self) -> str:
        return str(self.attributes.get("qualifiedName"))


@dataclass(slots=True, eq=False, kw_only=True)
class Relationship(Row):
    type: RelationshipType
    ends: tuple[Entity, Entity]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.type.name, self.ends[0].guid, self.ends[1].guid
