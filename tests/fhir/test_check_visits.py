"""The run-time check refuses what is planted in Appointments and referrals, and says where."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import pytest
from making import ALL_VERSIONS, R4, R5, of_visits

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.check import Checker, Level
from planting import GONE, LEAK, Fault, planted, refusal

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)
NUMBERS = {"missed": "6", "off": "11", "booked": "1", "beside": "16"}
"""The visits that faults are planted in, by their numbers at the source."""


@cache
def valid(kind: str, version: Version) -> Resource:
    """A resource as the mapping makes it."""
    if kind == "referral":
        return next(r for r in of_visits(version) if r.type == "ServiceRequest")
    number = {"system": "urn:example:visit", "value": NUMBERS[kind]}
    return next(r for r in of_visits(version) if number in r.body.get("identifier", []))


OTHER = {"system": "urn:example:mrn", "value": LEAK}
SOMEBODY = {"type": "Group", "identifier": OTHER}
PAT = {"coding": [{"system": el.CANCELLATION_REASON, "code": "pat"}]}
AS_TEXT = {"text": LEAK}
AS_REASON = "extension.0.extension.2.valueCodeableConcept"
ATTENDER = [el.ATTENDER]
SEAL = {"url": el.CONTENT_DIGEST, "valueString": "0" * 32}
IN_PERSON = {
    "url": el.MODALITY,
    "valueCodeableConcept": {"coding": [{"system": el.PARTICIPATION_MODE, "code": "FACE"}]},
}

# fmt: off
FAULTS = [
    Fault("missed", ("status",), "proposed"),
    Fault("missed", ("status",), "no-show"),
    Fault("missed", ("status",), GONE),
    Fault("missed", ("start",), GONE),
    Fault("missed", ("start",), "2026-03-16"),
    Fault("missed", ("start",), "2026-03-16T14:00:00"),
    Fault("missed", ("end",), GONE),
    Fault("missed", ("end",), LEAK),
    Fault("missed", ("minutesDuration",), 0),
    Fault("missed", ("minutesDuration",), 50.5),
    Fault("missed", ("identifier",), []),
    Fault("missed", ("identifier", 1), GONE, "identifier"),
    Fault("missed", ("identifier", 0, "system"), LEAK),
    Fault("missed", ("extension", 0), GONE, "extension"),
    Fault("missed", ("extension", 0, "extension", 0, "valueCoding", "code"), "noshow"),
    Fault("missed", ("extension", 0, "extension", 1, "valueCoding", "system"), el.CONCEPT),
    Fault("missed", ("extension", 0, "extension", 1), GONE, "extension.0.extension"),
    Fault("missed", ("extension", 1, "extension", 0, "valueCoding", "code"), "second"),
    Fault("missed", ("extension", 1, "extension", 1, "valueCoding", "code"), LEAK),
    Fault("missed", ("extension", 2, "valueCodeableConcept", "coding", 0, "code"), "FAX"),
    Fault("missed", ("extension", -1, "valueString"), LEAK, "extension.5.valueString"),
    Fault("missed", ("extension", 3, "valueDateTime"), "2026-03-16"),
    Fault("missed", ("extension", 3, "valueDateTime"), GONE),
    Fault("missed", ("extension", 4, "url"), el.RECORD, "extension.4.url"),
    Fault("missed", ("extension", 3), IN_PERSON, "extension"),
    Fault("missed", ("extension", 4), SEAL, "extension"),
    Fault("missed", ("serviceCategory",), []),
    Fault("missed", ("serviceType",), [AS_TEXT, AS_TEXT]),
    Fault("missed", ("specialty", 0, "coding"), []),
    Fault("missed", ("basedOn", 0), SOMEBODY, "basedOn.0.type"),
    Fault("missed", ("participant",), []),
    Fault("missed", ("participant", 0, "actor"), SOMEBODY, "participant.0.actor.type"),
    Fault("missed", ("participant", 0, "status"), "needs-action"),
    Fault("missed", ("participant", 0, "required"), "optional"),
    Fault("missed", ("participant", 1, "actor", "type"), "Patient"),
    Fault("missed", ("participant", 1, "type"), GONE, "participant"),
    Fault("missed", ("participant", 1, "actor"), GONE),
    Fault("missed", ("comment",), LEAK),
    Fault("missed", ("text",), {"status": "generated"}),
    Fault("booked", ("appointmentType",), {}, "appointmentType"),
    Fault("booked", ("appointmentType", "coding", 0, "display"), 7,
          "appointmentType.coding.0.display"),
    Fault("beside", ("identifier", 2, "type"), GONE, "identifier"),
    Fault("beside", ("identifier", 2, "type", "coding", 0, "code"), "FILL",
          "identifier.2.type.coding"),
    Fault("beside", ("identifier", 2), OTHER, "identifier"),
    Fault("beside", ("extension", 0, "extension", 2, "valueCoding", "system"), GONE),
    Fault("beside", ("extension", 0, "extension", 2, "url"), LEAK),
    Fault("beside", ("extension", 0, "extension", 2, "url"), "event-reason", AS_REASON),
    Fault("beside", ("extension", 0, "extension", 3, "valueCodeableConcept", "text"), GONE),
    Fault("beside", ("extension", 2, "valueDateTime"), "2026-03-16"),
    Fault("beside", ("participant", 1, "type"), GONE, "participant"),
    Fault("beside", ("participant", 2, "type"), [{"coding": [{"code": LEAK}]}],
          "participant.2.type.0.coding"),
    Fault("beside", ("participant", 2, "type"), ATTENDER, "participant"),
    Fault("beside", ("participant", 2, "actor"), SOMEBODY, "participant.2.actor.type"),
    Fault("beside", ("participant", 3, "actor", "reference"), f"Location/{LEAK}",
          "participant.3.actor.display"),
    Fault("beside", ("participant", 3, "actor", "type"), "HealthcareService"),
    Fault("beside", ("participant", 3, "status"), "declined"),
    Fault("off", ("extension", 0, "extension", 2, "valueDateTime"), "yesterday"),
    Fault("referral", ("status",), "active"),
    Fault("referral", ("intent",), "plan"),
    Fault("referral", ("code",), GONE),
    Fault("referral", ("subject",), SOMEBODY, "subject.type"),
    Fault("referral", ("requester",), SOMEBODY, "requester.type"),
    Fault("referral", ("note",), [AS_TEXT]),
    Fault("referral", ("extension",), GONE),
]
OF_R4 = [
    Fault("missed", ("cancelationReason",), PAT, "status"),
    Fault("missed", ("cancellationReason",), PAT),
    Fault("beside", ("participant", 3, "actor", "display"), GONE, "participant.3.actor.identifier"),
    Fault("off", ("cancelationReason", "coding", 0, "code"), "other"),
    Fault("off", ("cancelationReason", "text"), LEAK),
    Fault("off", ("subject",), {"type": "Patient", "identifier": OTHER}),
    Fault("off", ("reason",), [AS_TEXT]),
    Fault("off", ("reasonCode", 0), {"concept": AS_TEXT}, "reasonCode.0.concept"),
    Fault("beside", ("serviceType", 0, "coding"), []),
    Fault("beside", ("reasonCode", 0, "coding", 0, "system"), GONE),
    Fault("beside", ("reasonCode", 0, "text"), GONE),
    Fault("off", ("participant", 0, "required"), True),
]
OF_R5 = [
    Fault("missed", ("cancellationReason",), PAT, "status"),
    Fault("missed", ("cancelationReason",), PAT),
    Fault("beside", ("participant", 3, "actor", "display"), GONE, "participant.3.actor.reference"),
    Fault("off", ("cancellationReason", "coding", 0, "code"), "other"),
    Fault("off", ("cancellationDate",), "2026"),
    Fault("off", ("subject",), GONE),
    Fault("off", ("reasonCode",), [AS_TEXT]),
    Fault("off", ("reason", 0), AS_TEXT, "reason.0.text"),
    Fault("beside", ("serviceType", 0, "concept", "coding"), []),
    Fault("beside", ("reason", 0, "concept", "text"), GONE),
    Fault("off", ("participant", 0, "required"), "required"),
]
# fmt: on


@every_version
@pytest.mark.parametrize("fault", FAULTS, ids=attrgetter("id"))
def test_a_planted_fault_is_refused_and_named(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    assert refusal(wrong, version).startswith(f"{wrong.type}, {fault.named}: ")


@pytest.mark.parametrize(
    ("fault", "version"),
    [*((fault, R4) for fault in OF_R4), *((fault, R5) for fault in OF_R5)],
    ids=lambda one: getattr(one, "id", ""),
)
def test_what_another_version_has_is_refused(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    assert refusal(wrong, version).startswith(f"{wrong.type}, {fault.named}: ")


@every_version
def test_all_that_we_make_passes(version: Version) -> None:
    for level in get_args(Level):
        Checker(level, version).check(of_visits(version))


@pytest.mark.parametrize("kind", ["missed", "referral"])
@pytest.mark.parametrize(("ours", "other"), [(R4, R5), (R5, R4)], ids=["R5 in R4", "R4 in R5"])
def test_the_shape_of_another_version_is_refused(kind: str, ours: Version, other: Version) -> None:
    with pytest.raises(MappingError):
        Checker("schema", ours).check([valid(kind, other)])


KINDS = {
    "attended": {"was-seen", "arrived", "checked-in"},
    "late-arrival": {"late-and-seen", "late-and-not-seen"},
    "no-show": {"no-notice", "notice-after-start"},
    "late-cancellation": {"notice-in-window"},
    "patient-cancellation": {"notice-in-time", "notice-at-unknown-time"},
    "provider-cancellation": {"called-off-by-provider"},
    "unknown": {"called-off-by-somebody", "still-open", "no-visit"},
}
"""The table of docs/reference/visits-in-fhir.md: each rule gives one kind."""
PLACES = {
    "first": {"said", "none-attended"},
    "follow-up": {"said", "attended-before"},
    "unknown": {"history-too-short"},
}


@every_version
@pytest.mark.parametrize(("number", "kinds"), [(0, KINDS), (1, PLACES)], ids=["what", "which"])
def test_a_kind_goes_with_its_rules_and_with_no_others(
    number: int, kinds: dict[str, set[str]], version: Version
) -> None:
    rules = set[str]().union(*kinds.values())
    taken = {(kind, rule) for kind in kinds for rule in rules if goes(number, kind, rule, version)}
    assert taken == {(kind, rule) for kind, its in kinds.items() for rule in its}


def goes(number: int, kind: str, rule: str, version: Version) -> bool:
    """Whether the check takes a visit of which an extension of ours says this. It was entered in
    error, so that its status has nothing to do with it."""
    visit = planted(Fault("off", ("status",), "entered-in-error"), valid("off", version))
    for place, code in enumerate((kind, rule)):
        way = ("extension", number, "extension", place, "valueCoding", "code")
        visit = planted(Fault("off", way, code), visit)
    for name in ("cancelationReason", "cancellationReason", "cancellationDate"):
        visit.body.pop(name, None)
    try:
        Checker("schema", version).check([visit])
    except MappingError:
        return False
    return True
