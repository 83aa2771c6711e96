"""All that the mapping makes passes the official validator, in every version, without an error.

The sources here and in examples/ go in by the front door: files, read, scored, mapped. The forms
that they bring along have their own test, in test_questionnaires: each of them takes its time.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from making import FORMS, SETTINGS, everything, of_outreach, of_visits, whole

from alliance_fhir.config import FILE, InstrumentSettings, Settings, load
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.people import made_up
from alliance_fhir.mapping import Mapping, site_catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.withdrawing import withdrawn
from hl7v2.making import message

if TYPE_CHECKING:
    from alliance_fhir.fhir.versions import Version
    from conftest import Official

EXAMPLES = Path(__file__).parents[2] / "examples" / "clinic"
VISITS = EXAMPLES.parent / "visits"

# A clinic that has everything, by hand.

SITE = Settings(
    source="clinic-east",
    base="https://clinic-east.invalid/alliance",
    organization="urn:example:org|east",
    patient_system="urn:example:mrn",
    clinician_system="urn:example:staff",
    appointment_system="urn:example:visits",
    zone="Europe/Berlin",
    score_performer="rater",
    sensitivity=("MH", "PSY", "BH"),
    instruments={
        "wai-sr": InstrumentSettings(languages=("de", "pt-BR")),
        "haq-ii": InstrumentSettings(missing="prorate"),
    },
)
COMMON = {"patient": "1001", "clinician": "kurtz", "completed_at": "2026-03-02T14:10"}
ROWS: list[dict[str, str]] = [
    # modes, languages, sessions, appointments
    {"instrument": "wai-sr", "rater": "patient", "items": "5 4 3 2 1 2 3 4 5 4 3 2",
     "mode": "electronic", "language": "de", "session": "3", "appointment": "8841"},
    {"instrument": "wai-sr@1", "rater": "patient", "items": "Seldom 4 3 2 1 2 3 4 Always 4 3 2",
     "mode": "paper", "language": "pt-BR", "session": "100000", "record_id": "a-2"},
    {"instrument": "wai-s", "rater": "therapist", "items": "7 6 5 4 3 2 1 2 3 4 5 6",
     "mode": "face-to-face", "language": "en", "appointment": "urn:example:other|8842"},
    {"instrument": "wai-s", "rater": "patient", "items": "7 6 5 4 3 2 1 2 3 4 5 6",
     "mode": "phone", "completed_at": "2026-03-02T14:10:59.5+05:30"},
    {"instrument": "wai-s", "rater": "observer", "items": "7 6 5 4 3 2 1 2 3 4 5 6",
     "mode": "video", "rater_id": "observer-2", "clinician": ""},
    {"instrument": "tasc-r", "rater": "caregiver", "items": "1 2 3 4 1 2 3 4 1 2 3 4",
     "mode": "verbal", "rater_id": "urn:example:kin|mother-of-1001"},
    # the other raters
    {"instrument": "tasc-r", "rater": "patient", "items": "1 2 3 4 1 2 3 4 1 2 3 4"},
    {"instrument": "tasc-r", "rater": "therapist", "items": "1 2 3 4 1 2 3 4 1 2 3 4"},
    {"instrument": "tasc-r", "rater": "caregiver", "items": "1 1 1 1 1 1 1 1 1 1 1 1"},
    {"instrument": "wai-36", "rater": "patient", "items": " ".join("1234567" * 5 + "1")},
    {"instrument": "wai-36", "rater": "therapist", "items": " ".join("7654321" * 5 + "7"),
     "clinician": "", "rater_id": "kurtz"},
    {"instrument": "wai-36", "rater": "observer", "items": " ".join("4" * 36)},
    # missing answers, with and without a score for what is there
    {"instrument": "haq-ii", "rater": "patient", "items": " ".join("123456" * 3) + " -"},
    {"instrument": "haq-ii", "rater": "therapist", "items": "- " * 18 + "6"},
    {"instrument": "dialog", "rater": "patient", "items": "1 2 3 4 5 6 7 8 - - -"},
    {"instrument": "csq-8", "rater": "patient", "items": "1 2 3 4 4 3 - 1"},
    {"instrument": "check-in", "rater": "patient", "items": "0 10 5 - none - strong"},
    # dates alone, decimals
    {"instrument": "srs", "rater": "patient", "items": "7.10 8.25 0 10.0",
     "completed_at": "2026-03-02"},
    {"instrument": "csrs", "rater": "patient", "items": "0.000001 9.999999 5 5"},
    {"instrument": "gsrs", "rater": "patient", "items": "1 2 3 4.5"},
    {"instrument": "cgsrs", "rater": "patient", "items": "10 10 10 10"},
    {"instrument": "bars", "rater": "therapist", "items": "2 5 0 93.75"},
    {"instrument": "collaborate", "rater": "patient", "items": "9 9 9"},
    {"instrument": "gas", "rater": "patient", "items": "-2 0 2 - - - 1 2.5 - - - -"},
    {"instrument": "gas", "rater": "therapist", "items": "- - - - - - 1 1 1 1 1 1"},
    # scores as the source has them
    {"instrument": "wai-sr", "rater": "patient", "total": "48", "bond": "20",
     "completed_at": "2024-02-29"},
    {"instrument": "srs", "rater": "patient", "total": "36.40"},
    {"instrument": "gas", "rater": "therapist", "t-score": "62.5", "record_id": "a-3"},
]  # fmt: skip
HEADER = [
    *("record_id", "patient", "clinician", "instrument", "rater", "rater_id", "completed_at"),
    *("session", "appointment", "language", "mode", "total", "bond", "t-score"),
    *(f"item_{n}" for n in range(1, 37)),
]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows as a CSV file."""
    path = tmp_path_factory.mktemp("clinic") / "everything.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        for row in ROWS:
            told = {**COMMON, **row}
            items = enumerate(told.pop("items", "").split(), 1)
            answers = {f"item_{n}": "" if cell == "-" else cell for n, cell in items}
            writer.writerow({**told, **answers})
    return path


def read(path: Path, settings: Settings, version: Version) -> tuple[Mapping, list[Group]]:
    """The mapping of a source, and its groups."""
    catalog = site_catalog(settings)
    one = Mapping(settings, catalog, version)
    made = one.groups(Sources([path], settings, catalog))
    return one, [each for each in made if isinstance(each, Group)]


def beside(one: Mapping) -> list[Resource]:
    """What groups share, without the forms."""
    return [resource for resource in one.shared.values() if resource.type != "Questionnaire"]


def test_the_rows_cover_all_that_there_is() -> None:
    def told(column: str) -> set[str]:
        return {row[column] for row in ROWS if column in row}

    rated = {(row["instrument"].partition("@")[0], row["rater"]) for row in ROWS}
    assert rated == {(instrument.id, rater) for instrument, rater in FORMS}
    assert told("mode") == set(el.MODES)
    assert {rater for _, rater in rated} == set(el.REPORTED_BY) == set(el.RATER_TYPES)


@pytest.mark.server
def test_a_clinic_that_has_everything(official: Official, clinic: Path) -> None:
    one, groups = read(clinic, SITE, official.version)
    assert len(groups) == len(ROWS)
    made = [*beside(one), *(r for group in groups for r in whole(group, official.version, SITE))]
    assert official.refused(made) == {}


@pytest.mark.server
def test_every_form_answered_and_half_answered_and_scored(official: Official) -> None:
    made = [r for r in everything(official.version) if r.type != "Questionnaire"]
    assert official.refused(made) == {}


@pytest.mark.server
def test_visits_by_each_rule_and_their_referrals(official: Official) -> None:
    assert official.refused(of_visits(official.version)) == {}


@pytest.mark.server
def test_visits_of_messages(official: Official, tmp_path: Path) -> None:
    """Their Provenances name each message, and say that it was transformed."""
    path = tmp_path / "schedule.hl7"
    booked = message("S12", {10: "1"})
    missed = message("S26", {10: "2", 7: "20260310090000-0400"}, {25: "Noshow"})
    path.write_bytes((booked + missed).encode())
    one, groups = read(path, SITE, official.version)
    made = [r for group in groups for r in whole(group, official.version, SITE)]
    assert [len(r.body["entity"]) for r in made if r.type == "Provenance"] == [3]
    assert official.refused([*beside(one), *made]) == {}


@pytest.mark.server
def test_tasks_to_reach_out_asked_for_and_called_off(official: Official) -> None:
    made = of_outreach(official.version)
    assert {one.body["status"] for one in made} == {"requested", "cancelled", "entered-in-error"}
    assert official.refused(made) == {}


@pytest.mark.server
def test_visits_that_were_retracted(official: Official) -> None:
    """app-4 lets nothing that was entered in error have a reason for its cancellation."""
    made = [
        Resource(one.type, one.key, withdrawn(one.body), "")
        for one in (*of_visits(official.version), *of_outreach(official.version))
        if one.type != "Provenance"
    ]
    assert official.refused(made) == {}


@pytest.mark.server
@pytest.mark.skipif(not VISITS.is_dir(), reason="the examples are not here")
def test_the_example_visits(official: Official) -> None:
    settings = load(VISITS / FILE)
    one, groups = read(VISITS, settings, official.version)
    every = [one for group in groups for one in (group.before, group) if one]
    made = [*beside(one), *(r for group in every for r in whole(group, official.version, settings))]
    assert {"Device", "Appointment", "ServiceRequest", "Provenance"} == {r.type for r in made}
    assert official.refused(made) == {}


@pytest.mark.server
@pytest.mark.parametrize("type_", ["Patient", "Practitioner"])
def test_people_made_for_sandboxes(official: Official, type_: str) -> None:
    who = Person(type_, Identifier("urn:example:mrn", "1001"))
    assert official.refused([made_up(who, SETTINGS), made_up(who, SITE)]) == {}


@pytest.mark.server
def test_a_label_that_is_no_code_would_be_told(official: Official) -> None:
    """PACQRPT and its like pass above; here is that they would not, did they not exist."""
    for rater, code in el.REPORTED_BY.items():
        security = meta(SETTINGS, perspective=rater)["security"]
        assert {"system": el.OBSERVATION_VALUE, "code": code} in security
    body = {
        "resourceType": "Patient",
        "meta": {"security": [{"system": el.OBSERVATION_VALUE, "code": "PACQREPORTED"}]},
    }
    assert any("PACQREPORTED" in issue.message for issue in official.validator.validate(body))


# The examples, as they are.


@pytest.mark.server
@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not here")
def test_the_example_clinic(official: Official) -> None:
    settings = load(EXAMPLES / FILE)
    one, groups = read(EXAMPLES, settings, official.version)
    made = [
        *beside(one),
        *(r for group in groups for r in whole(group, official.version, settings)),
    ]
    assert {"Device", "QuestionnaireResponse", "Observation", "Provenance"} == {
        resource.type for resource in made
    }
    assert official.refused(made) == {}
