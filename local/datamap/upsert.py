"""Creating and updating entities, a batch at a time.

A batch is a transaction: it is first planned against the catalogue, where anything wrong refuses all of it, and then
carried out, which cannot fail. Both take time in proportion to the batch.

Semantics are those of Apache Atlas (AtlasEntityStoreV2, EntityGraphMapper): an entity is matched by guid or by type and
qualifiedName; attributes that are not sent stay; arrays of references replace; attributes that the type does not
declare vanish without a word; mandatory attributes must be sent every time.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

from local.datamap.errors import Code
from local.datamap.graph import Graph
from local.datamap.references import find_entity, guid_in, is_placeholder
from local.datamap.relationships import declared_attributes
from local.datamap.rows import Entity, Relationship
from local.datamap.typesystem import EntityType, Reference
from local.datamap.validation import Limits, check_attributes, check_sizes, check_version, sorted_out

_automatic_placeholders = itertools.count(1_000_000_000)


@dataclass(slots=True)
class Mutations:
    """What a batch did: placeholders resolved, and entities by what happened to them."""

    assignments: dict[str, str] = field(default_factory=dict)
    created: dict[str, Entity] = field(default_factory=dict)
    updated: dict[str, Entity] = field(default_factory=dict)

    def touched(self, entity: Entity) -> None:
        if entity.guid not in self.created:
            self.updated[entity.guid] = entity


@dataclass(frozen=True, slots=True)
class _Target:
    """One other end that a reference asks for, with the relationship's attributes if they were sent."""

    entity: Entity
    attributes: dict[str, Any] | None


@dataclass(slots=True)
class _Draft:
    """One entity of the payload, and the entity (old or new) that it stands for."""

    type: EntityType
    entity: Entity
    attributes: dict[str, Any]
    references: dict[str, list[Any]]
    targets: dict[str, list[_Target]] = field(default_factory=dict)


class Batch:
    """Plans one payload and carries it out: `Batch(graph, ...).plan(entities)` then `.apply()`."""

    def __init__(self, graph: Graph, limits: Limits, collection: str, *, partial: bool = False) -> None:
        self._graph = graph
        self._limits = limits
        self._collection = collection
        self._partial = partial
        self._drafts: list[_Draft] = []
        self._by_placeholder: dict[str, Entity] = {}
        self._named: dict[str, list[Entity]] = {}
        self._changed: set[str] = set()

    def plan(self, payload: list[Any]) -> "Batch":
        if not payload:
            raise Code.INVALID_PARAMETERS("no entities to create/update.")
        for given in payload:
            self._drafts.append(self._draft(given))
        for draft in self._drafts:
            draft.targets = {
                name: [self._target(draft, name, item) for item in items]
                for name, items in draft.references.items()
            }
        return self

    def apply(self) -> Mutations:
        done = Mutations()
        for guid, entity in self._by_placeholder.items():
            done.assignments[guid] = entity.guid
        for draft in self._drafts:
            self._write_attributes(draft, done)
        for draft in self._drafts:
            self._write_references(draft, done)
        return done

    # Planning

    def _draft(self, given: Any) -> _Draft:
        if not isinstance(given, dict):
            raise Code.INVALID_PARAMETERS(f"not an entity: {given}")
        entity_type = self._graph.registry.entity_type(given.get("typeName"))
        attributes, references = sorted_out(entity_type, given)
        check_attributes(entity_type, attributes, partial=self._partial)
        check_sizes(attributes, self._limits)
        entity = self._entity(entity_type, given, attributes)
        check_version(entity, given.get("lastModifiedTS"))
        return _Draft(entity_type, entity, attributes, references)

    def _entity(self, entity_type: EntityType, given: dict[str, Any], attributes: dict[str, Any]) -> Entity:
        guid = guid_in(given)
        if guid is None:
            guid = f"-{next(_automatic_placeholders)}"
        qualified_name = attributes.get("qualifiedName")
        if is_placeholder(guid):
            entity = self._find(entity_type.name, qualified_name) or Entity(
                type_name=entity_type.name, collection=self._collection
            )
        else:
            entity = self._known(entity_type, guid, qualified_name)
        if qualified_name is not None:
            self._named.setdefault(qualified_name, []).append(entity)
        self._by_placeholder[guid] = entity
        return entity

    def _known(self, entity_type: EntityType, guid: str, qualified_name: Any) -> Entity:
        """The entity of a real guid, whose name may change as long as it is free."""
        entity = find_entity(self._graph, {"guid": guid}) or self._find(entity_type.name, qualified_name)
        if entity is None:
            raise Code.REFERENCED_ENTITY_NOT_FOUND(guid)
        namesake = self._find(entity.type_name, qualified_name)
        if namesake not in (None, entity) and namesake.type_name == entity.type_name:
            raise Code.INSTANCE_UPDATE_CONFLICT(f"qualifiedName {qualified_name} belongs to {namesake.guid}")
        return entity

    def _find(self, type_name: str, qualified_name: Any) -> Entity | None:
        """The entity of that name in the catalogue, or earlier in this payload."""
        found = self._graph.find(type_name, qualified_name)
        if found is not None:
            return found
        for entity in self._named.get(qualified_name, ()):
            if self._graph.registry.entity_type(entity.type_name).is_a(type_name):
                return entity
        return None

    def _target(self, draft: _Draft, name: str, object_id: Any) -> _Target:
        reference = draft.type.references[name]
        entity = self._resolve(object_id)
        expected = reference.other.type_name
        if not self._graph.registry.entity_type(entity.type_name).is_a(expected):
            raise Code.RELATIONSHIP_INVALID_ENDTYPE(name, entity.guid, entity.type_name, expected)
        sent = object_id.get("relationshipAttributes")
        return _Target(entity, declared_attributes(reference.relationship, sent) if sent else None)

    def _resolve(self, object_id: Any) -> Entity:
        guid = guid_in(object_id) if isinstance(object_id, dict) else None
        if guid in self._by_placeholder:
            return self._by_placeholder[guid]
        found = find_entity(self._graph, object_id)
        if found is None and guid is None:
            found = self._find(object_id["typeName"], object_id["uniqueAttributes"]["qualifiedName"])
        if found is None:
            raise Code.REFERENCED_ENTITY_NOT_FOUND(guid or object_id)
        return found

    # Carrying out

    def _write_attributes(self, draft: _Draft, done: Mutations) -> None:
        entity = draft.entity
        if entity.guid not in self._graph.entities:
            self._graph.change(entity, draft.attributes)
            self._graph.add(entity)
            done.created[entity.guid] = entity
        elif any(entity.attributes.get(name) != value for name, value in draft.attributes.items()):
            self._graph.change(entity, draft.attributes)
            self._mark(entity, done)

    def _write_references(self, draft: _Draft, done: Mutations) -> None:
        for name, targets in draft.targets.items():
            if self._replace(draft.entity, draft.type.references[name], targets, done):
                self._mark(draft.entity, done)

    def _replace(self, entity: Entity, reference: Reference, targets: list[_Target], done: Mutations) -> bool:
        """Makes the entity's edges under the reference exactly `targets`; True if that changed anything."""
        edges = self._graph.edges(entity, reference)
        wanted = {target.entity.guid: target for target in targets}
        obsolete = [relationship for guid, relationship in edges.items() if guid not in wanted]
        for relationship in obsolete:
            done.touched(relationship.ends[1 - reference.position])
            self._graph.unlink(relationship)
        changes = [self._ensure(entity, reference, target, done) for target in wanted.values()]
        return bool(obsolete) or any(changes)

    def _ensure(self, entity: Entity, reference: Reference, target: _Target, done: Mutations) -> bool:
        existing = self._graph.edges(entity, reference).get(target.entity.guid)
        if existing is not None:
            return self._update(existing, target.attributes)
        ends = (entity, target.entity) if reference.position == 0 else (target.entity, entity)
        self._graph.link(reference.relationship, ends, target.attributes or {})
        done.touched(target.entity)
        return True

    def _update(self, relationship: Relationship, attributes: dict[str, Any] | None) -> bool:
        if attributes is None or attributes.items() <= relationship.attributes.items():
            return False
        self._graph.rewrite(relationship, relationship.attributes | attributes)
        relationship.touch()
        return True

    def _mark(self, entity: Entity, done: Mutations) -> None:
        """An entity's version goes up once a batch, however much of it changed."""
        if entity.guid not in done.created and entity.guid not in self._changed:
            self._changed.add(entity.guid)
            entity.touch()
        done.touched(entity)
