"""What none of an appointment's messages says, and where a message says it."""

from __future__ import annotations

from datetime import timedelta

from alliance_fhir.domain.scheduling import Folded
from alliance_fhir.sources.hl7v2.slips import Slip

_PLACES = {"patient": "PID-3", "start": "SCH-11.4", "end": "SCH-11.5", "status": "SCH-25"}
"""Where a message says what a visit cannot be without."""
_RULES = {"end": "no-end"}
"""The rule for what need not be said by a message; for all else `never-said`."""


def lacking(folded: Folded, usual: timedelta) -> list[Slip]:
    """What is to be said of what is lacking: where all visits last as long as is `usual`, nobody
    need send when it ends, but when it begins."""
    names = folded.lacking
    if usual and "start" in names:
        names = tuple(name for name in names if name != "end")
    return [Slip(_PLACES[name], _RULES.get(name, "never-said")) for name in names]
