"""Parts of a posted body, or a refusal if they are not what they have to be. What is null counts as left out."""

from typing import Any

from local.datamap.errors import Code


def mapping(body: dict[str, Any], key: str) -> dict[str, Any]:
    part = body.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise Code.INVALID_PARAMETERS(f"{key} is not an object")
    return part


def listing(body: dict[str, Any], key: str) -> list[Any]:
    part = body.get(key)
    if part is None:
        return []
    if not isinstance(part, list):
        raise Code.INVALID_PARAMETERS(f"{key} is not an array")
    return part
