"""
A user's own rules: JSON in the app setting LINEAGE_NAMING_RULES.

    [{"namespace": "shop-pg", "name": "{schema}.{table}",
      "typeName": "azure_postgresql_table",
      "qualifiedName": "postgresql://shop.postgres.database.azure.com/shop/{schema}/{table}"},
     {"text": "lake:{path*}",
      "typeName": "azure_datalake_gen2_path",
      "qualifiedName": "https://lake.dfs.core.windows.net/{path}"}]

A mistake is one ValueError that says which rule, which of its fields, and what to write instead.
"""

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from lineage.naming.asset import Evidence
from lineage.naming.patterns import Pattern, Template
from lineage.naming.rule import Rule, name_pattern

RULES_LIMIT = 500
QUOTED = 80  # characters of a faulty pattern that its message repeats
SOURCE = "LINEAGE_NAMING_RULES"

T = TypeVar("T")


class UserRule(BaseModel):
    """One rule as a user writes it."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)

    id: str | None = Field(default=None, min_length=1, max_length=100)
    namespace: str | None = None
    name: str | None = None
    text: str | None = None
    type_name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_ .-]*$", max_length=255)
    qualified_name: str = Field(min_length=1)


_RULES = TypeAdapter(list[UserRule])


def parse_user_rules(text: str) -> tuple[Rule, ...]:
    """The rules, or ValueError."""
    try:
        rules = _RULES.validate_json(text)
    except ValidationError as error:
        raise ValueError(_explain(error)) from None
    if len(rules) > RULES_LIMIT:
        raise ValueError(f"has {len(rules)} rules; {RULES_LIMIT} are allowed")
    return tuple(_to_rule(index, rule) for index, rule in enumerate(rules))


def _to_rule(index: int, rule: UserRule) -> Rule:
    where = f"rule {index + 1}" + (f" ({rule.id})" if rule.id else "")
    if (rule.text is None) == (rule.namespace is None) or (rule.namespace is None) != (rule.name is None):
        raise ValueError(f'{where}: write either "namespace" and "name", or "text"')
    namespace = _parse(f"{where}, namespace", Pattern.parse, rule.namespace)
    name = _parse(f"{where}, name", name_pattern, rule.name)
    whole = _parse(f"{where}, text", Pattern.parse, rule.text)
    template = _parse(f"{where}, qualifiedName", Template.parse, rule.qualified_name)
    known = [found for pattern in (namespace, name, whole) if pattern for found in pattern.names]
    _check_names(where, known, template.names if template else [])
    return Rule(
        rule.id or f"user-{index + 1}",
        rule.type_name,
        Evidence.USER,
        SOURCE,
        namespace=namespace,
        name=name,
        text=whole,
        template=template,
    )


def _parse(where: str, parse: Callable[[str], T], text: str | None) -> T | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{where}: {text[:QUOTED]!r} {error}") from None


def _check_names(where: str, known: list[str], used: list[str]) -> None:
    if twice := {name for name in known if known.count(name) > 1}:
        raise ValueError(f"{where}: namespace and name both use {{{min(twice)}}}; rename one of them")
    for name in used:
        if name not in known:
            there = ", ".join(f"{{{each}}}" for each in known) or "no placeholders"
            raise ValueError(f"{where}, qualifiedName: nothing gives {{{name}}}; the patterns have {there}")


def _explain(error: ValidationError) -> str:
    """Pydantic's first error in our words."""
    first = error.errors(include_url=False, include_input=False)[0]
    index, *path = first["loc"] or ("",)
    if first["type"] == "json_invalid":
        return f"is not JSON: {first['ctx']['error']}"
    if not isinstance(index, int):
        return "is not a list of rules: write [{...}, {...}]"
    where = ", ".join([f"rule {index + 1}", *map(str, path)])
    messages = {
        "missing": "this field is needed",
        "extra_forbidden": "there is no such field; there are: "
        + ", ".join(str(each.alias) for each in UserRule.model_fields.values()),
    }
    return f"{where}: {messages.get(first['type'], first['msg'])}"
