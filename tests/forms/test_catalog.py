"""Our Questionnaires score themselves: LForms computes what our scorer computes."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.domain.scoring import Scorer
from alliance_fhir.fhir.questionnaire import questionnaire
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog

from . import Forms, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_fhir.domain.instrument import Instrument
    from alliance_fhir.domain.scoring import Number

pytestmark = pytest.mark.forms

Answer = str | Decimal
Response = list[Answer | None]

CATALOG = Catalog()
FHIR = {"4.0": "R4", "5.0": "R5"}  # R4B has the shape of R4


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    with Forms() as forms:
        yield forms


def possible(instrument: Instrument, number: int) -> list[Answer]:
    """The answers that an item takes, lowest first; of decimals those with one digit."""
    if options := instrument.options_of(number):
        return [option.code for option in options]
    run = instrument.run_of(number)
    low, high = int(run.low or 0), int(10 if run.high is None else run.high)
    if run.kind == "integer":
        return [Decimal(n) for n in range(low, high + 1)]
    return [Decimal(n) / 10 for n in range(low * 10, high * 10 + 1)]


def responses(instrument: Instrument) -> Iterator[Response]:
    """The ends of the scale, nothing at all, whole responses at random, and some with gaps."""
    every = [possible(instrument, number) for number in range(1, instrument.size + 1)]
    chance = random.Random(instrument.id)  # noqa: S311
    yield [answers[0] for answers in every]
    yield [answers[-1] for answers in every]
    yield [None for _ in every]
    for _ in range(2 + 24 // instrument.size):  # a long form takes long
        whole: Response = [chance.choice(answers) for answers in every]
        yield whole
        yield [None if chance.random() < 0.2 else answer for answer in whole]


def weight(instrument: Instrument, number: int, answer: Answer | None) -> Number | None:
    options = instrument.options_of(number)
    if not options or answer is None:
        return answer if isinstance(answer, Decimal) else None
    return next(option.weight for option in options if option.code == answer)


@pytest.mark.parametrize("version", FHIR)
@pytest.mark.parametrize("instrument", list(CATALOG), ids=lambda instrument: instrument.id)
def test_the_form_scores_as_we_do(forms: Forms, instrument: Instrument, version: str) -> None:
    form = json.loads(
        questionnaire(instrument, instrument.perspectives[0], VERSIONS[version]).json()
    )
    scorer = Scorer(instrument)
    for response in responses(instrument):
        weights = [weight(instrument, n, answer) for n, answer in enumerate(response, 1)]
        expected = {s.id: s.value for s in scorer.score(weights) if s.value is not None}
        answers = {
            f"item_{n}": answer if isinstance(answer, str) else float(answer)
            for n, answer in enumerate(response, 1)
            if answer is not None
        }
        found = values(forms.fill(form, answers, FHIR[version]))
        scores = {k: Decimal(str(v)) for k, v in found.items() if not k.startswith("item_")}
        assert scores == expected, answers
