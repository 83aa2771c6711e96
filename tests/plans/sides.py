"""Three documents of one plan, by hypothesis: what both sides began with, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alliance_fhir.domain.plan.document import Agreement, Part, SharedPlan
from alliance_fhir.domain.plan.rules import parties, slips
from alliance_fhir.domain.records import Moment

from .making import STAFF, plans

LATE = Moment("2026-01-02", "2026-01-02")
"""After all that plans are drawn with, but for when they are looked at next."""
SOON = Moment("2026-01-01", "2026-01-01")
Three = tuple[SharedPlan, SharedPlan, SharedPlan]


@st.composite
def threes(draw: st.DrawFn, count: int) -> list[Three]:
    """Some times base, ours and theirs. Both sides pick what they add from one other plan, so that
    they do the same at times, and at times other things at one place."""
    drawn, other = draw(plans()), draw(plans())
    chance = draw(st.randoms(use_true_random=True))
    base = tidy(drawn.model_copy(update={"version": min(drawn.version, 90_000)}), chance)
    other = other.model_copy(update={"plan": base.plan, "patient": base.patient})
    return [(base, *(changed(base, other, chance) for _ in "ab")) for _ in range(count)]


def law(check: Callable[[Three], None]) -> Callable[[], None]:
    """A test of a law. To draw a plan takes longer than to change it, so each is changed in several
    ways; what chance has changed cannot be made smaller, and that is not tried."""

    def holds(several: list[Three]) -> None:
        for three in several:
            check(three)

    holds.__name__, holds.__doc__ = check.__name__, check.__doc__
    phases = [phase for phase in Phase if phase is not Phase.shrink]
    return settings(max_examples=20, phases=phases)(given(threes(8))(holds))


def changed(base: SharedPlan, other: SharedPlan, chance: Random) -> SharedPlan:
    """What may have become of a plan, which breaks no rule."""
    calm = chance.random()
    told = {name: _any(chance, calm, name, value, getattr(other, name)) for name, value in base}
    told |= {"plan": base.plan, "patient": base.patient}
    told["replaces"] = chance.choice([base.replaces, f"{base.plan}, the first"])
    if chance.random() < 0.2:
        told["next_review"] = SOON
    told["version"] = base.version + chance.choice([0, 0, 1, 1, 2])
    told["written"] = max(base.written, other.written) if chance.random() < 0.5 else base.written
    plan = tidy(base.model_copy(update=told), chance)
    assert [*slips(plan)] == []
    return plan


def _any(chance: Random, calm: float, name: str, mine: Any, other: Any) -> Any:
    """A value out of two: one of them, something of both, or other words."""
    if chance.random() < calm * 0.7:
        return mine
    if type(mine) is tuple:
        return _list(chance, calm, name, mine, other)
    if isinstance(mine, Part) and isinstance(other, Part):
        both = {key: (value, getattr(other, key)) for key, value in mine}
        return mine.model_copy(
            update={key: _any(chance, calm, key, *two) for key, two in both.items()}
        )
    if name in ("text", "when", "reason", "words") and mine and chance.random() < 0.5:
        return f"{mine} {chance.choice('!?')}"
    return chance.choice([mine, mine, other])


def _list(chance: Random, calm: float, name: str, mine: Any, other: Any) -> Any:
    names = {_name(one): one for one in other} | {_name(one): one for one in mine}
    others = {_name(one): one for one in other}
    told: list[Any] = []
    for key, one in names.items():
        if chance.random() < (0.75 if one in mine else 0.4):
            both = isinstance(one, Part) and not isinstance(one, Agreement)
            told.append(_any(chance, calm, name, one, others.get(key, one)) if both else one)
    if chance.random() < 0.2:
        chance.shuffle(told)
    return tuple(told)


def _name(one: Any) -> Any:
    return next(iter(dict(one).values())) if isinstance(one, Part) else one


def tidy(plan: SharedPlan, chance: Random) -> SharedPlan:
    """A plan without what breaks a rule."""
    clinicians = plan.clinicians
    guardians = [one for one in plan.guardians if one not in clinicians]
    if guardians and chance.random() < 0.2:  # who was a guardian, and is a clinician now
        clinicians = (*clinicians, guardians.pop())
    if not clinicians:
        clinicians = (chance.choice(STAFF),)
    adolescent = plan.adolescent and plan.adolescent.model_copy(
        update={"guardians": tuple(one for one in guardians if one not in clinicians)}
    )
    plan = plan.model_copy(update={"clinicians": clinicians, "adolescent": adolescent})
    known = parties(plan)

    preferences = {one.key: one for one in plan.preferences if one.said_by in known}

    def heard(one: Any) -> dict[str, Any]:
        said = [of for of in one.agreement if of.party in known]
        for _ in range(chance.choice([0, 0, 1, 2])):
            word, day = chance.choice(["agree", "disagree", "withdrawn"]), chance.choice(_DAYS)
            said.append(Agreement(party=chance.choice(known), status=word, on=day))
        people = {key: value for key, value in one if key in ("proposed_by", "who")}
        gone = {key: None for key, value in people.items() if value not in known}
        return {"agreement": tuple(said), **gone}

    goals = tuple(goal.model_copy(update=heard(goal)) for goal in plan.goals)
    names = {goal.goal for goal in goals}
    tasks = tuple(
        task.model_copy(
            update={**heard(task), "goals": tuple(one for one in task.goals if one in names)}
        )
        for task in plan.tasks
    )
    medicines = {task.task for task in tasks if task.kind == "medication"}
    reviews = tuple(
        review.model_copy(
            update={
                "goals": {name: told for name, told in review.goals.items() if name in names},
                "adherence": {
                    name: taken
                    for name, taken in review.adherence.items()
                    if name in medicines and taken.said_by in known
                },
            }
        )
        for review in sorted(plan.reviews, key=lambda one: one.on.utc)
        if not plan.written.comes_before(review.on)
    )
    wanted = tuple(preferences.values())
    return plan.model_copy(
        update={"preferences": wanted, "goals": goals, "tasks": tasks, "reviews": reviews}
    )


_DAYS = ("2025-03-02", "2025-06-30", "2025-12-31", "2026-01-02")
