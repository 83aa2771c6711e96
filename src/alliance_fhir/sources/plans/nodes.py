"""What a document says before anything is known of its meaning: values, and the line of each.

YAML and JSON come to the same nodes. Lines count from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from alliance_fhir.domain.plan.rules import Place

DEEPEST = 16
"""Levels of lists and keys: a plan has seven, and whatever has more is none."""


class UnreadableError(Exception):
    """A document that cannot be read; the rule, and the line where that was seen, 0 for nowhere."""

    def __init__(self, rule: str, line: int = 0, remedy: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.line = line
        self.remedy = remedy


@dataclass(slots=True)
class Leaf:
    """A single value; None where nothing is told."""

    line: int
    value: object


@dataclass(slots=True)
class Listing:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list["Node"])


@dataclass(slots=True)
class Table:
    """Keys and their values, with the line of each key; `twice` are the lines of those that came
    once more, of which the first counts."""

    line: int
    entries: dict[str, tuple[int, Node]] = field(default_factory=dict[str, "tuple[int, Node]"])
    twice: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def add(self, key: str, line: int, node: Node) -> None:
        """One more key."""
        if key in self.entries:
            self.twice.append((key, line))
        else:
            self.entries[key] = (line, node)


Node = Leaf | Listing | Table


def plain(node: Node) -> Any:
    """The values alone; a key of which nothing is told is as one that is not there."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Listing):
        return tuple(plain(item) for item in node.items)
    told = {key: plain(value) for key, (_, value) in node.entries.items()}
    return {key: value for key, value in told.items() if value is not None}


def line_of(root: Node, place: Place) -> int:
    """The line of a key, or of an entry of a list; where there is none, of what should hold it."""
    line = root.line
    node = root
    for part in place:
        if isinstance(node, Table) and part in node.entries:
            line, node = node.entries[str(part)]
        elif isinstance(node, Listing) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            line = node.line
        else:
            break
    return line


def path_of(root: Node, place: Place, words: frozenset[str]) -> str:
    """A place as people write it: `goals[1].text`. What a site may have called something is not in
    it: a key that is none of the `words` is told by its position."""
    path = ""
    node: Node | None = root
    for part in place:
        entries = node.entries if isinstance(node, Table) else {}
        if isinstance(part, int):
            path += f"[{part}]"
            node = node.items[part] if isinstance(node, Listing) else None
        elif part in words:
            path += f".{part}" if path else part
            node = entries[part][1] if part in entries else None
        else:
            path += f"[{list(entries).index(part)}]" if part in entries else ""
            node = entries[part][1] if part in entries else None
    return path


def repeated(node: Node, place: Place = ()) -> Iterator[tuple[Place, int]]:
    """The place of each key that came once more, with its line."""
    if isinstance(node, Table):
        yield from (((*place, key), line) for key, line in node.twice)
        for key, (_, value) in node.entries.items():
            yield from repeated(value, (*place, key))
    elif isinstance(node, Listing):
        for index, item in enumerate(node.items):
            yield from repeated(item, (*place, index))
