"""Tasks to reach out, as `map` writes them: of which visits, what to ask, how to reach whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.contacts import Contacts
from alliance_fhir.domain.keys import subject_digest
from alliance_fhir.domain.records import Identifier, Moment
from command.tables import GOOD, write

from .rows import FULL, MINE, site, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.sources.wide import Read
    from conftest import Ran

Json = dict[str, Any]
MISSED = visit(1, status="no-show", referrer="urn:example:gp|lee")  # 9 March 2026, 14:00 there
LATE = visit(
    2, status="cancelled", cancelled_by="patient", cancelled_at="2026-03-09T09:00:00-04:00"
)
ASKED = ("[outreach]", "since = 2026-03-01")
DAY_BEFORE, AN_HOUR_BEFORE, AN_HOUR_AFTER = (
    "2026-03-08T14:00:00-04:00",
    "2026-03-09T13:00:00-04:00",
    "2026-03-09T15:00:00-04:00",
)


def plan(version: int, written: str, contact: str, **told: str) -> Path:
    """A document that says how to reach each other, as a file."""
    keys = {"plan": "mine", "status": "active", "patient": f"urn:example:mrn|{GOOD}", **told}
    lines = [f"{key}: {value!r}" for key, value in keys.items()]
    lines += ["clinicians: ['urn:example:staff|kurtz']", f"version: {version}"]
    lines += [f"written: {written}"]
    lines += [f"contact: {{between_visits: {contact!r}}}"] if contact else []
    path = Path(f"{keys['plan']}-{version}.plan.yaml")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def tasks(command: Callable[..., Ran], *sources: object, fhir: str = "R4") -> list[Json]:
    """The Tasks that `map` makes of these rows."""
    ran = command("map", *sources, "--out", "out", "--fhir", fhir)
    assert ran.code == 0, ran.err
    file = Path("out/Task.ndjson")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def told(task: Json, code: str) -> list[str]:
    """What an input of a Task says."""
    return [
        one.get("valueString") or one["valueCodeableConcept"]["coding"][0]["code"]
        for one in task["input"]
        if one["type"]["coding"][0]["code"] == code
    ]


# --- of which visits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        ((), []),
        (ASKED, ["1"]),
        ((*ASKED, 'after = ["late-cancellation"]'), ["2"]),
        ((*ASKED, 'after = ["no-show", "late-cancellation"]'), ["1", "2"]),
        (("[outreach]", "since = 2026-03-09"), ["1"]),  # the day itself
        (("[outreach]", "since = 2026-03-10"), []),
    ],
)
def test_the_settings_say_after_what(
    lines: tuple[str, ...], numbers: list[str], command: Callable[..., Ran]
) -> None:
    site(*lines)
    rows = [MISSED, LATE, visit(3), visit(4, status="attended"), FULL | {"appointment": "urn:x|9"}]
    made = tasks(command, write("a.csv", *rows))
    there = [json.loads(x) for x in Path("out/Appointment.ndjson").read_text().splitlines()]
    by_key = {one["identifier"][0]["value"]: one["identifier"][1]["value"] for one in there}
    assert [by_key[one["focus"]["identifier"]["value"]] for one in made] == numbers


@pytest.mark.parametrize(
    ("first", "which", "words", "is_based"),
    [
        ("yes", "first", "whoever referred them", True),
        ("no", "follow-up", "feel a need to come", False),
        ("", "unknown", "It is not known", True),
    ],
)
def test_what_to_ask_depends_on_which_visit_it_was(
    first: str, which: str, words: str, is_based: bool, command: Callable[..., Ran]
) -> None:
    site(*ASKED)
    [task] = tasks(command, write("a.csv", MISSED | {"first": first}))
    assert told(task, "which-visit") == [which]
    assert words in told(task, "ask-why")[0]
    assert told(task, "ask-about-medication") == []
    referrals = [json.loads(x) for x in Path("out/ServiceRequest.ndjson").read_text().splitlines()]
    based = [one["identifier"] for one in task.get("basedOn", [])]
    assert based == ([referrals[0]["identifier"][0]] if is_based else [])


@pytest.mark.parametrize("fhir", ["R4", "R4B", "R5"])
def test_the_settings_say_whose_it_is_by_when_and_in_which_words(
    fhir: str, command: Callable[..., Ran]
) -> None:
    lines = ('owner = "urn:example:staff|kurtz"', 'owner_type = "Practitioner"', "within_days = 25")
    site(*ASKED, *lines, 'text = "Bitte anrufen"', "medication = true")
    [task] = tasks(command, write("a.csv", MISSED), fhir=fhir)
    owner = {"system": "urn:example:staff", "value": "kurtz"}
    assert task["owner"] == {"type": "Practitioner", "identifier": owner}
    period = {"start": "2026-03-09", "end": "2026-04-03"}
    place = {"requestedPeriod": period} if fhir == "R5" else {"restriction": {"period": period}}
    assert {name: task.get(name) for name in place} == place
    assert task["description"] == "Bitte anrufen"
    assert len(told(task, "ask-about-medication")) == 1


# --- how to reach the patient ---------------------------------------------------------------------


def contact(command: Callable[..., Ran], *plans: Path) -> list[str]:
    """How the Task of the visit that was missed says that the patient is to be reached."""
    site(*ASKED)
    [task] = tasks(command, write("a.csv", MISSED), *plans)
    return told(task, "contact-between-visits")


def test_the_version_counts_that_stood_when_the_visit_was_to_begin(
    command: Callable[..., Ran],
) -> None:
    versions = [
        plan(1, DAY_BEFORE, "By letter"),
        plan(2, AN_HOUR_BEFORE, "By portal"),
        plan(3, AN_HOUR_AFTER, "By phone"),
    ]
    assert contact(command, *versions) == ["By portal"]
    assert contact(command, *reversed(versions)) == ["By portal"]
    assert contact(command, versions[2]) == []


def test_a_version_of_that_day_without_an_hour_counts(command: Callable[..., Ran]) -> None:
    assert contact(command, plan(1, "2026-03-09", "By portal")) == ["By portal"]


@pytest.mark.parametrize("status", ["draft", "on-hold", "completed", "revoked"])
def test_a_plan_that_is_not_active_says_nothing(status: str, command: Callable[..., Ran]) -> None:
    before = plan(1, DAY_BEFORE, "By letter")
    assert contact(command, before, plan(2, AN_HOUR_BEFORE, "By portal", status=status)) == []


def test_a_version_that_says_nothing_of_it_takes_it_back(command: Callable[..., Ran]) -> None:
    assert contact(command, plan(1, DAY_BEFORE, "By letter"), plan(2, AN_HOUR_BEFORE, "")) == []


def test_of_several_plans_the_one_counts_that_was_written_last(
    command: Callable[..., Ran],
) -> None:
    plans = [plan(1, AN_HOUR_BEFORE, "By portal"), plan(1, DAY_BEFORE, "By letter", plan="another")]
    assert contact(command, *plans) == ["By portal"]
    assert contact(command, *reversed(plans)) == ["By portal"]


def test_another_patients_plan_says_nothing(command: Callable[..., Ran]) -> None:
    assert contact(command, plan(1, DAY_BEFORE, "By letter", patient=MINE)) == []


def test_a_document_that_is_not_taken_says_nothing(command: Callable[..., Ran]) -> None:
    site(*ASKED)
    good = plan(1, AN_HOUR_BEFORE, "By portal")
    back = plan(2, DAY_BEFORE, "By letter")  # earlier than the version before it
    ran = command("map", write("a.csv", MISSED), good, back, "--out", "out")
    assert ran.code == 4
    [line] = Path("out/Task.ndjson").read_text().splitlines()
    assert told(json.loads(line), "contact-between-visits") == ["By portal"]


class _NoFiles:
    """A run without documents of its own."""

    def plans(self) -> Iterator[Read]:
        yield from ()


DAYS = st.integers(1, 28)


@given(
    st.lists(
        st.tuples(DAYS, st.sampled_from(["active", "revoked"]), st.sampled_from(["", "a", "b"])),
        max_size=6,
    ),
    DAYS,
)
def test_what_is_said_is_what_the_newest_version_by_then_said(
    versions: list[tuple[int, str, str]], day: int
) -> None:
    """Of documents that earlier runs sent; the versions in the order of their days."""
    versions.sort()
    settings = Settings(source="clinic-east")
    who = Identifier("urn:example:mrn", GOOD)
    documents = {
        number: json.dumps(
            {
                "plan": "mine",
                "patient": "|".join(who),
                "clinicians": ["urn:example:staff|kurtz"],
                "written": f"2026-03-{written:02}",
                "version": number,
                "status": status,
                **({"contact": {"between_visits": words}} if words else {}),
            }
        )
        for number, (written, status, words) in enumerate(versions, 1)
    }
    sent = [(subject_digest(who), "key")] if documents else []
    asked: Any = _NoFiles()
    when = Moment(f"2026-03-{day:02}T14:00:00-04:00", f"2026-03-{day:02}T18:00:00Z")
    with Contacts(asked, settings, lambda key: documents, lambda: sent) as contacts:
        found = contacts.told_at(who, when)
        nobody = contacts.told_at(Identifier("urn:example:mrn", "another"), when)
    by_then = [one for one in versions if one[0] <= day]
    wanted = by_then[-1][2] if by_then and by_then[-1][1] == "active" else ""
    assert (found, nobody) == (wanted, "")
