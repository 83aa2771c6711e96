"""Laws of tables of visits: what is written is what is read; and it does not stay in memory."""

from __future__ import annotations

import csv
import marshal
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import ATTENDED, HAPPENED, Side, Status
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Modality, Visit
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read
from command.tables import text

from .rows import FULL, as_row, visit

CATALOG = Catalog()
CODED = ("reason", "service", "appointment_type", "event_reason")
SITE = Settings(source="clinic-east", visit_minutes=50)
FREE = frozenset(get_args(Status)) - HAPPENED
PAST, AHEAD = datetime(2026, 6, 29), datetime(2100, 1, 1)

# quotes, delimiters, line ends of Unicode, and whatever else a keyboard or a mistake may give
odd = st.sampled_from("\",;'|\\=+@-#%*{}<>&\u2028\u00a0\ufeffäé\U0001f600\u0661")
anything = odd | st.characters(exclude_categories=["Cs", "Cc"])
texts = st.text(anything | st.sampled_from("\n\t"), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text and text[:1] != "="
)
values = st.text(anything, min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and "|" not in text
)
people = st.builds(Identifier, st.sampled_from(["urn:example:mrn", "https://x.org/a"]), values)
codes = values.filter(lambda text: " ".join(text.split()) == text)
systems = st.sampled_from(["urn:example:codes", "http://terminology.hl7.org/CodeSystem/v2-0276"])
codings = st.none() | st.builds(Identifier, systems, codes)
zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
fine = st.datetimes(datetime(1990, 1, 1), PAST)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """Any visit that does not contradict itself."""
    status: Status = draw(st.sampled_from(sorted(get_args(Status))))
    zone = draw(zones)
    whens = fine if status in HAPPENED else st.datetimes(datetime(1990, 1, 1), AHEAD)
    start = draw(whens).replace(tzinfo=zone)
    lasts = draw(st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
    before = draw(st.lists(fine.map(lambda t: t.replace(tzinfo=zone)), max_size=5, unique=True))
    notice = (
        st.none() | st.dates().map(Moment.of) | fine.map(lambda t: Moment.of(t.replace(tzinfo=UTC)))
    )
    words = {name: draw(st.none() | texts) for name in CODED}
    coded = {name: draw(codings) if words[name] else None for name in CODED}
    moved = tuple(Moment.of(one) for one in before if one != start)
    # a backslash before the semicolon between two of them would make it one's own
    others = st.lists(people.filter(lambda one: one.value[-1] != "\\"), max_size=3, unique=True)
    clinician = draw(st.none() | people)
    beside = [one for one in draw(others) if clinician and one != clinician]
    return Visit(
        appointment=draw(people),
        patient=draw(people),
        clinician=clinician,
        start=Moment.of(start),
        end=Moment.of(start + lasts),
        status=status,
        called_off=None if status in ATTENDED else draw(notice),
        by=draw(st.none() | st.sampled_from(get_args(Side))),
        **words,
        **{f"{name}_code": code for name, code in coded.items()},
        status_code=draw(codings),
        location=draw(st.none() | texts),
        placer=draw(st.none() | people),
        other_clinicians=tuple(beside),
        modality=draw(st.none() | st.sampled_from(get_args(Modality))),
        referrer=draw(st.none() | people),
        referral=draw(st.none() | people),
        first=draw(st.none() | st.booleans()),
        rescheduled_from=moved,
        missed=moved[: draw(st.integers(0, len(moved)))],
    )


@given(
    st.lists(visits(), min_size=1, max_size=4, unique_by=lambda visit: visit.appointment),
    st.permutations(list(FULL)),
    st.sampled_from(",;\t"),
)
@settings(max_examples=80)
def test_what_is_written_of_visits_is_what_is_read(
    every: list[Visit], columns: list[str], delimiter: str
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, delimiter=delimiter)
            table.writeheader()
            table.writerows(map(as_row, every))
        read = list(Sources([path], SITE, CATALOG).records())
    assert [one.record if isinstance(one, Read) else one for one in read] == every


@given(visits())
def test_a_visit_that_is_kept_comes_back_as_it_was(one: Visit) -> None:
    again = Visit.again(marshal.loads(marshal.dumps(one.plain())))  # noqa: S302
    assert again == one
    assert again.model_dump_json() == one.model_dump_json()
    assert again.model_fields_set == one.model_fields_set
    for name, value in one:  # a named tuple equals any other
        assert type(getattr(again, name)) is type(value)
    assert {type(each) for each in again.rescheduled_from} <= {Moment}


def test_rows_that_are_no_visits_stay_where_they_were_among_many(tmp_path: Path) -> None:
    header, line = text([visit(1)]).splitlines()
    rows = [line.replace("|1,", f"|{n},", 1) if n % 3 else "," * header.count(",") + "x" for n in
            range(500)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join([header, *rows, ""]))
    read = list(Sources([tmp_path / "a.csv"], SITE, CATALOG).records())
    told = [(one.origin.row, "") if isinstance(one, Read) else (one.row, one.rule) for one in read]
    assert told == [(n + 2, "" if n % 3 else "required") for n in range(500)]


def test_what_is_read_of_visits_does_not_stay_in_memory(tmp_path: Path) -> None:
    """What more visits take at the peak is less than a visit's own size for each of them."""
    header, line = text([visit(1)]).splitlines()

    def peak(number: int) -> int:
        path = tmp_path / f"{number}.csv"
        with path.open("w") as file:
            file.write(f"{header}\n")
            file.writelines(line.replace("|1,", f"|{n},", 1) + "\n" for n in range(number))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        sources = Sources([path], SITE, CATALOG)
        assert sum(isinstance(one, Read) for one in sources.records()) == number
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak(10)
        assert peak(4_500) - peak(2_500) < 2_000 * 400  # kept, each takes 1,800 bytes
    finally:
        tracemalloc.stop()
