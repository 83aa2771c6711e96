"""References by identifier in the JSON text of a resource: who or what is meant by them, and, once
it is known, where that is at a server.

They are found in the text, in a twentieth of the time that a walk through the resource takes. What
JSON writes within a string has its quotes escaped, so that nothing in there looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

Reference = tuple[str, str, str]
"""The type, and the system and value of the identifier."""
References = Mapping[Reference, str]
"""Where each is: the reference that stands for it."""

_STRING = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_BY_IDENTIFIER = re.compile(
    rb'\{(?:"type":"([A-Za-z]+)",)?"identifier":\{"system":'
    + _STRING
    + rb',"value":'
    + _STRING
    # some servers put the type in front
    + rb'\}(?:,"type":"([A-Za-z]+)")?[,}]'
)


def named(text: bytes) -> Iterator[Reference]:
    """All that a resource, or a bundle, points to by identifier, each once, in the order of the
    text, which is without white space."""
    for found in dict.fromkeys(_BY_IDENTIFIER.findall(text)):
        if reference := _reference(*found):
            yield reference


def located(text: bytes, references: References) -> bytes:
    """The same text with, in every reference by identifier, where that is, if it is known."""
    known: dict[bytes, bytes] = {}  # most are there several times

    def beside(found: re.Match[bytes]) -> bytes:
        was = found[0]
        if was not in known:
            known[was] = _with_place(found, references)
        return known[was]

    return _BY_IDENTIFIER.sub(beside, text)


def _with_place(found: re.Match[bytes], references: References) -> bytes:
    reference = _reference(*found.groups())
    try:  # `get` of a ChainMap looks twice into each of its maps
        where = references[reference] if reference else ""
    except KeyError:
        return found[0]
    if not where:
        return found[0]
    return b'{"reference":' + orjson.dumps(where) + b"," + found[0][1:]


def _reference(before: bytes, system: bytes, value: bytes, after: bytes) -> Reference | None:
    type_ = before or after
    if not type_:  # an identifier of something that has no type, as a row of a file
        return None
    return type_.decode(), _plain(system), _plain(value)


def _plain(text: bytes) -> str:
    return orjson.loads(b'"' + text + b'"') if b"\\" in text else text.decode()
