"""Two sides that changed one plan: Mr. Jones's, with what comes of it written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alliance_fhir.config import load
from alliance_fhir.domain.agreement import PATIENT
from alliance_fhir.domain.plan.document import Agreement, Goal, SharedPlan, Task
from alliance_fhir.domain.plan.history import standing
from alliance_fhir.domain.plan.merging import Conflict, Merged, merge
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.sources.plans.document import Documents

EXAMPLES = Path(__file__).parents[2] / "examples" / "plans"
SITE = Documents(load(EXAMPLES / "alliance.toml"))
KURTZ = Identifier("urn:example:staff", "kurtz")
STAFF = "urn:example:staff|kurtz"
NOW = Moment("2026-03-20T09:00:00-04:00", "2026-03-20T13:00:00Z")


def read(text: str) -> SharedPlan:
    """The plan of a document in which nothing is wrong."""
    told = SITE.read(Path("a.plan.yaml"), text)
    assert told.findings == []
    assert told.plan
    return told.plan


def edited(text: str, *changes: tuple[str, str]) -> str:
    """A document in which some words are others; each of them stands in it once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def said(party: str, on: str, word: Any = "agree") -> Agreement:
    """What the patient or Dr. Kurtz said."""
    return Agreement(party=KURTZ if party == "kurtz" else PATIENT, status=word, on=on)


def stands(*plans: SharedPlan) -> dict[str, list[str]]:
    """Where patient and clinician stand after the last of these versions, in short."""
    return {
        key: [" ".join(filter(None, one[1:3])) for one in where]
        for key, where in standing(plans).items()
    }


# --- Mr. Jones, without a conflict ----------------------------------------------------------------

FIRST = (EXAMPLES / "jones-1.plan.yaml").read_text("utf-8")
BY_BOTH = """\
      - {party: patient, status: agree, on: 2026-03-02}
      - {party: kurtz, status: agree, on: 2026-03-02}
"""
HYGIENE = f"""\
    text: "Sleep hygiene with a walk in the evening; melatonin as needed"
    proposed_by: kurtz
    who: patient
    goals: [sleep]
    agreement:
{BY_BOTH}"""
FRIENDS = f"""\
  - task: friends
    kind: social
    text: "Call a friend or the family, and meet one of them every week"
    proposed_by: patient
    who: patient
    goals: [people]
    agreement:
{BY_BOTH}"""
PEOPLE = f"""\
  - goal: people
    text: "See friends or family once a week"
    proposed_by: kurtz
    priority: medium
    agreement:
{BY_BOTH}"""
DISAGREED = """\
      - {party: patient, status: disagree, on: 2026-03-02}
      - {party: kurtz, status: agree, on: 2026-03-02}
"""
BASE = read(FIRST)
# the clinic, a week later: other words for the talks, to which both agree
OURS = read(
    edited(
        FIRST,
        ("version: 1", "version: 2"),
        ("2026-03-02T14:10:00-05:00", "2026-03-09T15:20:00-04:00"),
        ('work again"\n', 'work again"\n  - "Laugh with his friends again"\n'),
        ('  - "That nothing will help"\n', ""),
        (
            "Psychotherapy about how he has come to where he is",
            "Talks about sleep and work beside the medicine",
        ),
        (
            DISAGREED,
            """\
      - {party: patient, status: agree, on: 2026-03-09}
      - {party: kurtz, status: agree, on: 2026-03-09}
""",
        ),
        (
            "next_review: 2026-03-09T14:30:00-04:00\n",
            """next_review: 2026-03-30T14:30:00-04:00
reviews:
  - on: 2026-03-09T14:30:00-04:00
    works: ["Melatonin"]
    goals: {sleep: {achievement: improving}}
    satisfaction: {treatment: 7, relationship: 8}
""",
        ),
    )
)
# the patient, at the server, where the plan is as it was: he takes one word back and adds a task
THEIRS = read(
    edited(
        FIRST,
        ('work again"\n', 'work again"\n  - "See his brother more often"\n'),
        ("back, and the job kept", "back, the job kept, and more patience"),
        ("early afternoon, and a note for the boss whenever he wants one", "late afternoon"),
        (PEOPLE, PEOPLE + "      - {party: patient, status: withdrawn, on: 2026-03-12}\n"),
        (
            HYGIENE,
            HYGIENE.replace("goals:", 'when: "before ten"\n    goals:').replace(
                BY_BOTH, "      - {party: patient, status: agree, on: 2026-03-12}\n"
            ),
        ),
        (DISAGREED, DISAGREED + "      - {party: patient, status: agree, on: 2026-03-12}\n"),
        (
            "\ncontact:",
            """\
  - task: music
    kind: self-care
    text: "Music in the evening"
    proposed_by: patient
    who: patient
    goals: [sleep]
    agreement:
      - {party: patient, status: agree, on: 2026-03-12}

contact:""",
        ),
    )
)  # fmt: skip
TALKS = Conflict(
    ("tasks", "talks", "agreement", "patient"),
    base=(said("patient", "2026-03-02", "disagree"),),
    ours=(said("patient", "2026-03-09"),),
    theirs=(said("patient", "2026-03-02", "disagree"), said("patient", "2026-03-12")),
    why="other-words",
    path="tasks[3].agreement[0]",
)
"""He agreed at the server to words that the clinic had changed three days before."""


def expected(name: str) -> SharedPlan:
    """A plan that was merged by hand."""
    return read((Path(__file__).parent / "merged" / f"{name}.plan.yaml").read_text("utf-8"))


def test_what_both_did_stands_in_the_merged_plan() -> None:
    merged = merge(BASE, OURS, THEIRS, NOW)
    assert merged.plan == expected("no-conflict")
    # who leads the talks is told for both: were theirs in the lead, it would be the other words
    assert merged.conflicts == (TALKS,)
    assert [one.told for one in merged.conflicts] == ["tasks[3].agreement[0] other-words"]


AGREED = ["agree 2026-03-02", "agree 2026-03-02"]
SAME = {
    "goal:sleep": AGREED,
    "goal:job": AGREED,
    "goal:people": ["withdrawn 2026-03-12", "agree 2026-03-02"],
    "task:bupropion": AGREED,
    "task:friends": AGREED,
    "task:next-visit": AGREED,
}


def test_whoever_keeps_the_source_s_versions_knows_of_no_word_to_what_came_from_the_server() -> (
    None
):
    merged = merge(BASE, OURS, THEIRS, NOW).plan
    assert stands(BASE, OURS, merged) == {
        **SAME,
        "task:sleep-hygiene": ["pending", "pending"],  # the source had no such words on that day
        "task:talks": ["agree 2026-03-09", "agree 2026-03-09"],
        "task:music": ["pending", "pending"],
    }


def test_whoever_keeps_the_server_s_versions_knows_of_no_word_to_what_came_from_the_source() -> (
    None
):
    merged = merge(BASE, OURS, THEIRS, NOW).plan
    assert stands(BASE, THEIRS, merged) == {
        **SAME,
        "task:sleep-hygiene": ["agree 2026-03-12", "pending"],
        "task:talks": ["pending", "pending"],
        "task:music": ["agree 2026-03-12", "pending"],
    }


# --- Mr. Jones, with conflicts --------------------------------------------------------------------

SECOND = read(
    edited(
        (EXAMPLES / "jones-2.plan.yaml").read_text("utf-8"),
        (FRIENDS, FRIENDS.replace("goals:", 'when: "on Sundays"\n    goals:')),
    )
)
ANOTHER = read(
    edited(
        FIRST,
        ("status: active", "status: on-hold"),
        ('will help"\n', 'will help"\n  - "What it will cost"\n'),
        (PEOPLE, ""),
        (FRIENDS, ""),
        (
            HYGIENE,
            HYGIENE.replace("with a walk in the evening", "without coffee after noon").replace(
                BY_BOTH, "      - {party: patient, status: agree, on: 2026-03-10}\n"
            ),
        ),
        ("within 1 working day", "within 2 hours"),
    )
)


def test_what_collides_stays_as_the_source_has_it_and_is_told() -> None:
    friends = Task(
        task="friends",
        kind="social",
        text="Call a friend or the family, and meet one of them every week",
        proposed_by=PATIENT,
        who=PATIENT,
        goals=("people",),
        agreement=(said("patient", "2026-03-02"), said("kurtz", "2026-03-02")),
    )
    people = Goal(
        goal="people",
        text="See friends or family once a week",
        proposed_by=KURTZ,
        priority="medium",
        agreement=(said("patient", "2026-03-02"), said("kurtz", "2026-03-02")),
    )
    hygiene = ("tasks", "sleep-hygiene")
    assert merge(BASE, SECOND, ANOTHER, NOW) == Merged(
        expected("conflicts"),
        (
            Conflict(("goals", "people"), people, people, None, "leans-on-removed", "goals[2]"),
            Conflict(
                (*hygiene, "text"),
                "Sleep hygiene with a walk in the evening; melatonin as needed",
                "Sleep hygiene with a walk in the morning; melatonin as needed",
                "Sleep hygiene without coffee after noon; melatonin as needed",
                "both-changed",
                "tasks[1].text",
            ),
            Conflict(
                ("tasks", "friends"),
                friends,
                friends.model_copy(update={"when": "on Sundays"}),
                None,
                "both-changed",
                "tasks[2]",
            ),
            Conflict(
                ("tasks", "friends", "goals", "people"),
                "people",
                "people",
                None,
                "leans-on-removed",
                "tasks[2].goals[0]",
            ),
            Conflict(
                (*hygiene, "agreement", "patient"),
                (said("patient", "2026-03-02"),),
                (said("patient", "2026-03-09"),),
                (said("patient", "2026-03-10"),),
                "other-words",
                "tasks[1].agreement[0]",
            ),
            Conflict(
                (*hygiene, "agreement", STAFF),
                (said("kurtz", "2026-03-02"),),
                (said("kurtz", "2026-03-09"),),
                None,
                "other-words",
                "tasks[1].agreement[1]",
            ),
        ),
    )
