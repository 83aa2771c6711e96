"""The long layout: a row an answer, in any order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
def test_an_item_that_nothing_has_is_named_in_its_own_row(
    item: str, command: Callable[..., Ran]
) -> None:
    site()
    rows = long_rows(srs())
    write("a.csv", *rows, {**rows[0], "item": item, "value": SECRET}, *long_rows(srs(session="2")))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (3, 2, 1), [finding(6, "item", "unknown-item")], code=4)
    keeps_silent(ran)


def test_an_item_of_a_longer_instrument_is_named_where_it_stands(
    command: Callable[..., Ran],
) -> None:
    site()
    rows = long_rows(srs(patient=MINE))
    write("a.csv", *rows, {**rows[0], "item": "5", "value": "1"}, *long_rows(srs()))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 1, 1), [finding(6, "value", "unknown-item")], code=4)
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


def test_a_row_whose_head_is_bad_is_named_and_its_record_goes_on_without_it(
    command: Callable[..., Ran],
) -> None:
    """The other rows are whole; that the answer is missing shows in the score."""
    site()
    rows = long_rows(srs())
    rows[1] |= {"patient": SECRET}
    write("a.csv", *rows)
    ran = command("map", "a.csv", "--out", "out", "--json")
    assert ran.json["rejected"] == [finding(3, "patient", "identifier-without-system")]
    (response,) = resources("out", "QuestionnaireResponse")
    assert [item["linkId"] for item in response["item"]] == ["item_1", "item_3", "item_4"]
    keeps_silent(ran)


def test_broken_rows_are_named_and_the_others_are_gathered(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *long_rows(srs()), *long_rows(csq()))
    lines = Path("a.csv").read_text().splitlines()
    lines[2:2] = [f"{lines[1]},1", f"{SECRET},1"]
    Path("a.csv").write_text("\n".join(lines))
    ran = command("check", "a.csv", "--json")
    named = [finding(3, "", "too-many-cells"), finding(4, "", "too-few-cells")]
    assert said(ran) == outcome("check", (4, 2, 2), named, code=4)
    keeps_silent(ran)


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
