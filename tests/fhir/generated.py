"""Five hundred cases that nobody chose: sources with random rows and plans, always the same."""

from __future__ import annotations

import csv
import json
import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import hypothesis
from making import FORMS

from alliance_fhir.fhir import elements as el
from alliance_fhir.sources.plans.document import as_values
from alliance_fhir.visit_words import Side, Status
from plans.making import plans

if TYPE_CHECKING:
    from alliance_fhir.domain.instrument import Instrument, Perspective

SEED = 7
RATINGS, VISITS, PLANS = 280, 160, 60
"""How many there are of each kind."""
TOML = """
source = "clinic-east"
organization = "urn:example:org|east"
patient_system = "urn:example:mrn"
clinician_system = "urn:example:staff"
appointment_system = "urn:example:visits"
referrer_system = "urn:example:gp"
referral_system = "urn:example:orders"
zone = "America/New_York"
visit_minutes = 50
synthetic = true

[instruments.haq-ii]
missing = "prorate"

[instruments.wai-sr]
languages = ["de"]
"""
MOVED = "2024-12-02T09:00"
LACKING = 0.05
"""Of answers, how many there are not."""


def write(folder: Path) -> Path:
    """All of them, as sources with their settings, in a folder."""
    chance = random.Random(SEED)  # noqa: S311 - nothing is secret here
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML, encoding="utf-8")
    _table(folder / "ratings.csv", [_rating(chance, number) for number in range(RATINGS)])
    _table(folder / "visits.csv", [_visit(chance, number) for number in range(VISITS)])
    for number, told in enumerate(_plans()):
        (folder / f"{number}.plan.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def _table(path: Path, rows: list[dict[str, str]]) -> None:
    columns = dict.fromkeys(name for row in rows for name in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _rating(chance: random.Random, number: int) -> dict[str, str]:
    instrument, rater = FORMS[number % len(FORMS)]
    answers = {
        f"item_{item}": _answer(chance, instrument, item) for item in range(1, instrument.size + 1)
    }
    if not any(answers.values()):  # none is no rating
        answers["item_1"] = _given(chance, instrument, 1)
    return {
        "record_id": f"r-{number}",
        "patient": str(chance.randrange(1000, 1040)),
        "clinician": chance.choice(("kurtz", "lindqvist")),
        "instrument": instrument.id,
        "rater": rater,
        "rater_id": "urn:example:kin|mother" if rater == "caregiver" else "",
        "completed_at": _time(chance),
        "session": str(chance.randrange(1, 60)) if chance.random() < 0.5 else "",
        "appointment": f"v-{chance.randrange(VISITS)}" if chance.random() < 0.3 else "",
        "language": _language(chance, instrument, rater),
        "mode": chance.choice(("", *el.MODES)),
        **answers,
    }


def _language(chance: random.Random, instrument: Instrument, rater: Perspective) -> str:
    return chance.choice(("", "en", "de")) if instrument.id == "wai-sr" else ""


def _answer(chance: random.Random, instrument: Instrument, item: int) -> str:
    return "" if chance.random() < LACKING else _given(chance, instrument, item)


def _given(chance: random.Random, instrument: Instrument, item: int) -> str:
    if options := instrument.options_of(item):
        return chance.choice(options).code
    run = instrument.run_of(item)
    low, high = float(run.low or 0), float(10 if run.high is None else run.high)
    return str(round(chance.uniform(low, high), 0 if run.kind == "integer" else 2)).removesuffix(
        ".0"
    )


def _time(chance: random.Random) -> str:
    day = f"2025-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    hour = f"{chance.randrange(8, 20):02}:{chance.randrange(60):02}"
    return chance.choice((day, f"{day}T{hour}", f"{day}T{hour}:30+05:30", f"{day}T{hour}:00Z"))


def _visit(chance: random.Random, number: int) -> dict[str, str]:
    maybe = partial(_maybe, chance)
    day = f"2025-{number % 12 + 1:02}-{chance.randrange(1, 28):02}"
    status = chance.choice(get_args(Status))
    called_off = status == "cancelled"
    missed = chance.random() < 0.1
    return {
        "appointment": f"v-{number}",
        "patient": str(chance.randrange(1000, 1040)),
        "clinician": maybe("kurtz"),
        "start": f"{day}T{chance.randrange(8, 18):02}:00",
        "status": status,
        "cancelled_at": maybe(chance.choice((day, f"{day}T07:00"))) if called_off else "",
        "cancelled_by": chance.choice(("", *get_args(Side))) if called_off else "",
        "reason": maybe("Sleep; \u00e4ngstlich"),
        "service": maybe("Psychotherapy"),
        "modality": chance.choice(("", "in-person", "video", "phone")),
        "referrer": maybe("lee"),
        "referral": maybe(f"o-{number}"),
        "first": chance.choice(("", "yes", "no")),
        "rescheduled_from": MOVED if missed else maybe(MOVED),
        "missed": MOVED if missed else "",
        "location": maybe("Room 12"),
        "other_clinicians": maybe("lindqvist"),
        "appointment_type": maybe("Long visit"),
        "appointment_type_code": maybe("Normal"),
        "status_code": maybe("Booked"),
        "event_reason": maybe("Snow"),
    }


def _maybe(chance: random.Random, told: str) -> str:
    return told if chance.random() < 0.5 else ""


def _plans() -> list[Any]:
    drawn: list[Any] = []

    @hypothesis.settings(max_examples=PLANS, phases=[hypothesis.Phase.generate])
    @hypothesis.given(plans())
    def draw(plan: Any) -> None:
        number = len(drawn)
        if number < PLANS:
            told = {"plan": f"plan-{number}", "patient": f"urn:example:mrn|{1000 + number}"}
            drawn.append({**as_values(plan), **told})

    draw()
    return drawn
