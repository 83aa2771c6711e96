"""A clock that stands still, so that what is to come stays to come."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets what the time is for whoever reads visits; noon of 30 June 2026 in UTC until then."""

    def stand(now: datetime) -> None:
        class Standing(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return now.astimezone(tz)

        monkeypatch.setattr("alliance_fhir.sources.visits.datetime", Standing)

    stand(datetime(2026, 6, 30, 12, tzinfo=UTC))
    return stand
