"""JSON (RFC 8259) to nodes: strictly, and with lines, which Python's own reader does not tell."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from alliance_fhir.sources.plans.nodes import DEEPEST, Leaf, Listing, Node, Table, UnreadableError

_TOKEN = re.compile(
    r"[ \t\r\n]*+(?:"
    r'(?P<text>"(?:[^"\\\x00-\x1f]++|\\.)*+")|'
    r"(?P<number>-?(?:0|[1-9][0-9]*+)(?P<fraction>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.+-]))|"
    r"(?P<word>true|false|null)\b|"
    r"(?P<sign>[\[\]{},:])|"
    r"(?P<end>\Z))"
)
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_WHOLE = 18
"""Digits: what has more, or a fraction, is a number that no key of a plan takes."""


def parse(text: str) -> Node | None:
    """The nodes of a document; None where it is empty. Raises UnreadableError."""
    reader = _Reader(text)
    if reader.kind == "end":
        return None
    node = reader.node(1)
    if reader.kind != "end":
        raise reader.wrong()
    return node


class _Reader:
    """Goes through the tokens; `kind`, `token` and `line` are of the one at hand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [found.end() for found in re.finditer(r"\r\n|\n|\r", text)]
        self._place = 0
        self._step()

    def _step(self) -> None:
        found = _TOKEN.match(self._text, self._place)
        if not found:
            rest = self._text[self._place :]
            blank = len(rest) - len(rest.lstrip(" \t\r\n"))
            raise UnreadableError("not-json", self._line_at(self._place + blank))
        self.kind = str(found.lastgroup)
        self.token = found[self.kind]
        self.whole = not found["fraction"]
        self.line = self._line_at(found.start(self.kind))
        self._place = found.end()

    def _line_at(self, place: int) -> int:
        return bisect_right(self._ends, place) + 1

    def wrong(self) -> UnreadableError:
        """What stands here cannot stand here."""
        return UnreadableError("not-json", self.line)

    def _take(self, sign: str) -> bool:
        if self.kind == "sign" and self.token == sign:
            self._step()
            return True
        return False

    def node(self, depth: int) -> Node:
        """The value at hand. Goes on to what follows it."""
        line = self.line
        if self.kind == "sign":
            if depth > DEEPEST:
                raise UnreadableError("too-deep", line)
            if self._take("["):
                return self._listing(Listing(line), depth)
            if self._take("{"):
                return self._table(Table(line), depth)
        return Leaf(line, self._value())

    def _value(self) -> object:
        if self.kind == "text":
            value: object = self._string()
        elif self.kind == "word":
            value = _WORDS[self.token]
        elif self.kind == "number":
            short = self.whole and len(self.token) <= _LONGEST_WHOLE
            value = int(self.token) if short else float(self.token)
        else:
            raise self.wrong()
        self._step()
        return value

    def _string(self) -> str:
        try:
            return json.loads(self.token)
        except ValueError:  # what no escape is
            raise self.wrong() from None

    def _listing(self, listing: Listing, depth: int) -> Listing:
        if self._take("]"):
            return listing
        while True:
            listing.items.append(self.node(depth + 1))
            if self._take("]"):
                return listing
            if not self._take(","):
                raise self.wrong()

    def _table(self, table: Table, depth: int) -> Table:
        if self._take("}"):
            return table
        while True:
            if self.kind != "text":
                raise self.wrong()
            key, line = self._string(), self.line
            self._step()
            if not self._take(":"):
                raise self.wrong()
            table.add(key, line, self.node(depth + 1))
            if self._take("}"):
                return table
            if not self._take(","):
                raise self.wrong()
