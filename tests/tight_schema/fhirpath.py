"""FHIRPath as a tree: as much of its grammar as invariants need. Everything else is Unknown.

The grammar and how strongly operators bind: https://hl7.org/fhirpath/N1/#grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal


class Unknown(Exception):
    """Something that is not read here, or not translated; says what."""


class NoElement(Unknown):
    """An element that the type does not have."""


@dataclass(frozen=True)
class Literal:
    """A string, a number, true or false."""

    value: str | int | Decimal | bool


@dataclass(frozen=True)
class Binary:
    """An operator between two expressions."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Member:
    """An element of what `of` finds; of what it is said where that is None."""

    of: Expression | None
    name: str


@dataclass(frozen=True)
class Call:
    """A function of what `of` finds."""

    of: Expression | None
    name: str
    arguments: tuple[Expression, ...]


Expression = Literal | Binary | Member | Call

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[$%]?[A-Za-z_]\w*|`[^`]+`)|(?P<sign><=|>=|!=|!~|[=<>~().,|&+*/\[\]{}-]))"
)
_LEVELS = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "!=", "~", "!~"),
    ("<", ">", "<=", ">="),
    ("|",),
    ("is", "as"),
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def parsed(text: str) -> Expression:
    """The tree of an expression. Raises Unknown."""
    reader = _Reader(_tokens(text))
    whole = reader.binary(0)
    if reader.here:
        raise Unknown(f"`{reader.here}`")
    return whole


def _tokens(text: str) -> list[str]:
    text = text.strip()
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise Unknown(f"`{text[at : at + 10]}`")
        found.append(match.group().strip())
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0

    @property
    def here(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise Unknown(f"no `{token}`")

    def binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._path()
        left = self.binary(level + 1)
        while self.here in _LEVELS[level]:
            operator = self._next()
            left = Binary(operator, left, self.binary(level + 1))
        return left

    def _path(self) -> Expression:
        found = self._first()
        while self.here in (".", "["):
            if self._next() == "[":
                raise Unknown("an index")
            found = self._named(found)
        return found

    def _first(self) -> Expression:
        first = self.here
        if first == "(":
            self._next()
            inner = self.binary(0)
            self._expect(")")
            return inner
        if first.startswith("'"):
            self._next()
            unescaped = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), first[1:-1])
            return Literal(unescaped)
        if first[:1].isdigit():
            self._next()
            return Literal(Decimal(first) if "." in first else int(first))
        if first in ("true", "false"):
            self._next()
            return Literal(first == "true")
        return self._named(None)

    def _named(self, of: Expression | None) -> Expression:
        name = self._next().strip("`")
        if not re.fullmatch(r"[$%]?[A-Za-z_]\w*", name):
            raise Unknown(f"`{name}`")
        if self.here != "(":
            return Member(of, name)
        self._next()
        arguments: list[Expression] = []
        while self.here != ")":
            arguments.append(self.binary(0))
            if self.here != ",":
                break
            self._next()
        self._expect(")")
        return Call(of, name, tuple(arguments))
