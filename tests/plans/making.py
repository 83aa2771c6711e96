"""Any valid plan, by hypothesis."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from alliance_fhir.domain.plan.document import About, Kind, Preference, SharedPlan
from alliance_fhir.domain.plan.values import UNFIT
from alliance_fhir.domain.records import Identifier, Moment

PATIENT = Identifier("urn:example:mrn", "1001")
STAFF = [Identifier("urn:example:staff", name) for name in ("kurtz", "castañeda", "a b")]
FAMILY = [Identifier("urn:example:family", name) for name in ("mother", "no", "1032-a")]

odd = st.sampled_from(["#", ": ", "- ", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "'", '"',
                       "%", "@", "`", "\n", "\t", "\\", "yes", "no", "null", "~", "true", "1e3",
                       "0x1F", "0o7", "12:30:00", "2026-03-02", ".nan", "---", "...", "<<", "=",
                       "\u00e4", "\U0001f600", "\u00a0", "?", "\\u0041"])  # fmt: skip
words = (
    st.lists(odd | st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
    .map(lambda parts: UNFIT.sub("", "".join(parts)).strip())
    .filter(bool)
)
lines = words.map(lambda text: " ".join(text.split())).filter(bool)
keys = st.sampled_from(
    ["no", "1", "2026-03-02", "1e3", "null", "text", "sleep", "a.b-c_d", "A" * 64, "0x1F"]
)
first, last = datetime(2025, 1, 1), datetime(2025, 12, 31)
zones = st.sampled_from([UTC, ZoneInfo("America/New_York")])
days = st.dates(first.date(), last.date()).map(str)
later = st.dates(date(2026, 1, 2), date(2026, 12, 31)).map(Moment.of)
moments = (st.dates(first.date(), last.date()) | st.datetimes(first, last, timezones=zones)).map(
    Moment.of
)
addresses = st.sampled_from(
    [
        f"https://ehr.example/fhir/{where}"
        for where in ("Goal/9", "Task/a.b-C", "Goal/9-1", "ServiceRequest/9", f"Goal/{'A' * 64}")
    ]
)
known_by = st.builds(
    Identifier, st.sampled_from(["urn:example:portal", "https://a.example/b"]), keys
)
identifiers = st.lists(known_by, max_size=2).map(tuple)
texts = st.lists(words, max_size=2).map(tuple)
abouts = st.sampled_from(get_args(About))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value, or nothing."""
    return st.none() | values


def agreements(people: list[Any]) -> st.SearchStrategy[Any]:
    """What some of these people said."""
    one = st.fixed_dictionaries(
        {
            "party": st.sampled_from(people),
            "status": st.sampled_from(["agree", "disagree", "withdrawn"]),
            "on": days,
        }
    )
    return st.lists(one, max_size=3).map(tuple)


@st.composite
def plans(draw: st.DrawFn) -> SharedPlan:
    """A plan that breaks no rule."""
    clinicians = draw(st.lists(st.sampled_from(STAFF), min_size=1, unique=True))
    guardians = draw(st.lists(st.sampled_from(FAMILY), unique=True))
    people: list[Any] = ["patient", *clinicians, *guardians]
    somebody = st.sampled_from(people)
    goals = draw(st.lists(keys, max_size=3, unique=True))
    tasks = draw(st.lists(keys, max_size=3, unique=True))
    kinds = st.sampled_from(get_args(Kind))
    reviews = sorted(draw(st.lists(days, max_size=2)))
    told: dict[str, Any] = {
        "plan": draw(lines),
        "patient": PATIENT,
        "clinicians": tuple(clinicians),
        "written": draw(moments),
        "version": draw(st.integers(1, 100_000)),
        "status": draw(st.sampled_from(["draft", "active", "on-hold", "completed", "revoked"])),
        "next_review": draw(maybe(later)),
        "reason": draw(maybe(words)),
        "outcome_sought": draw(maybe(words)),
        **{name: draw(texts) for name in ("hopes", "concerns", "background")},
        "preferences": tuple(draw(_preferences(somebody))),
        "barriers": tuple({"text": text, "plan": draw(maybe(words))} for text in draw(texts)),
        "goals": tuple(
            {
                "goal": key,
                "text": draw(words),
                "proposed_by": draw(maybe(somebody)),
                "priority": draw(maybe(st.sampled_from(["high", "medium", "low"]))),
                "measure": draw(maybe(_measures)),
                "identifiers": draw(identifiers),
                "agreement": draw(agreements(people)),
            }
            for key in goals
        ),
        "tasks": tuple(
            {
                "task": key,
                "kind": draw(kinds),
                "text": draw(words),
                "proposed_by": draw(maybe(somebody)),
                "who": draw(maybe(somebody)),
                "when": draw(maybe(words)),
                "goals": tuple(draw(st.lists(st.sampled_from(goals or [""]), max_size=2)))
                if goals
                else (),
                "options_considered": draw(texts),
                "identifiers": draw(identifiers),
                "agreement": draw(agreements(people)),
            }
            for key in tasks
        ),
        "kept_by_others": tuple(draw(st.lists(addresses, max_size=3, unique=True))),
        "contact": draw(
            maybe(st.fixed_dictionaries({"between_visits": maybe(words), "urgent": maybe(words)}))
        ),
        "adolescent": {
            "pressured_to_attend": draw(maybe(st.booleans())),
            "guardians": tuple(guardians),
            "options_offered": draw(texts),
        },
    }
    medicines = [task["task"] for task in told["tasks"] if task["kind"] == "medication"]
    told["reviews"] = tuple(draw(_review(day, goals, medicines, people)) for day in reviews)
    told["replaces"] = draw(maybe(lines.filter(lambda name: name != told["plan"])))
    return SharedPlan.model_validate(told)


def _preferences(somebody: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Preference]]:
    """Nothing twice of one party."""
    one = st.builds(Preference, text=words, about=abouts, said_by=somebody)
    return st.lists(one, max_size=3, unique_by=lambda told: told.key)


_numbers = st.sampled_from(["7", ">=7", "> 007.50", "<  2.500", "-0.10", "7 h", "more than now"])
_units = st.sampled_from(["h", "{nights}", "cups of tea"])
_measures = st.fixed_dictionaries(
    {
        "code": lines,
        "target": maybe(_numbers | lines),
        "unit": maybe(_units | lines),
        "due": maybe(days),
    }
)
_degrees = maybe(st.integers(0, 10))
_doubts = maybe(st.sampled_from(["none", "some", "strong"]))


def _review(
    day: str, goals: list[str], medicines: list[str], people: list[Any]
) -> st.SearchStrategy[Any]:
    taken = st.fixed_dictionaries(
        {
            "taken_as_agreed": st.integers(0, 7),
            "of_days": st.integers(7, 28),
            "said_by": st.sampled_from(people),
            "words": maybe(words),
        }
    )
    come = st.fixed_dictionaries(
        {
            "achievement": st.sampled_from(["in-progress", "achieved", "not-attainable"]),
            "words": maybe(words),
        }
    )
    reached: st.SearchStrategy[Any] = st.just({})
    if goals:
        reached = st.dictionaries(st.sampled_from(goals), come, max_size=2)
    adherence: st.SearchStrategy[Any] = st.just({})
    if medicines:
        adherence = st.dictionaries(st.sampled_from(medicines), taken, max_size=2)
    return st.fixed_dictionaries(
        {
            "on": st.just(Moment.of(date.fromisoformat(day))),
            **dict.fromkeys(("works", "does_not", "changes"), texts),
            "goals": reached,
            "satisfaction": maybe(
                st.fixed_dictionaries(dict.fromkeys(("treatment", "plan"), _degrees))
            ),
            "doubts": maybe(
                st.fixed_dictionaries(dict.fromkeys(("diagnosis", "medication"), _doubts))
            ),
            "adherence": adherence,
        }
    )
