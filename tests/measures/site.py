"""A clinic with a table of visits, as tests write it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

Row = dict[str, str]
COLUMNS = (
    *("appointment", "patient", "clinician", "start", "status", "cancelled_at", "cancelled_by"),
    *("service", "referrer", "referral", "first", "rescheduled_from", "missed"),
)
TOML = """\
source = "clinic-east"
patient_system = "urn:example:mrn"
clinician_system = "urn:example:staff"
appointment_system = "urn:example:visits"
referrer_system = "urn:example:gp"
referral_system = "urn:example:orders"
zone = "America/New_York"
visit_minutes = 50
synthetic = true
"""


def settings(*lines: str, smallest: int | None = 1) -> None:
    """The clinic's settings, in the working folder."""
    table = "" if smallest is None else f"\n[measures]\nsmallest_group = {smallest}\n"
    Path("alliance.toml").write_text(TOML + "\n".join(lines) + table, encoding="utf-8")


def write(rows: list[Row], name: str = "visits.csv") -> None:
    """A table of visits, numbered from 1 where they have no number; what is not said is empty."""
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        for number, row in enumerate(rows, 1):
            table.writerow({"appointment": str(number), **row})


def row(patient: str, start: str, status: str = "attended", **told: str) -> Row:
    """A visit; a day is taken to begin at noon."""
    when = start if "T" in start else f"{start}T12:00"
    return {"patient": patient, "start": when, "status": status, **told}


Figure = tuple[int | None, int | None, int | None]


def figures(json: dict[str, Any], measure: str = "no-show-rate") -> dict[tuple[str, str], Figure]:
    """The site's own figures of `--json`: numerator, denominator and patients by their groups."""
    names = ("numerator", "denominator", "patients")
    return {
        (one["by"], one["group"]): tuple(one.get(name) for name in names)
        for one in json["measures"]["figures"]
        if one["measure"] == measure and one["by"] != "published"
    }  # type: ignore[return-value]


MASKED = (None, None, None)
