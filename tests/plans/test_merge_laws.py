"""Laws of merging: nothing is lost, made up or broken, and who leads makes no other conflict."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.domain.agreement import Voice
from alliance_fhir.domain.plan.differences import differences, in_one_line
from alliance_fhir.domain.plan.document import Agreement, Goal, Part, Preference, SharedPlan, Task
from alliance_fhir.domain.plan.history import standing, wording
from alliance_fhir.domain.plan.lookback import reached
from alliance_fhir.domain.plan.merging import Conflict, merge
from alliance_fhir.domain.plan.places import find
from alliance_fhir.domain.records import Identifier
from alliance_fhir.sources.plans.document import Documents, as_values

from .sides import LATE, SOON, Three, law

SITE = Documents(Settings(source="clinic-east"))
Place = tuple[Any, ...]


def touch(one: Place, other: Place) -> bool:
    """Whether two places are one, or one of them is within the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def touched(place: Place, by: Any) -> bool:
    """Whether any of these differences or conflicts is at a place, around it, or in it."""
    return any(touch(place, one.place) for one in by)


def conflicts_of(three: Three) -> tuple[Conflict, ...]:
    """What collides."""
    return merge(*three, LATE).conflicts


# --- where nothing is to be merged ----------------------------------------------------------------


@law
def test_what_one_side_alone_changed_is_that_document(three: Three) -> None:
    base, plan, _ = three
    for merged in (merge(base, plan, base, LATE), merge(base, base, plan, LATE)):
        assert merged == (plan, ())


@law
def test_what_both_changed_alike_is_that_document(three: Three) -> None:
    base, plan, _ = three
    assert merge(base, plan, plan, LATE) == (plan, ())


# --- differences ----------------------------------------------------------------------------------


@law
def test_what_is_equal_has_no_differences_and_what_is_not_has(three: Three) -> None:
    for before in three:
        for after in three:
            assert (differences(before, after) == ()) == (before == after)


@law
def test_backwards_the_same_differences_are_told_the_other_way_round(three: Three) -> None:
    before, after, _ = three
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = [(one.place, one.kind, one.before, one.after) for one in differences(before, after)]
    back = [
        (one.place, turned[one.kind], one.after, one.before) for one in differences(after, before)
    ]
    assert sorted(map(repr, there)) == sorted(map(repr, back))


KEYS = {key for part in [*Part.__subclasses__(), SharedPlan] for key in part.model_fields}
PATH = re.compile(r"(?P<key>[a-z_]+)(\[\d+\])?")


@law
def test_what_is_told_has_no_word_of_the_documents(three: Three) -> None:
    told = in_one_line([*differences(three[0], three[1]), *differences(three[1], three[2])])
    for one in told.split(", ") if told else ():
        kind, path = one.split(" ")
        assert kind in ("added", "removed", "changed")
        for step in path.split("."):
            found = PATH.fullmatch(step)
            assert found
            assert found["key"] in KEYS
    for conflict in conflicts_of(three):
        path, why = conflict.told.split(" ")
        assert why in ("both-changed", "leans-on-removed", "other-words", "gone-by")
        assert {step.partition("[")[0] for step in path.split(".")} <= KEYS


# --- conflicts ------------------------------------------------------------------------------------


@law
def test_no_conflict_without_a_difference_on_both_sides(three: Three) -> None:
    base, ours, theirs = three
    mine, others = differences(base, ours), differences(base, theirs)
    found = conflicts_of(three)
    leaning = [one.place for one in found if one.why == "leans-on-removed"]
    for conflict in found:
        place = conflict.place
        if conflict.why == "both-changed":
            assert touched(place, mine)
            assert touched(place, others)
            assert conflict.ours != conflict.theirs
        elif conflict.why == "leans-on-removed":
            assert touched(place, mine) or touched(place, others)
            assert conflict.ours != conflict.theirs
        elif conflict.why == "gone-by":
            assert SOON in conflict[1:4]
        else:
            goal = place if place[0] != "reviews" else ("goals", place[-1])
            words = {_words(find(one, goal[:2])) for one in three}
            assert len(words) > 1
    for by in (mine, others):
        assert not leaning or any(touched(place[:2], by) for place in leaning)


@law
def test_swapping_the_sides_swaps_the_conflicts(three: Three) -> None:
    """But for a next review that has gone by when the plan has another number."""
    base, ours, theirs = three
    swapped = [
        one._replace(ours=one.theirs, theirs=one.ours, path="")
        for one in conflicts_of((base, theirs, ours))
        if one.place != ("next_review",)
    ]
    told = [one._replace(path="") for one in conflicts_of(three) if one.place != ("next_review",)]
    assert sorted(map(repr, told)) == sorted(map(repr, swapped))


@law
def test_a_conflict_holds_what_all_three_have_there(three: Three) -> None:
    for conflict in conflicts_of(three):
        sides = [find(plan, conflict.place) for plan in three]
        assert conflict[1:4] == tuple(found.value if found else None for found in sides)
        assert conflict.path in {found.path for found in sides if found}


@law
def test_where_something_collides_the_plan_has_ours(three: Three) -> None:
    """But for lists, of which the order alone collided, and what was said to other words."""
    merged = merge(*three, LATE)
    for conflict in merged.conflicts:
        if conflict.why in ("other-words", "gone-by") or "agreement" in conflict.place:
            continue
        found = find(merged.plan, conflict.place)
        value = found.value if found else None
        if type(value) is not tuple or isinstance(conflict.ours, str):
            assert _unsaid(value) == _unsaid(conflict.ours)


def _unsaid(value: Any) -> Any:
    return value.model_copy(update={"agreement": ()}) if isinstance(value, Goal | Task) else value


# --- what is taken, and what is kept --------------------------------------------------------------


@law
def test_what_one_side_alone_changed_is_taken(three: Three) -> None:
    base, *sides = three
    merged = merge(*three, LATE)
    for side, other in (sides, sides[::-1]):
        beside = differences(base, other)
        for one in differences(base, side):
            order = type(one.before) is tuple and len(one.place) == 1
            if touched(one.place, beside) or touched(one.place, merged.conflicts) or order:
                continue
            if one.place[0] in ("version", "written"):
                continue
            found, wanted = find(merged.plan, one.place), find(side, one.place)
            assert _by_day(found and found.value) == _by_day(wanted and wanted.value), one.place


def _by_day(value: Any) -> Any:
    """What a party said, as days count and not the order of their being written."""
    said = type(value) is tuple and value and isinstance(value[0], Agreement)
    return sorted(value, key=lambda one: one.on) if said else value


def atoms(part: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """All that a document says, each with its place. Positions are no part of that."""
    for key, value in part:
        here = (*place, key)
        if isinstance(value, dict):
            yield from (((*here, name), one) for name, one in value.items())
        elif type(value) is tuple:
            for one in value:
                yield from _entry(one, here)
        elif isinstance(value, Part) and key != "measure":
            yield from atoms(value, here)
        elif value is not None:
            yield here, value


def _entry(one: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(one, Agreement):
        party = one.party if isinstance(one.party, str) else "|".join(one.party)
        yield (*place, party), one
    elif isinstance(one, Preference):
        yield (*place, one.key), one
    elif isinstance(one, Part):
        name = next(iter(dict(one).values()))
        yield from atoms(one, (*place, getattr(name, "utc", name)))
    else:
        yield place, one


@law
def test_nothing_that_the_other_side_did_not_take_away_is_lost(three: Three) -> None:
    base, *sides = three
    merged = merge(*three, LATE)
    there = [*atoms(merged.plan)]
    was = [*atoms(base)]
    for side, other in (sides, sides[::-1]):
        others = [*atoms(other)]
        for atom in atoms(side):
            place, value = atom
            if place[0] in ("version", "written") or atom in there:
                continue
            gone = atom in was and atom not in others
            assert gone or touched(place, merged.conflicts), (place, value)


# --- what is not broken ---------------------------------------------------------------------------


@law
def test_the_merged_plan_is_a_document_that_breaks_no_rule(three: Three) -> None:
    plan = merge(*three, LATE).plan
    told = SITE.read(Path("a.plan.json"), json.dumps(as_values(plan)))
    assert told.findings == []
    assert told.plan == plan


@law
def test_the_number_is_a_new_one_where_the_words_are_new(three: Three) -> None:
    base, ours, theirs = three
    if theirs in (base, ours) or base == ours:
        return
    plan = merge(*three, LATE).plan
    highest = max(ours.version, theirs.version)
    newest = [one for one in (ours, theirs) if one.version == highest]
    if plan.version == highest:
        assert plan.written in [one.written for one in newest]
        assert all(_all_words(one) == _all_words(plan) for one in newest)
    else:
        assert (plan.version, plan.written) == (highest + 1, LATE)


# --- who agreed -----------------------------------------------------------------------------------


def _words(told: Any) -> Any:
    """What of a goal or task is agreed to, however its lines are broken."""
    one = getattr(told, "value", told)
    if one is None:
        return None
    parts = (
        (one.text, one.measure)
        if isinstance(one, Goal)
        else (one.kind, one.text, one.who, one.when)
    )
    return tuple(
        " ".join(unicodedata.normalize("NFC", part).split()) if isinstance(part, str) else part
        for part in parts
    )


def _all_words(plan: SharedPlan) -> dict[str, Any]:
    goals = {f"goal:{goal.goal}": _words(goal) for goal in plan.goals}
    return goals | {f"task:{task.task}": _words(task) for task in plan.tasks}


def _one_of(plan: SharedPlan, key: str) -> Goal | Task | None:
    list_, _, name = key.partition(":")
    found = find(plan, (f"{list_}s", name))
    return found.value if found else None


def _stands(plan: SharedPlan, key: str, words: Any, voice: Voice) -> bool:
    one = _one_of(plan, key)
    said = [Voice(said.party, said.status, said.on) for said in one.agreement] if one else []
    return voice in said and _words(one) == words


def _with(plan: SharedPlan, key: str, voice: Voice | None) -> SharedPlan:
    """The same plan, in which nothing else was said to a goal or task."""
    list_, _, name = key.partition(":")
    said = [Agreement(party=voice[0], status=voice[1], on=voice[2])] if voice else []
    told = tuple(
        one.model_copy(update={"agreement": tuple(said)}) if name in (dict(one).values()) else one
        for one in getattr(plan, f"{list_}s")
    )
    return plan.model_copy(update={f"{list_}s": told})


@law
def test_nobody_counts_for_words_beside_which_they_said_nothing(three: Three) -> None:
    """Whichever of the documents are known to whoever asks."""
    merged = merge(*three, LATE).plan
    words = _all_words(merged)
    for size in range(4):
        for known in combinations(three, size):
            for key, positions in standing([*known, merged]).items():
                for party, word, on, _ in positions:
                    if word != "pending":
                        voice = Voice(party, word, on)
                        assert any(_stands(one, key, words[key], voice) for one in three)


@law
def test_nobody_counts_for_words_to_which_they_said_nothing_by_the_day(three: Three) -> None:
    """What counts after the merge did so in a document with these words, or stood in both."""
    base, ours, theirs = three
    merged = merge(*three, LATE).plan
    words = _all_words(merged)
    for side in (ours, theirs):
        for key, positions in standing([base, side, merged]).items():
            for party, word, on, _ in positions:
                if word == "pending":
                    continue
                voice = Voice(party, word, on)
                assert all(_stands(one, key, words[key], voice) for one in (ours, theirs)) or any(
                    _counted(base, one, key, words[key], voice) for one in three
                )


def _counted(base: SharedPlan, one: SharedPlan, key: str, words: Any, voice: Voice) -> bool:
    """Whether it counted in a document, of which nothing else is known but its base."""
    if not _stands(one, key, words, voice):
        return False
    history = [_with(base, key, None), _with(one, key, voice)] if one is not base else [base]
    return any(position[:3] == voice for position in standing(history)[key])


@law
def test_no_goal_has_come_far_by_words_that_it_did_not_have_then(three: Three) -> None:
    """What a review tells counts after the merge where it looked at these words, in a document that
    has it; or where both sides have it. Of a goal that collides somebody has to decide first."""
    base, ours, theirs = three
    merged, conflicts = merge(*three, LATE)
    for side in (ours, theirs):
        plans = [base, side, merged]
        for goal, told in reached(plans, [wording(one) for one in plans]).items():
            if touched(("goals", goal), conflicts):
                continue
            words = _words(find(merged, ("goals", goal)))
            holding = [
                one
                for one in three
                if any(review.goals.get(goal) == told.achievement for review in one.reviews)
            ]
            seen = [
                _words(find(base, ("goals", goal)) or find(one, ("goals", goal))) for one in holding
            ]
            assert words in seen or all(one in holding for one in (ours, theirs))


@law
def test_documents_of_several_plans_or_patients_are_not_merged(three: Three) -> None:
    for key, value in (("plan", f"{three[0].plan}!"), ("patient", Identifier("urn:x", "1"))):
        for number in range(3):
            told = [*three]
            told[number] = told[number].model_copy(update={key: value})
            with pytest.raises(
                ValueError, match=r"^the documents are of several plans or patients$"
            ):
                merge(*told, LATE)
