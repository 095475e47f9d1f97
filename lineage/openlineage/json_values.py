"""Reading JSON that may have any shape: what is not as expected counts as absent."""

from collections.abc import Iterator
from typing import Any

from lineage.naming.secrets import without_secrets
from lineage.openlineage.names import Name
from lineage.request import NAME_LIMIT

Json = dict[str, Any]


def as_object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Iterator[Json]:
    """The objects in a list."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def as_text(value: Any, limit: int = NAME_LIMIT) -> str | None:
    """Non-empty text, without spaces around it and cut at the limit."""
    text = value.strip()[:limit] if isinstance(value, str) else ""
    return text or None


def as_name(value: Any) -> Name | None:
    """A namespace and a name, if both are there and not too long to be names."""
    namespace, name = (as_identifier(as_object(value).get(key)) for key in ("namespace", "name"))
    if not (namespace and name):
        return None
    return Name(without_secrets(namespace), without_secrets(name) if _is_url(name) else name)


def _is_url(name: str) -> bool:
    """Some producers put the whole URL of a dataset into its name."""
    return "://" in name or name[:5].lower() == "jdbc:"


def as_identifier(value: Any) -> str | None:
    """Text that is not cut: what is too long for Purview, which counts bytes, names nothing."""
    text = as_text(value, NAME_LIMIT + 1)
    return text if text and len(text.encode()) <= NAME_LIMIT else None


def some(**values: Any) -> Json:
    """An object of what is there."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
