"""One account's Data Map: its types, its rows, and what can be asked of them.

Every method is one transaction and knows nothing of HTTP; the server calls them from a single thread.
"""

from collections.abc import Iterable
from typing import Any

from local.datamap import relationships
from local.datamap.errors import Code, gateway_refusal
from local.datamap.graph import Graph
from local.datamap.payload import listing, mapping
from local.datamap.placement import Collections
from local.datamap.references import guid_in
from local.datamap.registry import Registry
from local.datamap.rows import ACTIVE, Entity
from local.datamap.upsert import Batch, Mutations
from local.datamap.validation import DEFAULT_LIMITS


class Catalogue:
    def __init__(self) -> None:
        self.registry = Registry()
        self.graph = Graph(self.registry)
        self.collections = Collections()
        self.limits = DEFAULT_LIMITS

    def load(self, seed: dict[str, Any]) -> None:
        """Takes in a catalogue as a scan would leave it: an entity/bulk body, and `relationships` if there are any."""
        if listing(seed, "entities"):
            self.upsert(seed)
        for relationship in listing(seed, "relationships"):
            relationships.create(self.graph, relationship)

    # Reading

    def entity(self, guid: str) -> Entity:
        """The entity, be it deleted: Atlas keeps deleted rows and shows them by guid."""
        found = self.graph.entities.get(guid)
        if found is None or not self.graph.visible(found):
            raise Code.INSTANCE_GUID_NOT_FOUND(guid)
        return found

    def entity_named(self, type_name: str, qualified_name: str) -> Entity:
        found = self.find_named(type_name, qualified_name)
        if found is None:
            raise Code.INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND(
                type_name, f"{{qualifiedName={qualified_name}}}"
            )
        return found

    def find_named(self, type_name: str, qualified_name: str) -> Entity | None:
        found = self.graph.find(self.registry.entity_type(type_name).name, qualified_name)
        return found if found is not None and self.graph.visible(found) else None

    # Writing

    def upsert(self, body: dict[str, Any], collection: str | None = None) -> Mutations:
        """Creates and updates the payload's `entities` and `referredEntities`, all or nothing.

        What goes to a collection is moved there even if it was elsewhere before (TypeSpec, `collectionId`).
        """
        if collection is not None:
            self._check_collection(collection)
        batch = Batch(self.graph, self.limits, collection or self.collections.root)
        done = batch.plan([*listing(body, "entities"), *_referred(body)]).apply()
        if collection is not None:
            for guid in done.assignments.values():
                self.graph.entities[guid].collection = collection
        return done

    def update_partly(self, entity: Entity, given: dict[str, Any]) -> Mutations:
        """Changes what is sent and nothing else; a null changes nothing ("Null updates are not possible", TypeSpec)."""
        sent = mapping(given, "attributes")
        attributes = {name: value for name, value in sent.items() if value is not None}
        payload = given | {"guid": entity.guid, "typeName": entity.type_name, "attributes": attributes}
        return Batch(self.graph, self.limits, entity.collection, partial=True).plan([payload]).apply()

    def update_attribute(self, guid: str, name: str, value: Any) -> Mutations:
        """Changes one attribute, which may be a primitive or one reference, not an array or a map."""
        entity = self._active(guid)
        entity_type = self.registry.entity_type(entity.type_name)
        attribute, reference = entity_type.attributes.get(name), entity_type.references.get(name)
        if attribute is None and reference is None:
            raise Code.UNKNOWN_ATTRIBUTE(name, entity_type.name)
        if (reference and not reference.own.single) or (attribute and "<" in attribute.type_name):
            raise Code.ATTRIBUTE_UPDATE_NOT_SUPPORTED(entity_type.name, name)
        return self.update_partly(entity, {"attributes": {name: value}})

    def delete(self, guids: Iterable[str]) -> list[Entity]:
        """Deletes what is there; a guid that is not is no error in Atlas."""
        known = (self.graph.entities.get(guid) for guid in dict.fromkeys(guids))
        doomed = [entity for entity in known if entity is not None and entity.status == ACTIVE]
        for entity in doomed:
            self.graph.remove(entity)
        return doomed

    def move(self, guids: Iterable[str], collection: str) -> list[Entity]:
        self._check_collection(collection)
        moved = [self._active(guid) for guid in guids]
        for entity in moved:
            entity.collection = collection
        return moved

    def delete_collection(self, name: str) -> None:
        """Only empty collections can be deleted."""
        if any(e.collection == name and e.status == ACTIVE for e in self.graph.entities.values()):
            raise gateway_refusal(409, "Conflict", f"Collection {name} is not empty")
        self.collections.delete(name)

    def delete_types(self, names: Iterable[str]) -> None:
        entities = {e.type_name for e in self.graph.entities.values() if e.status == ACTIVE}
        edges = {r.type.name for r in self.graph.relationships.values() if r.status == ACTIVE}
        self.registry.delete(names, in_use=entities | edges)

    def _check_collection(self, name: str) -> None:
        """With what code the Data Map refuses a collection that is not there is not public."""
        if name not in self.collections:
            raise Code.BAD_REQUEST(f"Collection {name} does not exist")

    def _active(self, guid: str) -> Entity:
        found = self.graph.entities.get(guid)
        if found is None or found.status != ACTIVE:
            raise Code.INSTANCE_GUID_NOT_FOUND(guid)
        return found


def _referred(body: dict[str, Any]) -> list[Any]:
    """Referred entities, which carry their guid as the key, as the value's own, or both."""
    return [
        given | {"guid": guid_in(given) or guid} if isinstance(given, dict) else given
        for guid, given in mapping(body, "referredEntities").items()
    ]
