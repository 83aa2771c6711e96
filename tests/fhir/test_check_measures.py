"""The run-time check takes Measures and reports, and refuses what is planted in them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from making import ALL_VERSIONS, R4, R5
from measured import measured

from alliance_fhir.fhir.check import Checker
from planting import GONE, LEAK, Fault, planted, refusal

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)
PLACES = {"measure": 0, "report": 2, "drop-out": 3}


def valid(kind: str, version: Version) -> Resource:
    """A resource as the mapping makes it: of the report all groups are shown but some strata."""
    return measured(version)[PLACES[kind]]


MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                         "valueCode": "masked"}]}  # fmt: skip
# fmt: off
FAULTS = [
    Fault("measure", ("url",), LEAK),
    Fault("measure", ("version",), GONE),
    Fault("measure", ("status",), "draft"),
    Fault("measure", ("identifier",), [{"system": "urn:example:site", "value": LEAK}]),
    Fault("measure", ("description",), GONE),
    Fault("measure", ("scoring", "coding", 0, "code"), "ratio", "scoring.coding"),
    Fault("measure", ("group", 0, "code"), GONE),
    Fault("measure", ("group", 0, "population", 0), GONE, "group.0.population"),
    Fault("measure", ("group", 0, "population", 0, "criteria", "language"), "text/cql"),
    Fault("measure", ("group", 0, "stratifier", 0, "code", "coding", 0, "code"), LEAK,
          "group.0.stratifier.0.code.coding"),
    Fault("report", ("status",), "pending"),
    Fault("report", ("type",), "individual"),
    Fault("report", ("subject",), {"type": "Patient", "identifier": {"value": LEAK}}),
    Fault("report", ("measure",), LEAK),
    Fault("report", ("date",), "2026-03-02"),
    Fault("report", ("period", "end"), GONE),
    Fault("report", ("reporter", "type"), "Practitioner"),
    Fault("report", ("identifier",), []),
    Fault("report", ("extension",), GONE),
    Fault("report", ("evaluatedResource",), [{"reference": "Appointment/1"}]),
]
GROUPS = [
    Fault("report", ("group", 0, "population", 2, "count"), -1),
    Fault("report", ("group", 0, "population", 2, "count"), GONE),
    Fault("report", ("group", 0, "population", 2, "_count"), MASKED),
    Fault("report", ("group", 0, "{score}", "value"), 33.3),
    Fault("report", ("group", 0, "{score}", "unit"), "%"),
    Fault("report", ("group", 0, "{score}", "extension"), GONE),
    Fault("report", ("group", 0, "{score}"), GONE),
    Fault("report", ("group", 0, "{score}"), MASKED),
    Fault("report", ("group", 0, "{score}", "extension", 0, "extension", 4), GONE),
    Fault("report", ("group", 0, "stratifier", 0, "stratum"), []),
    Fault("report", ("group", 0, "stratifier", 1, "stratum", 0, "{value}"), {}),
    Fault("drop-out", ("group", 0, "stratifier"), []),
]
# fmt: on


@every_version
@pytest.mark.parametrize("kind", PLACES)
def test_what_is_mapped_is_taken(kind: str, version: Version) -> None:
    Checker("models", version).check([valid(kind, version)])


@every_version
@pytest.mark.parametrize("fault", FAULTS, ids=attrgetter("id"))
def test_a_planted_fault_is_refused_and_named(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    assert refusal(wrong, version).startswith(f"{wrong.type}, {fault.named}: ")


@every_version
@pytest.mark.parametrize("fault", GROUPS, ids=attrgetter("id"))
def test_a_fault_in_a_group_is_refused(fault: Fault, version: Version) -> None:
    names = {"{score}": "measureScore", "{value}": "value"}
    if version is R5:
        names = {"{score}": "measureScoreQuantity", "{value}": "valueCodeableConcept"}
    path = tuple(names.get(str(step), step) for step in fault.path)
    wrong = planted(fault._replace(path=path), valid(fault.kind, version))
    assert refusal(wrong, version).startswith("MeasureReport, group.0")


@every_version
def test_a_masked_stratum_has_neither_count_nor_score(version: Version) -> None:
    """What must not be shown cannot go out beside the mark that it is not."""
    whole = valid("report", version)
    score = "measureScoreQuantity" if version is R5 else "measureScore"
    strata = [
        (i, j, one)
        for i, by in enumerate(whole.body["group"][0]["stratifier"])
        for j, one in enumerate(by["stratum"])
    ]
    i, j, _ = next(told for told in strata if "_count" in told[2]["population"][0])
    a_score = whole.body["group"][0][score]
    at = ("group", 0, "stratifier", i, "stratum", j)
    for path, value in (((*at, score), a_score), ((*at, "population", 1, "count"), 3)):
        refusal(planted(Fault("report", path, value), whole), version)


@pytest.mark.parametrize(
    ("version", "kind", "path", "value"),
    [
        (R4, "measure", ("basis",), "Appointment"),
        (R4, "report", ("scoring",), {"coding": []}),
        (R5, "measure", ("basis",), GONE),
        (R5, "measure", ("group", 0, "linkId"), GONE),
        (R5, "report", ("scoring",), GONE),
    ],
)
def test_what_another_version_has_is_refused(
    version: Version, kind: str, path: tuple[str | int, ...], value: object
) -> None:
    refusal(planted(Fault(kind, path, value), valid(kind, version)), version)
