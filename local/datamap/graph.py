"""The catalogue's rows and the indexes that find them.

Nothing here judges a request; callers have done so before they change anything, so that a change never fails halfway.
Rows are only marked as deleted, as in Atlas, and a deleted row is in no index: the same qualifiedName or the same edge
may be created again and gets a new guid.
"""

import time
from typing import Any

from local.datamap.registry import Registry
from local.datamap.rows import DELETED, Entity, Relationship, Row
from local.datamap.typesystem import Reference, RelationshipType


class Graph:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.entities: dict[str, Entity] = {}
        self.relationships: dict[str, Relationship] = {}
        self.visibility_delay = 0.0
        """Seconds before readers see new and changed rows; writers see them at once."""
        self._by_qualified_name: dict[str, list[Entity]] = {}
        self._active_edges: dict[tuple[str, str, str], Relationship] = {}

    def find(self, type_name: str, qualified_name: Any) -> Entity | None:
        """The active entity of that name: of the type itself, else of one of its subtypes (AtlasGraphUtilsV2)."""
        namesakes = self._by_qualified_name.get(qualified_name, ())
        for entity in namesakes:
            if entity.type_name == type_name:
                return entity
        for entity in namesakes:
            if self.registry.entity_type(entity.type_name).is_a(type_name):
                return entity
        return None

    def edge(self, relationship_type: RelationshipType, ends: tuple[Entity, Entity]) -> Relationship | None:
        return self._active_edges.get((relationship_type.name, ends[0].guid, ends[1].guid))

    def visible(self, row: Row) -> bool:
        return row.visible_from <= time.monotonic()

    def add(self, entity: Entity) -> None:
        entity.visible_from = self._shown_from()
        self.entities[entity.guid] = entity
        self._by_qualified_name.setdefault(entity.qualified_name, []).append(entity)

    def change(self, entity: Entity, attributes: dict[str, Any]) -> None:
        """Lays the attributes over the entity's own; a None takes one away."""
        before = entity.qualified_name
        merged = entity.attributes | attributes
        self.rewrite(entity, {name: value for name, value in merged.items() if value is not None})
        if entity.qualified_name != before and entity.guid in self.entities:
            self._by_qualified_name[before].remove(entity)
            self._by_qualified_name.setdefault(entity.qualified_name, []).append(entity)

    def rewrite(self, row: Row, attributes: dict[str, Any]) -> None:
        """Gives the row other attributes, which readers may see later."""
        if self.visibility_delay:
            row.keep_showing(until=self._shown_from())
        row.attributes = attributes

    def remove(self, entity: Entity) -> None:
        for edges in list(entity.edges.values()):
            for relationship in list(edges.values()):
                self.unlink(relationship)
        entity.status = DELETED
        entity.touch()
        self._by_qualified_name[entity.qualified_name].remove(entity)

    def link(
        self, relationship_type: RelationshipType, ends: tuple[Entity, Entity], attributes: dict[str, Any]
    ) -> Relationship:
        relationship = Relationship(
            type=relationship_type, ends=ends, attributes=attributes, visible_from=self._shown_from()
        )
        self.relationships[relationship.guid] = relationship
        self._active_edges[relationship.key] = relationship
        for position in (0, 1):
            mine = ends[position].edges.setdefault((relationship_type.name, position), {})
            mine[ends[1 - position].guid] = relationship
        return relationship

    def unlink(self, relationship: Relationship) -> None:
        relationship.status = DELETED
        relationship.touch()
        del self._active_edges[relationship.key]
        for position in (0, 1):
            side = (relationship.type.name, position)
            del relationship.ends[position].edges[side][relationship.ends[1 - position].guid]

    def edges(self, entity: Entity, reference: Reference) -> dict[str, Relationship]:
        return entity.edges.get((reference.relationship.name, reference.position), {})

    def _shown_from(self) -> float:
        return time.monotonic() + self.visibility_delay if self.visibility_delay else 0.0
