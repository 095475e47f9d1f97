"""All rules: a user's, which come first, and the built-in ones."""

import re
from dataclasses import dataclass
from typing import Self

from lineage.naming.built_in import LINES
from lineage.naming.rule import ABSENT, Rule
from lineage.naming.user_rules import parse_user_rules


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, which costs nothing as a key
class Rules:
    """What `locate` goes by."""

    user: tuple[Rule, ...]
    built_in: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        The rules in the app setting LINEAGE_NAMING_RULES (JSON), in front of the built-in ones.

        ValueError, with one message: which rule is wrong, where, and how to mend it.
        """
        return cls(parse_user_rules(text) if text.strip() else (), _BUILT_IN)


def _parse_line(line: str) -> Rule:
    key, namespace, name, type_name, qualified_name, *about = re.split(r"\s{2,}", line)
    if namespace == name == ABSENT:
        return Rule.of_qualified_name(key, type_name, qualified_name, *about)
    return Rule.of_pair(key, namespace, name, type_name, qualified_name, *about)


_BUILT_IN = tuple(_parse_line(line) for line in LINES.strip().splitlines())
BUILT_IN = Rules(user=(), built_in=_BUILT_IN)
