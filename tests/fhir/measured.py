"""Measures and reports as the mapping makes them, of visits written in tests."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Told
from alliance_fhir.domain.engagement import Appointed, Period, engagement
from alliance_fhir.fhir.measure_report import MeasureMapper

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

BARE = Settings(source="clinic-east")
SITE = Settings(
    source="clinic-east",
    base="https://clinic-east.invalid/alliance",
    organization="urn:example:org|east",
    synthetic=True,
    confidentiality=None,
    sensitivity=(),
)
BEGAN = date(2024, 3, 1)
CAME, MISSED = Told("attended", "was-seen"), Told("no-show", "no-notice")
PERIOD = Period(BEGAN, BEGAN + timedelta(days=500))


def visits(patients: int) -> list[Appointed]:
    """Three visits of each patient: of groups of every kind and size."""
    return [
        Appointed(
            n,
            BEGAN + timedelta(days=n + after),
            MISSED if (n + after) % 4 == 0 else CAME,
            ("first", "follow-up", "unknown")[after and 1 + n % 2],
            "Psychotherapy" if n % 3 else "",
            "urn:example:gp|lee" if n % 2 else "",
            f"urn:example:staff|{n % 3}",
        )
        for n in range(patients)
        for after in (0, 7, 365)
    ]


@cache
def measured(version: Version, patients: int = 20, *, bare: bool = False) -> list[Resource]:
    """Measures, then reports, of a site that has set little or much. Of 20 patients some groups are
    hidden, and of 100 none but of single months."""
    told = engagement(visits(patients), PERIOD, 11)
    return MeasureMapper(version, BARE if bare else SITE).resources(told)
