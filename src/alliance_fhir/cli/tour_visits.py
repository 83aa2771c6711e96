"""What `alliance-fhir demo` tells of the example clinic's year of visits: who did not come.

It is counted by the rules that the mapping goes by, from the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Attendance, Visits
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.visit import Visit
from alliance_fhir.mapping import site_catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read

MR_JONES = Identifier("urn:example:mrn", "1001")
COUNT: tuple[Attendance, ...] = ("attended", "late-arrival", "no-show")
"""What a rate of no-shows is of: what was called off, or is still to come, is in neither number."""
_WORDS: tuple[tuple[Visits, str], ...] = (
    ("first", "first visits"),
    ("follow-up", "follow-up visits"),
    ("unknown", "visits of which it is not known which they are"),
)
_WHICH: dict[Visits, str] = {
    "first": "a first visit",
    "follow-up": "a follow-up visit",
    "unknown": "of which it is not known which visit it is",
}
_KINDS: dict[Attendance, str] = {"unknown": "unknown or still to come"}


class _Known(NamedTuple):
    """A visit, and what is known of it."""

    visit: Visit
    became: Attendance
    which: Visits


def lines(folder: Path, settings: Settings) -> Iterator[str]:
    """How many visits there were, how many were missed, and the one that Mr. Jones missed.

    Dates are shown, as nobody in the demo exists. Raises InputError.
    """
    known = list(_known(folder, settings))
    patients = {one.visit.patient for one in known}
    yield f"{len(known):,} visits of {len(patients):,} patients: {_by_kind(known)}"
    rates = "; ".join(filter(None, (_rate(known, which, words) for which, words in _WORDS)))
    yield f"did not come, and gave no notice: {rates or 'nobody'}"
    his = sorted((one for one in known if one.visit.patient == MR_JONES), key=_begins)
    for missed in his:
        if missed.became == "no-show":
            yield f"Mr. Jones missed {_day(missed)}, {_WHICH[missed.which]}{_after(missed, his)}"


def _known(folder: Path, settings: Settings) -> Iterator[_Known]:
    window = timedelta(hours=settings.late_cancellation_hours)
    for read in Sources([folder], settings, site_catalog(settings)).records():
        if isinstance(read, Read) and isinstance(read.record, Visit):
            yield _Known(read.record, read.record.attendance(window).kind, read.place.kind)


def _by_kind(known: list[_Known]) -> str:
    """`1,321 attended, 328 no-show`, the most first."""
    kinds = Counter(_KINDS.get(one.became, one.became) for one in known)
    return ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())


def _rate(known: list[_Known], which: Visits, words: str) -> str:
    kinds = Counter(one.became for one in known if one.which == which and one.became in COUNT)
    of = kinds.total()
    missed = kinds["no-show"]
    return f"{missed:,} of {of:,} {words} ({missed / of:.1%})" if of else ""


def _after(missed: _Known, his: list[_Known]) -> str:
    later = (one for one in his if _begins(one) > _begins(missed))
    came = next((one for one in later if one.became in ("attended", "late-arrival")), None)
    return f", and came again on {_day(came)}" if came else ""


def _begins(one: _Known) -> str:
    return one.visit.start.utc


def _day(one: _Known) -> str:
    day = date.fromisoformat(one.visit.start.day)
    return f"{day.day} {day:%B}"
