"""A rule: one way from a name to an asset."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from lineage.naming.asset import Asset, Evidence, Match
from lineage.naming.normalization import normalize
from lineage.naming.patterns import Pattern, Template, tokens

ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    How a name is understood.

    A name is a pair, matched by `namespace` and `name`, or a text, matched by `text`; `template` writes the
    qualifiedName. Without a template the text is the qualifiedName already.
    """

    id: str
    type_name: str
    evidence: Evidence
    source: str
    namespace: Pattern | None = None
    name: Pattern | None = None
    text: Pattern | None = None
    template: Template | None = None

    @classmethod
    def of_pair(
        cls, key: str, namespace: str, name: str, type_name: str, qualified_name: str, *about: str
    ) -> Self:
        """A rule for OpenLineage names, which also recognises the qualifiedNames that it writes."""
        template = Template.parse(qualified_name)
        evidence, source = about
        looks = {token.name: token for token in (*tokens(namespace), *tokens(name))}
        return cls(
            key,
            type_name,
            Evidence(evidence),
            source,
            namespace=Pattern.parse(namespace),
            name=name_pattern(name),
            text=template.as_pattern(looks),
            template=template,
        )

    @classmethod
    def of_qualified_name(cls, key: str, type_name: str, pattern: str, evidence: str, source: str) -> Self:
        """A rule that only recognises qualifiedNames."""
        return cls(key, type_name, Evidence(evidence), source, text=Pattern.parse(pattern))

    def match_pair(self, namespace: str, name: str) -> Match | None:
        if not (self.namespace and self.name and self.template):
            return None
        first = self.namespace.match(namespace)
        second = None if first is None else self.name.match(name)
        if first is None or second is None:
            return None
        return self._match(self.template.render(first | second))

    def match_text(self, text: str) -> Match | None:
        found = self.text.match(text) if self.text else None
        if found is None:
            return None
        return self._match(text if self.namespace or not self.template else self.template.render(found))

    def _match(self, qualified_name: str) -> Match | None:
        name = normalize(self.type_name, qualified_name)
        return Match(Asset(self.type_name, name), self.id, self.evidence) if name else None


def name_pattern(text: str) -> Pattern:
    """The pattern of an OpenLineage name: its parts are separated by slashes if it has any, else by dots."""
    text = "" if text == ABSENT else text
    return Pattern.parse(text, dotted="/" not in text)


def first_pair(rules: Iterable[Rule], readings: Iterable[tuple[str, str]]) -> Match | None:
    """The first rule that understands any of the readings."""
    spellings = list(readings)
    for rule in rules:
        for namespace, name in spellings:
            if match := rule.match_pair(namespace, name):
                return match
    return None


def first_text(rules: Iterable[Rule], texts: Iterable[str]) -> Match | None:
    """The first rule that understands any of the texts."""
    spellings = list(texts)
    for rule in rules:
        for text in spellings:
            if match := rule.match_text(text):
                return match
    return None
