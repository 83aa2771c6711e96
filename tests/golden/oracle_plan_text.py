"""What a patient has to find in the CarePlan's text, and what was said in confidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree

from .oracle_plan_words import Json, Plan, Stand

_XHTML = "{http://www.w3.org/1999/xhtml}"
_SAID = {
    "agree": "agreed",
    "disagree": "said no",
    "withdrawn": "took the agreement back",
    "pending": "not said anything",
}
_KINDS = {"Practitioner": "clinician ", "RelatedPerson": "guardian "}


def misread(text: str, plan: Plan) -> list[str]:
    """What the text lacks of the newest version, or tells and should not; by its place alone."""
    root = ElementTree.fromstring(text)  # noqa: S314 - it is ours
    whole = "\n".join(line for one in root.iter() for line in _lines(one) if one.tag != "b")
    found = [f"lacks {key}" for key, words in _open(plan.today) if words not in whole]
    found += [f"tells {key}" for key, words in _confidential(plan.today) if words in whole]
    entries = {_bold(one): _lines(one) for one in root.iter(f"{_XHTML}p") if _bold(one)}
    for list_ in ("goals", "tasks"):
        for one in plan.today.get(list_, []):
            lines = entries.get(one["text"], [])
            found += [
                f"{list_} {one[list_[:-1]]}: where {stand.who.text} stands"
                for stand in plan.stands(list_, one)
                if not any(_tells(line, stand) for line in lines)
            ]
    return found


def _tells(line: str, stand: Stand) -> bool:
    if stand.who.type == "Patient":
        name = "the patient"
    else:
        name = f"{_KINDS[stand.who.type]}{stand.who.value}"
    status, on = (stand.status, stand.on) if stand.on else stand.earlier
    told = [name, _SAID[stand.status], *([_day(on)] if on else [])]
    if status and not stand.on:
        told += ["other words", _SAID[status]]
    return all(part in f"{line[:1].lower()}{line[1:]}" for part in told)


def _open(version: Json) -> Iterator[tuple[str, str]]:
    """What everybody may read who reads the plan."""
    yield "version", f"version {version['version']}, written on {_day(version['written'])}"
    for key in ("outcome_sought", "next_review"):
        if key in version:
            yield key, _day(version[key]) if key == "next_review" else version[key]
    yield from (("hopes", text) for text in version.get("hopes", []))
    yield from (("preferences", one["text"]) for one in version.get("preferences", []))
    yield from (("contact", text) for text in version.get("contact", {}).values())
    for review in version.get("reviews", []):
        yield "reviews", _day(review["on"])
        for key in ("works", "does_not", "changes"):
            yield from (("reviews", text) for text in review.get(key, []))
    for task in version.get("tasks", []):
        told = [task["text"], task.get("when"), *task.get("options_considered", [])]
        yield from (("tasks", text) for text in told if text)
    for goal in version.get("goals", []):
        yield "goals", goal["text"]


def _confidential(version: Json) -> Iterator[tuple[str, str]]:
    told = [("reason", version.get("reason"))]
    told += [(key, text) for key in ("concerns", "background") for text in version.get(key, [])]
    told += [("barriers", text) for one in version.get("barriers", []) for text in one.values()]
    offered = version.get("adolescent", {}).get("options_offered", [])
    told += [("adolescent", text) for text in offered]
    for review in version.get("reviews", []):
        own = [*review.get("goals", {}).values(), *review.get("adherence", {}).values()]
        told += [("reviews", one.get("words")) for one in own]
    yield from ((key, text) for key, text in told if text)


def _day(told: str) -> str:
    day = date.fromisoformat(told[:10])
    return f"{day.day} {day:%B} {day.year}"


def _bold(entry: ElementTree.Element) -> str:
    bold = entry.find(f"{_XHTML}b")
    return "" if bold is None else str(bold.text)


def _lines(entry: ElementTree.Element) -> list[str]:
    """The lines of an entry, with blanks that do not break as others."""
    lines = [entry.text or ""]
    for part in entry:
        if part.tag == f"{_XHTML}br":
            lines.append(part.tail or "")
        else:
            lines[-1] += f"{part.text or ''}{part.tail or ''}"
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
