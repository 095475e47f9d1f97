"""Parts of a posted body, or a refusal if they are not what they have to be. What is null counts as left out."""

from typing import Any

from local.datamap.errors import Code


def mapping(body: Any, key: str) -> dict[str, Any]:
    part = _part(body, key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise Code.INVALID_PARAMETERS(f"{key} is not an object")
    return part


def listing(body: Any, key: str) -> list[Any]:
    part = _part(body, key)
    if part is None:
        return []
    if not isinstance(part, list):
        raise Code.INVALID_PARAMETERS(f"{key} is not an array")
    return part


def _part(body: Any, key: str) -> Any:
    if not isinstance(body, dict):
        raise Code.INVALID_PARAMETERS("the body is not a JSON object")
    return body.get(key)
