"""What sources say of visits, in our words: one list for the settings that map to them, and for
the rules that read them."""

from __future__ import annotations

from typing import Literal

Status = Literal[
    "pending",
    "waitlist",
    "booked",
    "arrived",
    "checked-in",
    "attended",
    "arrived-late",
    "too-late",
    "no-show",
    "cancelled",
    "entered-in-error",
]
"""What a source says of a visit. `pending`: asked for, and not settled yet; `waitlist`: to be
had as soon as a place is free; `arrived-late`: came late and was seen; `too-late`: came too late to
be seen; `arrived`: came, and nobody has said yet how it ended; `checked-in`: the same, and is
registered or being seen by now."""

Side = Literal["patient", "provider"]
"""Who called a visit off."""

Missed = Literal["no-show", "late-cancellation"]
"""After what a site may reach out to a patient."""
