"""What single cells say: people, times, sessions; and the error for a cell that breaks a rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from alliance_fhir.config import URI, Settings
from alliance_fhir.domain.records import (
    ClockChange,
    Identifier,
    Mode,
    Moment,
    NoZone,
    parse_moment,
)

MODES: Mapping[str, Mode] = {
    "electronic": "electronic",
    "paper": "paper",
    "face-to-face": "face-to-face",
    "phone": "phone",
    "video": "video",
    "verbal": "verbal",
}
_CONTROL = {chr(code) for code in (*range(32), 127)}
_REMEMBERED = 20_000
"""People and times that are kept ready: those of a clinic, not of a country."""


class Bad(Exception):
    """A cell that breaks a rule. It never leaves this package."""

    def __init__(self, column: str, rule: str, remedy: str = "") -> None:
        super().__init__(rule)
        self.column = column
        self.rule = rule
        self.remedy = remedy


class Fields:
    """Reads the cells of one site's files. All its methods raise Bad."""

    def __init__(self, settings: Settings) -> None:
        self._systems = {
            "patient": settings.patient_system,
            "clinician": settings.clinician_system,
            "rater_id": settings.clinician_system,
            "appointment": settings.appointment_system,
        }
        self._zone = settings.tz
        self._pattern = settings.date_format
        self.moment = lru_cache(maxsize=_REMEMBERED)(self._moment)
        self.identifier = lru_cache(maxsize=_REMEMBERED)(self._identifier)

    def _identifier(self, column: str, text: str) -> Identifier | None:
        """`system|value`, or a bare value of the system that is set for the column."""
        if not text:
            return None
        system, bar, value = text.rpartition("|")
        if not bar:
            system, value = self._systems[column] or "", text
            if not system:
                raise Bad(column, "identifier-without-system")
        if not URI.fullmatch(system) or not value or value.strip() != value or _CONTROL & {*value}:
            raise Bad(column, "not-an-identifier")
        return Identifier(system, value)

    def _moment(self, text: str) -> Moment:
        if not text:
            raise Bad("completed_at", "required")
        try:
            return parse_moment(text, self._zone, self._pattern)
        except NoZone:
            raise Bad("completed_at", "no-zone") from None
        except ClockChange:
            raise Bad("completed_at", "clock-change") from None
        except (ValueError, OverflowError):
            raise Bad("completed_at", "not-a-date") from None


def session_number(text: str) -> int:
    """The number of a session, from 1. Raises Bad."""
    good = text.isascii() and text.isdigit() and len(text) <= 6
    if not good or not 0 < int(text) <= 100_000:
        raise Bad("session", "not-a-session")
    return int(text)


def mode_of(text: str) -> Mode:
    """How the answers were given. Raises Bad."""
    if text.lower() not in MODES:
        raise Bad("mode", "unknown-mode")
    return MODES[text.lower()]
