"""Search as far as finding an asset by name needs it (Azure TypeSpec DataMap, routes.tsp, interface Discovery).

Keywords and filters compare without regard to case. The index of a real account lags behind its writes and ranks and
tokenises in ways that are not public; here every active entity is looked at, in the order of its creation.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.datamap.errors import Code
from local.datamap.graph import Graph
from local.datamap.payload import listing
from local.datamap.rows import ACTIVE, Entity

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


class _Question(BaseModel):
    """What all three kinds of search are asked with; `offset` is what older clients page with."""

    model_config = ConfigDict(alias_generator=to_camel)

    keywords: str | None = None
    filter: dict[str, Any] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    offset: Annotated[int, Field(ge=0)] | None = None
    continuation_token: Annotated[str, Field(pattern=r"^\d+$")] | None = None

    @property
    def start(self) -> int:
        return int(self.continuation_token or self.offset or 0)


def query(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    """QueryResult: `keywords`, `filter`, `limit`, and `offset` or `continuationToken` for the pages after the first."""
    asked = _question(body)
    found = _matches(graph, asked)
    end = asked.start + (asked.limit or 50)
    return {
        "@search.count": len(found),
        "@search.count.approximate": False,
        "@search.facets": None,
        "continuationToken": str(end) if end < len(found) else None,
        "value": [_result(entity) for entity in found[asked.start : end]],
    }


def suggest(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    asked = _question(body)
    found = _matches(graph, asked)[: asked.limit or 5]
    return {"value": [_result(e) | {"@search.text": _attribute(e, "name")} for e in found]}


def autocomplete(graph: Graph, body: dict[str, Any]) -> dict[str, Any]:
    asked = _question(body)
    found = _matches(graph, asked)[: asked.limit or 50]
    names = dict.fromkeys(_attribute(entity, "name") for entity in found)
    return {"value": [{"text": name, "queryPlusText": name} for name in names]}


def _question(body: dict[str, Any]) -> _Question:
    try:
        return _Question.model_validate(body)
    except ValidationError as invalid:
        wrong = invalid.errors()[0]
        raise Code.INVALID_PARAMETERS(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from invalid


def _matches(graph: Graph, asked: _Question) -> list[Entity]:
    keywords = _keywords(asked.keywords or "")
    wanted = _filter(graph, asked.filter) if asked.filter else _everything
    return [
        entity
        for entity in graph.entities.values()
        if entity.status == ACTIVE and graph.visible(entity) and keywords(entity) and wanted(entity)
    ]


def _keywords(sent: str) -> Predicate:
    """All words have to occur somewhere in the names or the description; "*" and none match everything."""
    words = sent.lower().replace("*", " ").replace('"', " ").split()
    return lambda entity: all(word in _text(entity) for word in words)


def _filter(graph: Graph, sent: Any) -> Predicate:
    """One condition, or conditions under `and`, `or`, `not`."""
    if not isinstance(sent, dict):
        raise Code.INVALID_PARAMETERS(f"not a filter: {sent}")
    if "and" in sent:
        every = [_filter(graph, part) for part in listing(sent, "and")]
        return lambda entity: all(part(entity) for part in every)
    if "or" in sent:
        some = [_filter(graph, part) for part in listing(sent, "or")]
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
    return lambda entity: compare(_attribute(entity, name).lower(), wanted)


def _of_type(graph: Graph, type_name: str, *, subtypes: bool) -> Predicate:
    def matches(entity: Entity) -> bool:
        family = graph.registry.entity_type(entity.type_name).family if subtypes else (entity.type_name,)
        return any(name.lower() == type_name for name in family)

    return matches


def _everything(_: Entity) -> bool:
    return True


def _attribute(entity: Entity, name: str) -> str:
    return str(entity.as_read().attributes.get(name, ""))


def _text(entity: Entity) -> str:
    return "\n".join(_attribute(entity, field) for field in _FIELDS).lower()


def _result(entity: Entity) -> dict[str, Any]:
    """SearchResultValue."""
    attributes = entity.as_read().attributes
    return {
        "@search.score": 1.0,
        "id": entity.guid,
        "name": attributes.get("name"),
        "qualifiedName": attributes.get("qualifiedName"),
        "entityType": entity.type_name,
        "description": attributes.get("description"),
        "owner": attributes.get("owner"),
        "displayText": attributes.get("name"),
        "collectionId": entity.collection,
        "createTime": entity.created,
        "updateTime": entity.updated or entity.created,
        "classification": [],
        "label": [],
        "term": [],
        "contact": [],
        "assetType": [],
    }
