"""The types a catalogue knows: the built-in ones and those that clients add, change and take away.

Definitions are kept as they were posted, since clients read them back; what the catalogue needs of them is derived
afresh whenever one changes, which is seldom.
"""

import time
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from local.datamap.builtin_types import builtin_types
from local.datamap.definitions import checked
from local.datamap.errors import Code
from local.datamap.payload import listing
from local.datamap.typesystem import (
    Definition,
    EntityType,
    RelationshipType,
    entity_type,
    names_used_by,
    reference_definition,
    relationship_type,
)

CATEGORIES = {
    "enumDefs": "ENUM",
    "structDefs": "STRUCT",
    "classificationDefs": "CLASSIFICATION",
    "entityDefs": "ENTITY",
    "relationshipDefs": "RELATIONSHIP",
    "businessMetadataDefs": "BUSINESS_METADATA",
}

Definitions = dict[str, list[Definition]]
"""Definitions by the name of their list in a body (AtlasTypesDef)."""


class Registry:
    def __init__(self) -> None:
        self._definitions: dict[str, Definition] = {}
        self._entity_types: dict[str, EntityType] = {}
        self._relationship_types: dict[str, RelationshipType] = {}
        self.create(builtin_types())

    def entity_type(self, name: Any) -> EntityType:
        """The type, or the refusal that a request gets which names an unknown one."""
        known = self._entity_types.get(name) if isinstance(name, str) else None
        if known is None:
            raise Code.TYPE_NAME_INVALID("ENTITY", name)
        return known

    def relationship_type(self, name: Any) -> RelationshipType:
        known = self._relationship_types.get(name) if isinstance(name, str) else None
        if known is None:
            raise Code.INVALID_VALUE(f"unknown relationship type'{name}'")
        return known

    def definition(self, name: str, category: str | None = None) -> Definition:
        found = self._definitions.get(name)
        if found is None or category not in (None, found["category"]):
            raise Code.TYPE_NAME_NOT_FOUND(name)
        return self._described(found)

    def definition_by_guid(self, guid: str, category: str | None = None) -> Definition:
        for found in self._definitions.values():
            if found["guid"] == guid and category in (None, found["category"]):
                return self._described(found)
        raise Code.TYPE_GUID_NOT_FOUND(guid)

    def definitions(self, category: str | None = None) -> Definitions:
        """All definitions, or those of one category ("ENTITY", "RELATIONSHIP", ...)."""
        listed: Definitions = {key: [] for key in CATEGORIES}
        for key, name in CATEGORIES.items():
            if category in (None, name):
                listed[key] = [
                    self._described(d) for d in self._definitions.values() if d["category"] == name
                ]
        return listed

    def create(self, body: dict[str, Any]) -> Definitions:
        """Adds the definitions, all or none. One that exists refuses them all with 409, as Atlas does."""
        fresh: dict[str, Definition] = {}
        for given, category in _given(body):
            name = given["name"]
            if name in self._definitions or name in fresh:
                raise Code.TYPE_ALREADY_EXISTS(name)
            fresh[name] = _stamped(given, category)
        self._put_in_force(self._definitions | fresh)
        return self._echo(fresh)

    def update(self, body: dict[str, Any]) -> Definitions:
        """Replaces definitions that exist, all or none."""
        changed = {given["name"]: self._renewed(given, category) for given, category in _given(body)}
        self._put_in_force(self._definitions | changed)
        return self._echo(changed)

    def delete(self, names: Iterable[str], *, in_use: set[str]) -> None:
        """Takes definitions away, all or none; not those that others, or rows of the catalogue, need."""
        doomed = set(names)
        rest = {name: d for name, d in self._definitions.items() if name not in doomed}
        needed = in_use.union(*(names_used_by(definition) for definition in rest.values()))
        for name in doomed:
            self.definition(name)
            if name in needed:
                raise Code.TYPE_HAS_REFERENCES(name)
        self._put_in_force(rest)

    def _renewed(self, given: Definition, category: str) -> Definition:
        old = self.definition(given["name"], category)
        kept = {key: old[key] for key in ("guid", "createTime", "createdBy")}
        version = old["version"] + 1
        return _stamped(given, category) | kept | {"version": version, "lastModifiedTS": str(version)}

    def _echo(self, given: dict[str, Definition]) -> Definitions:
        return {
            key: [self._described(d) for d in given.values() if d["category"] == category]
            for key, category in CATEGORIES.items()
        }

    def _put_in_force(self, definitions: dict[str, Definition]) -> None:
        entities = {name: d for name, d in definitions.items() if d["category"] == "ENTITY"}
        for definition in definitions.values():
            _check_used(definition, definitions)
        relationships = {
            name: relationship_type(d) for name, d in definitions.items() if d["category"] == "RELATIONSHIP"
        }
        self._entity_types = {name: entity_type(name, entities, relationships) for name in entities}
        self._relationship_types = relationships
        self._definitions = definitions

    def _described(self, definition: Definition) -> Definition:
        """The definition as a client reads it: entity types with what Atlas derives for them."""
        if definition["category"] != "ENTITY":
            return definition
        name = definition["name"]
        references = self._entity_types[name].references.values()
        return definition | {
            "subTypes": [other for other, d in self._definitions.items() if name in d.get("superTypes", ())],
            "relationshipAttributeDefs": [reference_definition(reference) for reference in references],
        }


def _check_used(definition: Definition, definitions: dict[str, Definition]) -> None:
    """Supertypes are of the definition's own category, the ends of a relationship are entity types."""
    category = "ENTITY" if definition["category"] == "RELATIONSHIP" else definition["category"]
    for name in names_used_by(definition):
        if name not in definitions or definitions[name]["category"] != category:
            raise Code.TYPE_NAME_INVALID(category, name)


def _given(body: dict[str, Any]) -> Iterable[tuple[Definition, str]]:
    for key, category in CATEGORIES.items():
        for given in listing(body, key):
            yield checked(given, category), category


def _stamped(given: Definition, category: str) -> Definition:
    now = int(time.time() * 1000)
    defaults: Definition = (
        {"attributeDefs": [], "superTypes": []} if category == "ENTITY" else {"attributeDefs": []}
    )
    return (
        defaults
        | given
        | {
            "category": category,
            "guid": str(uuid4()),
            "createdBy": "ServiceAdmin",
            "updatedBy": "ServiceAdmin",
            "createTime": now,
            "updateTime": now,
            "version": 1,
            "lastModifiedTS": "1",
        }
    )
