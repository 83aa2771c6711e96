"""The profiles: made of FHIR Shorthand by SUSHI, current, and fit for all that we write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest
from making import R4, everything, of_outreach, of_plans, of_visits

from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Version
from shorthand import BUILT, PROFILES, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Official

pytestmark = pytest.mark.server

IG = "https://alliance-fhir.github.io/ig/StructureDefinition"
EXAMPLES = PROFILES.parent / "examples"
THO = "http://terminology.hl7.org/CodeSystem"
Json = dict[str, Any]
Spoil = Callable[[Json], Json]


def profiles_of(body: Json) -> list[str]:
    """The profiles that a resource of ours is to fit, by their ids."""
    identifiers = body.get("identifier", [])
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    what = listed[0]["value"].partition("-")[2] if listed else ""
    match body["resourceType"]:
        case "Appointment":
            missed = ["no-show-appointment"] if body["status"] == "noshow" else []
            return ["visit-appointment", *missed]
        case "Observation" if what == "panel":
            return ["alliance-panel"]
        case "Observation" if "method" in body:
            return ["alliance-score"]
        case "QuestionnaireResponse" if what == "qr":
            return ["alliance-response"]
        case "Task" if what == "outreach":
            return ["outreach-task"]
        case "CarePlan":
            return ["shared-care-plan"]
        case "Goal":
            return ["agreed-goal"]
        case "Provenance":
            return ["alliance-provenance"]
        case _:
            return []


def claiming(body: Json, profiles: list[str] | None = None) -> bytes:
    """The resource as one that says that it fits these profiles, or those that it is to fit."""
    claims = [f"{IG}/{one}" for one in (profiles_of(body) if profiles is None else profiles)]
    claimed = {"profile": claims} if claims else {}
    return json.dumps({**body, "meta": {**body.get("meta", {}), **claimed}}).encode()


def of_the_examples() -> Iterator[Json]:
    """All resources of the golden files of R4."""
    for file in sorted(EXAMPLES.glob("*/expected/r4/*.ndjson")):
        yield from map(json.loads, file.read_bytes().splitlines())


def test_the_files_are_what_sushi_makes() -> None:
    made = compiled(PROFILES)
    assert {file.name: file.read_bytes() for file in BUILT.iterdir()} == made


NO_SLICE = "Details_for__matching_against_Profile_"
"""Told of each extension that a profile does not name, which it may have: all are open."""


def refused(profiled: Official, bodies: Iterable[Json]) -> Counter[str]:
    """What the validator says of these when they claim their profiles, and says not without."""
    listed = [body for body in bodies if profiles_of(body)]
    plain = ((body["resourceType"], json.dumps(body).encode()) for body in listed)
    claimed = ((body["resourceType"], claiming(body)) for body in listed)
    told = profiled.refused_json(claimed) - profiled.refused_json(plain)
    return Counter({one: count for one, count in told.items() if NO_SLICE not in one})


def test_the_examples_fit(profiled: Official) -> None:
    assert refused(profiled, of_the_examples()) == {}


Makes = Callable[[Version], Iterable[Resource]]


@pytest.mark.parametrize("make", [everything, of_visits, of_outreach, of_plans])
def test_all_that_we_make_fits(make: Makes, profiled: Official) -> None:
    assert refused(profiled, (json.loads(one.json()) for one in make(R4))) == {}


def missed() -> Json:
    """The visit that Mr. Jones missed."""
    return next(one for one in of_the_examples() if one.get("status") == "noshow")


def first(profile: str) -> Json:
    """The first of the examples that is to fit a profile."""
    return next(one for one in of_the_examples() if profile in profiles_of(one))


def without(name: str) -> Spoil:
    """An element that is not there."""
    return lambda body: {key: value for key, value in body.items() if key != name}


def with_(**told: Any) -> Spoil:
    """Elements that say something else."""
    return lambda body: {**body, **told}


def without_extension(name: str) -> Spoil:
    """An extension of ours that is not there."""
    return lambda body: {
        **body,
        "extension": [one for one in body["extension"] if not one["url"].endswith(f"/{name}")],
    }


SOMEBODY = {"type": "Group", "identifier": {"system": "urn:example:x", "value": "1"}}
PAT = {"coding": [{"system": f"{THO}/appointment-cancellation-reason", "code": "pat"}]}
OTHER = {"coding": [{"system": f"{THO}/observation-category", "code": "exam"}]}
FAULTS: list[tuple[str, Spoil, str]] = [
    # the profile, what is wrong, and a part of what is said of it
    ("visit-appointment", without_extension("content-digest"), "extension:digest"),
    ("visit-appointment", without_extension("attendance"), "extension:attendance"),
    ("visit-appointment", without_extension("first-or-follow-up"), "extension:firstOrFollowUp"),
    ("visit-appointment", with_(identifier=[{"value": "1"}]), "identifier.system"),
    ("visit-appointment", with_(identifier=[{"system": "urn:example:x"}]), "identifier.value"),
    ("visit-appointment", without("identifier"), "Appointment.identifier"),
    ("visit-appointment", with_(status="noshow"), "visit-no-show"),
    ("no-show-appointment", with_(status="fulfilled"), "visit-no-show"),
    ("visit-appointment", with_(status="booked", cancelationReason=PAT), "visit-called-off"),
    ("no-show-appointment", with_(cancelationReason=PAT), "cancelationReason"),
    ("alliance-response", without_extension("content-digest"), "extension:digest"),
    ("alliance-response", without("identifier"), "QuestionnaireResponse.identifier"),
    ("alliance-response", without("subject"), "QuestionnaireResponse.subject"),
    ("alliance-response", without("authored"), "QuestionnaireResponse.authored"),
    ("alliance-panel", without("hasMember"), "Observation.hasMember"),
    ("alliance-panel", with_(valueInteger=1), "Observation.value"),
    ("alliance-score", without("identifier"), "Observation.identifier"),
    ("alliance-score", without("subject"), "Observation.subject"),
    ("alliance-score", without("effectiveDateTime"), "Observation.effective"),
    ("alliance-score", with_(category=[OTHER]), "Observation.category"),
    ("alliance-score", without("valueQuantity"), "score-value"),
    ("alliance-score", with_(hasMember=[SOMEBODY]), "Observation.hasMember"),
    ("outreach-task", with_(intent="plan"), "Task.intent"),
    ("outreach-task", without("focus"), "Task.focus"),
    ("outreach-task", without("for"), "Task.for"),
    ("outreach-task", with_(code=OTHER), "Task.code"),
    ("outreach-task", with_(input=[{"type": OTHER, "valueString": "x"}]), "Task.input"),
    ("shared-care-plan", without_extension("plan-version"), "extension:planVersion"),
    ("shared-care-plan", without_extension("plan-written"), "extension:planWritten"),
    ("shared-care-plan", with_(intent="order"), "CarePlan.intent"),
    ("shared-care-plan", without("created"), "CarePlan.created"),
    ("shared-care-plan", without("contributor"), "CarePlan.contributor"),
    ("agreed-goal", without("identifier"), "Goal.identifier"),
    ("agreed-goal", with_(lifecycleStatus="active"), "goal-agreed"),
    ("alliance-provenance", without("entity"), "Provenance.entity"),
    ("alliance-provenance", without_extension("content-digest"), "extension:digest"),
]


@pytest.mark.parametrize(("profile", "spoil", "named"), FAULTS)
def test_a_planted_fault_is_found_by_a_profile_alone(
    profile: str, spoil: Spoil, named: str, profiled: Official
) -> None:
    right = missed() if profile == "no-show-appointment" else first(profile)
    wrong = spoil(right)
    told = profiled.refused_json([(profile, claiming(wrong, profiles_of(right)))])
    without_claim = profiled.refused_json([(profile, claiming(wrong, []))])
    assert any(": error" in one and named in one for one in told - without_claim), told
