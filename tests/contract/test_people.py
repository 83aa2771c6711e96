"""People at a server: found by identifier, followed where they were merged, made where asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .clinic import MRN, PARTS, ROW, STAFF, Clinic, counts, patient, rules
from .kinds import everywhere
from .places import Place

OTHER = replace(ROW, record_id="r-2", patient="1002")
ANNE = replace(ROW, record_id="r-3", clinician="anne", instrument="wai-s", rater="therapist")


def subjects(place: Place) -> set[str]:
    """Whom the Observations are about."""
    return {body["subject"]["reference"] for body in place.of_type("Observation")}


def test_a_patient_who_is_not_there_blocks_their_own_records_alone(
    server: Place, clinic: Clinic
) -> None:
    clinic.write(OTHER, ROW, replace(OTHER, record_id="r-4"))
    there = server.add(patient(ROW.patient))
    result = clinic.sync()
    assert result.exit_code == 7
    assert [(f.row, f.rule) for f in result.tally.blocked] == [
        (2, "patient-not-found"),
        (4, "patient-not-found"),
    ]
    assert counts(result) == {"created": 9, "blocked": 12}
    assert subjects(server) == {there}
    assert clinic.verified() == 9


def test_a_patient_who_is_registered_later_is_caught_up_with(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW)
    clinic.sync()
    there = server.add(patient(ROW.patient))
    assert counts(clinic.sync()) == {"unchanged": 2, "created": 7}
    assert subjects(server) == {there}


def test_a_patient_who_is_there_twice_blocks_their_records(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW, OTHER)
    clinic.register(ROW.patient, ROW.patient, OTHER.patient)
    result = clinic.sync()
    assert rules(result, "blocked") == ["patient-ambiguous"]
    assert counts(result) == {"created": 9, "blocked": 6}


def test_a_number_of_another_system_is_nobody(server: Place, clinic: Clinic) -> None:
    stranger = {"system": "urn:example:other", "value": ROW.patient}
    server.add({"resourceType": "Patient", "identifier": [stranger]})
    clinic.write(ROW)
    assert rules(clinic.sync(), "blocked") == ["patient-not-found"]


def test_a_patient_with_more_than_one_number_is_found_by_ours(
    server: Place, clinic: Clinic
) -> None:
    numbers = [{"system": "urn:example:other", "value": "1"}, {"system": MRN, "value": ROW.patient}]
    there = server.add({"resourceType": "Patient", "identifier": numbers})
    clinic.write(ROW)
    assert clinic.sync().exit_code == 0
    assert subjects(server) == {there}


@pytest.mark.parametrize("steps", [1, 2])
@everywhere
def test_a_patient_who_was_merged_is_followed(server: Place, clinic: Clinic, steps: int) -> None:
    there = last = server.add(patient("survivor"))
    for step in range(steps):
        link = [{"other": {"reference": last}, "type": "replaced-by"}]
        value = ROW.patient if step == steps - 1 else f"between-{step}"
        last = server.add(patient(value, active=False, link=link))
    clinic.write(ROW)
    assert clinic.sync().exit_code == 0
    assert subjects(server) == {there}
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_a_merged_patient_whose_number_moved_along_is_the_surviving_one(
    server: Place, clinic: Clinic
) -> None:
    there = server.add(patient(ROW.patient))
    link = [{"other": {"reference": there}, "type": "replaced-by"}]
    server.add(patient(ROW.patient, active=False, link=link))
    clinic.write(ROW)
    assert clinic.sync().exit_code == 0
    assert subjects(server) == {there}


def test_a_clinician_who_is_not_there_stays_an_identifier_and_is_told_once(
    server: Place, clinic: Clinic
) -> None:
    clinic.write(
        replace(ROW, clinician="anne"),
        replace(ROW, clinician="anne", record_id="r-2"),
        replace(ROW, clinician="bert", record_id="r-3"),
    )
    clinic.register(ROW.patient)
    result = clinic.sync()
    assert result.exit_code == 0
    assert [(f.row, f.column, f.rule) for f in result.tally.warnings] == [
        (2, "clinician", "clinician-not-found"),
        (4, "clinician", "clinician-not-found"),
    ]
    for body in server.of_type("QuestionnaireResponse"):
        [told] = [e["valueReference"] for e in body["extension"] if "valueReference" in e]
        assert told.keys() == {"type", "identifier"}
        assert told["identifier"]["value"] in ("anne", "bert")


def test_a_clinician_who_is_there_is_pointed_to(server: Place, clinic: Clinic) -> None:
    number = [{"system": STAFF, "value": "anne"}]
    there = server.add({"resourceType": "Practitioner", "identifier": number})
    clinic.write(replace(ROW, clinician="anne"))
    clinic.register(ROW.patient)
    assert clinic.sync().tally.warnings == []
    extensions = server.by_short_name()["qr"]["extension"]
    told = [e["valueReference"]["reference"] for e in extensions if "valueReference" in e]
    assert told == [there]


def test_people_are_made_where_that_is_asked_for(server: Place, clinic: Clinic) -> None:
    clinic.write(replace(ROW, clinician="anne"), replace(OTHER, clinician="anne"))
    result = clinic.sync(create_people=True)
    assert (result.exit_code, counts(result)) == (0, {"created": 2 + 3 + 14})
    assert result.tally.warnings == []
    made = server.of_type("Patient") + server.of_type("Practitioner")
    assert sorted(body["identifier"][0]["value"] for body in made) == ["1001", "1002", "anne"]
    assert subjects(server) == {f"Patient/{b['id']}" for b in server.of_type("Patient")}
    assert clinic.verified() == 19
    again = clinic.sync(create_people=True)
    assert counts(again) == {"unchanged": 14}
    assert clinic.wire.writes == []


def test_people_who_are_there_are_not_made_again(server: Place, clinic: Clinic) -> None:
    there = server.add(patient(ROW.patient))
    clinic.write(ROW, OTHER)
    assert counts(clinic.sync(create_people=True)) == {"created": 2 + 1 + 14}
    assert there in subjects(server)
    assert len(server.of_type("Patient")) == 2


def test_a_patient_who_is_there_twice_is_not_made_a_third_time(
    server: Place, clinic: Clinic
) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient, ROW.patient)
    assert rules(clinic.sync(create_people=True), "blocked") == ["patient-ambiguous"]
    assert len(server.of_type("Patient")) == 2


def test_a_lost_ledger_does_not_make_people_again(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW)
    clinic.sync_alone(create_people=True)
    clinic.ledger.unlink()
    assert counts(clinic.sync(create_people=True)) == {"unchanged": 8}
    assert len(server.of_type("Patient")) == 1


def test_a_folder_needs_nobody(folder: Place, clinic: Clinic) -> None:
    clinic.write(replace(ROW, clinician="anne"))
    result = clinic.sync(create_people=True)
    assert (result.exit_code, result.tally.warnings) == (0, [])
    assert not folder.of_type("Patient")
    for part in PARTS:
        assert "reference" not in folder.by_short_name()[part]["subject"]


def test_who_was_made_and_has_another_number_now_is_not_taken_again(
    server: Place, clinic: Clinic
) -> None:
    """Their ledger row says who they were; the next record of the old number is not theirs."""
    clinic.write(ROW)
    assert clinic.sync(create_people=True).exit_code == 0
    mrn = {"system": MRN, "value": "9999"}
    server.edit(f"Patient/{ROW.patient}", lambda body: {**body, "identifier": [mrn]})
    clinic.write(ROW, replace(ROW, record_id="r-2"))
    result = clinic.sync_alone(create_people=True)
    assert result.exit_code == 7
    assert "patient-not-found" in rules(result, "blocked")
    assert len(server.of_type("QuestionnaireResponse")) == 1
