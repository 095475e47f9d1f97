"""
The little language that naming rules are written in: a name with its moving parts in braces.

    abfss://{container}@{host:adls}     {x:shape} is one of `shapes.SHAPES`
    {database}.{schema}.{table}         {x} is one piece: no slash, and not the character that comes next
    {workspace}/Tables/{path*}          {x*} goes on to the end, or to the first occurrence of what comes next
    postgres://{host}[:{port}]          [...] may be absent

It is smaller than regular expressions on purpose. Every piece compiles to a possessive quantifier, which never gives
back what it took: matching is linear in the text, whoever wrote the rule, so no rule can be made to hang.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lineage.naming.shapes import SHAPES

PATTERN_LIMIT = 1024

# A dot inside a quoted SQL identifier, which does not separate. Restored when a qualifiedName is written.
QUOTED_DOT = "\x00"

_TOKEN = re.compile(
    r"\{(?P<name>[a-z][a-z0-9_]*)(?::(?P<shape>[a-z0-9-]+)|(?P<star>\*)|=(?P<default>[^{}\[\]]*))?\}"
    r"|(?P<open>\[)|(?P<close>\])|(?P<literal>[^{}\[\]]+)|(?P<bad>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One element of a pattern or a template; exactly one of the first three is set, or it is a bracket."""

    literal: str = ""
    name: str = ""
    bracket: str = ""
    shape: str | None = None
    star: bool = False
    default: str | None = None


def tokens(text: str) -> tuple[Token, ...]:
    """The elements of a pattern or a template. ValueError says what is wrong with it."""
    if len(text) > PATTERN_LIMIT:
        raise ValueError(f"is longer than {PATTERN_LIMIT} characters")
    found = tuple(_token(match) for match in _TOKEN.finditer(text))
    _check_brackets(found)
    return found


def _token(match: re.Match[str]) -> Token:
    if match["bad"]:
        raise ValueError(
            f"has a stray {match['bad']!r} at character {match.start() + 1}: "
            "write {name}, {name*} or {name:shape}, with names in lower case"
        )
    if match["shape"] and match["shape"] not in SHAPES:
        raise ValueError(f"names an unknown shape {match['shape']!r}; there are: {', '.join(SHAPES)}")
    return Token(
        literal=match["literal"] or "",
        name=match["name"] or "",
        bracket=match["open"] or match["close"] or "",
        shape=match["shape"],
        star=bool(match["star"]),
        default=match["default"],
    )


def _check_brackets(found: tuple[Token, ...]) -> None:
    inside = False
    for token in found:
        if token.bracket == ("[" if inside else "]"):
            raise ValueError("has brackets inside brackets, or a ] without its [")
        inside = inside != bool(token.bracket)
    if inside:
        raise ValueError("has a [ without its ]")


def names(found: tuple[Token, ...]) -> list[str]:
    return [token.name for token in found if token.name]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    text: str
    expression: re.Pattern[str]

    @classmethod
    def parse(cls, text: str, *, dotted: bool = False) -> "Pattern":
        """`dotted`: the text is a name whose parts are separated by dots, so no piece holds one."""
        found = tokens(text)
        twice = {name for name in names(found) if names(found).count(name) > 1}
        if twice:
            raise ValueError(f"uses {{{min(twice)}}} twice")
        parts = (_expression(found, index, dotted=dotted) for index in range(len(found)))
        return cls(text, re.compile("".join(parts), re.DOTALL))

    @property
    def names(self) -> list[str]:
        return list(self.expression.groupindex)

    def match(self, text: str) -> dict[str, str] | None:
        """What the placeholders stand for, or None. Absent optional ones are left out."""
        found = self.expression.fullmatch(text)
        return found and {name: value for name, value in found.groupdict().items() if value is not None}


def _expression(found: tuple[Token, ...], index: int, *, dotted: bool) -> str:
    token = found[index]
    if token.bracket:
        return "(?:" if token.bracket == "[" else ")?+"
    if token.literal:
        return re.escape(token.literal)
    if token.default is not None:
        raise ValueError(f"gives {{{token.name}}} a default: those belong into qualifiedName")
    return f"(?P<{token.name}>{_piece(token, list(_followers(found, index)), dotted=dotted)})"


def _piece(token: Token, followers: list[str], *, dotted: bool) -> str:
    if token.shape:
        return SHAPES[token.shape]
    if not all(followers):
        raise ValueError(f"has {{{token.name}}} touching another placeholder: nothing says where it ends")
    if token.star:
        stop = "|".join(re.escape(follower) for follower in followers)
        return f"(?:(?!{stop}).)++" if stop else ".++"
    stops = "".join(follower[0] for follower in followers) + ("." if dotted else "")
    return f"[^/{re.escape(stops)}]++"


def _followers(found: tuple[Token, ...], index: int) -> Iterator[str]:
    """The literals that may come after a token; an empty one where a placeholder follows directly."""
    optional = first = False
    for token in found[index + 1 :]:
        if token.bracket:
            optional = first = token.bracket == "["
        elif not optional:
            yield token.literal
            return
        elif first:
            yield token.literal
            first = False


@dataclass(frozen=True, slots=True)
class Template:
    """How a qualifiedName is written from what the placeholders stand for; `{x=y}` is y where x is absent."""

    text: str
    tokens: tuple[Token, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        found = tokens(text)
        for token in found:
            if token.star or token.shape:
                raise ValueError(f"may only name {{{token.name}}}, not say what it looks like")
        return cls(text, found)

    @property
    def names(self) -> list[str]:
        return names(self.tokens)

    def render(self, values: Mapping[str, str]) -> str:
        """An optional part appears when all it names is there."""
        written: list[str] = []
        optional: list[Token] | None = None
        for token in self.tokens:
            if token.bracket == "[":
                optional = []
            elif optional is None:
                written.append(_render(token, values))
            elif token.bracket:
                if all(part.name in values for part in optional if part.name):
                    written.extend(_render(part, values) for part in optional)
                optional = None
            else:
                optional.append(token)
        return "".join(written).replace(QUOTED_DOT, ".")

    def as_pattern(self, looks: Mapping[str, Token]) -> Pattern:
        """The pattern of the names this template writes; `looks` are the placeholders of the rule's own patterns."""
        return Pattern.parse("".join(_as_pattern(token, looks) for token in self.tokens))


def _render(token: Token, values: Mapping[str, str]) -> str:
    return token.literal or values.get(token.name) or token.default or ""


def _as_pattern(token: Token, looks: Mapping[str, Token]) -> str:
    if not token.name:
        return token.literal or token.bracket
    look = looks[token.name]
    return f"{{{token.name}{':' + look.shape if look.shape else '*' if look.star else ''}}}"
