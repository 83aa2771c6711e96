"""The long layout: a row an answer, in any order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .books import book
from .tables import (
    SECRET,
    check_in,
    csq,
    finding,
    keeps_silent,
    long_rows,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    without_place,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

MINE = f"urn:example:mrn|{SECRET}"
SPELLINGS = ("3", "03", "item_3", "ITEM_03", " Item_3 ", "003")


def test_rows_may_come_in_any_order(command: Callable[..., Ran]) -> None:
    site()
    rows = [row for wide in (srs(), csq(), check_in()) for row in long_rows(wide)]
    write("a.csv", *rows)
    in_order = mapped(command, "a.csv", to="in-order")
    for seed in range(3):
        random.Random(seed).shuffle(rows)  # noqa: S311
        write("a.csv", *rows)
        assert without_place(mapped(command, "a.csv", to="shuffled")) == without_place(in_order)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_item_is_named_by_number_or_by_column(
    spelling: str, command: Callable[..., Ran]
) -> None:
    site()
    rows = long_rows(srs())
    write("a.csv", *rows)
    by_column = mapped(command, "a.csv", to="by-column")
    rows[2]["item"] = spelling
    write("a.csv", *rows)
    assert mapped(command, "a.csv", to="by-spelling") == by_column


@pytest.mark.parametrize(
    "item", ["", "0", "item_0", "37", "4711", SECRET, "patient", "item_\u0663", "1.0"]
)
def test_an_item_that_nothing_has_is_named_in_its_own_row_and_spoils_its_record(
    item: str, command: Callable[..., Ran]
) -> None:
    site()
    rows = long_rows(srs())
    write("a.csv", *rows, {**rows[0], "item": item, "value": SECRET}, *long_rows(srs(session="2")))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 1, 1), [finding(6, "item", "unknown-item")], code=4)
    keeps_silent(ran)


def test_an_item_of_a_longer_instrument_is_named_where_it_stands(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = long_rows(srs(patient=MINE))
    write("a.csv", *rows, {**rows[0], "item": "5", "value": "1"}, *long_rows(srs()))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 1, 1), [finding(6, "item", "unknown-item")], code=4)
    keeps_silent(ran)


def test_a_bad_answer_is_named_in_its_own_row(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *long_rows(csq("3", "3", SECRET, patient=MINE)), *long_rows(srs()))
    ran = command("check", "a.csv", "--json")
    named = finding(4, "value", "unknown-answer")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)
    keeps_silent(ran)


def test_a_score_stands_among_the_answers(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *long_rows(srs("7", "7", "7", "7", total="28.0")))
    assert said(command("check", "a.csv", "--json")) == outcome("check", (1, 1, 0))
    write("a.csv", *long_rows(srs("7", "7", "7", "7", total="28.1", patient=MINE)))
    ran = command("check", "a.csv", "--json")
    remedy = "Ours is by the rule sum-complete-cases; correct one."
    named = finding(6, "value", "score-disagrees", remedy)
    assert said(ran) == outcome("check", (1, 0, 1), [named], code=4)
    keeps_silent(ran)


def test_a_score_alone_is_an_import(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", {**long_rows(srs())[0], "item": "total", "value": "28.50"})
    ran = command("map", "a.csv", "--out", "out", "--json")
    files = {"Device": 1, "Observation": 2, "Provenance": 1, "Questionnaire": 1}
    assert said(ran) == outcome("map", (1, 1, 0), target="out", files=files)
    (total,) = [o for o in resources("out", "Observation") if "valueQuantity" in o]
    assert total["valueQuantity"]["value"] == "28.50"


@pytest.mark.parametrize(
    "change",
    [{"mode": "paper"}, {"appointment": "urn:example:visit|1"}],
    ids=["mode", "appointment"],
)
def test_rows_of_one_assessment_must_agree_in_what_they_share(
    change: dict[str, str], command: Callable[..., Ran]
) -> None:
    site()
    rows = long_rows(srs(patient=MINE))
    rows[2] |= change
    write("a.csv", *rows, *long_rows(srs()))
    ran = command("check", "a.csv", "--json")
    named = finding(4, "item", "items-disagree")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)
    keeps_silent(ran)


def test_one_item_answered_twice_and_differently_spoils_its_record_only(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = long_rows(srs(patient=MINE))
    rows[3] |= {"item": "1", "value": SECRET}
    write("a.csv", *rows, *long_rows(srs()))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 1, 1), [finding(5, "item", "items-disagree")], code=4)
    keeps_silent(ran)


def responses(folder: str = "out") -> list[tuple[str, list[str]]]:
    """The session of each response, and the items that are answered."""
    found: list[tuple[str, list[str]]] = []
    for one in resources(folder, "QuestionnaireResponse"):
        (session,) = [e["valuePositiveInt"] for e in one["extension"] if "valuePositiveInt" in e]
        answered = [item["linkId"] for item in one["item"] if item["linkId"] != "total"]
        found.append((str(session), answered))
    return found


WHOLE = ["item_1", "item_2", "item_3", "item_4"]


def test_a_row_that_names_no_record_is_named_and_spoils_none(command: Callable[..., Ran]) -> None:
    """Nobody can say whose answer it is."""
    site()
    rows = long_rows(srs())
    rows[1] |= {"patient": SECRET}
    write("a.csv", *rows)
    ran = command("map", "a.csv", "--out", "out", "--json")
    assert ran.json["rejected"] == [finding(3, "patient", "identifier-without-system")]
    assert ran.json["records"] == {"read": 2, "accepted": 1, "rejected": 1}
    assert responses() == [("1", ["item_1", "item_3", "item_4"])]
    keeps_silent(ran)


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"mode": SECRET}, "mode", "unknown-mode"),
        ({"appointment": SECRET}, "appointment", "identifier-without-system"),
        ({"item": SECRET}, "item", "unknown-item"),
        ({"value": SECRET}, "value", "not-a-number"),
        ({"value": "=1+1"}, "", "formula"),
        ({"value": "\0"}, "", "nul-byte"),
        ({"value": "x" * 40_000}, "", "cell-too-long"),
        ({"item": "=A1"}, "", "formula"),
    ],
    ids=lambda told: str(told)[:30],
)
def test_a_bad_row_holds_back_its_whole_record_and_no_other(
    change: dict[str, str], column: str, rule: str, command: Callable[..., Ran]
) -> None:
    """A record that lacks an answer without a word would be a false one."""
    site()
    rows = [*long_rows(srs(patient=MINE)), *long_rows(srs(session="2"))]
    rows[2] |= change
    random.Random(7).shuffle(rows)  # noqa: S311 - wherever its other rows are
    write("a.csv", *rows)
    place = next(n for n, row in enumerate(rows, 2) if change.items() <= row.items())
    ran = command("map", "a.csv", "--out", "out", "--json")
    assert ran.json["rejected"] == [finding(place, column, rule)]
    assert ran.json["records"] == {"read": 2, "accepted": 1, "rejected": 1}
    assert (ran.code, responses()) == (4, [("2", WHOLE)])
    keeps_silent(ran)


def test_every_bad_row_is_named_though_one_would_hold_back_its_record(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = long_rows(srs(patient=MINE))
    rows[0] |= {"item": "99"}
    rows[3] |= {"mode": SECRET}
    write("a.csv", *rows)
    ran = command("check", "a.csv", "--json")
    named = [finding(2, "item", "unknown-item"), finding(5, "mode", "unknown-mode")]
    assert said(ran) == outcome("check", (2, 0, 2), named, code=4)
    keeps_silent(ran)


def test_a_record_with_an_id_is_held_back_by_a_row_of_it_whatever_else_is_wrong(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = [
        *({"record_id": "r-1", **row} for row in long_rows(srs(patient=MINE))),
        *({"record_id": "r-2", **row} for row in long_rows(srs(session="2"))),
    ]
    rows[1] |= {"patient": "", "completed_at": SECRET}
    write("a.csv", *rows)
    ran = command("map", "a.csv", "--out", "out", "--json")
    assert ran.json["rejected"] == [finding(3, "patient", "required")]
    assert responses() == [("2", WHOLE)]
    keeps_silent(ran)


def test_a_formula_in_a_workbook_holds_back_its_record(command: Callable[..., Ran]) -> None:
    site()
    rows = [*long_rows(srs(patient=MINE)), *long_rows(srs(session="2"))]
    rows[3]["value"] = "=5+5"
    book("a.xlsx", *rows)
    ran = command("map", "a.xlsx", "--out", "out", "--json")
    assert ran.json["rejected"] == [finding(5, "", "formula", path="a.xlsx")]
    assert responses() == [("2", WHOLE)]
    keeps_silent(ran)


def test_rows_of_another_width_are_named_and_hold_back_whom_they_name(
    command: Callable[..., Ran],
) -> None:
    """A value 7,5 without quotation marks; a line that says next to nothing; a line cut off."""
    site()
    write("a.csv", *long_rows(srs(patient=MINE)), *long_rows(csq()))
    lines = Path("a.csv").read_text().splitlines()
    assert lines[2].endswith(",item_2,8.0")
    lines[2] = lines[2].replace("8.0", "8,0")
    lines[5:5] = [f"{SECRET},1"]
    Path("a.csv").write_text("\n".join(lines))
    ran = command("map", "a.csv", "--out", "out", "--json")
    named = [finding(3, "", "too-many-cells"), finding(6, "", "too-few-cells")]
    assert ran.json["rejected"] == named
    assert ran.json["records"] == {"read": 3, "accepted": 1, "rejected": 2}
    assert [len(answered) for _, answered in responses()] == [8]
    keeps_silent(ran)

    Path("a.csv").write_text("\n".join(lines[:3] + lines[6:])[:-2])  # item_8, and no value
    ran = command("check", "a.csv", "--json")
    last = finding(11, "", "too-few-cells")
    assert said(ran) == outcome("check", (2, 0, 2), [named[0], last], code=4)
    keeps_silent(ran)


def test_a_record_that_is_held_back_stays_at_the_target_as_it_was(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = [*long_rows(srs()), *long_rows(srs(session="2"))]
    write("a.csv", *rows)
    assert command("sync", "a.csv", "--to", "to").code == 0
    rows[1]["value"], rows[2]["item"] = "1", "99"
    write("a.csv", *rows)
    ran = command("sync", "a.csv", "--to", "to", "--complete", "--json")
    assert ran.json["rejected"] == [finding(4, "item", "unknown-item")]
    assert "disappeared" not in ran.json
    counts = ran.json["resources"]
    assert (counts["created"], counts["updated"]) == (0, 0)
    assert command("verify", "--to", "to").code == 0


def test_columns_of_the_wide_layout_are_ignored_with_a_warning(command: Callable[..., Ran]) -> None:
    site()
    rows = [
        {**row, "total": SECRET, "item_1": SECRET, "Remark": SECRET} for row in long_rows(srs())
    ]
    write("a.csv", *rows)
    ran = command("check", "a.csv", "--json")
    warnings = [finding(0, name, "unknown-column") for name in ("item_1", "total", "Remark")]
    assert said(ran) == outcome("check", (1, 1, 0), warnings=warnings)
    keeps_silent(ran)


def test_an_empty_value_is_not_answered(command: Callable[..., Ran]) -> None:
    site()
    rows = long_rows(srs())
    rows[1]["value"] = " "
    write("a.csv", *rows)
    mapped(command, "a.csv")
    (response,) = resources("out", "QuestionnaireResponse")
    assert [item["linkId"] for item in response["item"]] == ["item_1", "item_3", "item_4"]


def test_sync_says_of_bad_rows_what_check_says(command: Callable[..., Ran]) -> None:
    """Its first pass over the keys goes by them in silence."""
    site()
    disagreeing, answered = long_rows(srs(patient=MINE)), long_rows(csq("9", session="3"))
    disagreeing[2] |= {"mode": "paper"}
    wrong = {**answered[0], "patient": SECRET}
    write("a.csv", *disagreeing, *answered, wrong, *long_rows(srs()))
    checked = command("check", "a.csv", "--json")
    synced = command("sync", "a.csv", "--to", "to", "--json")
    assert [(f["row"], f["rule"]) for f in checked.json["rejected"]] == [
        (7, "identifier-without-system"),
        (4, "items-disagree"),
        (6, "out-of-range"),
    ]
    assert synced.json["rejected"] == checked.json["rejected"]
    assert synced.json["records"] == checked.json["records"]
    keeps_silent(checked, synced)


def test_one_record_may_come_from_rows_far_apart(command: Callable[..., Ran]) -> None:
    site()
    mine, others = long_rows(srs(session="9")), [long_rows(srs(session=str(n))) for n in (1, 2, 3)]
    write("a.csv", mine[0], *others[0], mine[1], *others[1], mine[2], *others[2], mine[3])
    assert said(command("check", "a.csv", "--json")) == outcome("check", (4, 4, 0))
