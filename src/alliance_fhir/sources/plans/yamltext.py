"""YAML to nodes, by the events of PyYAML: nothing is constructed, no tag has a meaning.

An alias could make a document of a kilobyte into one of a gigabyte ("billion laughs"), and a tag
could call what it names: both are refused, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from alliance_fhir.domain.plan.values import Plain
from alliance_fhir.sources.plans.nodes import DEEPEST, Leaf, Listing, Node, Table, UnreadableError

_YAML: Any = yaml  # the types of PyYAML do not say what `parse` gives
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it: twenty times as fast, with the same events."""
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
"""How YAML 1.2 writes that there is nothing (its core schema)."""
_QUOTES = ("'", '"')
_OPEN = "while scanning a quoted scalar"
"""What both parsers were at where the text ended before the quotation mark."""
_UNCLOSED = "The quotation mark that opens here is not closed in its line; close or remove it."

Events = Iterator[yaml.Event]


def parse(text: str) -> Node | None:
    """The nodes of a document; None where it is empty. Raises UnreadableError."""
    quoted: list[yaml.ScalarEvent] = []
    try:
        return _document(_noting(_YAML.parse(text, Loader=_LOADER), quoted))
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error, quoted) from None
    except yaml.YAMLError:
        raise UnreadableError("not-yaml", 1) from None


def _noting(events: Events, quoted: list[yaml.ScalarEvent]) -> Events:
    """The events; `quoted` has the last text in quotation marks."""
    for event in events:
        if isinstance(event, yaml.ScalarEvent) and event.style in _QUOTES:
            quoted[:] = [event]
        yield event


def _unreadable(error: yaml.MarkedYAMLError, quoted: list[yaml.ScalarEvent]) -> UnreadableError:
    """What is wrong, and where. A quotation mark that is not closed takes in all up to the next
    one, or to the end, and only there the parser sees it: told is where it was opened."""
    mark, opened = error.problem_mark, error.context_mark
    if error.context == _OPEN and opened:
        return UnreadableError("not-yaml", opened.line + 1, _UNCLOSED)
    for one in quoted:
        if mark and one.start_mark.line < one.end_mark.line == mark.line:
            return UnreadableError("not-yaml", _line(one), _UNCLOSED)
    return UnreadableError("not-yaml", mark.line + 1 if mark else 1)


def _document(events: Events) -> Node | None:
    found: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if found:
                raise UnreadableError("several-documents", _line(event))
            found = _node(next(events), events, 1)
    return found


def _node(event: yaml.Event, events: Events, depth: int) -> Node:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise UnreadableError("yaml-alias", line)
    if getattr(event, "tag", None):
        raise UnreadableError("yaml-tag", line)
    if isinstance(event, yaml.ScalarEvent):
        return Leaf(line, _value(event))
    if depth > DEEPEST:
        raise UnreadableError("too-deep", line)
    if isinstance(event, yaml.SequenceStartEvent):
        return _listing(Listing(line), events, depth)
    return _table(Table(line), events, depth)


def _listing(listing: Listing, events: Events, depth: int) -> Listing:
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        listing.items.append(_node(event, events, depth + 1))
    return listing


def _table(table: Table, events: Events, depth: int) -> Table:
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key, Leaf):
            raise UnreadableError("not-yaml", key.line, "A key must be a word, and no list.")
        table.add(str(key.value or ""), key.line, _node(next(events), events, depth + 1))
    return table


def _value(event: yaml.ScalarEvent) -> str | None:
    """What stands without quotes is what its place makes of it; `2026-03-02`, `no` and `12:30` are
    no dates, truths or numbers by themselves."""
    value = event.value
    if not event.style:
        return None if value in _NOTHING else Plain(value)
    return value


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1
