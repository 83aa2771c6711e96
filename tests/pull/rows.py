"""Rows of the wide layout: any that there can be, and how they come back."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from alliance_fhir import Catalog, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance_fhir.domain.instrument import Instrument, Items

Row = dict[str, str]
MRN, STAFF = "urn:example:mrn", "https://example.org/staff"
ZONE = "America/New_York"
HEAD = (
    *("record_id", "patient", "clinician", "instrument", "rater", "rater_id"),
    *("completed_at", "session", "appointment", "language", "mode"),
)
MODES = ("electronic", "paper", "face-to-face", "phone", "video", "verbal")
INSTRUMENTS = list(Catalog())
ITEMS = [f"item_{n}" for n in range(1, 1 + max(i.size for i in INSTRUMENTS))]
SCORES = sorted({rule.id for i in INSTRUMENTS for rule in i.scores})


def settings(folder: Path) -> Settings:
    """Those of a site whose times have a zone, and that has forms in other languages."""
    own = {i.id: {"languages": ["en", "de", "pt-BR"]} for i in INSTRUMENTS}
    told: dict[str, Any] = {"source": "round-trip", "zone": ZONE, "instruments": own}
    return Settings.model_validate({**told, "folder": folder, "synthetic": True})


_words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="=|"),
    min_size=1,
    max_size=12,
)
_staff = _words.map(lambda value: f"{STAFF}|{value}")


@st.composite
def _times(draw: st.DrawFn) -> tuple[str, str]:
    """A day, a time with an offset, or one without; as it is written, and as it comes back."""
    day = draw(st.dates(date(1990, 1, 1), date(2035, 12, 31)))
    kind = draw(st.sampled_from(["day", "offset", "zone"]))
    if kind == "day":
        return day.isoformat(), day.isoformat()
    # no clock changes at noon
    clock = draw(st.times().map(lambda time: time.replace(hour=12, microsecond=0)))
    when = datetime.combine(day, clock)
    if kind == "zone":
        return when.isoformat(), when.replace(tzinfo=ZoneInfo(ZONE)).isoformat()
    offset = timezone(timedelta(minutes=draw(st.integers(-12 * 60, 14 * 60))))
    if draw(st.booleans()):
        offset = UTC
    told = when.replace(tzinfo=offset).isoformat()
    return told, told.replace("+00:00", "Z")


def _numbers(low: Decimal, high: Decimal) -> st.SearchStrategy[str]:
    cents = st.integers(int(low * 100), int(high * 100)).map(lambda n: Decimal(n).scaleb(-2))
    whole = st.integers(int(low), int(high)).map(Decimal)
    return (
        st.one_of(whole, cents, cents.map(lambda n: n.quantize(Decimal("0.1"))))
        .map(str)
        .filter(lambda text: low <= Decimal(text) <= high)
    )


def _answers(run: Items) -> st.SearchStrategy[str]:
    if run.kind == "code":
        return st.sampled_from([option.code for option in run.scale])
    low, high = run.low or Decimal(0), run.high or Decimal(0)
    if run.kind == "integer":
        return st.integers(int(low), int(high)).map(str)
    return _numbers(low, high)


@st.composite
def _told(draw: st.DrawFn, instrument: Instrument) -> Row:
    """Answers, some of them missing; or scores alone."""
    if draw(st.integers(0, 2)):
        cells = {
            f"item_{n}": draw(st.one_of(_answers(instrument.run_of(n)), st.just("")))
            for n in range(1, instrument.size + 1)
        }
        if not any(cells.values()):
            cells["item_1"] = draw(_answers(instrument.run_of(1)))
        return cells
    rules = draw(st.lists(st.sampled_from(instrument.scores), min_size=1, unique_by=lambda r: r.id))
    return {
        rule.id: draw(_numbers(rule.low or Decimal(0), rule.high or Decimal(100))) for rule in rules
    }


@st.composite
def row(draw: st.DrawFn, number: int) -> tuple[Row, Row]:
    """A row as a file has it, and as it comes back."""
    instrument = draw(st.sampled_from(INSTRUMENTS))
    rater = draw(st.sampled_from(instrument.perspectives))
    patient = f"{MRN}|{draw(st.sampled_from('abc'))}{number}"
    clinician = draw(st.one_of(st.just(""), _staff))
    own = {"patient": patient, "therapist": clinician}.get(rater, "")
    rater_id = draw(st.one_of(st.just(""), st.just(own), _staff))
    if rater == "therapist" and not clinician and not rater_id:
        rater_id = f"{STAFF}|somebody"
    written, back = draw(_times())
    told = draw(_told(instrument))
    cells = {
        "record_id": draw(st.one_of(st.just(""), _words.map(lambda text: f"{text}{number}"))),
        "patient": patient,
        "clinician": clinician,
        "instrument": f"{instrument.id}@{instrument.version.partition('.')[0]}",
        "rater": rater,
        "rater_id": rater_id,
        "session": draw(st.one_of(st.just(""), st.integers(1, 100_000).map(str))),
        "appointment": draw(st.one_of(st.just(""), _words.map(lambda v: f"urn:oid:1.2|{v}"))),
        "language": draw(st.sampled_from(["", "en", "de", "pt-BR", "de-CH"])),
        "mode": draw(st.sampled_from(["", *MODES])),
        **told,
    }
    answered = any(name.startswith("item_") for name in told)
    # with an id, that the row named them says no more than that they answered
    plain = answered and cells["record_id"] and rater_id == own
    back_id = "" if plain else rater_id
    return {**cells, "completed_at": written}, {**cells, "completed_at": back, "rater_id": back_id}


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[Row, Row]]:
    """A few rows."""
    return [draw(row(number)) for number in range(draw(st.integers(1, 6)))]


def write(path: Path, rows: Sequence[Row]) -> Path:
    """A file of these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*HEAD, *ITEMS, *SCORES], restval="")
        table.writeheader()
        table.writerows(rows)
    return path


def read(path: Path) -> list[Row]:
    """The rows of a file, in an order of their own, without their empty cells."""
    with path.open(newline="", encoding="utf-8") as file:
        return canonical(list(csv.DictReader(file)))


def canonical(rows: Sequence[Row]) -> list[Row]:
    """Rows in an order of their own, without their empty cells."""
    bare = [{name: cell for name, cell in row.items() if cell} for row in rows]
    return sorted(bare, key=lambda row: sorted(row.items()))
