"""The run-time check refuses what is planted in Tasks to reach out, and says where."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import pytest
from making import ALL_VERSIONS, R4, R5, of_outreach

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.check import Checker, Level
from planting import GONE, LEAK, Fault, planted, refusal

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)
STATUSES = {"asked": "requested", "off": "cancelled", "error": "entered-in-error"}


@cache
def valid(kind: str, version: Version) -> Resource:
    """A Task as the mapping makes it, with all that can be said."""
    made = [one for one in of_outreach(version) if one.body["status"] == STATUSES[kind]]
    return max(made, key=lambda one: len(one.body.get("input", [])))


OTHER = {"type": "Group", "identifier": {"system": "urn:example:mrn", "value": LEAK}}

# fmt: off
FAULTS = [
    Fault("asked", ("status",), "in-progress"),
    Fault("asked", ("status",), GONE),
    Fault("asked", ("intent",), "proposal"),
    Fault("asked", ("code", "coding", 0, "code"), "self-care", "code.coding"),
    Fault("asked", ("description",), " "),
    Fault("asked", ("focus",), GONE),
    Fault("asked", ("focus",), OTHER, "focus.type"),
    Fault("asked", ("for",), OTHER, "for.type"),
    Fault("asked", ("requester",), OTHER, "requester.type"),
    Fault("asked", ("owner",), OTHER, "owner.type"),
    Fault("asked", ("note",), [{"text": LEAK}]),
    Fault("asked", ("input",), GONE),
    Fault("asked", ("input", 0, "valueCodeableConcept", "coding", 0, "code"), "attended",
          "input.0.valueCodeableConcept.coding"),
    Fault("asked", ("input", 1, "valueString"), GONE),
    Fault("asked", ("input", 1, "type", "coding", 0, "code"), "when", "input.1.type.coding"),
    Fault("asked", ("identifier", 0, "system"), LEAK),
    Fault("asked", ("extension",), GONE),
    Fault("off", ("statusReason",), GONE),
    Fault("off", ("status",), "completed"),
    Fault("off", ("input",), []),
    Fault("off", ("basedOn",), []),
    Fault("error", ("status",), "completed"),
]
OF_R4 = [
    Fault("asked", ("restriction", "period", "end"), "soon"),
    Fault("asked", ("restriction", "repetitions"), 1),
    Fault("asked", ("requestedPeriod",), {"start": "2026-03-16"}),
    Fault("asked", ("reasonCode", "coding", 0, "code"), "270426007", "reasonCode.coding.0.code"),
    Fault("asked", ("statusReason",), {"text": LEAK}),
    Fault("off", ("statusReason",), {"concept": {"text": LEAK}}, "statusReason.concept"),
]
OF_R5 = [
    Fault("asked", ("requestedPeriod", "start"), GONE),
    Fault("asked", ("restriction",), {"period": {"start": "2026-03-16"}}),
    Fault("asked", ("reason", 0, "concept", "text"), GONE),
    Fault("asked", ("statusReason",), {"concept": {"text": LEAK}}),
    Fault("off", ("statusReason",), {"text": LEAK}, "statusReason.text"),
]
# fmt: on


@every_version
@pytest.mark.parametrize("fault", FAULTS, ids=attrgetter("id"))
def test_a_planted_fault_is_refused_and_named(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    assert refusal(wrong, version).startswith(f"Task, {fault.named}: ")


@pytest.mark.parametrize(
    ("fault", "version"),
    [*((fault, R4) for fault in OF_R4), *((fault, R5) for fault in OF_R5)],
    ids=lambda one: getattr(one, "id", ""),
)
def test_what_another_version_has_is_refused(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    assert refusal(wrong, version).startswith(f"Task, {fault.named}: ")


@every_version
def test_all_that_we_make_passes(version: Version) -> None:
    for level in get_args(Level):
        Checker(level, version).check(of_outreach(version))


@every_version
def test_our_code_for_the_task_is_that_of_our_code_system(version: Version) -> None:
    [coding] = valid("asked", version).body["code"]["coding"]
    assert coding == {"system": el.CONCEPT, "code": "outreach-after-no-show"}


@pytest.mark.parametrize("kind", ["asked", "off"])
@pytest.mark.parametrize(("ours", "other"), [(R4, R5), (R5, R4)], ids=["R5 in R4", "R4 in R5"])
def test_the_shape_of_another_version_is_refused(kind: str, ours: Version, other: Version) -> None:
    with pytest.raises(MappingError):
        Checker("schema", ours).check([valid(kind, other)])
