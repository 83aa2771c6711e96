"""By what a goal or a task goes in a document: its name, or what is made of an identifier."""

from __future__ import annotations

import re
from collections.abc import Container

from pydantic import TypeAdapter, ValidationError

from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.plan.values import MOST_ENTRIES, Key
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.plan.back.pool import identifier
from alliance_fhir.fhir.plan.back.scope import Found, Scope

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_KEPT = 55
"""Characters: with a hyphen and eight of a digest they are the 64 that a key may have."""


def key_of(found: Found, ours: str, taken: Container[str]) -> str:
    """The name that a resource of ours has after the beginning `ours`; of another its identifier,
    or else its id, made fit for a key, whichever of several with the same has `taken` it before."""
    if found.suffix.startswith(ours):
        return fit_key("", found.suffix.removeprefix(ours), taken)
    for one in found.element.parts("identifier"):
        if value := one.text("value"):
            one.done()
            return fit_key(one.text("system"), value, taken)
    return fit_key("", found.element.text("id"), taken)


def also(scope: Scope, found: Found) -> tuple[Identifier, ...]:
    """By what others know a resource of ours. What is not, goes by one of these itself: ours that
    would be made of it is not to bear them a second time."""
    told: list[Identifier] = []
    for one in found.element.parts("identifier") if found.suffix else ():
        known = identifier(one)
        if known and known.system != scope.system and len(told) < MOST_ENTRIES:
            one.drop("system", "value")
            told.append(known)
    return tuple(told)


def fit_key(system: str, value: str, taken: Container[str]) -> str:
    """An identifier, or an id without a system, as a key: itself where it can be one, or else what
    of it can be, with the beginning of a digest. It is the same whenever it comes, unless others
    of the same value came before it."""
    if _is_key(value) and value not in taken:
        return value
    start = _UNFIT.sub("-", value).lstrip("._-")[:_KEPT]
    parts = [system, value]
    while (key := _digested(start, parts)) in taken:
        parts.append("again")
    return key


def _digested(start: str, parts: list[str]) -> str:
    return "-".join(filter(None, (start, digest(parts)[:8])))


def _is_key(value: str) -> bool:
    try:
        return _KEY.validate_python(value) == value
    except ValidationError:
        return False
