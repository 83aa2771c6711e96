"""What pydantic finds wrong with a document, in our rules; and which keys a plan has."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.rules import Slip
from alliance_fhir.domain.plan.values import DAY, Breach
from alliance_fhir.sources.plans import CONFLICTS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_RULES = {
    "missing": ("missing-key", ""),
    "literal_error": ("unknown-word", "Write {expected}."),
    "string_type": ("wrong-kind", "It must be text, in quotation marks."),
    "string_unicode": ("control-character", ""),
    "string_too_short": ("blank-text", ""),
    "string_too_long": ("text-too-long", "At most {max_length} characters."),
    "string_pattern_mismatch": ("not-a-key", ""),
    "int_type": ("wrong-kind", "It must be a whole number, without quotation marks."),
    "bool_type": ("wrong-kind", "It must be true or false, without quotation marks."),
    "tuple_type": ("wrong-kind", "It must be a list."),
    "dict_type": ("wrong-kind", "It must be keys with values."),
    "model_type": ("wrong-kind", "It must be keys with values."),
    "too_short": ("missing-key", "The list needs an entry."),
    "too_long": ("too-many-entries", "At most {max_length} entries."),
    "greater_than_equal": ("out-of-range", "It must be {ge} or more."),
    "less_than_equal": ("out-of-range", "It must be {le} or less."),
}
"""By pydantic's names of what can be wrong."""


def breaches(error: ValidationError) -> Iterator[Slip]:
    """All that is wrong, in the order of the model's keys."""
    told = error.errors(include_url=False, include_input=False)
    within = {one["loc"][:-1] for one in told}
    for one in told:
        if one["type"] != "too_short" or one["loc"] not in within:  # its entries are there, and bad
            yield _slip(one)


def _slip(one: ErrorDetails) -> Slip:
    place = tuple(part for part in one["loc"] if part != "[key]")
    told: dict[str, Any] = one.get("ctx", {})
    cause = told.get("error")
    if isinstance(cause, Breach):
        return Slip(place, cause.rule, cause.remedy)
    if place == (CONFLICTS,):
        return Slip(place, "merge-unfinished")
    if one["type"] == "extra_forbidden":
        return Slip(place, "unknown-key", _nearest(str(place[-1])))
    if told.get("pattern") == DAY:
        return Slip(place, "not-a-date", "Write a day such as 2026-03-02.")
    rule, remedy = _RULES[one["type"]]
    return Slip(place, rule, remedy.format(**told))


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, sorted(WORDS), n=1)
    return f"Did you mean {near[0]}?" if near else ""


def models(model: type[BaseModel] = SharedPlan) -> dict[str, type[BaseModel]]:
    """The models of a plan and of its parts, by their names."""
    found = {model.__name__: model}
    for field in model.model_fields.values():
        for part in _within(field.annotation):
            found |= models(part)
    return found


def _within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _within(part)


WORDS = frozenset(name for model in models().values() for name in model.model_fields)
"""All keys that a plan and its parts may have."""
