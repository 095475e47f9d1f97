"""Which entity a reference means.

An AtlasObjectId names an entity by guid, by a placeholder of the same payload (a guid that begins with "-"), or by
typeName and uniqueAttributes, where the typeName may be a supertype of the entity's own.
"""

from typing import Any

from local.datamap.errors import Code
from local.datamap.graph import Graph
from local.datamap.rows import ACTIVE, Entity


def is_placeholder(guid: str) -> bool:
    return guid.startswith("-")


def guid_in(object_id: dict[str, Any]) -> str | None:
    """The guid as text: clients also send placeholders as numbers."""
    guid = object_id.get("guid")
    return str(guid) if isinstance(guid, str | int) and guid != "" else None


def find_entity(graph: Graph, object_id: Any) -> Entity | None:
    """The active entity in the catalogue, or None. What names nothing at all is refused as malformed."""
    if not isinstance(object_id, dict):
        raise Code.INVALID_OBJECT_ID(object_id)
    guid = guid_in(object_id)
    if guid is not None:
        found = graph.entities.get(guid)
        return found if found is not None and found.status == ACTIVE else None
    unique = object_id.get("uniqueAttributes")
    name = unique.get("qualifiedName") if isinstance(unique, dict) else None
    if not isinstance(name, str):
        raise Code.INVALID_OBJECT_ID(object_id)
    return graph.find(graph.registry.entity_type(object_id.get("typeName")).name, name)
