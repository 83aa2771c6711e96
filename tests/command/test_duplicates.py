"""Rows that tell of one and the same record: taken once where they are equal, else not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .tables import (
    SECRET,
    csq,
    finding,
    keeps_silent,
    long_rows,
    mapped,
    outcome,
    said,
    site,
    srs,
    states,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    from .tables import Findings

MINE = f"urn:example:mrn|{SECRET}"
TWICE = srs(patient=MINE, session="7")
OTHERWISE = srs("1", "1", "1", "1", patient=MINE, session="7")
WAYS = (("check",), ("map", "--out", "out"), ("plan", "--to", "to"), ("sync", "--to", "to"))


def equal(row: int, path: str = "a.csv") -> dict[str, str | int]:
    return finding(row, "", "duplicate-equal", path=path)


def different(row: int, path: str = "a.csv") -> dict[str, str | int]:
    return finding(row, "", "duplicate-different", path=path)


def everywhere(
    command: Callable[..., Ran],
    *sources: str,
    records: tuple[int, int, int],
    rejected: Findings | None = None,
    warnings: Findings | None = None,
) -> None:
    """The same is said by check, by map, by plan and by sync."""
    code = 4 if rejected else 0
    more = {"warnings": warnings} if warnings else {}
    for words in (
        ("check",),
        ("map", "--out", "out"),
        ("plan", "--to", "to"),
        ("sync", "--to", "to"),
    ):
        ran = command(*words, *sources, "--json")
        shape = said(ran)
        for key in ("target", "files", "resources"):
            shape.pop(key, None)
        assert shape == outcome(words[0], records, rejected or [], code=code, **more)
        keeps_silent(ran)


def test_equal_rows_are_taken_once_with_a_warning(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), TWICE, csq(), TWICE, TWICE)
    everywhere(command, "a.csv", records=(5, 3, 0), warnings=[equal(5), equal(6)])


def test_different_rows_with_one_key_are_all_rejected(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), TWICE, csq(), OTHERWISE)
    everywhere(command, "a.csv", records=(4, 2, 2), rejected=[different(3), different(5)])


def test_rows_of_two_files_are_compared(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), TWICE)
    write("b.csv", TWICE, srs(session="2"))
    everywhere(command, "a.csv", "b.csv", records=(4, 3, 0), warnings=[equal(2, "b.csv")])
    write("b.csv", srs(session="2"), OTHERWISE)
    named = [different(3), different(3, "b.csv")]
    everywhere(command, "a.csv", "b.csv", records=(4, 2, 2), rejected=named)


def test_one_file_given_twice_is_taken_once(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), csq())
    everywhere(command, "a.csv", "a.csv", records=(4, 2, 0), warnings=[equal(2), equal(3)])


@pytest.mark.parametrize(
    "again",
    [
        "2026-03-09T19:10:00Z",
        "2026-03-09T19:10Z",
        "2026-03-09 19:10:00.000+00:00",
        "2026-03-10T00:40+05:30",
        "2026-03-09T15:10",  # in New York
    ],
)
def test_one_instant_is_one_however_it_is_spelled(again: str, command: Callable[..., Ran]) -> None:
    site('zone = "America/New_York"')
    first = {**TWICE, "completed_at": "2026-03-09T15:10:00-04:00"}
    write("a.csv", first, {**first, "completed_at": again})
    everywhere(command, "a.csv", records=(2, 0, 2), rejected=[different(2), different(3)])


def test_a_day_is_not_its_midnight(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", TWICE, {**TWICE, "completed_at": "2026-03-09T00:00:00Z"})
    everywhere(command, "a.csv", records=(2, 2, 0))


@pytest.mark.parametrize(
    "change",
    [
        {"patient": "urn:example:mrn|other"},
        {"patient": f"urn:example:other|{SECRET}"},
        {"clinician": "urn:example:staff|kurtz"},
        {"rater_id": "urn:example:staff|kurtz"},
        {"completed_at": "2026-03-10"},
        {"session": "8"},
        {"session": ""},
        {"language": "en"},
        {"instrument": "gsrs"},
        {"record_id": "r-1"},
    ],
    ids=lambda change: "-".join(change),
)
def test_every_part_of_the_key_makes_another_record(
    change: dict[str, str], command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", TWICE, {**TWICE, **change})
    everywhere(command, "a.csv", records=(2, 2, 0))


@pytest.mark.parametrize(
    "change", [{"mode": "paper"}, {"appointment": "urn:example:visit|1"}, {"total": "34.75"}]
)
def test_what_is_no_part_of_the_key_makes_a_different_row_of_one_record(
    change: dict[str, str], command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", TWICE, {**TWICE, **change})
    everywhere(command, "a.csv", records=(2, 0, 2), rejected=[different(2), different(3)])


def test_a_record_id_is_the_whole_key(command: Callable[..., Ran]) -> None:
    site()
    one = {"record_id": "r-1", **TWICE}
    write("a.csv", one, {**csq(), "record_id": "r-1"})
    everywhere(command, "a.csv", records=(2, 0, 2), rejected=[different(2), different(3)])


def test_spellings_of_a_language_and_of_an_instrument_are_one(command: Callable[..., Ran]) -> None:
    site()
    one = {**TWICE, "language": "en-US"}
    write("a.csv", one, {**one, "language": "EN-us", "instrument": "srs@1.0"})
    everywhere(command, "a.csv", records=(2, 0, 2), rejected=[different(2), different(3)])


def test_with_a_limit_the_rows_beyond_it_still_count_as_doubles(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", TWICE, csq(), OTHERWISE)
    for words in (("check",), ("map", "--out", "out"), ("sync", "--to", "to")):
        ran = command(*words, "a.csv", "--limit", "1", "--json")
        assert (ran.json["rejected"], ran.code) == ([different(2)], 4)


def test_doubles_of_the_long_layout_are_answers_that_stand_twice(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = long_rows(TWICE)
    write("a.csv", *rows, *rows)
    everywhere(command, "a.csv", records=(1, 1, 0))
    write("b.csv", *rows)
    everywhere(command, "a.csv", "b.csv", records=(2, 1, 0), warnings=[equal(2, "b.csv")])


def test_doubles_leave_no_trace_in_what_is_written(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), TWICE, TWICE, csq())
    with_double = mapped(command, "a.csv", to="with")
    write("a.csv", srs(), TWICE, csq())
    without = mapped(command, "a.csv", to="without")
    for name in with_double.keys() - {"Provenance.ndjson"}:  # they name the row
        assert with_double[name] == without[name]


def test_sync_counts_what_it_makes_of_doubles(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", TWICE, TWICE)
    shape = command("sync", "a.csv", "--to", "folder", "--json").json
    assert shape["resources"] == states(created=6)
    shape = command("sync", "a.csv", "--to", "folder", "--json").json
    assert shape["resources"] == states(unchanged=5)
