"""What an Appointment says of how it stands: its status, an EHR's own extension, and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar, get_args

from alliance_fhir import canonicals as c
from alliance_fhir.config import FhirSettings
from alliance_fhir.domain.attendance import Rule, Side, Status
from alliance_fhir.domain.records import Identifier
from alliance_fhir.sources.fhir.element import Element, Unread, codes, coding, words

_V = TypeVar("_V")
STATUSES: dict[str, Status] = {
    "proposed": "pending",
    "pending": "pending",
    "booked": "booked",
    "arrived": "arrived",
    "checked-in": "checked-in",
    "fulfilled": "attended",
    "cancelled": "cancelled",
    "noshow": "no-show",
    "waitlist": "waitlist",
    "entered-in-error": "entered-in-error",
}
"""By the codes of http://hl7.org/fhir/appointmentstatus, R4 and R5."""
WITHOUT_TIME = ("proposed", "waitlist")
"""What FHIR's rule app-3 lets be without a start, and that may still get one."""


class Standing(NamedTuple):
    """How a visit stands, who called it off, and by our own extension when, by which code of its
    source, and why. `rule` is the one of our attendance rules that the extension names, where it
    fits the status."""

    status: Status
    by: Side | None = None
    notice: str = ""
    rule: Rule | None = None
    status_code: Identifier | None = None
    event_reason: str | None = None
    event_reason_code: Identifier | None = None


_OURS: dict[Rule, tuple[str, Standing]] = {
    "was-seen": ("fulfilled", Standing("attended")),
    "arrived": ("arrived", Standing("arrived")),
    "checked-in": ("checked-in", Standing("checked-in")),
    "late-and-seen": ("fulfilled", Standing("arrived-late")),
    "late-and-not-seen": ("cancelled", Standing("too-late")),
    "no-notice": ("noshow", Standing("no-show")),
    "notice-after-start": ("noshow", Standing("cancelled", "patient")),
    "notice-in-window": ("cancelled", Standing("cancelled", "patient")),
    "notice-in-time": ("cancelled", Standing("cancelled", "patient")),
    "notice-at-unknown-time": ("cancelled", Standing("cancelled", "patient")),
    "called-off-by-provider": ("cancelled", Standing("cancelled", "provider")),
    "called-off-by-somebody": ("cancelled", Standing("cancelled")),
    "no-visit": ("entered-in-error", Standing("entered-in-error")),
}
"""By the rule in our extension: the code of the status that goes with it, and what it was made
from, or what comes to the same. Of what is still open, the status says which of the three it is."""
_OPEN = ("pending", "waitlist", "booked")
_UNKNOWN = "Use a code of FHIR's AppointmentStatus."
_UNMAPPED = "Say in [fhir.status] what the site means by this word of the extension."


def standing(appointment: Element, settings: FhirSettings) -> Standing:
    """By our extension, where the status still fits it; else by a site's extension; else by the
    status itself. What was entered in error is that, whatever an extension says. Raises Unread."""
    code = appointment.text("status")
    if not code:
        raise Unread(appointment.at("status"), "required", "FHIR requires the status.")
    if code not in STATUSES:
        raise Unread(appointment.at("status"), "unknown-status", _UNKNOWN)
    if ours := _ours(appointment, code):
        return ours
    status = STATUSES[code]
    if status != "entered-in-error":
        status = _extended(appointment, settings) or status
    side = _side(appointment, settings) if status in ("cancelled", "no-show") else None
    return Standing(status, side)


def _ours(appointment: Element, code: str) -> Standing | None:
    for extension in appointment.parts("extension"):
        if extension.text("url") != c.ATTENDANCE:
            continue
        parts = {one.text("url"): one for one in extension.parts("extension")}
        told = parts["rule"].part("valueCoding").text("code") if "rule" in parts else ""
        rule = next((one for one in get_args(Rule) if one == told), None)
        fits, meant = _OURS.get(rule, ("", None)) if rule else ("", None)
        if rule == "still-open" and code in _OPEN:
            fits, meant = code, Standing(STATUSES[code])
        if meant and fits == code:
            return _beside(parts, meant._replace(rule=rule))
    return None


def _beside(parts: Mapping[str, Element], stands: Standing) -> Standing:
    """With what else our extension says."""
    nothing = Element({}, "")
    why = parts.get("event-reason", nothing).part("valueCodeableConcept")
    status = parts.get("status-code", nothing)
    concept = Element({"coding": [status.part("valueCoding").body]}, status.place)
    return stands._replace(
        notice=parts.get("notice", nothing).text("valueDateTime"),
        status_code=coding(concept) if status else None,
        event_reason=next(iter(words(why)), None),
        event_reason_code=coding(why),
    )


def _extended(appointment: Element, settings: FhirSettings) -> Status | None:
    """What a site's extension says, of the Appointment or of its status; the extensions go in the
    order of the settings. Raises Unread for a word that the site does not explain."""
    there = [*appointment.parts("extension"), *appointment.part("_status").parts("extension")]
    for url, meant in settings.status.items():
        for extension in (one for one in there if one.text("url") == url):
            told = _values(extension)
            if found := _looked_up(meant, told):
                return found[0]
            if told:
                raise Unread(extension.place, "unknown-status", _UNMAPPED)
    return None


def _values(extension: Element) -> list[str]:
    """What an extension says, in whichever type it does."""
    coding = extension.part("valueCoding")
    plain = [extension.text(name) for name in ("valueCode", "valueString")]
    coded = [coding.text("code"), coding.text("display")]
    return [one for one in (*plain, *coded, *words(extension.part("valueCodeableConcept"))) if one]


def _side(appointment: Element, settings: FhirSettings) -> Side | None:
    """Who called it off, by the reason: as the site says of its words, else by HL7's codes."""
    for name in ("cancellationReason", "cancelationReason"):  # R5, and R4
        reason = appointment.part(name)
        known = [code for system, code in sorted(codes(reason)) if system == c.CANCELLATION_REASON]
        told: list[Side | None] = [*_looked_up(settings.cancelled_by, words(reason))]
        told += map(_side_of, known)
        if found := next(filter(None, told), None):
            return found
    return None


def _looked_up(meant: Mapping[str, _V], told: Sequence[str]) -> list[_V]:
    """What a site means by words, in upper or lower case."""
    known = {word.casefold(): value for word, value in meant.items()}
    return [known[word] for word in map(str.casefold, told) if word in known]


def _side_of(code: str) -> Side | None:
    """`pat`, `pat-dec` and the like are the patient's, `prov`, `prov-hosp` the provider's."""
    sides: dict[str, Side] = {"pat": "patient", "prov": "provider"}
    return sides.get(code.partition("-")[0])
