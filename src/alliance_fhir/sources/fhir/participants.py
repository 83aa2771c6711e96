"""Who takes part in an Appointment, and who referred the patient to it."""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.visit import clinicians
from alliance_fhir.sources.fhir.element import Element, Slip, Unread, codes
from alliance_fhir.sources.fhir.people import Around, is_given, of_system, usable

_NO_PATIENT = "An appointment is of one patient: give the participant."


class Referred(NamedTuple):
    """The referral and who referred; `slip` where only another server knows one of them."""

    referral: Identifier | None = None
    referrer: Identifier | None = None
    slip: Slip | None = None


class _Actor(NamedTuple):
    """Who or what takes part; whether as the attender, and whether it is to come at all."""

    it: Element
    attends: bool
    comes: bool


class Participants:
    """The people of one Appointment. All methods raise Unread."""

    def __init__(self, appointment: Element, around: Around, settings: Settings) -> None:
        self._it = appointment
        self._around = around
        self._settings = settings

    def _actors(self, *types: str) -> list[_Actor]:
        """The participants of these types."""
        found: list[_Actor] = []
        for one in self._it.parts("participant"):
            actor = one.part("actor")
            if actor and self._around.type_of(actor) in types:
                kinds = {code for kind in one.parts("type") for _, code in codes(kind)}
                found.append(_Actor(actor, "ATND" in kinds, one.text("status") != "declined"))
        return found

    def patient(self) -> Identifier:
        """The one patient; in R5 the subject may name them, too."""
        actors = [one.it for one in self._actors("Patient")]
        subject = self._it.part("subject")
        if subject and self._around.type_of(subject) == "Patient":
            actors.insert(0, subject)
        if not actors:
            raise Unread(self._it.at("participant"), "required", _NO_PATIENT)
        found: set[Identifier] = set()
        for actor in actors:
            who = self._around.who(actor, self._settings.patient_system or "")
            if who is None:
                raise Unread(actor.place, "reference-only")
            found.add(who)
        if len(found) > 1:
            raise Unread(actors[-1].place, "several-patients")
        return found.pop()

    def clinicians(self) -> tuple[Identifier, ...]:
        """All of whom it is known who they are. Who counts as the clinician comes first: the
        attender, else the first; of them one of the site's system before all others. Who has
        declined is none of the others."""
        actors = self._actors("Practitioner", "PractitionerRole")
        system = self._settings.clinician_system or ""
        known = [(who, one) for one in actors if (who := self._around.who(one.it, system))]
        if actors and not known:
            raise Unread(actors[0].it.place, "left-unnamed")
        attenders = [who for who, one in known if one.attends]
        first = of_system(attenders or [who for who, _ in known], system)
        attender, others = clinicians(first, [who for who, one in known if one.comes])
        return (attender, *others) if attender else ()

    def location(self) -> str | None:
        """Where it is to be, in words: the first place that is named."""
        for actor, *_ in self._actors("Location"):
            contained = actor.text("reference").startswith("#")
            told = self._around.find(actor).text("name") if contained else ""
            if words := actor.text("display") or told:
                return words
        return None

    def referred(self) -> Referred:
        """The first order that it is made on."""
        for reference in self._it.parts("basedOn"):
            if self._around.type_of(reference) not in ("ServiceRequest", ""):
                continue
            found = self._around.find(reference)
            named = reference.part("identifier")
            told = usable([*found.parts("identifier"), *([named] if named else [])])
            others = [one for one in told if not is_given(one)]
            number = of_system(others, self._settings.referral_system or "")
            by = found.part("requester")
            who = self._around.who(by, self._settings.referrer_system or "") if by else None
            unknown = (by and not who) or not (number or who)
            slip = Slip(reference.place, "left-unnamed") if unknown else None
            return Referred(number, who, slip)
        return Referred()
