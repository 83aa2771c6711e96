"""What holds of every plan, whatever is in it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.plan.values import UNFIT
from alliance_fhir.fhir.plan import REQUESTS
from alliance_fhir.fhir.plan.signoff import sign_offs

from . import oracle
from .making import EXAMPLES, IDS, JONES, R4, R5, SITE, example, mapped, read
from .test_careplan import references

if TYPE_CHECKING:
    from .making import Json

DAYS = [f"2026-03-{day:02}" for day in range(1, 13)]
TIMES = [DAYS[0], f"{DAYS[0]}T23:00:00-05:00", f"{DAYS[1]}T04:00:00Z"]
"""Of reviews, in their order; the last two are one and the same."""
CLINICIANS = ["urn:example:staff|kurtz", "urn:example:staff|maier"]
AUNT = "urn:example:kin|aunt"
PARTIES = ["patient", *CLINICIANS, AUNT]

words = st.sampled_from(["Sleep", "Sleep well", "Sleep\n well", "<b>Work</b> & 'rest'"])
voices = st.lists(
    st.fixed_dictionaries(
        {
            "party": st.sampled_from(PARTIES),
            "status": st.sampled_from(["agree", "disagree", "withdrawn"]),
            "on": st.sampled_from(DAYS),
        }
    ),
    max_size=6,
)
measures = st.none() | st.fixed_dictionaries(
    {"code": st.sampled_from(["log", "diary"])},
    optional={
        "target": st.sampled_from([">= 7", "7", "< 2.5", "more"]),
        "unit": st.sampled_from(["h", "{nights}"]),
        "due": st.sampled_from(DAYS),
    },
)
kinds = st.sampled_from(
    ["medication", "psychotherapy", "self-care", "social", "visit", "contact", "other"]
)
texts = st.lists(words, max_size=2)
degrees = st.integers(0, 10)
parties = st.none() | st.sampled_from(PARTIES)


def goals() -> Any:
    one = st.fixed_dictionaries(
        {"text": words, "agreement": voices, "measure": measures, "proposed_by": parties}
    )
    return st.dictionaries(st.sampled_from(["a", "b"]), one, max_size=2)


def tasks() -> Any:
    one = st.fixed_dictionaries(
        {
            "text": words,
            "kind": kinds,
            "agreement": voices,
            "who": parties,
            "proposed_by": parties,
            "when": st.none() | words,
            "options_considered": texts,
        }
    )
    return st.dictionaries(st.sampled_from(["a", "b"]), one, max_size=2)


def one_version() -> Any:
    return st.fixed_dictionaries(
        {
            "status": st.sampled_from(["draft", "active", "on-hold", "completed", "revoked"]),
            "goals": goals(),
            "tasks": tasks(),
            "hopes": texts,
            "background": texts,
            "preferences": preferences(),
            "barriers": st.lists(st.fixed_dictionaries({"text": words}), max_size=2),
            "contact": st.fixed_dictionaries(
                {}, optional={"between_visits": words, "urgent": words}
            ),
            "reviews": st.lists(reviews(), max_size=2),
            "next_review": st.none() | st.sampled_from(["2026-04-01", "2026-04-01T10:00:00Z"]),
        }
    )


def preferences() -> Any:
    """Few words, so that versions say the same; nothing twice of one party."""
    one = st.fixed_dictionaries(
        {
            "text": st.sampled_from(["No pills", "To be asked"]),
            "about": st.sampled_from(["treatment", "care-experience"]),
        },
        optional={"said_by": st.sampled_from(["patient", *CLINICIANS, AUNT])},
    )
    return st.lists(
        one, max_size=3, unique_by=lambda told: (told["text"], told.get("said_by", "patient"))
    )


def reviews() -> Any:
    """What they say of medicines and goals is only of those that the version has."""
    return st.fixed_dictionaries(
        {"on": st.sampled_from(TIMES)},
        optional={
            "works": texts,
            "satisfaction": st.dictionaries(st.sampled_from(["treatment", "plan"]), degrees),
            "doubts": st.dictionaries(st.sampled_from(["diagnosis"]), st.just("some")),
            "taken": st.sets(st.sampled_from(["a", "b"])),
            "come": st.dictionaries(
                st.sampled_from(["a", "b"]), st.sampled_from(["improving", "achieved"])
            ),
        },
    )


def _reviews(told: Json) -> list[Json]:
    medicines = {name for name, one in told["tasks"].items() if one["kind"] == "medication"}
    taken = {"taken_as_agreed": 1, "of_days": 7, "said_by": "patient"}
    made = []
    for one in sorted(told.get("reviews", []), key=lambda one: TIMES.index(one["on"])):
        names = sorted(medicines.intersection(one.get("taken", ())))
        rest = {key: value for key, value in one.items() if key not in ("taken", "come")}
        come = {
            name: {"achievement": code}
            for name, code in one.get("come", {}).items()
            if name in told["goals"]
        }
        made.append(rest | {"adherence": dict.fromkeys(names, taken), "goals": come})
    return made


def _document(number: int, told: Json) -> Json:
    def named(key: str) -> list[Json]:
        return [{key: name, **_told(one)} for name, one in told[f"{key}s"].items()]

    return {
        **_told(told),
        "plan": "short",
        "patient": "urn:example:mrn|1001",
        "clinicians": CLINICIANS,
        "written": DAYS[3 * number],
        "version": number + 1,
        "adolescent": {"guardians": [AUNT]},
        "goals": named("goal"),
        "tasks": named("task"),
        "reviews": _reviews(told),
    }


def _told(one: Json) -> Json:
    return {key: value for key, value in one.items() if value is not None}


documents = st.lists(one_version(), min_size=1, max_size=3).map(
    lambda versions: [_document(number, told) for number, told in enumerate(versions)]
)


def plans(told: list[Json]) -> list[Any]:
    return [read("a.plan.json", json.dumps(one), SITE) for one in told]


def lines(told: list[Json], version: Any = R4) -> list[bytes]:
    return [one.json() for one in mapped(plans(told), version)]


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same with the keys of all tables in another order."""
    if isinstance(value, list):
        return [shuffled(one, chance) for one in value]
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return value


@pytest.mark.long
@given(documents, st.randoms(use_true_random=False))
def test_the_same_comes_of_the_same_however_it_is_ordered(
    told: list[Json], chance: random.Random
) -> None:
    before = json.dumps(told)
    first = lines(told)
    again = [shuffled(one, chance) for one in told]
    chance.shuffle(again)
    assert lines(again) == first
    assert json.dumps(told) == before


@pytest.mark.long
@given(documents)
def test_goals_say_what_a_second_reading_says(told: list[Json]) -> None:
    made = {one.key.rpartition("-goal-")[2]: one.body for one in goals_of(told)}
    assert set(made) == {goal["goal"] for goal in told[-1]["goals"]}
    for name, body in made.items():
        expected = oracle.standing(told, name)
        assert shown(body) == expected
        assert body["lifecycleStatus"] == oracle.lifecycle(told[-1], expected)


def goals_of(told: list[Json]) -> list[Any]:
    return [one for one in of_the_newest(mapped(plans(told))) if one.type == "Goal"]


def of_the_newest(made: list[Any]) -> list[Any]:
    """Without the goals and requests that the plan does not name any more."""
    listed = {one["identifier"]["value"] for one in references(made[-1].body)}
    return [one for one in made if one.type not in {"Goal", *REQUESTS} or one.key in listed]


@pytest.mark.long
@given(documents)
def test_a_further_version_takes_nothing_away(told: list[Json]) -> None:
    """Whatever was given once is given for ever: what is at a server is never left stale."""
    for number in range(1, len(told)):
        before = {(one.type, one.key) for one in mapped(plans(told[:number]))}
        after = [(one.type, one.key) for one in mapped(plans(told))]
        assert before <= set(after)
        keys = [key for _, key in after]
        assert len(set(keys)) == len(keys)


@pytest.mark.long
@given(documents)
def test_whatever_is_referred_to_is_there_and_comes_first(told: list[Json]) -> None:
    seen: set[tuple[str, str]] = set()
    for one in mapped(plans(told)):
        named = {
            (reference["type"], reference["identifier"]["value"])
            for reference in references(one.body)
            if reference["identifier"]["system"] == IDS
        }
        assert named <= seen
        seen.add((one.type, one.key))
    targets = {
        (target["type"], target["identifier"]["value"])
        for one in sign_offs(plans(told), R4, SITE)
        for target in one.body["target"]
    }
    assert targets <= seen


@given(documents)
def test_what_has_ended_is_asked_for_no_longer(told: list[Json]) -> None:
    made = mapped(plans(told))
    for one in set(made).difference(of_the_newest(made)):
        status = one.body["lifecycleStatus" if one.type == "Goal" else "status"]
        assert status in {"completed", "cancelled", "rejected", "revoked"}


@given(documents)
def test_a_later_version_changes_no_sign_off(told: list[Json]) -> None:
    made = [one.json() for one in sign_offs(plans(told), R4, SITE)]
    assert [one.json() for one in sign_offs(reversed(plans(told)), R4, SITE)] == made
    for number in range(1, len(told)):
        before = [one.json() for one in sign_offs(plans(told[:number]), R4, SITE)]
        assert before == made[: len(before)]


def shown(goal: Json) -> dict[str, str]:
    """Where each party stands, as somebody reads it who knows our extension."""
    found: dict[str, str] = {}
    for extension in goal["extension"]:
        if not extension["url"].endswith("/goal-acceptance"):
            continue
        party, status, *ours = extension["extension"]
        who = party["valueReference"]
        name = "|".join(who["identifier"].values())
        standing = status["valueCode"]
        if any(part["url"] == "withdrawn" for one in ours for part in one["extension"]):
            assert standing == "pending"
            standing = "withdrawn"
        found["patient" if who["type"] == "Patient" else name] = standing
    return found


@pytest.mark.parametrize("names", [JONES[:1], JONES[:2], JONES, ("adolescent-1",)])
def test_the_examples_say_what_a_second_reading_says(names: tuple[str, ...]) -> None:
    told = [_written(name) for name in names]
    for body in (one.body for one in mapped(example(*names)) if one.type == "Goal"):
        name = body["identifier"][0]["value"].rpartition("-goal-")[2]
        expected = {
            f"urn:example:staff|{party}" if party == "kurtz" else party: standing
            for party, standing in oracle.standing(told, name).items()
        }
        assert shown(body) == expected
        assert body["lifecycleStatus"] == oracle.lifecycle(told[-1], expected)


def _written(name: str) -> Json:
    return yaml.load((EXAMPLES / f"{name}.plan.yaml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506


@given(documents)
def test_nothing_that_is_agreed_to_is_agreed_to_in_other_words(told: list[Json]) -> None:
    """Whatever was said: with words that nobody has seen, nobody agrees to anything."""
    new = json.loads(json.dumps(told[-1]))
    new |= {"version": 9, "written": "2026-03-31"}
    for one in (*new["goals"], *new["tasks"]):
        one["text"] = "Words of another day"
    made = of_the_newest(mapped(plans([*told, new])))
    shown = [json.dumps(_without_earlier(json.loads(one.json()))) for one in made]
    assert '"agree"' not in "".join(shown)
    assert {one.body["lifecycleStatus"] for one in made if one.type == "Goal"} <= {
        "proposed",
        "cancelled",
    }


def _without_earlier(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_earlier(one) for one in value]
    if isinstance(value, dict):
        if value.get("url") == "earlier":
            return {}
        return {key: _without_earlier(one) for key, one in value.items() if key != "text"}
    return value


any_text = st.text(min_size=1, max_size=40).filter(
    lambda text: text.strip() and not UNFIT.search(text)
)


@given(any_text, any_text)
def test_no_text_is_markup(hope: str, goal: str) -> None:
    told = _document(0, {"status": "active", "hopes": [hope], "goals": {}, "tasks": {}})
    told["goals"] = [{"goal": "a", "text": goal}]
    div = mapped(plans([told]))[-1].body["text"]["div"]
    root = ElementTree.fromstring(div)  # noqa: S314 - our own text
    tags = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert tags <= {"div", "p", "h2", "ul", "li", "b", "br"}
    (bold,) = [one for one in root.iter() if one.tag.endswith("}b")]
    for line_break in root.iter("{http://www.w3.org/1999/xhtml}br"):
        line_break.text = "\n"
    expected = goal.strip().replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(bold.itertext()) == expected


@given(documents)
def test_the_versions_of_fhir_say_the_same(told: list[Json]) -> None:
    old, new = mapped(plans(told), R4), mapped(plans(told), R5)
    assert [(one.type, one.key) for one in old] == [(one.type, one.key) for one in new]
