"""The lineage around a dataset, as nodes and arrows that run with the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

Direction = Literal["upstream", "downstream"]
# Neither the lineage answer nor the name of a type says whether it is a process: its shape is a guess from these.
PROCESS_WORDS = ("process", "operation", "activity")


@dataclass(frozen=True, slots=True)
class Entity:
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
    def read(cls, header: Mapping[str, Any]) -> Self:
        """Out of an AtlasEntityHeader."""
        attributes = header.get("attributes") or {}
        qualified_name = str(attributes.get("qualifiedName") or "")
        name = attributes.get("name") or header.get("displayText") or qualified_name
        return cls(str(header["guid"]), str(header["typeName"]), str(name or header["guid"]), qualified_name)


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that was found around `base`."""

    base: str
    entities: Mapping[str, Entity]
    edges: Sequence[tuple[str, str]]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Out of an AtlasLineageInfo. An arrow to what it does not describe is left out."""
        headers = answer.get("guidEntityMap") or {}
        entities = {guid: Entity.read({"guid": guid, **header}) for guid, header in headers.items()}
        arrows = ((each["fromEntityId"], each["toEntityId"]) for each in answer.get("relations") or ())
        edges = sorted({arrow for arrow in arrows if entities.keys() >= set(arrow)})
        return cls(str(answer["baseEntityGuid"]), entities, edges)

    def next(self, guid: str, direction: Direction) -> list[Entity]:
        """One step along, by name."""
        if direction == "upstream":
            found = [source for source, target in self.edges if target == guid]
        else:
            found = [target for source, target in self.edges if source == guid]
        return sorted((self.entities[each] for each in found), key=lambda entity: (entity.name, entity.guid))

    def to_json(self) -> dict[str, Any]:
        """Nodes and edges, for programs."""
        nodes = [
            {
                "guid": each.guid,
                "typeName": each.type_name,
                "name": each.name,
                "qualifiedName": each.qualified_name,
            }
            for each in self.entities.values()
        ]
        edges = [{"from": source, "to": target} for source, target in self.edges]
        return {"base": self.base, "nodes": nodes, "edges": edges}
