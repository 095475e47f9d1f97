"""The lineage around a dataset, as nodes and edges that run with the data: the answer to a caller, and what is drawn."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field

from lineage.request import Model

Step = Literal["upstream", "downstream"]
WIDTH = 1000  # neighbours of one node that are asked for: all of them, for all that can be drawn
# Neither the lineage answer nor the name of a type says whether it is a process: its shape is a guess from these.
PROCESS_WORDS = ("process", "operation", "activity")


class Entity(Model):
    """A dataset or a process."""

    guid: str
    type_name: str
    name: str
    qualified_name: str

    @property
    def is_process(self) -> bool:
        """Probably. It decides on a shape, nothing else."""
        return any(word in self.type_name.lower() for word in PROCESS_WORDS)

    @classmethod
    def read(cls, guid: str, header: Mapping[str, Any]) -> Self:
        """Out of an AtlasEntityHeader."""
        attributes = header.get("attributes") or {}
        qualified_name = str(attributes.get("qualifiedName") or "")
        name = attributes.get("name") or header.get("displayText") or qualified_name
        return cls(
            guid=guid,
            type_name=str(header["typeName"]),
            name=str(name or guid),
            qualified_name=qualified_name,
        )


class Edge(Model):
    """An arrow, from guid to guid."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class Graph(Model):
    """Everything that was found around `base`."""

    base: str
    nodes: tuple[Entity, ...]
    edges: tuple[Edge, ...]
    cut_off: tuple[str, ...] = Field(
        default=(), description=f"guids of nodes with more than {WIDTH:,} neighbours, of which these are some"
    )
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Out of an AtlasLineageInfo. An arrow to what it does not describe is left out."""
        headers = answer.get("guidEntityMap") or {}
        arrows = ((each["fromEntityId"], each["toEntityId"]) for each in answer.get("relations") or ())
        known = sorted({arrow for arrow in arrows if headers.keys() >= set(arrow)})
        return cls(
            base=str(answer["baseEntityGuid"]),
            nodes=tuple(Entity.read(guid, header) for guid, header in headers.items()),
            edges=tuple(Edge(source=source, target=target) for source, target in known),
            cut_off=tuple(dict.fromkeys(_cut_off(answer))),
        )

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """The nodes by their guids."""
        return {node.guid: node for node in self.nodes}

    @cached_property
    def arrows(self) -> tuple[tuple[str, str], ...]:
        """The edges as pairs of guids."""
        return tuple((edge.source, edge.target) for edge in self.edges)

    def next(self, guid: str, step: Step) -> list[Entity]:
        """One step along, by name."""
        if step == "upstream":
            found = [source for source, target in self.arrows if target == guid]
        else:
            found = [target for source, target in self.arrows if source == guid]
        return sorted((self.entities[each] for each in found), key=lambda entity: (entity.name, entity.guid))

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return self.model_dump(mode="json", by_alias=True)


def _cut_off(answer: Mapping[str, Any]) -> Iterator[str]:
    """Who has more neighbours than were asked for; the Data Map counts them for each direction."""
    for counts in (answer.get("widthCounts") or {}).values():
        yield from (guid for guid, count in (counts or {}).items() if count > WIDTH)
