"""SQL identifiers: `[sales].[order.lines]` has two parts, `sales` and `order.lines`."""

QUOTES = {"[": "]", '"': '"', "`": "`"}


def split_identifiers(name: str) -> list[str]:
    """
    The parts of a dotted name, without their quotes.

    Quotes count only at the start of a part; inside, the doubled closing quote stands for itself, as in T-SQL and the
    SQL standard. A quote that is never closed is an ordinary character.
    """
    parts: list[str] = []
    start = 0
    while start <= len(name):
        part, start = _next_part(name, start)
        parts.append(part)
    return parts


def _next_part(name: str, start: int) -> tuple[str, int]:
    """One part, and where the next one starts (beyond the end if there is none)."""
    closing = QUOTES.get(name[start : start + 1])
    end = _closing_quote(name, start + 1, closing) if closing else -1
    if closing and end >= 0:
        return name[start + 1 : end].replace(closing * 2, closing), end + 2
    dot = name.find(".", start)
    end = len(name) if dot < 0 else dot
    return name[start:end].strip(), end + 1


def _closing_quote(name: str, start: int, closing: str) -> int:
    """Where the quoted part ends, or -1: the closing quote must be followed by a dot or by the end."""
    while (end := name.find(closing, start)) >= 0:
        if name.startswith(closing, end + 1):
            start = end + 2
            continue
        return end if name[end + 1 : end + 2] in {"", "."} else -1
    return -1
