"""A clock that stands still, so that what is to come stays to come."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


class Standing(datetime):
    """It is noon of 30 June 2026 in UTC."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOON.astimezone(tz)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever reads visits, from tables or from FHIR."""
    monkeypatch.setattr("alliance_fhir.sources.visits.datetime", Standing)
    monkeypatch.setattr("alliance_fhir.sources.fhir.source.datetime", Standing)
