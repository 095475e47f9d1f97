"""Search as far as finding an asset by name needs it (Azure TypeSpec DataMap, routes.tsp, interface Discovery).

Keywords and filters compare without regard to case. The index of a real account lags behind its writes and ranks and
tokenises in ways that are not public; here every active entity is looked at, in the order of its creation.
"""

from collections.abc import Callable
from typing import Any

from local.datamap.errors import Code
from local.datamap.graph import ACTIVE, Entity, Graph

MAX_LIMIT = 1000
_FIELDS = ("name", "qualifiedName", "description", "displayName")

Predicate = Callable[[Entity], bool]

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "ne": lambda found, wanted: found != wanted,
    "contains": lambda found, wanted: wanted in found,
    "startswith": str.startswith,
    "prefix": str.startswith,
    "endswith": str.endswith,
}


def query(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    """QueryResult: `keywords`, `filter`, `limit`, and `offset` or `continuationToken` for the pages after the first."""
    limit, start = body.get("limit") or 50, _start(body)
    if not 1 <= limit <= MAX_LIMIT:
        raise Code.INVALID_PARAMETERS(f"limit {limit} is not between 1 and {MAX_LIMIT}")
    found = _matches(graph, body)
    page = found[start : start + limit]
    more = start + limit < len(found)
    return {
        "@search.count": len(found),
        "@search.count.approximate": False,
        "@search.facets": None,
        "continuationToken": str(start + limit) if more else None,
        "value": [_result(entity) for entity in page],
    }


def suggest(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    found = _matches(graph, body)[: body.get("limit") or 5]
    return {"value": [_result(e) | {"@search.text": e.attributes.get("name")} for e in found]}


def autocomplete(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    found = _matches(graph, body)[: body.get("limit") or 50]
    names = dict.fromkeys(str(entity.attributes.get("name")) for entity in found)
    return {"value": [{"text": name, "queryPlusText": name} for name in names]}


def _matches(graph: Graph, body: dict[str, Any]) -> list[Entity]:
    keywords = _keywords(body.get("keywords"))
    wanted = _filter(graph, body["filter"]) if body.get("filter") else _everything
    return [
        entity
        for entity in graph.entities.values()
        if entity.status == ACTIVE and graph.visible(entity) and keywords(entity) and wanted(entity)
    ]


def _keywords(sent: Any) -> Predicate:
    """All words have to occur somewhere in the names or the description; "*" and none match everything."""
    words = str(sent or "").lower().replace("*", " ").replace('"', " ").split()
    return lambda entity: all(word in _text(entity) for word in words)


def _filter(graph: Graph, sent: Any) -> Predicate:
    """One condition, or conditions under `and`, `or`, `not`."""
    if not isinstance(sent, dict):
        raise Code.INVALID_PARAMETERS(f"not a filter: {sent}")
    if "and" in sent:
        every = [_filter(graph, part) for part in sent["and"]]
        return lambda entity: all(part(entity) for part in every)
    if "or" in sent:
        some = [_filter(graph, part) for part in sent["or"]]
        return lambda entity: any(part(entity) for part in some)
    if "not" in sent:
        negated = _filter(graph, sent["not"])
        return lambda entity: not negated(entity)
    return _condition(graph, sent)


def _condition(graph: Graph, sent: dict[str, Any]) -> Predicate:
    type_name = sent.get("typeName") or sent.get("entityType")
    if isinstance(type_name, str):
        return _of_type(graph, type_name.lower(), subtypes=bool(sent.get("includeSubTypes")))
    if isinstance(sent.get("collectionId"), str):
        return lambda entity: entity.collection == sent["collectionId"]
    name, operator = sent.get("attributeName"), str(sent.get("operator", "eq")).lower()
    if not isinstance(name, str) or operator not in _OPERATORS:
        raise Code.INVALID_PARAMETERS(f"filter {sent} is not understood")
    compare, wanted = _OPERATORS[operator], str(sent.get("attributeValue", "")).lower()
    return lambda entity: compare(str(entity.attributes.get(name, "")).lower(), wanted)


def _of_type(graph: Graph, type_name: str, *, subtypes: bool) -> Predicate:
    def matches(entity: Entity) -> bool:
        family = graph.registry.entity_type(entity.type_name).family if subtypes else (entity.type_name,)
        return any(name.lower() == type_name for name in family)

    return matches


def _everything(_: Entity) -> bool:
    return True


def _text(entity: Entity) -> str:
    return "\n".join(str(entity.attributes.get(field, "")) for field in _FIELDS).lower()


def _start(body: dict[str, Any]) -> int:
    token = body.get("continuationToken")
    if token is not None and not str(token).isdecimal():
        raise Code.INVALID_PARAMETERS(f"continuationToken {token}")
    return int(token if token is not None else body.get("offset") or 0)


def _result(entity: Entity) -> dict[str, Any]:
    """SearchResultValue."""
    return {
        "@search.score": 1.0,
        "id": entity.guid,
        "name": entity.attributes.get("name"),
        "qualifiedName": entity.attributes.get("qualifiedName"),
        "entityType": entity.type_name,
        "description": entity.attributes.get("description"),
        "owner": entity.attributes.get("owner"),
        "displayText": entity.attributes.get("name"),
        "collectionId": entity.collection,
        "createTime": entity.created,
        "updateTime": entity.updated or entity.created,
        "classification": [],
        "label": [],
        "term": [],
        "contact": [],
        "assetType": [],
    }
