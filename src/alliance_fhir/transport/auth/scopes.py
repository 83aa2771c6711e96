"""Scopes asked for and granted, in both syntaxes of SMART App Launch.

v1: `system/Observation.write`; v2: `system/Observation.cruds`, the letters in this order, some left
out. Servers may grant in another syntax than they were asked in, and in several parts.
(SMART App Launch 2.2.0, "Scopes and Launch Context".)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<may>read|write|\*|c?r?u?d?s?)"
    r"(?P<only>\?.+)?"
)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


class Scope(NamedTuple):
    """What may be done (letters of `cruds`) with a type; `only` is the part of it, as a query."""

    context: str
    type: str
    may: frozenset[str]
    only: str


def _scope(told: str) -> Scope | None:
    """A scope of SMART; None for others, such as those of OAuth servers in general."""
    found = _SCOPE.fullmatch(told)
    if not found or not found["may"]:
        return None
    may = frozenset(_V1.get(found["may"], found["may"]))
    return Scope(found["context"], found["type"], may, found["only"] or "")


def missing(asked: Iterable[str], granted: Iterable[str]) -> list[str]:
    """What was asked for and not granted, each scope as it was asked for."""
    words = set(granted)
    known = [scope for word in words if (scope := _scope(word))]
    return [word for word in asked if word not in words and not _covered(_scope(word), known)]


def _covered(asked: Scope | None, granted: Iterable[Scope]) -> bool:
    if asked is None:
        return False
    may = {
        letter
        for scope in granted
        if scope.context == asked.context
        and scope.type in ("*", asked.type)
        and scope.only in ("", asked.only)
        for letter in scope.may
    }
    return asked.may <= may
