"""Writes the generated part of the example clinic, the same on every machine and every time.

    python examples/generate.py [FOLDER]        default: examples/clinic

Three files, as a clinic has them: `assessments.csv`, typed in at the front desk;
`session-ratings.csv`, exported by the tablets of the waiting room, with column names and words of
their own; `questionnaires-long.csv`, from a study that keeps one answer a row. `mr-jones.csv`
beside them is written by hand and only counted here, so that there are 600 assessments in all.

Nobody here is real. Each of 39 patients has a level of the alliance and a course: the patient's
own view hardly moves, the therapist's moves more, and some couples go through a rupture, which is
repaired or after which the patient stays away (Stubbe 2018, doi 10.1176/appi.focus.20180022).

Chance comes from random() of a seeded generator alone, the one stream that Python promises to keep,
and only sums and products are made of it: so every Python 3.11 or later writes the same bytes.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

SEED = 20180022
IN_ALL = 600
PATIENTS = range(1002, 1041)  # 1001 is Mr. Jones
CLINICIANS = ("kurtz", "adeyemi", "castañeda", "lindqvist", "okafor", "park")
ADOLESCENTS = (1031, 1032, 1033, 1034)
IN_SPANISH = (1009, 1018, 1027)
OTHER_NUMBERS = {1014: "urn:example:county|C-7741", 1036: "urn:example:county|C-8022"}
"""Patients whom the front desk knows by the county's number."""

CLOSED = {date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25), date(2026, 6, 19)}
SUMMER = date(2026, 3, 8)  # the clocks of New York went forward
LAST_DAY = date(2026, 6, 26)

HEAD = ("patient", "clinician", "instrument", "rater", "rater_id", "completed_at")
VISIT = ("session", "appointment", "language", "mode")
SCORES = ("total", "goal", "task", "bond")
ASSESSMENTS = (
    *("record_id", *HEAD, *VISIT),
    *(f"item_{n}" for n in range(1, 20)),
    *SCORES,
)
RATINGS = {
    "record_id": "Rating ID",
    "completed_at": "Completed",
    "patient": "Client",
    "clinician": "Staff",
    "rater": "Who",
    "instrument": "Form",
    "session": "Session No",
    "appointment": "Visit",
    "language": "Lang",
    "mode": "Via",
    **{f"item_{n}": f"Q{n}" for n in range(1, 8)},
}
WORDS = {
    "patient": "Client",
    "srs": "Session Rating Scale",
    "check-in": "Check-in",
    "collaborate": "Shared decisions",
    "electronic": "Tablet",
    "home": "Home link",
    "video": "Telehealth",
    "paper": "On paper",
}
DOUBTS = ("no doubts", "some doubts", "strong doubts")
LONG = ("patient", "clinician", "instrument", "rater", "completed_at", "session", "item", "value")

SUBSCALES = {  # of the rows whose scores the front desk typed in as well
    "goal": (4, 6, 8, 11),
    "task": (1, 2, 10, 12),
    "bond": (3, 5, 7, 9),
}

Row = dict[str, str]
T = TypeVar("T")


class Chance:
    """What chance decides here; see the module's text for what it may use."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        return self._next() < probability

    def whole(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return low + int(self._next() * (high - low + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.whole(0, len(choices) - 1)]

    def between(self, low: float, high: float) -> float:
        return low + self._next() * (high - low)

    def bell(self, spread: float) -> float:
        """Around zero, about normal: the sum of twelve uniform numbers."""
        at = -6.0
        for _ in range(12):  # not sum(), which rounds otherwise since Python 3.12
            at += self._next()
        return spread * at


@dataclass
class Course:
    """A patient, a clinician, and how it goes between them; levels are from 0 to 1."""

    patient: int
    clinician: str
    visits: list[date]
    at: time
    start: float
    gain: float
    therapist_start: float
    therapist_gain: float
    rupture: int  # the session of it, 0 where there is none
    repaired: bool
    dyad: bool  # both rate on the WAI-S as well
    tilt: list[float] = field(default_factory=list[float])
    missed: list[date] = field(default_factory=list[date])  # days that were left out

    def progress(self, session: int) -> float:
        return (session - 1) / max(1, len(self.visits) - 1)

    def hurt(self, session: int) -> float:
        """1 in the session of a rupture, half after the first repair, nothing once repaired."""
        if not self.rupture or session < self.rupture:
            return 0.0
        if not self.repaired:
            return 1.0
        return {0: 1.0, 1: 0.5}.get(session - self.rupture, -0.15)

    def as_patient(self, session: int) -> float:
        return self.start + self.gain * self.progress(session) - 0.16 * self.hurt(session)

    def as_therapist(self, session: int) -> float:
        moved = self.therapist_gain * self.progress(session)
        return self.therapist_start + moved - 0.30 * self.hurt(session)

    @property
    def number(self) -> str:
        return OTHER_NUMBERS.get(self.patient, str(self.patient))

    def visit(self, session: int) -> datetime:
        return datetime.combine(self.visits[session - 1], self.at)

    def appointment(self, session: int) -> str:
        return str(self.patient * 100 + session)


def course(patient: int, chance: Chance) -> Course:
    """One patient's weeks at the clinic: visits, gaps where one was missed, an end."""
    planned = chance.whole(5, 11)
    day = date(2026, 1, 5) + timedelta(days=chance.whole(0, 70))
    day -= timedelta(days=max(0, day.weekday() - 4))
    every = timedelta(days=chance.one_of((7, 7, 14)))
    rupture = chance.whole(3, planned - 1) if chance.happens(0.35) else 0
    repaired = chance.happens(0.7)
    if rupture and not repaired:
        planned = min(planned, rupture + 1)
    visits: list[date] = []
    missed: list[date] = []
    while len(visits) < planned and day <= LAST_DAY:
        if day not in CLOSED:
            left_out = bool(visits) and chance.happens(0.09)
            (missed if left_out else visits).append(day)
        day += every
    start = min(0.88, max(0.30, 0.64 + chance.bell(0.11)))
    return Course(
        patient=patient,
        clinician=CLINICIANS[patient % len(CLINICIANS)],
        visits=visits,
        at=time(16 if patient in ADOLESCENTS else chance.whole(9, 16), chance.one_of((0, 0, 30))),
        start=start,
        gain=chance.between(0.00, 0.12),
        therapist_start=start - chance.between(0.05, 0.25),
        therapist_gain=chance.between(0.10, 0.38),
        rupture=rupture if rupture <= len(visits) else 0,
        repaired=repaired,
        dyad=patient % 3 == 0,
        tilt=[chance.bell(0.06) for _ in range(19)],
        missed=missed,
    )


def all_courses(chance: Chance) -> list[Course]:
    """Those of all patients but Mr. Jones, the first that a chance of SEED decides."""
    return [course(patient, chance) for patient in PATIENTS]


def answers(
    course: Course,
    level: float,
    scale: tuple[int, int, int],
    chance: Chance,
    turned: Sequence[int] = (),
) -> list[str]:
    """Codes of a scale (items, lowest, highest) at a level; `turned` items ask for the opposite."""
    size, low, high = scale
    given: list[str] = []
    for number in range(1, size + 1):
        at = level + course.tilt[number - 1] + chance.bell(0.07)
        code = min(high, max(low, int(low + at * (high - low) + 0.5)))
        given.append(str(low + high - code if number in turned else code))
    return given


def on_the_line(course: Course, session: int, chance: Chance) -> list[str]:
    """Four marks on lines of 10 cm, as the tablets measure them. A rupture shows here first."""
    level = course.as_patient(session) - 0.10 * max(0.0, course.hurt(session)) + 0.21
    marks = [level + course.tilt[n] / 2 + chance.bell(0.04) for n in range(4)]
    tenths = [min(100, max(0, int(mark * 100 + 0.5))) for mark in marks]
    return [f"{t // 10},{t % 10}" for t in tenths]


def check_in(course: Course, session: int, chance: Chance) -> list[str]:
    """Four satisfactions, and doubts, which a rupture brings back."""
    level = course.as_patient(session) + 0.08
    given = [str(min(10, max(0, int((level + chance.bell(0.05)) * 10 + 0.5)))) for _ in range(4)]
    doubt = 1.9 - 1.8 * level - 0.5 * course.progress(session) + 0.5 * course.hurt(session)
    given += [DOUBTS[min(2, max(0, int(doubt + chance.bell(0.35) + 0.5)))] for _ in range(3)]
    if chance.happens(0.25):
        given[5] = ""  # no medicine is planned
    return given


class Clinic:
    """Collects the rows of the three files."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.assessments: list[Row] = []
        self.ratings: list[Row] = []
        self.long: list[Row] = []

    def row(self, course: Course, session: int, instrument: str, rater: str) -> Row:
        """What every row says, as the front desk writes it."""
        visit = course.visit(session)
        minutes = {"patient": 52, "caregiver": 58, "therapist": 75, "observer": 600}[rater]
        done = visit + timedelta(minutes=minutes + self.chance.whole(0, 12))
        spanish = course.patient in IN_SPANISH and instrument in ("wai-sr", "srs")
        return {
            "patient": course.number,
            "clinician": course.clinician,
            "instrument": instrument,
            "rater": rater,
            "completed_at": done.isoformat(timespec="minutes"),
            "session": str(session),
            "appointment": course.appointment(session),
            "language": "es" if spanish else "en",
            "mode": "electronic" if rater == "therapist" else "paper",
        }

    def note(self, row: Row, given: Sequence[str], forget: float = 0.0) -> None:
        """Into assessments.csv; with the chance `forget` one answer is left out."""
        given = list(given)
        if row["mode"] == "paper" and self.chance.happens(0.2):
            row["completed_at"] = row["completed_at"][:10]  # nobody wrote the time on the sheet
        if self.chance.happens(forget):
            given[self.chance.whole(0, len(given) - 1)] = ""
        row |= {f"item_{n}": answer for n, answer in enumerate(given, 1)}
        self.assessments.append(row)

    def rate(self, row: Row, given: Sequence[str], via: str) -> None:
        """Into session-ratings.csv; from elsewhere the times come with an offset."""
        done = datetime.fromisoformat(row["completed_at"])
        hours = 4 if done.date() >= SUMMER else 5  # behind UTC
        row["completed_at"] = f"{done:%Y-%m-%d %H:%M}"
        if via == "video":  # the makers of that software think in UTC
            row["completed_at"] = f"{done + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        if via == "home":
            done = datetime.combine(done.date(), time(19, self.chance.whole(0, 59), 30))
            if self.chance.happens(0.2):
                hours += 3  # on a journey, and so by another clock
            row["completed_at"] = f"{done.isoformat()}-0{hours}:00"
        row["mode"] = via
        row |= {f"item_{n}": answer for n, answer in enumerate(given, 1)}
        self.ratings.append(row)

    def study(self, row: Row, given: Sequence[str]) -> None:
        """Into questionnaires-long.csv, an answer a row, those that are missing left out."""
        if self.chance.happens(0.3):
            row["completed_at"] = row["completed_at"][:10]
        row = {name: row[name] for name in LONG if name in row}
        self.long += [
            {**row, "item": f"item_{n}", "value": answer}
            for n, answer in enumerate(given, 1)
            if answer
        ]


def alliance(clinic: Clinic, course: Course, session: int) -> None:
    """The alliance questionnaires of one session."""
    chance = clinic.chance
    last = len(course.visits)
    mine, theirs = course.as_patient(session), course.as_therapist(session)
    if course.patient in ADOLESCENTS:
        if session in (2, last):
            adolescent(clinic, course, session)
        return
    if session in (1, 3, 6, 10, last):
        row = clinic.row(course, session, "wai-sr", "patient")
        given = answers(course, mine, (12, 1, 5), chance)
        if chance.happens(0.2):  # the front desk added them up
            row |= {name: total(given, items) for name, items in SUBSCALES.items()}
            row["total"] = total(given, range(1, 13))
            clinic.note(row, given)
        else:
            clinic.note(row, given, forget=0.06)
    if course.dyad and session in (3, course.rupture, last):
        for rater, level in (("patient", mine), ("therapist", theirs)):
            row = clinic.row(course, session, "wai-s", rater)
            clinic.note(row, answers(course, level, (12, 1, 7), chance, (4, 10)), forget=0.04)
    if course.patient % 7 == 0 and session == last:
        for rater, level in (("patient", mine), ("therapist", theirs)):
            row = clinic.row(course, session, "haq-ii", rater)
            turned = (4, 8, 11, 16, 19)
            clinic.note(row, answers(course, level, (19, 1, 6), chance, turned), forget=0.1)
    if course.patient % 13 == 0 and session == 3:  # a colleague watches the video
        row = clinic.row(course, session, "wai-s", "observer")
        row["rater_id"] = "" if course.patient == 1027 else "park"
        clinic.note(row, answers(course, theirs, (12, 1, 7), chance, (4, 10)))


def adolescent(clinic: Clinic, course: Course, session: int) -> None:
    """Three views of one alliance: the young patient's, a parent's, the therapist's."""
    level = course.as_patient(session)
    views = (
        ("patient", level),
        ("caregiver", level + 0.15),
        ("therapist", course.as_therapist(session)),
    )
    for rater, seen in views:
        row = clinic.row(course, session, "tasc-r", rater)
        if rater == "caregiver" and course.patient != 1034:
            row["rater_id"] = f"urn:example:caregiver|{course.patient}-a"
        turned = (2, 5, 7, 8, 11)
        clinic.note(row, answers(course, seen, (12, 1, 4), clinic.chance, turned), forget=0.05)


def satisfaction(clinic: Clinic, course: Course, session: int) -> None:
    """What is asked besides the alliance."""
    chance, last = clinic.chance, len(course.visits)
    level = course.as_patient(session)
    via = chance.one_of(("electronic", "electronic", "electronic", "video", "home"))
    row = clinic.row(course, session, "srs", "patient")
    clinic.rate(row, on_the_line(course, session, chance), via)
    if session in (1, 4, 8):
        row = clinic.row(course, session, "check-in", "patient")
        clinic.rate(row, check_in(course, session, chance), via)
    if session == 1 and course.patient not in ADOLESCENTS and chance.happens(0.8):
        row = clinic.row(course, session, "collaborate", "patient")
        best = chance.happens(level - 0.25)
        given = ["9"] * 3 if best else answers(course, level + 0.1, (3, 0, 9), chance)
        clinic.rate(row, given, via)
    if session == last and course.patient % 2:
        row = clinic.row(course, session, "csq-8", "patient")
        clinic.note(row, answers(course, level + 0.1, (8, 1, 4), chance), forget=0.08)
    if course.patient % 5 == 0 and session in (2, 5):  # who takes medicine
        row = clinic.row(course, session, "bars", "therapist")
        missed = chance.whole(0, 9)
        row["mode"] = "face-to-face"
        clinic.note(row, [str(chance.one_of((1, 1, 2))), str(missed), "0", str(100 - 3 * missed)])


def study(clinic: Clinic, course: Course, session: int) -> None:
    """DIALOG and goal attainment, at the beginning and at the end."""
    chance, last = clinic.chance, len(course.visits)
    if course.patient % 4 == 2 and session in (1, last):
        row = clinic.row(course, session, "dialog", "patient")
        level = course.as_patient(session) - 0.05
        given = answers(course, level, (11, 1, 7), chance)
        if course.patient % 3 == 0:
            given[1] = "8"  # has no work: "not answered" in this study
        clinic.study(row, given)
    if course.patient % 6 == 1 and session == last:
        goals = chance.whole(2, 4)
        weights = [str(chance.whole(1, 3)) for _ in range(goals)] + [""] * (6 - goals)
        for rater, seen in (("patient", 0.45), ("therapist", 0.55)):
            row = clinic.row(course, session, "gas", rater)
            seen += course.as_therapist(session) - 0.6
            levels = answers(course, seen, (goals, -2, 2), chance) + [""] * (6 - goals)
            if course.patient == 1021:
                levels = [""] * 6  # the goals are agreed and weighted, and not yet looked at
            clinic.study(row, [*levels, *weights])


def total(given: Sequence[str], items: Sequence[int]) -> str:
    return str(sum(int(given[n - 1]) for n in items))


def earlier(courses: Sequence[Course], chance: Chance) -> list[Row]:
    """Scores that practices sent along with patients whom they referred: no answers, no names."""
    rows: list[Row] = []
    sent = [each for each in courses if each.patient % 5 == 3 and each.patient not in ADOLESCENTS]
    for place, referred in enumerate(sent):
        before = timedelta(days=chance.whole(3, 20))
        row = {
            "record_id": f"ref-{4410 + 7 * place}",
            "patient": referred.number,
            "instrument": "wai-sr",
            "rater": "patient",
            "completed_at": max(date(2026, 1, 2), referred.visits[0] - before).isoformat(),
        }
        parts = [chance.whole(10, 18) for _ in range(3)]
        row["total"] = str(sum(parts))
        if place % 3:
            row |= dict(zip(("goal", "task", "bond"), map(str, parts), strict=True))
        rows.append(row)
    return rows


def spoil(rows: list[Row]) -> None:
    """Adds two rows as they come from a hurried hand: neither may come through."""
    slip = dict(next(row for row in rows if row["instrument"] == "wai-sr" and "item_12" in row))
    slip |= {"completed_at": "2026-02-11T11:05", "session": "2", "item_7": "6", "total": ""}
    typo = dict(next(row for row in rows if row["instrument"] == "wai-s"))
    typo |= {"completed_at": "2026-04-22T15:40", "session": "4", "instrument": "wai-srt"}
    rows += [slip, typo]


def write(path: Path, rows: Sequence[Row], columns: dict[str, str], delimiter: str = ",") -> None:
    """The rows as a table; `columns` are our names and what the file calls them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        table.writerow(columns.values())
        table.writerows([row.get(name, "") for name in columns] for row in rows)


def by_time(row: Row) -> tuple[str, ...]:
    return row["completed_at"].replace(" ", "T"), row["patient"], row["instrument"], row["rater"]


def generate(folder: Path) -> None:
    """Writes the three files beside mr-jones.csv."""
    chance = Chance(SEED)
    clinic = Clinic(chance)
    courses = all_courses(chance)
    for each in courses:
        for session in range(1, len(each.visits) + 1):
            alliance(clinic, each, session)
            satisfaction(clinic, each, session)
            study(clinic, each, session)
    clinic.assessments += earlier(courses, chance)

    told = len({tuple(row[name] for name in LONG[:6]) for row in clinic.long})
    by_hand = len((folder / "mr-jones.csv").read_text(encoding="utf-8").splitlines()) - 1
    wanted = IN_ALL - by_hand - len(clinic.assessments) - told
    skipped = [n for n, row in enumerate(clinic.ratings) if row["instrument"] == "srs"]
    while len(clinic.ratings) > wanted:  # not everybody rates every session
        clinic.ratings.pop(skipped.pop(chance.whole(0, len(skipped) - 1)))
        skipped = [n for n, row in enumerate(clinic.ratings) if row["instrument"] == "srs"]

    clinic.assessments.sort(key=by_time)
    spoil(clinic.assessments)
    clinic.assessments.sort(key=by_time)
    write(folder / "assessments.csv", clinic.assessments, {name: name for name in ASSESSMENTS})

    clinic.ratings.sort(key=by_time)
    for number, row in enumerate(clinic.ratings, 70311):
        row["record_id"] = f"T{number}"
        row |= {name: WORDS.get(row[name], row[name]) for name in ("rater", "instrument", "mode")}
    write(folder / "session-ratings.csv", clinic.ratings, RATINGS, ";")

    clinic.long.sort(key=by_time)
    late = clinic.long.pop(4)
    clinic.long.append(late)  # an answer that was added when the others were in
    write(folder / "questionnaires-long.csv", clinic.long, {name: name for name in LONG})


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "clinic")
