"""From a name to a place in the catalogue."""

import re

from lineage.naming.address import without_credentials
from lineage.naming.asset import Match
from lineage.naming.normalization import QUALIFIED_NAME_LIMIT, tidy
from lineage.naming.readings import is_placeholder, readings, text_readings
from lineage.naming.rule import first_pair, first_text
from lineage.naming.rules import BUILT_IN, Rules

# Longer names cannot be qualifiedNames; and what is bounded takes a bounded time.
NAME_LIMIT = QUALIFIED_NAME_LIMIT
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def locate(text: str, rules: Rules = BUILT_IN) -> Match | None:
    """
    The asset that a name of one piece means: a qualifiedName, a storage URL, a JDBC URL with its table.

    None if no rule knows the name. Never raises.
    """
    text = without_credentials(text.strip()) if len(text) <= NAME_LIMIT else ""
    if not _usable(text):
        return None
    plain = tidy(_without_query(text))
    spelled = list(text_readings(text))
    return (
        first_text(rules.user, (text, plain))
        or first_pair(rules.user, spelled)
        or first_text(rules.built_in, (plain, plain.rstrip("/")))
        or first_pair(rules.built_in, spelled)
    )


def locate_openlineage(namespace: str, name: str, rules: Rules = BUILT_IN) -> Match | None:
    """
    The asset that an OpenLineage namespace and name mean.

    None if no rule knows the name, or if it is a producer's way to say that it does not know. Never raises.
    """
    if len(namespace) > NAME_LIMIT or len(name) > NAME_LIMIT:
        return None
    namespace, name = namespace.strip(), name.strip()
    if not _usable(namespace) or _UNPRINTABLE.search(name) or is_placeholder(name):
        return None
    spelled = list(readings(namespace, name))
    match = first_pair(rules.user, [(namespace, name), *spelled]) or first_pair(rules.built_in, spelled)
    if match is None and "://" in name:
        return locate(name, rules)  # some producers put the whole URL into the name
    return match


def _without_query(text: str) -> str:
    """A web address without its query, which is a shared access signature if it is anything."""
    return text.partition("?")[0] if text[:4].lower() == "http" else text


def _usable(text: str) -> bool:
    return bool(text) and not _UNPRINTABLE.search(text)
