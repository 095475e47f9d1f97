"""
Where each node goes: layers from left to right, as the data flows, and within a layer next to its neighbours.

The classic way (Sugiyama, Tagawa and Toda, 1981): break cycles, put each node one layer after its last source, let long
edges pass through a place of their own in each layer between, and order the layers by the mean of the neighbours.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lineage.graph import Graph

SWEEPS = 8

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a long edge passes through a layer."""

    edge: Edge
    layer: int


Place = str | Passage  # a guid, or where an edge passes


@dataclass(frozen=True, slots=True)
class Layout:
    """The layers, top to bottom, and each edge as the places it goes through."""

    layers: Sequence[Sequence[Place]]
    routes: Mapping[Edge, Sequence[Place]]


def lay_out(graph: Graph) -> Layout:
    """Every entity in a layer, every edge with a route."""
    forward = _without_cycles(graph)
    layer_of = _layers(graph, forward)
    routes = {edge: _route(edge, layer_of, backward=edge not in forward) for edge in graph.arrows}
    layers: list[list[Place]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for guid, layer in layer_of.items():
        layers[layer].append(guid)
    for route in routes.values():
        for place in route:
            if isinstance(place, Passage):
                layers[place.layer].append(place)
    _order(layers, routes)
    return Layout(layers, routes)


def _without_cycles(graph: Graph) -> set[Edge]:
    """The edges but those that lead back to where a walk came from."""
    targets = defaultdict(list)
    for source, target in graph.arrows:
        targets[source].append(target)
    forward: set[Edge] = set()
    done: set[str] = set()
    on_the_way: set[str] = set()
    for start in graph.entities:
        walk = [(start, iter(targets[start]))] if start not in done else []
        on_the_way.update(guid for guid, _ in walk)
        while walk:
            guid, rest = walk[-1]
            for target in rest:
                if target in on_the_way:
                    continue
                forward.add((guid, target))
                if target not in done:
                    on_the_way.add(target)
                    walk.append((target, iter(targets[target])))
                    break
            else:
                walk.pop()
                on_the_way.discard(guid)
                done.add(guid)
    return forward


def _layers(graph: Graph, forward: set[Edge]) -> dict[str, int]:
    """Each node one layer after its last source (Kahn's order)."""
    layer_of = dict.fromkeys(graph.entities, 0)
    sources = Counter(target for _, target in forward)
    targets = defaultdict(list)
    for source, target in sorted(forward):
        targets[source].append(target)
    ready = [guid for guid in graph.entities if not sources[guid]]
    while ready:
        guid = ready.pop()
        for target in targets[guid]:
            layer_of[target] = max(layer_of[target], layer_of[guid] + 1)
            sources[target] -= 1
            if not sources[target]:
                ready.append(target)
    return layer_of


def _route(edge: Edge, layer_of: Mapping[str, int], *, backward: bool) -> list[Place]:
    """Through a place of its own in each layer between; an edge that closes a cycle goes straight back."""
    source, target = edge
    between = () if backward else range(layer_of[source] + 1, layer_of[target])
    return [source, *(Passage(edge, layer) for layer in between), target]


def _order(layers: list[list[Place]], routes: Mapping[Edge, Sequence[Place]]) -> None:
    """Sweeps forth and back, each time sorting a layer by where its neighbours in the last one are."""
    neighbours: dict[Place, set[Place]] = defaultdict(set)
    for route in routes.values():
        for one, other in pairwise(route):
            neighbours[one].add(other)
            neighbours[other].add(one)
    for sweep in range(SWEEPS):
        order = layers if sweep % 2 == 0 else layers[::-1]
        for last, layer in pairwise(order):
            at = {place: index for index, place in enumerate(last)}
            mean = {place: _mean([at[each] for each in neighbours[place] if each in at]) for place in layer}
            layer.sort(key=lambda place: mean[place])


def _mean(positions: Sequence[int]) -> float:
    return sum(positions) / len(positions) if positions else 0.0
