"""What a definition says, in words: types, bindings, fixed values, how many."""

from __future__ import annotations

from typing import Any

from pages.links import link
from pages.markdown import code
from pages.sources import IG, Json

HL7 = {
    "acceptance": "Where one party stands on the words of the goal",
    "adheresTo": "The form whose rules gave it, with its version",
    "annotationType": "As what it was said: an option that was considered, or a note",
    "calculated": "Of a score: the formula by which a form filler finds it",
    "completionMode": "How the answers were given: on paper, by phone and so on",
    "copyrightLabel": "The licence in a few words",
    "derivationType": "How it derives: with the same items, in other words",
    "extracted": "Of a score: that it becomes an Observation, a member of the panel",
    "extractedAs": "Of a score: of which category that Observation is",
    "masked": "That it is not told, as too few people are counted",
    "maxValue": "The highest number that can be answered",
    "minValue": "The lowest number that can be answered",
    "ordinalValue": "The weight as older tools read it",
    "pertainsToGoal": "The goal that it serves",
    "refersTo": "What the answer can refer to",
    "statusReason": "Why it stands so, where a later version leaves it out",
    "versionAlgorithm": "That versions are numbers, in which the later one is higher",
    "weight": "What the answer counts",
}
"""What the extensions of HL7 are here for, by the names of their slices."""
_STRENGTHS = {
    "required": "one of",
    "extensible": "one of (others where none of these fits)",
    "preferred": "best one of",
    "example": "such as",
}


def how_many(least: object, most: object) -> str:
    """How often an element stands: `1..1`."""
    return f"{least}..{most}"


def type_of(types: list[Json]) -> str:
    """The types that an element can have, with what a reference leads to."""
    return " or ".join(_type(one) for one in types)


def _type(one: Json) -> str:
    targets = [_target(str(url)) for url in one.get("targetProfile", [])]
    name = str(one["code"]).rsplit("/", 1)[-1]
    name = name.replace("System.String", "string")
    return f"{name} to {' or '.join(targets)}" if targets else name


def _target(url: str) -> str:
    return link(url) if url.startswith(IG) else url.rsplit("/", 1)[-1]


def binding(bound: Json) -> str:
    """From which codes."""
    return f"{_STRENGTHS[bound['strength']]} {link(bound['valueSet'])}"


def fixed(element: Json) -> str:
    """What an element always says, if anything."""
    for key, value in element.items():
        if key.startswith(("pattern", "fixed")):
            return f"always {told(value)}"
    return ""


def told(value: Any) -> str:
    """A value of any data type, short: codes with the system that they are of."""
    if isinstance(value, bool):
        return code(str(value).lower())
    if not isinstance(value, dict):
        return code(value)
    if "coding" in value:
        return " and ".join(told(coding) for coding in value["coding"])
    if "system" in value and "code" in value:
        return f"{code(value['code'])} of {system(value['system'])}"
    return ", ".join(f"{code(name)} {told(part)}" for name, part in value.items())


def system(url: str) -> str:
    """A code system: a link where it is ours, else its address."""
    return link(url) if url.startswith(IG) else code(url)
