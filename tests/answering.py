"""Seeded answers to every Questionnaire of the catalogue, and what the command makes of them.

    told = by_the_command(folder, "R4", count=10)
    told.forms["wai-sr-patient"]               the Questionnaire that `map` wrote
    told.sets["wai-sr-patient"][3].answers     {"item_1": "4", ...}, without those left out
    told.sets["wai-sr-patient"][3].outcome     the response and the Observations that `map` wrote

`map` scores by the rules of the instrument files (domain/scoring.py), and reads no expression: what
it gives is what form engines and evaluators of expressions have to reach by themselves.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.instruments.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from alliance_fhir.domain.instrument import Instrument

    Json = dict[str, Any]

SEED = int(os.environ.get("SEED") or 1979)
"""`SEED=7 make forms` takes other answers."""
RECORD = "https://alliance-fhir.github.io/ig/StructureDefinition/source-record"
SETTINGS = """source = "forms"
patient_system = "urn:example:mrn"
clinician_system = "urn:example:staff"
zone = "UTC"
"""

Answer = str | Decimal
"""The code of an option, or a number."""
Answers = dict[str, Answer]
"""By linkId; who is left out is not in it."""
CATALOG = Catalog()
FORMS = {f"{one.id}-{rater}": (one, rater) for one in CATALOG for rater in one.perspectives}


class Outcome(NamedTuple):
    """What `map` wrote of one row: numbers are exact."""

    response: Json
    observations: list[Json]


class Told(NamedTuple):
    """One set of answers, and what comes of it."""

    answers: Answers
    outcome: Outcome


class ByTheCommand(NamedTuple):
    """All forms and all sets, by `<instrument>-<rater>`."""

    forms: dict[str, Json]
    sets: dict[str, list[Told]]


def by_version(counts: dict[str, int]) -> Any:
    """A fixture of a module: each of these versions in turn, and what the command makes in it of so
    many sets a form. R4B has the shape of R4; R5 has other types of items, and the same
    expressions."""

    @pytest.fixture(scope="module", params=list(counts))
    def told(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> tuple[str, ByTheCommand]:
        fhir: str = request.param
        return fhir, by_the_command(tmp_path_factory.mktemp(fhir), fhir, counts[fhir])

    return told


def by_the_command(folder: Path, fhir: str, count: int) -> ByTheCommand:
    """Writes `count` rows for each form into one table, and has `alliance-fhir map` map it."""
    sets = {form: list(answer_sets(FORMS[form][0], form, count)) for form in FORMS}
    (folder / "alliance.toml").write_text(SETTINGS, encoding="utf-8")
    _write(folder / "sets.csv", sets)
    words = ("map", folder / "sets.csv", "--out", folder / "out", "--fhir", fhir)
    ran = subprocess.run(
        [sys.executable, "-m", "alliance_fhir", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, (SEED, ran.stdout, ran.stderr)
    outcomes = _outcomes(folder / "out")
    forms = {form["url"].rsplit("/", 1)[1]: form for form in _read(folder / "out", "Questionnaire")}
    assert forms.keys() == FORMS.keys()
    told = {
        form: [Told(answers, outcomes[f"{form}/{n}"]) for n, answers in enumerate(of_form)]
        for form, of_form in sets.items()
    }
    return ByTheCommand(forms, told)


def answer_sets(instrument: Instrument, form: str, count: int) -> Iterator[Answers]:
    """Sets at random, by turns of each kind; the same for the same seed."""
    chance = random.Random(f"{SEED} {form}")  # noqa: S311
    every = [possible(instrument, number) for number in range(1, instrument.size + 1)]
    for n in range(count):
        left_out, choose = KINDS[n % len(KINDS)]
        out = left_out(chance, instrument.size)
        yield {
            f"item_{number}": choose(chance, answers)
            for number, answers in enumerate(every, 1)
            if number not in out
        }


def possible(instrument: Instrument, number: int) -> list[Answer]:
    """The answers that an item takes, lowest first; of decimals those with two digits."""
    if options := instrument.options_of(number):
        return [option.code for option in options]
    run = instrument.run_of(number)
    low, high = int(run.low or 0), int(10 if run.high is None else run.high)
    if run.kind == "integer":
        return [Decimal(n) for n in range(low, high + 1)]
    return [Decimal(n) / 100 for n in range(low * 100, high * 100 + 1)]


def _any(chance: random.Random, answers: list[Answer]) -> Answer:
    return chance.choice(answers)


def _last(chance: random.Random, answers: list[Answer]) -> Answer:
    return answers[-1]


def _mostly_first(chance: random.Random, answers: list[Answer]) -> Answer:
    return answers[0] if chance.random() < 0.9 else chance.choice(answers)


def _nobody(chance: random.Random, size: int) -> set[int]:
    return set()


def _one(chance: random.Random, size: int) -> set[int]:
    return {chance.randint(1, size)}


def _some(chance: random.Random, size: int) -> set[int]:
    """About a quarter, never all: a row without answers is no questionnaire."""
    return {n for n in range(1, size) if chance.random() < 0.25}


def _first_half(chance: random.Random, size: int) -> set[int]:
    """Of goal attainment: all levels, and no weight."""
    return set(range(1, size // 2 + 1))


def _second_half(chance: random.Random, size: int) -> set[int]:
    """Of goal attainment: all weights, and no level."""
    return set(range(size // 2 + 1, size + 1))


KINDS: list[
    tuple[
        Callable[[random.Random, int], set[int]],
        Callable[[random.Random, list[Answer]], Answer],
    ]
] = [
    (_nobody, _any),
    (_nobody, _last),
    (_one, _any),
    (_nobody, _any),
    (_some, _any),
    (_nobody, _mostly_first),
    (_one, _any),
    (_first_half, _any),
    (_nobody, _any),
    (_second_half, _any),
]
"""Which items are left out, and how the others are answered: what complete cases and answered goals
need to be told apart, in every ten sets. Each item is left out at least once."""


def _write(file: Path, sets: dict[str, list[Answers]]) -> None:
    items = [f"item_{n}" for n in range(1, max(one.size for one in CATALOG) + 1)]
    head = ("record_id", "patient", "clinician", "instrument", "rater", "completed_at")
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.DictWriter(lines, (*head, *items))
        rows.writeheader()
        for form, of_form in sets.items():
            instrument, rater = FORMS[form]
            told = ("1001", "kurtz", instrument.id, rater, "2026-03-02")
            for n, answers in enumerate(of_form):
                known = dict(zip(head, (f"{form}/{n}", *told), strict=True))
                rows.writerow(known | {link: str(answer) for link, answer in answers.items()})


def _read(folder: Path, type_: str) -> list[Json]:
    lines = (folder / f"{type_}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def _outcomes(folder: Path) -> dict[str, Outcome]:
    """By the source's own id of the record."""
    found: dict[str, Outcome] = {}
    by_identifier: dict[str, list[Json]] = {}
    for response in _read(folder, "QuestionnaireResponse"):
        identifier = response["identifier"]  # a list in R5
        (identifier,) = identifier if isinstance(identifier, list) else [identifier]
        observations = by_identifier[identifier["value"]] = []
        (record,) = [e["valueString"] for e in response["extension"] if e["url"] == RECORD]
        found[record] = Outcome(response, observations)
    for observation in _read(folder, "Observation"):
        (source,) = observation["derivedFrom"]
        by_identifier[source["identifier"]["value"]].append(observation)
    return found


def scores(values: dict[str, Any]) -> dict[str, Any]:
    """Of values by linkId those that are calculated."""
    return {link: value for link, value in values.items() if not link.startswith("item_")}


def telling(form: str, outcomes: list[dict[str, Any]]) -> list[str]:
    """The scores of a form that these sets hardly test: none, or one and the same, or always one.

    `outcomes` has of each set the scores by linkId.
    """
    weak: list[str] = []
    for rule in FORMS[form][0].scores:
        found = [each.get(rule.id) for each in outcomes]
        if None not in found or len({value for value in found if value is not None}) < 2:
            weak.append(rule.id)
    return weak
