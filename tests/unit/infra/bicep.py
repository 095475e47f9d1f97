"""
Just enough of Bicep to hold templates against the code: declarations and literal objects, read by tree-sitter's grammar.

An object becomes a dict and an array a list; a string without interpolation, a number or a boolean becomes itself; any
other expression stays as it is written. A loop or a condition gives what it would give once.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"
PARSER = Parser(Language(tree_sitter_bicep.language()))


class Expression(str):
    """What Bicep computes: the source of it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A param, var, resource, module or output. `of` is the type, or where a module is."""

    kind: str
    name: str
    of: str
    value: Any
    decorators: dict[str, Any]
    existing: bool
    file: str


@cache
def parse(path: Path) -> Node:
    """The syntax tree."""
    return PARSER.parse(path.read_bytes()).root_node


def files() -> list[Path]:
    """All templates."""
    return sorted(INFRA.glob("**/*.bicep"))


def declared(kind: str, path: Path | None = None) -> list[Declaration]:
    """What one template declares, or all."""
    found: list[Declaration] = []
    for file in [path] if path else files():
        decorators: dict[str, Any] = {}
        for node in parse(file).named_children:
            if node.type == "decorators":
                decorators = _decorators(node)
            elif node.type == f"{kind}_declaration":
                found.append(_declaration(kind, node, decorators, file.name))
            if node.type not in {"decorators", "comment"}:
                decorators = {}
    return found


def one(kind: str, name: str, path: Path) -> Declaration:
    """The only declaration of this name."""
    (found,) = [declaration for declaration in declared(kind, path) if declaration.name == name]
    return found


def objects(value: Any) -> list[dict[str, Any]]:
    """Every object in a value, itself included."""
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, dict) else []) + [
        found for item in inside for found in objects(item)
    ]


def _declaration(kind: str, node: Node, decorators: dict[str, Any], file: str) -> Declaration:
    name, *rest = node.named_children
    typed = kind in {"parameter", "output"}
    of = "" if kind == "variable" or not rest else rest[0].text.decode().strip("'")
    values = rest if kind == "variable" else rest[1:]
    existing = any(child.type == "existing" for child in node.children)
    value = read(values[-1]) if values else None
    return Declaration(kind, name.text.decode(), of if typed or of else "", value, decorators, existing, file)


def _decorators(node: Node) -> dict[str, Any]:
    calls = [child.named_children[0] for child in node.named_children]
    return {
        call.named_children[0].text.decode(): next(map(read, call.named_children[1].named_children), None)
        for call in calls
    }


def read(node: Node) -> Any:
    """A value as Python has it."""
    match node.type:
        case "object":
            pairs = [child for child in node.named_children if child.type == "object_property"]
            return {_key(pair.named_children[0]): read(pair.named_children[-1]) for pair in pairs}
        case "array":
            return [read(child) for child in node.named_children if child.type != "comment"]
        case "for_statement" | "if_statement":
            return read(node.named_children[-1])
        case "number" | "boolean":
            return json.loads(node.text)
        case "string" if all(
            child.type in {"string_content", "escape_sequence"} for child in node.named_children
        ):
            return node.text.decode()[1:-1].replace("\\'", "'")
    return Expression(node.text.decode())


def _key(node: Node) -> str:
    return node.text.decode().strip("'")


def calls(node: Node, function: str) -> list[list[Any]]:
    """The arguments of every call of a function."""
    mine = node.type == "call_expression" and node.named_children[0].text.decode() == function
    given = [[read(argument) for argument in node.named_children[1].named_children]] if mine else []
    return given + [found for child in node.named_children for found in calls(child, function)]
