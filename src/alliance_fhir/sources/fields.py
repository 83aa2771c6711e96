"""What single cells say: people, times, sessions; and the error for a cell that breaks a rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from alliance_fhir.config import URI, Settings
from alliance_fhir.domain.records import (
    ClockChange,
    Identifier,
    Mode,
    Moment,
    NoZone,
    parse_moment,
)
from alliance_fhir.sources.codings import own_code

MODES: Mapping[str, Mode] = {
    "electronic": "electronic",
    "paper": "paper",
    "face-to-face": "face-to-face",
    "phone": "phone",
    "video": "video",
    "verbal": "verbal",
}
T = TypeVar("T")

_CONTROL = frozenset(chr(code) for code in (*range(32), 127))
_UNWRITABLE = _CONTROL - {"\t", "\r", "\n"}
"""What FHIR cannot write in a text."""
_REMEMBERED = 20_000
"""People and times that are kept ready: those of a clinic, not of a country."""


def has_control(text: str, characters: frozenset[str] = _UNWRITABLE) -> bool:
    """Whether one of these control characters is in a text."""
    # hardly ever: what is printable has none of them, and that is known ten times as fast
    return not text.isprintable() and not characters.isdisjoint(text)


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
            "other_clinicians": settings.clinician_system,
            "placer": None,
            "rater_id": settings.clinician_system,
            "appointment": settings.appointment_system,
            "referrer": settings.referrer_system,
            "referral": settings.referral_system,
        }
        self._base = settings.root
        self._zone = settings.tz
        self._pattern = settings.date_format
        self.moment = lru_cache(maxsize=_REMEMBERED)(self._moment)
        self.identifier = lru_cache(maxsize=_REMEMBERED)(self.unremembered)
        self.code = lru_cache(maxsize=_REMEMBERED)(self._code)

    def unremembered(self, column: str, text: str) -> Identifier | None:
        """`system|value`, or a bare value of the system that is set for the column.

        For what comes once in a file: `identifier` is the same, and keeps ready what comes again.
        """
        if not text:
            return None
        system, bar, value = text.rpartition("|")
        if not bar:
            system, value = self._systems[column] or "", text
            if not system:
                raise Bad(column, "identifier-without-system")
        elif not URI.fullmatch(system):  # that of the settings was looked at when they were read
            raise Bad(column, "not-an-identifier")
        if not value or value.strip() != value or has_control(value, _CONTROL):
            raise Bad(column, "not-an-identifier")
        return Identifier(system, value)

    def _code(self, column: str, text: str) -> Identifier | None:
        """`system|code`, or a code alone, of HL7's table for the column or of the site."""
        if not text:
            return None
        system, bar, code = text.rpartition("|")
        if bar and not URI.fullmatch(system):
            raise Bad(column, "not-an-identifier")
        if not code or " ".join(code.split()) != code or has_control(code, _CONTROL):
            raise Bad(column, "not-a-source-code")
        if not bar:
            return own_code(column.removesuffix("_code"), code, self._base)
        return Identifier(system, code)

    def _moment(self, column: str, text: str) -> Moment | None:
        if not text:
            return None
        try:
            return parse_moment(text, self._zone, self._pattern)
        except NoZone:
            raise Bad(column, "no-zone") from None
        except ClockChange:
            raise Bad(column, "clock-change") from None
        except (ValueError, OverflowError):
            raise Bad(column, "not-a-date") from None


def session_number(text: str) -> int:
    """The number of a session, from 1. Raises Bad."""
    good = text.isascii() and text.isdigit() and len(text) <= 6
    if not good or not 0 < int(text) <= 100_000:
        raise Bad("session", "not-a-session")
    return int(text)


def one_of(column: str, words: Mapping[str, T], text: str, rule: str) -> T | None:
    """What a word means, in upper or lower case. Raises Bad with the rule for any other."""
    if not text:
        return None
    found = words.get(text.lower())
    if found is None:
        raise Bad(column, rule)
    return found


def free_text(column: str, text: str) -> str | None:
    """The source's own words, on one line or several. Raises Bad for what FHIR cannot write."""
    if has_control(text):
        raise Bad(column, "control-character")
    return text or None


def needed(column: str, told: T | None) -> T:
    """What a cell holds that must not be empty. Raises Bad."""
    if told is None:
        raise Bad(column, "required")
    return told
