"""The run-time check of what comes of shared plans refuses what is planted, and says where."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from making import ALL_VERSIONS, R4, R5
from plan_faults import PLANNED
from plan_faults_said import R4_FAULTS, R5_FAULTS, SAID
from plan_kinds import KINDS, everything, valid

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker, Level
from alliance_fhir.fhir.plan import TYPES
from planting import Fault, planted, refusal

if TYPE_CHECKING:
    from alliance_fhir.fhir.versions import Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)


FAULTS = PLANNED + SAID


def _cases() -> list[tuple[Fault, Version]]:
    own = {version: R4_FAULTS if version.ordinal_values else R5_FAULTS for version in ALL_VERSIONS}
    return [(fault, version) for version in ALL_VERSIONS for fault in FAULTS + own[version]]


def _id(value: object) -> str:
    return value.id if isinstance(value, Fault) else getattr(value, "label", "")


@pytest.mark.parametrize(("fault", "version"), _cases(), ids=_id)
def test_a_planted_fault_is_refused_and_named(fault: Fault, version: Version) -> None:
    wrong = planted(fault, valid(fault.kind, version))
    said = refusal(wrong, version, of_plan=True)
    assert said.startswith(f"{wrong.type}, {fault.named}: breaks the schema's rule ")


@every_version
def test_all_that_comes_of_plans_passes(version: Version) -> None:
    made = everything(version)
    assert {one.type for one in made} == {*TYPES, "Questionnaire"}
    for level in get_args(Level):
        Checker(level, version).check(made, of_plan=True)


def test_each_kind_has_its_faults() -> None:
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    assert {KINDS[fault.kind][0] for fault in FAULTS} == {*TYPES, "Questionnaire"}


_SHAPED = ("plan", "team", "goal", "medicine", "service", "message", "first", "form")


@pytest.mark.parametrize("kind", _SHAPED)
@pytest.mark.parametrize(("ours", "other"), [(R4, R5), (R5, R4)], ids=["R5 in R4", "R4 in R5"])
def test_the_shape_of_another_version_is_refused(kind: str, ours: Version, other: Version) -> None:
    with pytest.raises(MappingError):
        Checker("schema", ours).check([valid(kind, other)], of_plan=True)


@pytest.mark.parametrize("kind", ["barrier", "adherence", "sign-off", "first", "form"])
def test_what_is_of_plans_is_none_of_an_assessment(kind: str) -> None:
    with pytest.raises(MappingError):
        Checker("schema", R4).check([valid(kind, R4)])


def test_without_checks_anything_passes() -> None:
    wrong = [planted(fault, valid(fault.kind, R4)) for fault in FAULTS + R4_FAULTS]
    Checker("none", R4).check(wrong, of_plan=True)
