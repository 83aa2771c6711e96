"""What can be wrong in a plan document: each slip is named with its line, its path, its rule."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from .documents import FULL, SECRET, SHORT, finding, outcome, said, site, values, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

KURTZ = "urn:example:staff|kurtz"
OURS = "https://alliance-fhir.github.io/id/clinic-east/identifier"


class Slip(NamedTuple):
    """What is put into the place of something in the full document, and what is said then."""

    old: str
    new: str
    path: str
    rule: str
    remedy: str = ""
    at: str = ""
    """What stands in the line that is to be named, where that is not where `old` begins."""


WHOLE = "It must be a whole number, without quotation marks."
TEXT = "It must be text, in quotation marks."
KEYS = "It must be keys with values."
TRUTH = "It must be true or false, without quotation marks."
DAY = "Write a day such as 2026-03-02."
LIST = "It must be a list."
TIME = "Write ISO 8601, such as 2026-03-02T14:10:00-05:00."

SLIPS = {
    # keys
    "no version": Slip("version: 2\n", "", "version", "missing-key", at="plan:"),
    "a version of which nothing is told": Slip("version: 2", "version:", "version", "missing-key"),
    "no text": Slip(f'    text: "{SECRET} works"\n', "", "goals[1].text", "missing-key",
                    at="goal: work"),
    "a text that is null": Slip(f'"{SECRET} works"', "null", "goals[1].text", "missing-key"),
    "no clinician": Slip(f'["{KURTZ}"]', "[]", "clinicians", "missing-key", "The list needs an "
                         "entry."),
    "a key that is nearly one": Slip("    priority", "    prioritty", "goals[0][3]", "unknown-key",
                                     "Did you mean priority?"),
    "a key that is none": Slip("status:", f"{SECRET}: x\nstatus:", "[5]", "unknown-key"),
    "a merge that nobody has finished": Slip("plan:", "conflicts:\n  - at: goals[0].text\nplan:",
                                             "conflicts", "merge-unfinished"),
    "conflicts elsewhere": Slip("  urgent:", "  conflicts:", "contact.conflicts", "unknown-key",
                                "Did you mean contact?"),
    "a key twice": Slip("status: active", "status: active\nreason: x", "reason", "key-twice",
                        at='reason: "'),
    "a key twice further down": Slip("    kind: self-care", "    kind: self-care\n    kind: other",
                                     "tasks[1].kind", "key-twice", at="kind: other"),
    # kinds
    "a version in words": Slip("version: 2", "version: two", "version", "wrong-kind", WHOLE),
    "a version in quotation marks": Slip("version: 2", 'version: "2"', "version", "wrong-kind",
                                         WHOLE),
    "a version with a point": Slip("version: 2", "version: 2.0", "version", "wrong-kind", WHOLE),
    "a satisfaction of sixty": Slip("treatment: 7", "treatment: 1:00",
                                    "reviews[0].satisfaction.treatment", "wrong-kind", WHOLE),
    "yes": Slip("attend: false", "attend: yes", "adolescent.pressured_to_attend", "wrong-kind",
                TRUTH),
    "true in quotation marks": Slip("attend: false", 'attend: "true"',
                                    "adolescent.pressured_to_attend", "wrong-kind", TRUTH),
    "a list where text is": Slip(f'"{SECRET} seeks"', "[x]", "outcome_sought", "wrong-kind", TEXT),
    "nothing in a list": Slip(f'hopes: ["{SECRET} hopes"]', "hopes: [~]", "hopes[0]", "wrong-kind",
                              TEXT),
    "text where a list is": Slip(f'hopes: ["{SECRET} hopes"]', "hopes: x", "hopes", "wrong-kind",
                                 LIST),
    "keys where a list is": Slip(f'hopes: ["{SECRET} hopes"]', "hopes: {a: b}", "hopes",
                                 "wrong-kind", LIST),
    "a list where keys are": Slip("contact:\n", "contact: [a]\nbarriers_:\n", "contact",
                                  "wrong-kind", KEYS),
    "text where keys are": Slip("doubts: {diagnosis: some, medication: strong, treatment: none}",
                                "doubts: none", "reviews[0].doubts", "wrong-kind", KEYS),
    "a list where a medicine is": Slip("adherence:\n      bupropion:\n", "adherence: [a]\n    on_:"
                                       "\n      bupropion:\n", "reviews[0].adherence",
                                       "wrong-kind", KEYS),
    "a list where a person is": Slip(f'patient: "urn:example:mrn|{SECRET}"', "patient: [x]",
                                     "patient", "wrong-kind", "It must be text."),
    # words
    "a status that is none": Slip("status: active", "status: aktiv", "status", "unknown-word",
                                  "Write 'draft', 'active', 'on-hold', 'completed' or 'revoked'."),
    "an agreement that is pending": Slip("status: agree\n        on", "status: pending\n        on",
                                         "goals[0].agreement[0].status", "unknown-word",
                                         "Write 'agree', 'disagree' or 'withdrawn'."),
    "a kind that is none": Slip("kind: self-care", "kind: walk", "tasks[1].kind", "unknown-word",
                                "Write 'medication', 'psychotherapy', 'self-care', 'social', "
                                "'visit', 'contact' or 'other'."),
    # texts
    "an empty text": Slip(f'"{SECRET} seeks"', '" "', "outcome_sought", "blank-text"),
    "a text of 10,000 characters": Slip(f'"{SECRET} works"', f'"{SECRET * 834}"', "goals[1].text",
                                        "text-too-long", "At most 4000 characters."),
    "a text with a bell": Slip(f'"{SECRET} seeks"', '"x\\ay"', "outcome_sought",
                               "control-character"),
    "half of a character": Slip(f'"{SECRET} seeks"', '"\\ud800"', "", "not-yaml"),
    "a name of two lines": Slip("code: hours-slept", 'code: "a\\nb"', "goals[0].measure.code",
                                "control-character", "It must be one line, without tabs."),
    "a list of 201 hopes": Slip(f'hopes: ["{SECRET} hopes"]', f"hopes: [{'x, ' * 200}x]", "hopes",
                                "too-many-entries", "At most 200 entries."),
    "an address of nothing": Slip("fhir/Goal/", "fhir/Patient/", "kept_by_others[0]",
                                  "not-an-address"),
    "an address with a bell": Slip('kept_by_others: ["https://ehr.', 'kept_by_others: ["https://e\\a.',
                                   "kept_by_others[0]", "control-character"),
    "an identifier of ours": Slip(f"urn:example:portal|{SECRET}", f"{OURS}|{SECRET}",
                                  "goals[0].identifiers[0]", "identifier-of-ours"),
    "an identifier of ours at a task": Slip(
        f'takes nothing"]\n    identifiers: ["urn:example:portal|{SECRET}"]',
        f'takes nothing"]\n    identifiers: ["{OURS}|{SECRET}"]',
        "tasks[0].identifiers[0]", "identifier-of-ours", at=f"{OURS}|{SECRET}"),
    "a goal with blanks": Slip("goal: work", "goal: at work", "goals[1].goal", "not-a-key"),
    # numbers
    "version 0": Slip("version: 2", "version: 0", "version", "out-of-range", "It must be 1 or "
                      "more."),
    "a satisfaction of 11": Slip("plan: 10}", "plan: 11}", "reviews[0].satisfaction.plan",
                                 "out-of-range", "It must be 10 or less."),
    "more days taken than there were": Slip("taken_as_agreed: 5", "taken_as_agreed: 8",
                                            "reviews[0].adherence[0].taken_as_agreed",
                                            "more-than-days"),
    # days
    "no day": Slip("due: 2026-04-30", "due: soon", "goals[0].measure.due", "not-a-date", DAY),
    "a day that is not there": Slip("due: 2026-04-30", "due: 2026-04-31", "goals[0].measure.due",
                                    "not-a-date", "Write a day that there is, such as 2026-03-02."),
    "a time where a day is": Slip("on: 2026-03-10", "on: 2026-03-10T10:00:00Z",
                                  "tasks[0].agreement[0].on", "not-a-date", DAY),
    "no time": Slip("written: 2026-03-09T14:10:00-05:00", "written: 9.3.2026", "written",
                    "not-a-date", TIME),
    "a time without a zone": Slip("14:10:00-05:00", "14:10:00", "written", "no-zone"),
    # people
    "a bare number": Slip(f"urn:example:mrn|{SECRET}", SECRET, "patient",
                          "identifier-without-system"),
    "a system that is none": Slip("urn:example:mrn|", "mrn|", "patient", "not-an-identifier"),
    "nobody": Slip(f"urn:example:mrn|{SECRET}", "", "patient", "blank-text", at="patient:"),
    "a bare guardian": Slip('["urn:example:family|aunt"]', "[aunt]", "adolescent.guardians[0]",
                            "identifier-without-system", "Write system|value."),
    "a party that is nobody": Slip(f'party: "{KURTZ}"', 'party: "urn:example:staff|x"',
                                   "goals[0].agreement[1].party", "unknown-party"),
    "a proposer who is nobody": Slip(f'proposed_by: "{KURTZ}"', 'proposed_by: "urn:example:a|x"',
                                     "tasks[0].proposed_by", "unknown-party"),
    "a goal's proposer who is nobody": Slip("proposed_by: patient", 'proposed_by: "urn:a|x"',
                                            "goals[0].proposed_by", "unknown-party"),
    "a doer who is nobody": Slip("who: patient", 'who: "urn:example:staff|x"', "tasks[0].who",
                                 "unknown-party"),
    "a preference of nobody": Slip('said_by: "urn:example:family|aunt"', 'said_by: "urn:a|x"',
                                   "preferences[1].said_by", "unknown-party"),
    "a speaker who is nobody": Slip("said_by: patient", 'said_by: "urn:example:staff|x"',
                                    "reviews[0].adherence[0].said_by", "unknown-party"),
    "the patient by number": Slip("who: patient", f'who: "urn:example:mrn|{SECRET}"',
                                  "tasks[0].who", "unknown-party",
                                  "Write patient, and not the patient's number."),
    "a clinician twice": Slip(f'["{KURTZ}"]', f'["{KURTZ}", "{KURTZ}"]', "clinicians[1]",
                              "person-twice"),
    "a clinician who is the patient": Slip(f'["{KURTZ}"]',
                                           f'["{KURTZ}", "urn:example:mrn|{SECRET}"]',
                                           "clinicians[1]", "person-twice",
                                           "Nobody is patient and clinician of one plan."),
    "a guardian twice": Slip('["urn:example:family|aunt"]',
                             '["urn:example:family|aunt", "urn:example:family|aunt"]',
                             "adolescent.guardians[1]", "person-twice"),
    "a guardian who is the clinician": Slip('["urn:example:family|aunt"]',
                                            f'["urn:example:family|aunt", "{KURTZ}"]',
                                            "adolescent.guardians[1]", "not-a-guardian"),
    # the plan before, and the review to come
    "a plan in its own place": Slip(f"replaces: {SECRET}-before", f"replaces: {SECRET}-plan",
                                    "replaces", "replaces-itself"),
    "a name of two lines before": Slip(f"replaces: {SECRET}-before", 'replaces: "a\\nb"',
                                       "replaces", "control-character",
                                       "It must be one line, without tabs."),
    "a next review the day before": Slip("next_review: 2026-03-30T14:00:00-05:00",
                                         "next_review: 2026-03-08", "next_review",
                                         "next-review-past"),
    "a next review an hour before": Slip("next_review: 2026-03-30T14:00:00-05:00",
                                         "next_review: 2026-03-09T18:10:00Z", "next_review",
                                         "next-review-past"),
    "a next review soon": Slip("next_review: 2026-03-30T14:00:00-05:00", "next_review: soon",
                               "next_review", "not-a-date", TIME),
    # preferences, goals, tasks, reviews
    "a preference about something else": Slip("about: treatment", "about: food",
                                              "preferences[0].about", "unknown-word",
                                              "Write 'treatment' or 'care-experience'."),
    "a preference about nothing": Slip("    about: treatment\n", "", "preferences[0].about",
                                       "missing-key", at="- text: \"" + SECRET + " wants no"),
    "a preference without words": Slip(f'"{SECRET} wants no pills"', '" "', "preferences[0].text",
                                       "blank-text"),
    "a preference twice": Slip("about: treatment\n",
                               f'about: treatment\n  - text: "{SECRET} wants  no\\npills"\n'
                               "    about: care-experience\n",
                               "preferences[1].text", "said-twice",
                               at=f'- text: "{SECRET} wants  no'),
    "a goal twice": Slip("goal: work", "goal: sleep", "goals[1].goal", "goal-twice"),
    "a task twice": Slip("task: walk", "task: bupropion", "tasks[1].task", "task-twice"),
    "a goal that is none": Slip("[sleep, work]", "[sleep, Sleep, work]", "tasks[0].goals[1]",
                                "unknown-goal"),
    "reviews out of order": Slip("on: 2026-03-02\n", "on: 2026-03-10\n", "reviews[1].on",
                                 "review-order", at="on: 2026-03-09T14:00"),
    "how far a goal has come that is none": Slip("      sleep: {", f"      {SECRET}: {{",
                                                 "reviews[0].goals[0]", "unknown-goal"),
    "how far a goal has come with no name": Slip("      sleep: {", '      "a b": {',
                                                 "reviews[0].goals[0]", "not-a-key"),
    "how far, in other words": Slip("achievement: improving", "achievement: better",
                                    "reviews[0].goals[0].achievement", "unknown-word",
                                    "Write 'in-progress', 'improving', 'worsening', 'no-change', "
                                    "'achieved', 'sustaining', 'not-achieved', 'no-progress' or "
                                    "'not-attainable'."),
    "a medicine that is none": Slip("kind: medication", "kind: other", "reviews[0].adherence[0]",
                                    "not-a-medicine", at="      bupropion:"),
    "a medicine by another name": Slip("      bupropion:\n", f"      {SECRET}:\n",
                                       "reviews[0].adherence[0]", "not-a-medicine"),
    "a medicine with no name": Slip("      bupropion:\n", '      "a b":\n',
                                    "reviews[0].adherence[0]", "not-a-key"),
}  # fmt: skip


def line_of(text: str, words: str) -> int:
    """The line in which these words stand first."""
    return text[: text.index(words)].count("\n") + 1


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named_with_its_line_and_the_other_documents_go_on(
    name: str, command: Callable[..., Ran]
) -> None:
    slip = SLIPS[name]
    text = FULL.replace(slip.old, slip.new, 1)
    line = line_of(text, slip.at) if slip.at else line_of(FULL, slip.old)
    site()
    write("a.plan.yaml", text)
    write("b.plan.yaml", SHORT)
    found = said(command("check", "a.plan.yaml", "b.plan.yaml", "--json"))
    named = [one for one in found["rejected"] if one["rule"] == slip.rule]
    assert named == [finding(line, slip.path, slip.rule, slip.remedy)]
    counts = {"read": 2, "accepted": 1, "rejected": 1}
    assert (found["records"], found["exit_code"]) == (counts, 4)


def test_the_full_and_the_shortest_document_are_good(command: Callable[..., Ran]) -> None:
    site()
    write("a.plan.yaml", FULL)
    write("b.plan.yml", SHORT)
    write("c.PLAN.JSON", json.dumps(values(SHORT.replace("plan: short", "plan: other"))))
    words = ("a.plan.yaml", "b.plan.yml", "c.PLAN.JSON")
    assert said(command("check", *words, "--json")) == outcome("check", (3, 3, 0))


def test_all_slips_of_a_document_are_told_at_once_and_it_counts_once(
    command: Callable[..., Ran],
) -> None:
    site()
    write(
        "a.plan.yaml",
        "plan: short\npatient: 7\nversion: one\nstatus: active\n"
        "goals:\n  - goal: a\n    text: ''\n    measure: [1]\nclinicians: [x]\n",
    )
    assert said(command("check", "a.plan.yaml", "--json")) == outcome(
        "check",
        (1, 0, 1),
        finding(1, "written", "missing-key"),
        finding(2, "patient", "identifier-without-system"),
        finding(3, "version", "wrong-kind", WHOLE),
        finding(7, "goals[0].text", "blank-text"),
        finding(8, "goals[0].measure", "wrong-kind", KEYS),
        finding(9, "clinicians[0]", "identifier-without-system"),
    )


@pytest.mark.parametrize("twice", [False, True])
def test_of_a_hundred_thousand_slips_the_first_are_told(
    twice: bool, command: Callable[..., Ran]
) -> None:
    site()
    keys = "".join(f"{'x' if twice else f'x{n}'}: 1\n" for n in range(100_000))
    write("a.plan.yaml", SHORT + "reason: x\n" * twice + keys)
    found = said(command("check", "a.plan.yaml", "--json"))
    rules = Counter(one["rule"] for one in found["rejected"])
    assert rules.pop("more-slips") == 1
    assert sum(rules.values()) == 100
    assert set(rules) <= {"unknown-key", "key-twice"}
    assert found["records"] == {"read": 1, "accepted": 0, "rejected": 1}


def test_bare_numbers_and_times_take_what_the_site_has_set(command: Callable[..., Ran]) -> None:
    site(
        'patient_system = "urn:example:mrn"',
        'clinician_system = "urn:example:staff"',
        'zone = "America/New_York"',
        'date_format = "%d.%m.%Y"',  # of tables
    )
    bare = SHORT.replace('"urn:example:mrn|1001"', "1001").replace('"urn:example:staff|kurtz"', "k")
    write("a.plan.yaml", bare.replace("2026-03-02", "2026-03-02 14:10"))
    assert said(command("check", "a.plan.yaml", "--json")) == outcome("check", (1, 1, 0))
    write("a.plan.yaml", bare.replace("2026-03-02", "2026-03-08T02:30:00"))
    assert said(command("check", "a.plan.yaml", "--json")) == outcome(
        "check", (1, 0, 1), finding(4, "written", "clock-change")
    )


def test_a_review_that_is_later_than_its_version_is_told_and_loses_nothing(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.plan.yaml", SHORT + "reviews:\n  - works: [a walk]\n    on: 2026-03-03\n")
    late = finding(9, "reviews[0].on", "review-later")
    assert said(command("check", "a.plan.yaml", "--json")) == outcome(
        "check", (1, 1, 0), warnings=[late]
    )
    write("a.plan.yaml", SHORT + "reviews: [{on: 2026-03-03}]\nstatus: active\n")
    late = finding(7, "reviews[0].on", "review-later")
    twice = finding(8, "status", "key-twice")
    assert said(command("check", "a.plan.yaml", "--json")) == outcome(
        "check", (1, 0, 1), twice, warnings=[late]
    )


def test_what_is_still_to_come_has_not_been(command: Callable[..., Ran]) -> None:
    """It may be tomorrow somewhere already; the day after that it is nowhere."""
    site()
    today = datetime.now(UTC).date()
    agreed = """\
goals:
  - goal: sleep
    text: Sleep
    agreement: [{party: patient, status: agree, on: 2026-03-02}]
tasks:
  - {task: walk, kind: other, text: Walk, agreement: [{party: patient, status: agree, on: DAY}]}
reviews: [{on: DAY}]
next_review: 2999-01-01
"""
    text = (SHORT + agreed).replace("2026-03-02", "DAY")
    write("a.plan.yaml", text.replace("DAY", str(today)))
    assert said(command("check", "a.plan.yaml", "--json")) == outcome("check", (1, 1, 0))
    write("a.plan.yaml", text.replace("DAY", str(today + timedelta(days=2))))
    assert said(command("check", "a.plan.yaml", "--json")) == outcome(
        "check",
        (1, 0, 1),
        finding(4, "written", "still-to-come"),
        finding(10, "goals[0].agreement[0].on", "still-to-come"),
        finding(12, "tasks[0].agreement[0].on", "still-to-come"),
        finding(13, "reviews[0].on", "still-to-come"),
    )


def test_people_read_lines_and_keys(command: Callable[..., Ran]) -> None:
    site()
    write("a.plan.yaml", SHORT.replace("version: 1", "version: 0"))
    ran = command("check", "a.plan.yaml")
    assert ran.out == (
        "rejected:\n"
        "  a.plan.yaml, line 5, key version: out-of-range. It must be 1 or more.\n"
        "check: 0 of 1 records, FHIR 4.0.1\n"
    )
    assert ran.code == 4
