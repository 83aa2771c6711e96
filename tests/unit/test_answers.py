"""Cells to answers and weights: laws that hold for every instrument that is shipped."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.answers import CodeItem, NumberItem, Unfit, compile_items, exact, whole
from alliance_fhir.domain.answers import weigh as weigh_all
from alliance_fhir.instruments.catalog import Catalog

if TYPE_CHECKING:
    from alliance_fhir.domain.instrument import Instrument

INSTRUMENTS = list(Catalog())
every_instrument = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda i: i.id)


@every_instrument
def test_every_code_and_label_is_read_and_weighs_what_the_file_says(
    instrument: Instrument,
) -> None:
    for number, item in enumerate(compile_items(instrument), 1):
        for option in instrument.options_of(number):
            for cell in filter(None, (option.code, f" {option.code} ", option.label)):
                assert item.read(cell) == option.code
            assert item.weigh(option.code) == option.weight
            assert option.label == "" or item.read(option.label.upper()) == option.code


@every_instrument
def test_nothing_is_not_zero(instrument: Instrument) -> None:
    for number, item in enumerate(compile_items(instrument), 1):
        for cell in ("", "  ", *instrument.run_of(number).not_answered):
            assert item.read(cell) is None


@every_instrument
def test_what_is_beyond_the_ends_is_refused(instrument: Instrument) -> None:
    for number, item in enumerate(compile_items(instrument), 1):
        run = instrument.run_of(number)
        if run.low is None or run.high is None:
            continue
        for ends, beyond in ((run.low, run.low - 1), (run.high, run.high + 1)):
            assert item.read(str(ends)) is not None
            if str(beyond) not in run.not_answered:
                with pytest.raises(Unfit) as caught:
                    item.read(str(beyond))
                assert caught.value.rule == "out-of-range"


@every_instrument
def test_reversed_items_keep_their_answer_and_turn_their_weight_around(
    instrument: Instrument,
) -> None:
    items = compile_items(instrument)
    for number in instrument.reversed:
        scale = instrument.run_of(number).scale
        turned = [items[number - 1].weigh(option.code) for option in scale]
        assert turned == [option.weight for option in reversed(scale)]


@given(st.decimals(0, 10, places=2))
def test_digits_stay_as_they_were_written(number: Decimal) -> None:
    item = compile_items(next(i for i in INSTRUMENTS if i.id == "srs"), decimal_mark=",")[0]
    for text in (str(number), str(number).replace(".", ",")):
        read = item.read(text)
        assert str(read) == str(number)


@given(st.text(max_size=6))
def test_any_text_is_an_answer_or_refused_by_a_rule(text: str) -> None:
    for item in ITEMS:
        with suppress(Unfit):
            answer = item.read(text)
            assert answer is None or item.weigh(answer) is not None


ITEMS = [i for name in ("srs", "csq-8", "check-in", "gas") for i in compile_items(Catalog()[name])]


def test_what_is_no_answer_of_an_item_weighs_nothing() -> None:
    number, code = ITEMS[0], ITEMS[4]
    assert isinstance(number, NumberItem)
    assert isinstance(code, CodeItem)
    for item, answer, rule in (
        (number, "7", "not-a-number"),
        (number, Decimal(11), "out-of-range"),
        (code, Decimal(3), "unknown-answer"),
        (code, "9", "unknown-answer"),
    ):
        with pytest.raises(Unfit) as caught:
            item.weigh(answer)
        assert caught.value.rule == rule
        with pytest.raises(Unfit):
            weigh_all([item], [answer])
    assert weigh_all([number, code], [None, "3"]) == [None, 3]


@pytest.mark.parametrize("text", ["1", "-1", "+1", "007", "3.70", "0.0", "9" * 18])
def test_plain_numbers_are_exact(text: str) -> None:
    assert exact(text) == Decimal(text)


NO_NUMBERS = ("", " 1", "1 ", "1.", ".5", "1e3", "NaN", "Infinity", "0x1", "1_000", "--1", "\u0661")


@pytest.mark.parametrize("text", [*NO_NUMBERS, "9" * 19])
def test_whatever_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(Unfit) as caught:
        exact(text)
    assert caught.value.rule == "not-a-number"


def test_whole_numbers_are_whole() -> None:
    assert type(whole(Decimal("3.00"))) is int
    assert whole(Decimal("3.5")) == Decimal("3.5")
