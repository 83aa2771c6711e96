"""The places of a plan document, by names and by positions.

By names a goal or task goes by its key, a preference by its words and who said them, a barrier by
its text, a review by its moment, what is told in it by goal or task, a person by number, what was
said by its party: what is put in between moves nothing then. Where several entries of a list have
one name, all but the first have their number behind it. By positions a place holds our own words
alone, as messages do.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple, cast

from alliance_fhir.domain.agreement import Party
from alliance_fhir.domain.plan.document import (
    Achievement,
    Adherence,
    Agreement,
    Barrier,
    Goal,
    Measure,
    Part,
    Preference,
    Review,
    SharedPlan,
    Task,
)
from alliance_fhir.domain.plan.rules import Place

_UNDIVIDED = (Measure, Achievement, Adherence, Agreement, Preference)
"""What means something as a whole only: a target without its unit is none, and words without who
said them are the patient's."""


class Found(NamedTuple):
    """What stands at a place, and its path by positions, such as `goals[0].text`."""

    value: Any
    path: str


def is_list(value: Any) -> bool:
    """Whether it has entries: an Identifier and a Moment are tuples, and have none."""
    return type(value) in (tuple, dict)


def is_divided(value: Any) -> bool:
    """Whether each of its fields means something by itself."""
    return isinstance(value, Part) and not isinstance(value, _UNDIVIDED)


def has_names(place: Place, entries: Any) -> bool:
    """Whether the entries of the list at this place go by names. Of texts there is nothing but
    their words; what a task has under `goals` are names."""
    return place[-1] in ("goals", "adherence") or not all(isinstance(one, str) for one in entries)


def named(entries: Any) -> dict[Place, Any]:
    """The entries of a list by their names, in their order."""
    if isinstance(entries, dict):
        return {(name,): entry for name, entry in cast("dict[str, Any]", entries).items()}
    told: dict[Place, Any] = {}
    times = Counter[Place]()
    for entry in entries:
        name = _name(entry)
        times[name] += 1
        told[name if times[name] == 1 else (*name, times[name])] = entry
    return told


def _name(entry: Any) -> Place:
    match entry:
        case Goal():
            return (entry.goal,)
        case Task():
            return (entry.task,)
        case Barrier():
            return (entry.text,)
        case Preference():
            return (entry.key,)
        case Review():
            return (entry.on.utc,)
        case Agreement():
            return (party_name(entry.party), entry.on, entry.status)
        case _:
            return (party_name(entry),)


def party_name(party: Party) -> str:
    """How a party, or a person, goes in a place; the name of a goal is a name already."""
    return party if isinstance(party, str) else "|".join(party)


def shown(name: Place, entry: Any) -> Place:
    """What of an entry's name is in a place: of what was said, the party alone."""
    return name[:1] if isinstance(entry, Agreement) else name


def path_of(positions: Place) -> str:
    """A place by positions, as text."""
    text = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in positions)
    return text.removeprefix(".")


def find(plan: SharedPlan, place: Place) -> Found | None:
    """What stands at a place by names; None where the plan has no such place. Of what a party said
    to a goal or task it is all."""
    here: Any = plan
    at: list[str | int] = []
    rest = place
    while rest:
        if is_list(here):
            entries = named(here)
            name = rest[:2] if len(rest) > 1 and isinstance(rest[1], int) else rest[:1]
            same = [one for one, entry in entries.items() if shown(one, entry) == name]
            if not same:
                return None
            at.append([*entries].index(same[0]))
            said = place[-2:-1] == ("agreement",) and name == rest
            here = tuple(entries[one] for one in same) if said else entries[same[0]]
        elif here is None:
            return None
        else:
            name = rest[:1]
            at.append(rest[0])
            here = getattr(here, str(rest[0]))
        rest = rest[len(name) :]
    return Found(here, path_of(tuple(at)))


def by_names(plan: SharedPlan, positions: Place) -> tuple[Place, Any]:
    """The names of a place that is told by positions, as in a slip, down to what is undivided; and
    what stands there."""
    here: Any = plan
    names: Place = ()
    for step in positions:
        if is_list(here):
            name = [*named(here)][step] if isinstance(step, int) else (step,)
            here = here[step]
            names += shown(name, here)
        else:
            names += (step,) if is_divided(here) else ()
            here = getattr(here, str(step))
    return names, here
