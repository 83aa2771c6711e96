"""`--complete`: what is gone is told, and so is where that cannot be known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .tables import Row, finding, keeps_silent, said, site, srs, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

TO = ("--to", "out", "--complete")
KEYLESS = "The row's key could not be read: what is gone from this file is not known. Mend the row."
WHOLE = "The file could not be read: what is gone from the sources is not known. Mend it."
A = [srs(session=str(number)) for number in range(1, 4)]
B = [srs(session=str(number)) for number in range(11, 14)]


@pytest.fixture
def sent(command: Callable[..., Ran]) -> None:
    """Two files of three records each, at the target."""
    site()
    write("a.csv", *A)
    write("b.csv", *B)
    assert command("sync", "a.csv", "b.csv", *TO).code == 0


def wrong(row: Row) -> Row:
    """A row that does not say when it was, and so not which record it is."""
    return {**row, "completed_at": "none"}


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("name", ["plan", "sync"])
def test_a_row_without_a_key_takes_its_own_file_out_and_that_is_told(
    command: Callable[..., Ran], name: str
) -> None:
    """Row 2 of a.csv may be one of the two that are not seen; of b.csv, row 4 is gone."""
    write("a.csv", wrong(A[0]), wrong(A[1]))
    write("b.csv", *B[:2])
    ran = command(name, "a.csv", "b.csv", *TO, "--json")
    shape = said(ran)
    assert ran.code == 4
    assert shape["warnings"] == [finding(2, "", "not-compared", KEYLESS)]
    assert [(gone["path"], gone["row"]) for gone in shape["disappeared"]] == [("b.csv", 4)]
    shown = command(name, "a.csv", "b.csv", *TO)
    assert f"  a.csv, row 2: not-compared. {KEYLESS}" in shown.out.splitlines()
    keeps_silent(ran, shown)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("name", ["plan", "sync"])
def test_a_file_that_cannot_be_read_takes_all_out_and_that_is_told(
    command: Callable[..., Ran], name: str
) -> None:
    """What is gone from b.csv may be in a.csv now."""
    Path("a.csv").write_text("nothing that we know\n1\n")
    write("b.csv", *B[:2])
    ran = command(name, "a.csv", "b.csv", *TO, "--json")
    shape = said(ran)
    assert ran.code == 3
    assert shape["warnings"] == [finding(0, "", "not-compared", WHOLE)]
    assert "disappeared" not in shape
    shown = command(name, "a.csv", "b.csv", *TO)
    assert f"  a.csv: not-compared. {WHOLE}" in shown.out.splitlines()


@pytest.mark.usefixtures("sent")
def test_nothing_is_told_of_that_where_it_is_not_asked_for(command: Callable[..., Ran]) -> None:
    write("a.csv", wrong(A[0]))
    assert "warnings" not in said(command("sync", "a.csv", "--to", "out", "--json"))
