"""Rows of visits that break a rule: named with column and remedy; the others go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, get_args

import pytest

from alliance_fhir.domain.attendance import Status
from alliance_fhir.domain.receipt import RULES
from command.tables import SECRET, Row, finding, keeps_silent, outcome, said, write

from .rows import MINE, site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

NEW_YORK = 'zone = "America/New_York"'


class Case(NamedTuple):
    """A row with one slip, and what is to be said of it."""

    row: Row
    column: str
    rule: str
    toml: str = ""


def bad(column: str, rule: str, toml: str = "", **told: str) -> Case:
    """The row is of the patient who is to be seen nowhere."""
    return Case({**visit(2, patient=MINE), **told}, column, rule, toml)


IDENTIFIERS = ("appointment", "patient", "clinician", "referrer", "referral")
CASES = {
    "no appointment": bad("appointment", "required", appointment=""),
    "no patient": bad("patient", "required", patient=""),
    "no start": bad("start", "required", start=""),
    "no status": bad("status", "required", status=""),
    **{
        f"a bare {column} where no system is set": bad(
            column, "identifier-without-system", **{column: SECRET}
        )
        for column in IDENTIFIERS
    },
    **{
        f"a {column} that is no identifier": bad(
            column, "not-an-identifier", **{column: f"no uri|{SECRET}"}
        )
        for column in IDENTIFIERS
    },
    "a bare referrer where clinicians alone have a system": bad(
        "referrer",
        "identifier-without-system",
        'clinician_system = "urn:example:staff"',
        referrer=SECRET,
    ),
    "a start that is none": bad("start", "not-a-date", start=SECRET),
    "a start on no day of the calendar": bad("start", "not-a-date", start="2026-02-30T10:00Z"),
    "no end where visits have no usual length": bad("end", "no-end", "visit_minutes = 0"),
    "an end that is none": bad("end", "not-a-date", end=SECRET),
    "a cancellation that is none": bad("cancelled_at", "not-a-date", cancelled_at=SECRET),
    "a start that is a day alone": bad("start", "not-a-time", start="2026-03-09"),
    "a start that is a day alone by the site's pattern": bad(
        "start", "not-a-time", 'date_format = "%d.%m.%Y"', start="09.03.2026"
    ),
    "an end that is a day alone": bad("end", "not-a-time", end="2026-03-10"),
    "an end before the start": bad("end", "ends-before-start", end="2026-03-09T13:59:59-04:00"),
    "an end before the start, by its offset": bad(
        "end", "ends-before-start", end="2026-03-09T14:30:00-03:00"
    ),
    "an end at the start": bad("end", "ends-before-start", end="2026-03-09T18:00:00Z"),
    "a start without offset where no zone is set": bad(
        "start", "no-zone", start="2026-03-09T14:00"
    ),
    "an end without offset where no zone is set": bad("end", "no-zone", end="2026-03-09T15:00"),
    "a cancellation without offset where no zone is set": bad(
        "cancelled_at", "no-zone", cancelled_at="2026-03-08 15:00"
    ),
    "a start that never comes": bad("start", "clock-change", NEW_YORK, start="2026-03-08T02:30"),
    "an end that comes twice": bad("end", "clock-change", NEW_YORK, end="2026-11-01T01:30"),
    "a cancellation that comes twice": bad(
        "cancelled_at", "clock-change", NEW_YORK, cancelled_at="2025-11-02T01:30"
    ),
    "a status of another's": bad("status", "unknown-status", status=SECRET),
    "a status in our words, nearly": bad("status", "unknown-status", status="noshow"),
    "a status that is mapped to no word of ours": bad(
        "status", "unknown-status", 'values.status = {Weg = "gone"}', status="Weg"
    ),
    "who called it off, unknown": bad("cancelled_by", "unknown-side", cancelled_by=SECRET),
    "a modality of another's": bad("modality", "unknown-modality", modality=SECRET),
    "a first that is neither yes nor no": bad("first", "not-yes-or-no", first=SECRET),
    **{
        f"a start before, {name}": bad(
            "rescheduled_from", rule, toml, rescheduled_from=f"2026-03-02T14:00:00-05:00;{told}"
        )
        for name, rule, toml, told in (
            ("that is none", "not-a-date", "", SECRET),
            ("that is a day alone", "not-a-time", "", "2026-03-05"),
            ("without offset where no zone is set", "no-zone", "", "2026-03-05T14:00"),
            ("that comes twice", "clock-change", NEW_YORK, "2025-11-02T01:30"),
        )
    },
    "a start that was missed, and from which it was not moved": bad(
        "missed",
        "missed-and-not-moved",
        rescheduled_from="2026-03-02T14:00:00-05:00",
        missed="2026-03-01T14:00:00-05:00",
    ),
    "a start that was missed, and is to come": bad(
        "missed",
        "known-too-soon",
        rescheduled_from="2026-07-02T00:00+14:00",
        missed="2026-07-02T00:00+14:00",
    ),
    "a missed start that is none": bad("missed", "not-a-date", missed=SECRET),
    "a number of who asked for it, and nobody knows whose": bad(
        "placer", "identifier-without-system", placer=SECRET
    ),
    "somebody beside the clinician of no system": bad(
        "other_clinicians", "identifier-without-system", other_clinicians=f"urn:a|1;{SECRET}"
    ),
    "a code with two blanks": bad("service_code", "not-a-source-code", service_code=f"a  {SECRET}"),
    "a code without one": bad("status_code", "not-a-source-code", status_code="urn:example:codes|"),
    "a code of a system that is none": bad(
        "reason_code", "not-an-identifier", reason_code=f"no system|{SECRET}"
    ),
    "a place that FHIR cannot write": bad(
        "location", "control-character", location=f"{SECRET}\x1b.."
    ),
    "a reason that FHIR cannot write": bad("reason", "control-character", reason=f"{SECRET}\x0b.."),
    "a service that FHIR cannot write": bad(
        "service", "control-character", service=f"{SECRET}\x1b.."
    ),
    **{
        f"{status}, and it is to come": bad(
            "start", "known-too-soon", start="2026-07-02T00:00+14:00", status=status
        )
        for status in ("arrived", "checked-in", "attended", "arrived-late", "too-late", "no-show")
    },
    **{
        f"{status}, and called off": bad(
            "cancelled_at", "attended-and-cancelled", cancelled_at="2026-03-09", status=status
        )
        for status in ("arrived", "checked-in", "attended", "arrived-late")
    },
}
"""One of each rule about a visit, and of each way to break it."""


@pytest.mark.parametrize("name", CASES)
def test_a_slip_is_named_and_the_rows_around_it_go_on(
    name: str, command: Callable[..., Ran]
) -> None:
    case = CASES[name]
    site(case.toml)
    ends = "2026-03-09T14:50:00-04:00"
    write("a.csv", visit(1, end=ends), case.row, visit(3, end=ends))
    named = finding(3, case.column, case.rule)

    for_people = command("check", "a.csv")
    told = (
        f"rejected:\n  a.csv, row 3, column {case.column}: {case.rule}. {named['remedy']}\n"
        "check: 2 of 3 records, FHIR 4.0.1\n"
    )
    for_programs = command("check", "a.csv", "--json")

    assert for_people == (4, told, "")
    assert said(for_programs) == outcome("check", (3, 2, 1), [named], code=4)
    keeps_silent(for_people, for_programs)


def test_every_rule_about_a_visit_has_a_case() -> None:
    """The rules that stand under `a cell of a visit` in the reference."""
    names = list(RULES)
    of_visits = set(names[names.index("not-a-time") : names.index("not-yes-or-no") + 1])
    of_cells = {"required", "identifier-without-system", "not-an-identifier", "not-a-date"}
    of_cells |= {"no-zone", "clock-change", "control-character"}
    assert {case.rule for case in CASES.values()} == of_visits | of_cells


def test_what_looks_like_a_slip_and_is_none(command: Callable[..., Ran]) -> None:
    site(NEW_YORK)
    rows = [
        visit(1, status="no-show", cancelled_at="2026-03-09T15:00", cancelled_by="patient"),
        visit(2, status="too-late", cancelled_at="2026-03-09T14:20"),  # was sent away
        visit(3, start="2999-01-01T10:00Z"),
        visit(4, start="2999-01-01T10:00Z", status="cancelled", cancelled_at="2026-01-01"),
        visit(5, start="2999-01-01T10:00Z", status="entered-in-error"),
        visit(6, status=" Arrived-LATE ", modality="Video", first="NO"),
        visit(7, status="cancelled", cancelled_by="provider"),  # nobody knows when
        visit(8, start="2026-11-01T01:30-04:00", end="2026-11-01T01:20-05:00"),  # clocks back
    ]
    write("a.csv", *rows)
    assert said(command("check", "a.csv", "--json")) == outcome("check", (8, 8, 0))


DAYS = (
    # what the time is in UTC, the day of the visit where it is, whether that has begun anywhere
    ("2026-06-30T09:59:59", "2026-06-30T23:00-04:00", True),
    ("2026-06-30T09:59:59", "2026-07-01T00:00+14:00", False),
    ("2026-06-30T09:59:59", "2026-07-01T00:00-12:00", False),
    ("2026-06-30T10:00:00", "2026-07-01T23:59-12:00", True),
    ("2026-06-30T10:00:00", "2026-07-02T00:00+14:00", False),
)


@pytest.mark.parametrize(("now", "start", "begun"), DAYS)
def test_a_visit_is_to_come_until_its_day_has_begun_where_days_begin_first(
    now: str, start: str, begun: bool, at: Callable[[datetime], None], command: Callable[..., Ran]
) -> None:
    at(datetime.fromisoformat(now).replace(tzinfo=UTC))
    site()
    write("a.csv", visit(start=start, status="no-show"))
    rejected = [] if begun else [finding(2, "start", "known-too-soon")]
    counts = (1, int(begun), len(rejected))
    shape = outcome("check", counts, rejected, code=4 * len(rejected))
    assert said(command("check", "a.csv", "--json")) == shape


def test_every_status_is_known_and_those_to_come_are_told_from_the_others(
    at: Callable[[datetime], None], command: Callable[..., Ran]
) -> None:
    at(datetime.now(UTC) - timedelta(days=30_000))
    site()
    words = get_args(Status)
    write("a.csv", *(visit(number, status=word) for number, word in enumerate(words, 2)))
    told = said(command("check", "a.csv", "--json"))["rejected"]
    free = {"pending", "waitlist", "booked", "cancelled", "entered-in-error"}
    assert {words[one["row"] - 2] for one in told} == {*words} - free
