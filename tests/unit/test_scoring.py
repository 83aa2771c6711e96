"""Scores against calculations by hand, and laws that hold for any answers."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.domain.scoring import Scorer, goal_attainment, half_up, mean_of
from alliance_fhir.errors import InstrumentError
from alliance_fhir.instruments.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance_fhir.domain.instrument import Instrument
    from alliance_fhir.domain.scoring import Missing, Number, Score

CATALOG = Catalog()
SHIPPED = CATALOG.ids
SUMS = [i.id for i in CATALOG if {rule.rule for rule in i.scores} == {"sum"}]
CODED_SUMS = [name for name in SUMS if all(run.scale for run in CATALOG[name].items)]
PRORATED = [i.id for i in CATALOG if {rule.rule for rule in i.scores} <= {"sum", "mean"}]
COMPLETE_CASES = [i.id for i in CATALOG if i.missing == "complete-cases"]


def weight(instrument: Instrument, number: int, answer: str) -> Number | None:
    """The weight of one answer as a site gives it: a code or a number, `-` for none."""
    if answer == "-":
        return None
    options = instrument.options_of(number)
    if not options:
        return Decimal(answer)
    return next(int(option.weight) for option in options if option.code == answer)


def scored(name: str, answers: str, missing: Missing | None = None) -> dict[str, Score]:
    """Scores by id, from the answers to all items."""
    instrument = CATALOG[name]
    given = answers.split()
    assert len(given) == instrument.size
    weights = [weight(instrument, number, answer) for number, answer in enumerate(given, start=1)]
    return {score.id: score for score in Scorer(instrument, missing).score(weights)}


def values(name: str, answers: str) -> dict[str, str | None]:
    """Score values as they are written out, trailing zeros and all."""
    found = scored(name, answers)
    return {key: None if s.value is None else str(s.value) for key, s in found.items()}


def means(name: str, answers: str) -> dict[str, str]:
    return {key: str(score.mean) for key, score in scored(name, answers).items()}


# By hand: one response for every instrument.


def test_wai_sr_by_hand() -> None:
    # Nothing is reversed.
    # item   1 2 3 4 5 6 7 8 9 10 11 12
    # answer 5 4 3 2 1 2 3 4 5  4  3  2
    # goal  4, 6, 8, 11:  2 + 2 + 4 + 3 = 11; 11 / 4 = 2.75
    # task  1, 2, 10, 12: 5 + 4 + 4 + 2 = 15; 15 / 4 = 3.75
    # bond  3, 5, 7, 9:   3 + 1 + 3 + 5 = 12; 12 / 4 = 3.00
    # total 11 + 15 + 12 = 38; 38 / 12 = 3.1666... = 3.17
    answers = "5 4 3 2 1 2 3 4 5 4 3 2"
    assert values("wai-sr", answers) == {"total": "38", "goal": "11", "task": "15", "bond": "12"}
    assert means("wai-sr", answers) == {
        "total": "3.17",
        "goal": "2.75",
        "task": "3.75",
        "bond": "3.00",
    }


def test_wai_36_by_hand() -> None:
    # Answers 1 2 3 4 5 6 7, again and again; reversed items weigh 8 - answer:
    # item     1 3 7 9 10 11 12 15 20 27 29 31 33 34
    # answer   1 3 7 2  3  4  5  1  6  6  1  3  5  6
    # weight   7 5 1 6  5  4  3  7  2  2  7  5  3  2
    # task  2, 4, 7, 11, 13, 15, 16, 18, 24, 31, 33, 35:
    #       2 + 4 + 1 + 4 + 6 + 7 + 2 + 4 + 3 + 5 + 3 + 7 = 48; 48 / 12 = 4.00
    # bond  1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36:
    #       7 + 5 + 1 + 3 + 5 + 2 + 7 + 2 + 5 + 7 + 7 + 1 = 52; 52 / 12 = 4.333... = 4.33
    # goal  3, 6, 9, 10, 12, 14, 22, 25, 27, 30, 32, 34:
    #       5 + 6 + 6 + 5 + 3 + 7 + 1 + 4 + 2 + 2 + 4 + 2 = 47; 47 / 12 = 3.91666... = 3.92
    # total 48 + 52 + 47 = 147; 147 / 36 = 4.08333... = 4.08
    answers = "1 2 3 4 5 6 7 " * 5 + "1"
    assert values("wai-36", answers) == {"total": "147", "goal": "47", "task": "48", "bond": "52"}
    assert means("wai-36", answers) == {
        "total": "4.08",
        "goal": "3.92",
        "task": "4.00",
        "bond": "4.33",
    }


def test_wai_s_by_hand() -> None:
    # item   1 2 3 4 5 6 7 8 9 10 11 12; 4 and 10 are reversed: 8 - 2 = 6, 8 - 1 = 7
    # answer 7 6 5 2 6 5 7 4 6  1  5  3
    # goal  4, 6, 10, 11: 6 + 5 + 7 + 5 = 23; 23 / 4 = 5.75
    # task  1, 2, 8, 12:  7 + 6 + 4 + 3 = 20; 20 / 4 = 5.00
    # bond  3, 5, 7, 9:   5 + 6 + 7 + 6 = 24; 24 / 4 = 6.00
    # total 23 + 20 + 24 = 67; 67 / 12 = 5.58333... = 5.58
    answers = "7 6 5 2 6 5 7 4 6 1 5 3"
    assert values("wai-s", answers) == {"total": "67", "goal": "23", "task": "20", "bond": "24"}
    assert means("wai-s", answers) == {
        "total": "5.58",
        "goal": "5.75",
        "task": "5.00",
        "bond": "6.00",
    }


def test_haq_ii_by_hand() -> None:
    # item   1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; reversed items weigh 7 - answer
    # answer 6 5 4 2 6 5 4 1 6  5  3  6  5  4  6  2  5  6  1
    # weight 6 5 4 5 6 5 4 6 6  5  4  6  5  4  6  5  5  6  6
    # 6+5+4+5 = 20, +6+5+4+6 = 41, +6+5+4 = 56, +6+5+4+6 = 77, +5 = 82, +5+6+6 = 99
    assert values("haq-ii", "6 5 4 2 6 5 4 1 6 5 3 6 5 4 6 2 5 6 1") == {"total": "99"}


def test_srs_by_hand() -> None:
    # 7.50 + 8.25 + 9.00 + 10.0 = 34.75
    assert values("srs", "7.50 8.25 9.00 10.0") == {"total": "34.75"}


def test_csrs_by_hand() -> None:
    # 0.10 + 0.20 + 0.30 + 0.40 = 1.00; in binary numbers 0.1 + 0.2 is 0.30000000000000004
    assert values("csrs", "0.10 0.20 0.30 0.40") == {"total": "1.00"}


def test_gsrs_by_hand() -> None:
    # 9.1 + 8.7 + 7.3 + 6.6 = 31.7
    assert values("gsrs", "9.1 8.7 7.3 6.6") == {"total": "31.7"}


def test_cgsrs_by_hand() -> None:
    # 10 + 10 + 10 + 9.95 = 39.95
    assert values("cgsrs", "10 10 10 9.95") == {"total": "39.95"}


def test_tasc_r_by_hand() -> None:
    # item   1 2 3 4 5 6 7 8 9 10 11 12; reversed 2, 5, 7, 8, 11 weigh 5 - answer
    # answer 4 2 3 4 1 3 2 1 4  3  2  4
    # weight 4 3 3 4 4 3 3 4 4  3  3  4
    # 4+3+3+4 = 14, +4+3+3+4 = 28, +4+3+3+4 = 42
    assert values("tasc-r", "4 2 3 4 1 3 2 1 4 3 2 4") == {"total": "42"}


def test_dialog_by_hand() -> None:
    # quality of life         4 + 5 + 3 + 6 + 2 + 3 + 1 + 1 = 25; 25 / 8 = 3.125 = 3.13, half up
    # treatment satisfaction  5 + 5 + 6 = 16; 16 / 3 = 5.333... = 5.33
    expected = {"quality-of-life": "3.13", "treatment-satisfaction": "5.33"}
    assert values("dialog", "4 5 3 6 2 3 1 1 5 5 6") == expected


def test_csq_8_by_hand() -> None:
    # Values were stored, so nothing is reversed: 4 + 3 + 2 + 4 + 3 + 3 + 1 + 4 = 24
    assert values("csq-8", "4 3 2 4 3 3 1 4") == {"total": "24"}


def test_bars_by_hand() -> None:
    # The percentage itself, 62.5, whatever the three questions say, answered or not.
    assert values("bars", "2 9 3 62.5") == {"adherence": "62.5"}
    assert values("bars", "- - - 62.5") == {"adherence": "62.5"}
    assert values("bars", "2 9 3 -") == {"adherence": None}


def test_collaborate_by_hand() -> None:
    # 9, 9, 9 is the top score; one 8 is not, though 26 of 27; two answers are not all.
    assert values("collaborate", "9 9 9") == {"top": "1"}
    assert values("collaborate", "9 8 9") == {"top": "0"}
    assert values("collaborate", "0 0 0") == {"top": "0"}
    assert values("collaborate", "9 - 9") == {"top": None}


def test_the_top_score_is_that_of_each_item_by_its_own_scale() -> None:
    # Items 1 and 2 of 0-9, item 3 of 0-3: the top is 9, 9, 3.
    collaborate = CATALOG["collaborate"]
    run = collaborate.items[0]
    short = {"numbers": (3,), "high": Decimal(3)}
    items = (run.model_copy(update={"numbers": (1, 2)}), run.model_copy(update=short))
    scorer = Scorer(collaborate.model_copy(update={"items": items}))
    assert scorer.score([9, 9, 3])[0].value == 1
    assert scorer.score([9, 9, 2])[0].value == 0


def test_check_in_by_hand() -> None:
    # Each answer by itself; doubts: none 0, some 1, strong 2. There is no total.
    assert values("check-in", "7 8 10 0 none some strong") == {
        "satisfaction-treatment": "7",
        "satisfaction-relationship": "8",
        "satisfaction-communication": "10",
        "satisfaction-plan": "0",
        "doubt-diagnosis": "0",
        "doubt-medication": "1",
        "doubt-treatment": "2",
    }


def test_an_empty_answer_of_the_check_in_leaves_the_others() -> None:
    found = values("check-in", "7 - 10 0 none - strong")
    assert [key for key, value in found.items() if value is None] == [
        "satisfaction-relationship",
        "doubt-medication",
    ]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # All levels 0: the sum is 0, so T = 50 whatever the weights.
        ("0 0 0 0 0 0  1 2 3 4 5 6", "50.00"),
        # +1, +1, weights 1, 1: sum 2; root of 0.7*2 + 0.3*4 = 2.6 is 1.612452;
        # 50 + 20 / 1.612452 = 50 + 12.4035 = 62.40
        ("1 1 - - - -  1 1 - - - -", "62.40"),
        # No weights at all: each goal weighs 1, so the same.
        ("1 1 - - - -  - - - - - -", "62.40"),
        # Equal weights cancel, whatever they are: 3*2 = 6; root of 0.7*18 + 0.3*36 = 23.4 is
        # 4.837355; 60 / 4.837355 = 12.4035
        ("1 1 - - - -  3 3 - - - -", "62.40"),
        # +1, -1, weights 2, 1: sum 1; root of 0.7*5 + 0.3*9 = 6.2 is 2.489980;
        # 50 + 10 / 2.489980 = 50 + 4.0161 = 54.02
        ("1 -1 - - - -  2 1 - - - -", "54.02"),
        # One goal, +2: the root of 0.7 + 0.3 is 1; 50 + 20 = 70, whatever its weight.
        ("2 - - - - -  1 - - - - -", "70.00"),
        ("- - - - 2 -  - - - - 7.5 -", "70.00"),
        # Three goals at -2, weight 1: sum -6; root of 0.7*3 + 0.3*9 = 4.8 is 2.190890;
        # 50 - 60 / 2.190890 = 50 - 27.3861 = 22.6139 = 22.61
        ("-2 -2 -2 - - -  1 1 1 - - -", "22.61"),
        # A weight without a level does not count: as one goal at +1, 50 + 10 = 60.
        ("1 - - - - -  1 9 9 9 9 9", "60.00"),
        # A goal of weight 0 neither: as one goal at +1.
        ("1 -2 - - - -  1 0 - - - -", "60.00"),
        # No goal has a level, or all that have weigh nothing: no score.
        ("- - - - - -  - - - - - -", None),
        ("- - - - - -  1 1 1 1 1 1", None),
        ("2 2 - - - -  0 0 - - - -", None),
    ],
)
def test_goal_attainment_by_hand(answers: str, expected: str | None) -> None:
    assert values("gas", answers) == {"t-score": expected}


def test_goal_attainment_says_how_many_goals_had_a_level() -> None:
    score = scored("gas", "1 - -1 - - 0  1 1 1 1 1 1")["t-score"]
    assert (score.answered, score.of, score.method) == (3, 6, "goal-attainment-t")


def test_the_intercorrelation_of_goals_is_used() -> None:
    # +1, +1, weights 1, 1. r = 0: root of 2 is 1.414214, 50 + 14.1421 = 64.14.
    # r = 1: root of 4 is 2, 50 + 10 = 60.
    one = [Decimal(1), Decimal(1)]
    assert goal_attainment(one, one, Decimal(0)) == Decimal("64.14")
    assert goal_attainment(one, one, Decimal(1)) == Decimal("60.00")


# Rounding and exactness.


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [
        (25, 8, "3.13"),  # 3.125, which half to even would make 3.12
        (10, 4, "2.50"),  # 2.5
        (Decimal("8.025"), 3, "2.68"),  # 2.675, which binary numbers would make 2.67
        (Decimal("0.01"), 2, "0.01"),  # 0.005
        (38, 12, "3.17"),  # 3.1666...
        (147, 36, "4.08"),  # 4.08333...
        (60, 12, "5.00"),
        (0, 4, "0.00"),
    ],
)
def test_means_have_two_decimals_and_halves_go_up(total: Number, count: int, expected: str) -> None:
    assert str(mean_of(total, count)) == expected


def test_halves_of_negative_values_go_away_from_zero() -> None:
    assert str(half_up(Decimal("-0.125"))) == "-0.13"
    assert str(half_up(Decimal("-0.124"))) == "-0.12"


def test_a_decimal_total_keeps_its_zeros_each_time_it_is_computed() -> None:
    scorer = Scorer(CATALOG["srs"])
    for first, total in [("7.0", "28.0"), ("7.00", "28.00"), ("7", "28"), ("7.0", "28.0")]:
        weights = [Decimal(first)] * 4
        assert str(scorer.score(weights)[0].value) == total


def test_one_scorer_gives_every_response_its_own_scores() -> None:
    # Equal totals of different subscales, one after the other: 5+1*11 = 16 both times.
    scorer = Scorer(CATALOG["wai-sr"])
    for place, scale in [(0, "task"), (7, "goal"), (2, "bond"), (0, "task")]:
        weights = [5 if n == place else 1 for n in range(12)]
        found = {score.id: score.value for score in scorer.score(weights)}
        assert found == {"total": 16, "goal": 4, "task": 4, "bond": 4} | {scale: 8}


# Missing answers.


def test_complete_cases_is_the_default_and_only_touches_what_holds_the_item() -> None:
    # Item 12 is Task. Goal 11 and Bond 12 as above.
    found = scored("wai-sr", "5 4 3 2 1 2 3 4 5 4 3 -")
    assert {key: score.value for key, score in found.items()} == {
        "total": None,
        "goal": 11,
        "task": None,
        "bond": 12,
    }
    assert (found["total"].answered, found["total"].of) == (11, 12)
    assert (found["task"].answered, found["task"].of) == (3, 4)
    assert (found["goal"].answered, found["goal"].of) == (4, 4)
    assert found["total"].mean is None
    assert {score.method for score in found.values()} == {"sum-complete-cases"}


def test_prorating_fills_in_the_mean_of_what_was_answered_and_says_so() -> None:
    # 11 of 12: 5+4+3+2+1+2+3+4+5+4+3 = 36; 36 * 12 / 11 = 39.2727... = 39.27; 36 / 11 = 3.27
    # task, 3 of 4: 5+4+4 = 13; 13 * 4 / 3 = 17.333... = 17.33; 13 / 3 = 4.33
    # goal and bond are complete: 11 and 12, not prorated.
    found = scored("wai-sr", "5 4 3 2 1 2 3 4 5 4 3 -", "prorate")
    assert {key: str(score.value) for key, score in found.items()} == {
        "total": "39.27",
        "goal": "11",
        "task": "17.33",
        "bond": "12",
    }
    assert {key: str(score.mean) for key, score in found.items()} == {
        "total": "3.27",
        "goal": "2.75",
        "task": "4.33",
        "bond": "3.00",
    }
    assert {key: score.method for key, score in found.items()} == {
        "total": "sum-prorated",
        "goal": "sum-complete-cases",
        "task": "sum-prorated",
        "bond": "sum-complete-cases",
    }
    assert (found["total"].answered, found["total"].of) == (11, 12)


def test_a_prorated_mean_is_that_of_the_answered_items() -> None:
    # quality of life, 7 of 8: 4+5+3+6+2+3+1 = 24; 24 / 7 = 3.428... = 3.43, never 24 / 8
    found = scored("dialog", "4 5 3 6 2 3 1 - 5 5 6", "prorate")
    assert str(found["quality-of-life"].value) == "3.43"
    assert found["quality-of-life"].method == "mean-prorated"
    assert found["treatment-satisfaction"].method == "mean-complete-cases"


def test_a_prorated_total_of_decimals_is_exact() -> None:
    # 7.5 + 8.25 + 9 = 24.75; 24.75 * 4 / 3 = 33.00
    assert str(scored("srs", "7.5 8.25 9 -", "prorate")["total"].value) == "33.00"


@pytest.mark.parametrize("name", PRORATED)
def test_nothing_answered_gives_nothing_even_prorated(name: str) -> None:
    found = scored(name, "- " * CATALOG[name].size, "prorate")
    assert {(score.value, score.mean, score.answered) for score in found.values()} == {
        (None, None, 0)
    }


@pytest.mark.parametrize("name", ["collaborate", "gas", "bars", "check-in"])
def test_what_is_no_sum_or_mean_cannot_be_prorated(name: str) -> None:
    with pytest.raises(InstrumentError, match=f"{name}: only sums and means can be prorated"):
        Scorer(CATALOG[name], "prorate")


# Laws, for whatever answers.

law = settings(deadline=None, max_examples=50)  # a busy machine breaks no law


def answers_to(instrument: Instrument, number: int) -> st.SearchStrategy[Number]:
    """Any weight that item `number` can have."""
    options = instrument.options_of(number)
    if options:
        return st.sampled_from([int(option.weight) for option in options])
    run = instrument.run_of(number)
    if run.kind == "integer":
        return st.integers(int(run.low or 0), int(run.high or 0))
    return st.decimals(run.low, run.high, places=2)


@cache
def responses(name: str) -> st.SearchStrategy[list[Number]]:
    """Any complete response, as weights."""
    instrument = CATALOG[name]
    each = (answers_to(instrument, number) for number in range(1, instrument.size + 1))
    return st.tuples(*each).map(list)


@cache
def scorer_of(name: str, missing: Missing | None = None) -> Scorer:
    return Scorer(CATALOG[name], missing)


def by_id(name: str, weights: Sequence[Number | None]) -> dict[str, Number | None]:
    return {score.id: score.value for score in scorer_of(name).score(weights)}


@pytest.mark.parametrize("name", SHIPPED)
@law
@given(data=st.data())
def test_a_score_lies_within_its_range(name: str, data: st.DataObject) -> None:
    instrument = CATALOG[name]
    found = by_id(name, data.draw(responses(name)))
    for rule in instrument.scores:
        if rule.low is not None and rule.high is not None:
            value = found[rule.id]
            assert value is not None
            assert rule.low <= value <= rule.high


@pytest.mark.parametrize("name", SHIPPED)
def test_scores_come_in_the_order_of_the_file(name: str) -> None:
    instrument = CATALOG[name]
    found = Scorer(instrument).score([None] * instrument.size)
    assert [score.id for score in found] == [rule.id for rule in instrument.scores]


@pytest.mark.parametrize("name", CODED_SUMS)
@law
@given(data=st.data())
def test_a_higher_answer_raises_the_total_and_a_reversed_one_lowers_it(
    name: str, data: st.DataObject
) -> None:
    instrument = CATALOG[name]
    weights = data.draw(responses(name))
    number = data.draw(st.integers(1, instrument.size))
    codes = [option.code for option in instrument.run_of(number).scale]  # lowest answer first
    low, high = sorted(data.draw(st.lists(st.integers(0, len(codes) - 1), min_size=2, max_size=2)))
    before, after = (
        by_id(name, [*weights[: number - 1], changed, *weights[number:]])["total"]
        for changed in (weight(instrument, number, codes[place]) for place in (low, high))
    )
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after - before == (low - high if number in instrument.reversed else high - low)


@pytest.mark.parametrize("name", CODED_SUMS)
def test_reversing_twice_changes_nothing(name: str) -> None:
    instrument = CATALOG[name]
    for number in range(1, instrument.size + 1):
        plain = instrument.model_copy(update={"reversed": ()}).options_of(number)
        once = instrument.model_copy(update={"reversed": (number,)}).options_of(number)
        run = instrument.run_of(number).model_copy(update={"numbers": (number,), "options": once})
        turned = instrument.model_copy(update={"items": (run,), "reversed": (number,)})
        assert once != plain
        assert turned.options_of(number) == plain


@pytest.mark.parametrize("name", SUMS)
@law
@given(data=st.data())
def test_the_order_of_weights_inside_a_subscale_does_not_matter(
    name: str, data: st.DataObject
) -> None:
    instrument = CATALOG[name]
    weights = data.draw(responses(name))
    rule = data.draw(st.sampled_from(instrument.scores))
    mixed = list(weights)
    for number, other in zip(rule.items, data.draw(st.permutations(rule.items)), strict=True):
        mixed[number - 1] = weights[other - 1]
    assert by_id(name, mixed)[rule.id] == by_id(name, weights)[rule.id]


@pytest.mark.parametrize("name", COMPLETE_CASES)
@law
@given(data=st.data())
def test_complete_cases_gives_no_score_exactly_where_an_item_of_it_is_missing(
    name: str, data: st.DataObject
) -> None:
    instrument = CATALOG[name]
    left_out = data.draw(st.sets(st.integers(1, instrument.size)))
    weights = [
        None if number in left_out else answer
        for number, answer in enumerate(data.draw(responses(name)), start=1)
    ]
    found = by_id(name, weights)
    for rule in instrument.scores:
        assert (found[rule.id] is None) == bool(left_out & set(rule.items))


@pytest.mark.parametrize("name", PRORATED)
@law
@given(data=st.data())
def test_a_prorated_score_lies_within_its_range(name: str, data: st.DataObject) -> None:
    instrument = CATALOG[name]
    left_out = data.draw(st.sets(st.integers(1, instrument.size)))
    weights = [
        None if number in left_out else answer
        for number, answer in enumerate(data.draw(responses(name)), start=1)
    ]
    for rule, score in zip(
        instrument.scores, scorer_of(name, "prorate").score(weights), strict=True
    ):
        assert (score.value is None) == (set(rule.items) <= left_out)
        if score.value is not None and rule.low is not None and rule.high is not None:
            assert rule.low <= score.value <= rule.high


levels = st.none() | st.integers(-2, 2)
goal_weights = st.none() | st.decimals(0, 100, places=2)


@law
@given(
    goals=st.lists(st.tuples(levels, goal_weights), max_size=6),
    r=st.decimals(0, 1, places=2),
)
def test_goal_attainment_never_meets_a_negative_root(
    goals: list[tuple[int | None, Decimal | None]], r: Decimal
) -> None:
    counted = [(x, w) for x, w in goals if x is not None and w != 0]
    value = goal_attainment([x for x, _ in goals], [w for _, w in goals], r)
    assert (value is None) == (not counted)
    if value is not None and all(x == 0 for x, _ in counted):
        assert value == 50


@law
@given(goals=st.lists(st.tuples(st.integers(-2, 2), st.decimals(1, 9, places=1)), min_size=1))
def test_goals_turned_round_mirror_the_t_score_at_50(goals: list[tuple[int, Decimal]]) -> None:
    weights = [w for _, w in goals]
    up = goal_attainment([x for x, _ in goals], weights, Decimal("0.30"))
    down = goal_attainment([-x for x, _ in goals], weights, Decimal("0.30"))
    assert up is not None
    assert down is not None
    assert abs(up + down - 100) <= Decimal("0.01")  # each is rounded by itself
