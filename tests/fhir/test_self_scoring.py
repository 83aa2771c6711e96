"""A form filler that knows nothing of us makes of our forms the very response that we make.

LForms gets a Questionnaire and the answers; the mapping gets a record of the same answers. Every
item must come out alike, the calculated ones above all: those that have a value, and those that
have none. (tests/forms holds the scorer against LForms over many more responses.)
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from making import CATALOG, FORMS, R4, R5, lowest, mapped, record

from alliance_fhir.fhir.questionnaire import questionnaire
from forms import Forms, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.domain.instrument import Instrument, Perspective
    from alliance_fhir.domain.records import Answer
    from alliance_fhir.fhir.versions import Json, Version

pytestmark = pytest.mark.forms

Answers = tuple["Answer | None", ...]


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    with Forms() as forms:
        yield forms


def highest(instrument: Instrument) -> Answers:
    """The last code of each scale, or the highest number."""
    every = range(1, instrument.size + 1)
    ends = [(instrument.options_of(n), instrument.run_of(n).high or Decimal(0)) for n in every]
    return tuple(options[-1].code if options else high for options, high in ends)


def mirrored(instrument: Instrument) -> Answers:
    """What gives the highest scores: reversed items at the other end of the scale."""
    low, high = lowest(instrument), highest(instrument)
    numbers = range(1, instrument.size + 1)
    return tuple(low[n - 1] if n in instrument.reversed else high[n - 1] for n in numbers)


def mixed(instrument: Instrument) -> Answers:
    """Up and down the scale, with decimals where the items take them."""
    return tuple(_mixed(instrument, n) for n in range(1, instrument.size + 1))


def _mixed(instrument: Instrument, number: int) -> Answer:
    options = instrument.options_of(number)
    if options:
        return options[(number * number) % len(options)].code
    run = instrument.run_of(number)
    high = run.high or Decimal(0)
    return high * number / 100 if run.kind == "decimal" else high * number // 100


def without(answers: Answers, place: int) -> Answers:
    """The same with one item not answered."""
    return tuple(None if n == place % len(answers) else each for n, each in enumerate(answers))


SETS: dict[str, Callable[[Instrument], Answers]] = {
    "lowest": lowest,
    "highest": highest,
    "mirrored": mirrored,
    "mixed": mixed,
    "the first missing": lambda instrument: without(mixed(instrument), 0),
    "the last missing": lambda instrument: without(mixed(instrument), -1),
    "one answer alone": lambda i: (mixed(i)[0], *(None for _ in range(i.size - 1))),
}
"""What the sets of answers are called, and how each instrument has them."""
SOME = ("mirrored", "mixed", "the first missing")


def cases() -> Iterator[Any]:
    """Every set of every instrument; some in R5, and some by the other raters.

    R5 has other types of items, and the forms of other raters have other codes: no more than that.
    """
    for instrument, rater in FORMS:
        first = rater == instrument.perspectives[0]
        for version, sets in ((R4, SETS if first else SOME), (R5, SOME if first else ())):
            for name in sets:
                told = (instrument.id, rater, version.label, name)
                yield pytest.param(instrument, rater, version, SETS[name], id="-".join(told))


def ours(instrument: Instrument, rater: Perspective, answers: Answers, version: Version) -> Json:
    """The response that the mapping makes."""
    made = mapped([record(instrument.id, rater, answers=answers)], version)
    return next(
        json.loads(r.json(), parse_float=Decimal) for r in made if r.type == "QuestionnaireResponse"
    )


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values with numbers as exact numbers, so that 7 and 7.00 are one."""
    return {
        link: Decimal(str(value)) if isinstance(value, int | float | Decimal) else value
        for link, value in values.items()
    }


@pytest.mark.parametrize(("instrument", "rater", "version", "make"), list(cases()))
def test_the_form_makes_the_response_that_we_make(
    forms: Forms,
    instrument: Instrument,
    rater: Perspective,
    version: Version,
    make: Callable[[Instrument], Answers],
) -> None:
    answers = make(instrument)
    form = json.loads(questionnaire(instrument, rater, version).json())
    given = {
        f"item_{n}": float(answer) if isinstance(answer, Decimal) else answer
        for n, answer in enumerate(answers, 1)
        if answer is not None
    }
    theirs = values(forms.fill(form, given, version.label))
    assert plain(theirs) == plain(values(ours(instrument, rater, answers, version)))


def test_mirrored_answers_reach_the_highest_scores(forms: Forms) -> None:
    """By hand, so that LForms and we are not wrong alike."""
    for name, total in (("wai-36", 252), ("wai-s", 84), ("haq-ii", 114), ("tasc-r", 48)):
        instrument = CATALOG[name]
        form = json.loads(questionnaire(instrument, "patient", R4).json())
        given = {f"item_{n}": a for n, a in enumerate(mirrored(instrument), 1)}
        assert values(forms.fill(form, given))["total"] == total
