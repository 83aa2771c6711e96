"""Faults in the extensions of plans, which their definitions find whatever a resource claims."""

from __future__ import annotations

from profile_rows import UCUM, Instead, Row, faults

from planting import GONE


def _whole(kind: str, way: str, type_: str) -> list[Row]:
    """An extension without its value, and with one of another type."""
    return [
        (kind, way, GONE, "Extension.value[x]: minimum"),
        (kind, way, Instead("valueQuantity", UCUM), f"allows for the types [{type_}]"),
    ]


def _part(kind: str, way: str, name: str, type_: str) -> list[Row]:
    """A part of one without its value, and with one of another type."""
    return [
        (kind, way, {"url": name}, f"{name}.value[x]: minimum"),
        (kind, way, {"url": name, "valueQuantity": UCUM}, f"allows for the type {type_}"),
    ]


def _taken_back(kind: str, way: str, first: int) -> list[Row]:
    """Of words to which an agreement was taken back."""
    on, digest, withdrawn = (f"{way}.{first + number}" for number in range(3))
    return [
        *_part(kind, on, "on", "date"),
        *_part(kind, digest, "digest", "string"),
        *_part(kind, withdrawn, "withdrawn", "boolean"),
        (kind, digest, GONE, "said-on"),
        (kind, f"{digest}.valueString", "x", "words-digest"),
        (kind, f"{withdrawn}.valueBoolean", False, "fixed to 'true'"),
        (kind, f"{way}.+", {"url": "earlier", "valueCode": "agree"}, "said-once"),
    ]


def _earlier(kind: str, way: str, first: int) -> list[Row]:
    """Of what was said to other words."""
    earlier, earlier_on = (f"{way}.{first + number}" for number in range(2))
    return [
        *_part(kind, earlier, "earlier", "code"),
        *_part(kind, earlier_on, "earlier-on", "date"),
        (kind, earlier_on, GONE, "said-earlier"),
        (kind, f"{earlier}.valueCode", "pending", "earlier-agreement"),
    ]


_AGREED = "extension.0.extension"
_TO = f"{_AGREED}.2.extension"
_BY = f"{_AGREED}.0"
_HOW = f"{_AGREED}.1"
ROWS: dict[str, list[Row]] = {
    "shared-care-plan": [
        *_whole("plan", "extension.0.valuePositiveInt", "positiveInt"),
        *_whole("plan", "extension.1.valueDateTime", "dateTime"),
        *_whole("plan of others", "goal.0.extension.0.valueUrl", "url"),
        ("plan of others", "goal.0.extension.0.valueUrl", "urn:x:y", "kept-address"),
    ],
    "agreed-goal": [
        *_taken_back("goal taken back", _TO, 0),
        *_earlier("goal of other words", _TO, 0),
        ("goal taken back", f"{_AGREED}.2.valueString", "x", "value[x]: max"),
    ],
    "plan-task": [
        *_taken_back("task taken back", _AGREED, 2),
        *_part("task taken back", _BY, "individual", "Reference"),
        *_part("task taken back", _HOW, "status", "code"),
        ("task taken back", _BY, GONE, "extension:individual"),
        ("task taken back", _HOW, GONE, "extension:status"),
        ("task taken back", f"{_HOW}.valueCode", "yes", "goal-acceptance-status"),
        ("task taken back", f"{_AGREED}.4", GONE, "agreement-withdrawn"),
        ("task agreed", f"{_AGREED}.2", GONE, "agreement-said"),
        ("task taken back", "extension.0.valueString", "x", "value[x]: max"),
    ],
    "plan-service-request": _earlier("service of other words", _AGREED, 2),
}
FAULTS = faults(ROWS)
