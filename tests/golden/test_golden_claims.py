"""What `map` claims in meta.profile, through the front door: on R4 alone, and nothing where the
site says so; nothing else changes by it."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from .files import CLINIC, OUTREACH_SETTINGS, PLANS, RELEASES, VISITS, run_map
from .oracle_visits import BECAME

Files = dict[str, bytes]
OURS = "https://alliance-fhir.github.io/ig/StructureDefinition/"
CLAIMS = {
    "Appointment": {("no-show-appointment", "visit-appointment"), ("visit-appointment",)},
    "CarePlan": {("shared-care-plan",)},
    "CareTeam": {("shared-care-team",)},
    "CommunicationRequest": {("plan-communication-request",)},
    "Device": {("alliance-device",)},
    "Goal": {("agreed-goal",)},
    "MedicationRequest": {("plan-medication-request",)},
    "Observation": {
        *(("alliance-panel",), ("alliance-score",), ("plan-adherence",), ("plan-barrier",)),
        *(("plan-preference",), ("plan-score",)),
    },
    "Provenance": {("alliance-provenance",)},
    "Questionnaire": {("alliance-questionnaire",)},
    "QuestionnaireResponse": {("alliance-response",), ("plan-response",)},
    "ServiceRequest": {("plan-service-request",), ("visit-referral",)},
    "Task": {("outreach-task",), ("plan-task",)},
}
"""What the resources of a type claim, of the example visits, plans and Mr. Jones's questionnaires:
each is of a profile."""
MISSED = sum(kind == "no-show" for _, kind, *_ in BECAME.values())
CLAIM = re.compile(rb'"meta":\{"profile":\[[^\]]*\]\},|"profile":\[[^\]]*\],?')
"""With the meta around it, where that has nothing else."""


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Files]:
    """By release, and by whether profiles are claimed, all that `map` writes."""
    told: dict[tuple[str, bool], Files] = {}
    for claiming in (True, False):
        folder = tmp_path_factory.mktemp("site")
        settings = folder / "alliance.toml"
        line = "" if claiming else "claim_profiles = false\n"
        settings.write_text(line + OUTREACH_SETTINGS.read_text("utf-8"), "utf-8")
        for release in RELEASES:
            out = folder / release
            more = (PLANS, CLINIC / "mr-jones.csv", "--config", settings)
            run_map(VISITS, out, release, *more)
            told[release, claiming] = {file.name: file.read_bytes() for file in out.iterdir()}
    return told


def claimed(files: Files) -> Counter[tuple[str, tuple[str, ...]]]:
    """How many resources of each type claim which profiles."""
    lines = [json.loads(line) for content in files.values() for line in content.splitlines()]
    return Counter(
        (
            one["resourceType"],
            tuple(sorted(p.removeprefix(OURS) for p in one.get("meta", {}).get("profile", []))),
        )
        for one in lines
    )


def test_each_resource_claims_its_profile(mapped: dict[tuple[str, bool], Files]) -> None:
    told = claimed(mapped["R4", True])
    types = {type_ for type_, _ in told}
    assert {type_: {claims for one, claims in told if one == type_} for type_ in types} == CLAIMS
    assert told["Appointment", ("no-show-appointment", "visit-appointment")] == MISSED


@pytest.mark.parametrize("release", ["R4B", "R5"])
def test_profiles_of_r4_are_claimed_on_r4_alone(
    mapped: dict[tuple[str, bool], Files], release: str
) -> None:
    assert {claims for _, claims in claimed(mapped[release, True])} == {()}
    assert mapped[release, True] == mapped[release, False]


def test_where_the_site_says_so_nothing_is_claimed_and_all_else_is_as_it_was(
    mapped: dict[tuple[str, bool], Files],
) -> None:
    without = {name: CLAIM.sub(b"", content) for name, content in mapped["R4", True].items()}
    assert without != mapped["R4", True]
    assert without == mapped["R4", False]
