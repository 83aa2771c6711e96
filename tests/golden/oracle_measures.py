"""What must be reported of the example clinic's year: the whole MeasureReport, made by other code
than ours of the table, and of what the oracle of the year says became of each visit.

Drop-out over a year has no report: nobody came first 455 days before the year's end. Nothing here
is shared with the package.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from measures.oracle import NOT_SAID, SMALLEST, hidden, numbers

from .oracle import HL7, IG, THO, hashed, labels, logical, seal
from .oracle_rows import Who
from .oracle_visits import Became, coded

Json = dict[str, Any]
Row = dict[str, str]
CAME = ("attended", "late-arrival")
PEOPLE = {"referrer": "referrer_system", "clinician": "clinician_system"}
BY = ("first-or-follow-up", "service", "referrer", "clinician", "month")


def expect_report(folder: Path, release: str, became: Became) -> Json:
    """The report of no-shows, of all days of the table."""
    site = tomllib.loads((folder / "alliance.toml").read_text(encoding="utf-8"))
    with (folder / "visits.csv").open(encoding="utf-8", newline="") as file:
        table = [_told(row, became) for row in csv.DictReader(file)]
    count = [row for row in table if row["status"]]
    days = sorted(row["start"][:10] for row in count)
    system = f"https://alliance-fhir.github.io/id/{site['source']}/identifier"
    natural = [site["source"], "measure-report", "no-show-rate", days[0], days[-1]]
    key = hashed(json.dumps(natural, separators=(",", ":")))
    writer = _Writer(site, release)
    body: Json = {
        "resourceType": "MeasureReport",
        "meta": labels("", release, "engagement-report"),
        "extension": [],
        "identifier": [{"system": system, "value": f"{key}-report"}],
        "status": "complete",
        "type": "summary",
        "measure": f"{IG}/Measure/no-show-rate|1.0.0",
        "period": {"start": days[0], "end": days[-1]},
        "reporter": logical("Organization", Who(*site["organization"].split("|"))),
        "improvementNotation": coded(f"{THO}/measure-improvement-notation", "decrease"),
        "group": [writer.group(count)],
    }
    if release == "R5":
        body["scoring"] = coded(f"{THO}/measure-scoring", "proportion")
    return seal(body)


def _told(row: Row, became: Became) -> Row:
    """With what it counts as, if it counts, and its groups."""
    _, kind, _, (place, _) = became[row["appointment"]]
    word = "no-show" if kind == "no-show" else "attended" if kind in CAME else ""
    return {**row, "status": word, "first-or-follow-up": place, "month": row["start"][:7]}


class _Writer:
    def __init__(self, site: Json, release: str) -> None:
        self._site = site
        self._r5 = release == "R5"

    def group(self, rows: list[Row]) -> Json:
        code = _engagement("no-show-rate")
        return {"code": code, **self._shown(rows), "stratifier": [self._by(by, rows) for by in BY]}

    def _by(self, by: str, rows: list[Row]) -> Json:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row[by] or NOT_SAID].append(row)
        masked = hidden(groups)
        strata = [
            self._which(by, name) | (_masked() if name in masked else self._shown(groups[name]))
            for name in sorted(groups, key=lambda one: (one == NOT_SAID, one))
        ]
        code = _engagement(by)
        return {"code": code if self._r5 else [code], "stratum": strata}

    def _which(self, by: str, name: str) -> Json:
        if by == "first-or-follow-up":
            value = coded(f"{IG}/CodeSystem/attendance", name)
        elif name == NOT_SAID:
            value = coded(f"{THO}/data-absent-reason", "unknown")
        else:
            system = f"{self._site[PEOPLE[by]]}|" if by in PEOPLE else ""
            value = {"text": f"{system}{name}"}
        return {"valueCodeableConcept" if self._r5 else "value": value}

    def _shown(self, rows: list[Row]) -> Json:
        patients = len({row["patient"] for row in rows})
        if patients < SMALLEST:
            raise ValueError("a group that must be hidden")
        missed = sum(row["status"] == "no-show" for row in rows)
        *_, rate, low, high = numbers(missed, len(rows), patients)
        parts = [
            {"url": "level", "valueDecimal": 95},
            {"url": "method", "valueCodeableConcept": _engagement("wilson")},
            {"url": "low", "valueDecimal": Decimal(low)},
            {"url": "high", "valueDecimal": Decimal(high)},
            {"url": "patients", "valueInteger": patients},
        ]
        interval = {"url": f"{IG}/StructureDefinition/score-interval", "extension": parts}
        score = {"extension": [interval], "value": Decimal(rate)}
        told = {"count": len(rows)}, {"count": len(rows)}, {"count": missed}
        return _populations(told) | {"measureScoreQuantity" if self._r5 else "measureScore": score}


def _masked() -> Json:
    why = {"url": f"{HL7}/data-absent-reason", "valueCode": "masked"}
    return _populations([{"_count": {"extension": [why]}}] * 3)


def _populations(told: Iterable[Json]) -> Json:
    names = ("initial-population", "denominator", "numerator")
    codes = (coded(f"{THO}/measure-population", name) for name in names)
    return {"population": [{"code": code} | one for code, one in zip(codes, told, strict=True)]}


def _engagement(code: str) -> Json:
    return coded(f"{IG}/CodeSystem/engagement", code)
