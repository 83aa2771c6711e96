"""Visits: Appointments at every target; what became of them, and what was known of it before."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir import map_to
from alliance_fhir.domain.keys import record_key
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.undoing import undo
from alliance_fhir.withdrawing import retract

from .clinic import JONES, MRN, Clinic, counts, is_write, patient, rules, touched
from .kinds import by_the_ledger, everywhere
from .places import bare, name_of, short

if TYPE_CHECKING:
    from pathlib import Path

    from alliance_fhir.result import Result

    from .places import Place

Json = dict[str, Any]
VISITS, ORDERS = "urn:example:visits", "urn:example:orders"
KEPT = {"appointment": "1", "patient": JONES, "clinician": "kurtz", "status": "attended",
        "start": "2026-03-02T14:00:00-05:00", "end": "2026-03-02T14:50:00-05:00",
        "service": "Psychotherapy", "referrer": "lee", "referral": "77"}  # fmt: skip
MISSED = {**KEPT, "appointment": "2", "status": "no-show",
          "start": "2026-03-16T14:00:00-04:00", "end": "2026-03-16T14:50:00-04:00"}  # fmt: skip
OFF = {**KEPT, "appointment": "3", "status": "cancelled", "cancelled_at": "2026-03-30T09:00-04:00",
       "cancelled_by": "patient", "referrer": "", "referral": "",
       "start": "2026-03-30T14:00:00-04:00", "end": "2026-03-30T14:50:00-04:00"}  # fmt: skip
COLUMNS = [*OFF]
FOUR = {"created": 4 + 4 + 1}
"""Three Appointments and a referral, a Provenance each, and the Device."""


def write(clinic: Clinic, *rows: dict[str, str]) -> None:
    """The clinic's table of visits."""
    path = clinic.folder / "visits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        table.writerows(rows)
    clinic.sources = [path]


@pytest.fixture
def site(clinic: Clinic) -> Clinic:
    """A clinic with three visits of one patient, who is at its target."""
    clinic.set(
        appointment_system=VISITS,
        referrer_system="urn:example:gp",
        referral_system=ORDERS,
    )
    clinic.register(JONES)
    write(clinic, KEPT, MISSED, OFF)
    return clinic


def key(number: str) -> str:
    """The business key of a visit."""
    return record_key("clinic-east", ("visit", VISITS, number))


def there(clinic: Clinic) -> dict[str, Json]:
    """The Appointments by their numbers at the source."""
    return {body["identifier"][1]["value"]: body for body in clinic.place.of_type("Appointment")}


def content(place: Place) -> dict[str, Json]:
    """What came of visits, without what servers add."""
    types = ("Appointment", "ServiceRequest")
    bodies = [bare(body) for type_ in types for body in place.of_type(type_)]
    for body in bodies:
        body.pop("text", None)
        if not any(body.get("meta", {}).values()):
            body.pop("meta", None)
    return {name_of(body): body for body in bodies}


def mapped(clinic: Clinic, folder: Path) -> dict[str, Json]:
    """The same of what `map` writes."""
    with clinic.open() as (target, _):
        version = target.version
    map_to(clinic.sources, folder, clinic.settings, version)
    lines = [
        line
        for type_ in ("Appointment", "ServiceRequest")
        for line in (folder / f"{type_}.ndjson").read_bytes().splitlines()
    ]
    return {name_of(body): bare(body) for body in map(json.loads, lines)}


def kind_of(body: Json, name: str = "attendance") -> str:
    """What our extension says of a visit."""
    [told] = [one for one in body["extension"] if one["url"].endswith(f"/{name}")]
    [kind] = [part for part in told["extension"] if part["url"] == "kind"]
    return str(kind["valueCoding"]["code"])


@everywhere
def test_visits_arrive_as_map_writes_them_and_a_second_sync_sends_nothing(
    site: Clinic, tmp_path: Path
) -> None:
    result = site.sync()
    assert (result.exit_code, result.tally.read, result.tally.accepted) == (0, 3, 3)
    assert counts(result) == FOUR
    assert content(site.place) == mapped(site, tmp_path / "mapped")
    assert {number: (body["status"], kind_of(body)) for number, body in there(site).items()} == {
        "1": ("fulfilled", "attended"),
        "2": ("noshow", "no-show"),
        "3": ("cancelled", "late-cancellation"),
    }
    site.verified()
    again = site.sync()
    assert counts(again) == {"unchanged": 5}  # and the Device
    assert site.wire.writes == []


@everywhere
def test_visits_point_to_their_patient_and_one_referral(site: Clinic) -> None:
    site.sync()
    [referral] = site.place.of_type("ServiceRequest")
    assert referral["identifier"][1] == {"system": ORDERS, "value": "77"}
    assert referral["requester"]["identifier"] == {"system": "urn:example:gp", "value": "lee"}
    based = {number: body.get("basedOn") for number, body in there(site).items()}
    assert based["3"] is None
    for number in "12":
        [to] = based[number] or []
        assert to["identifier"] == referral["identifier"][0]
    if site.place.people:
        [mine] = site.place.of_type("Patient")
        for body in there(site).values():
            actor = body["participant"][0]["actor"]
            assert actor["reference"].endswith(f"Patient/{mine['id']}")
        to = there(site)["2"]["basedOn"][0]["reference"]
        assert to.endswith(f"ServiceRequest/{referral['id']}")


@everywhere
def test_a_changed_status_updates_that_appointment_alone(site: Clinic) -> None:
    site.sync()
    before = site.place.versions()
    write(site, KEPT, {**MISSED, "status": "cancelled", "cancelled_by": "provider"}, OFF)
    changed = site.sync()
    assert counts(changed) == {"created": 1, "updated": 1, "unchanged": 4}
    names = touched(before, site.place.versions())
    assert names == ["Provenance", "appointment"]
    assert there(site)["2"]["status"] == "cancelled"
    if site.place.people:  # what it refers to is still said to be where it is
        assert "reference" in there(site)["2"]["basedOn"][0]
    site.verified()


@by_the_ledger
def test_what_is_known_of_earlier_visits_is_a_part_of_a_visit(site: Clinic) -> None:
    site.sync()
    told = {n: kind_of(body, "first-or-follow-up") for n, body in there(site).items()}
    assert told == {"1": "unknown", "2": "follow-up", "3": "follow-up"}
    write(site, {**KEPT, "status": "no-show"}, MISSED, OFF)
    again = site.sync()
    assert counts(again)["updated"] == 3
    told = {n: kind_of(body, "first-or-follow-up") for n, body in there(site).items()}
    assert set(told.values()) == {"unknown"}
    assert counts(site.sync()).keys() == {"unchanged"}


@everywhere
def test_a_patient_who_is_not_there_blocks_the_visits_of_that_patient(
    server: Place, clinic: Clinic
) -> None:
    clinic.set(appointment_system=VISITS, referrer_system="urn:example:gp")
    clinic.set(referral_system=ORDERS)
    write(clinic, KEPT, MISSED, OFF)
    result = clinic.sync()
    assert result.exit_code == 7
    assert {(f.row, f.rule) for f in result.tally.blocked} == {
        (row, "patient-not-found") for row in (2, 3, 4)
    }
    assert len(result.tally.blocked) == 3
    assert content(clinic.place) == {}
    clinic.register(JONES)
    assert clinic.sync().exit_code == 0
    assert len(there(clinic)) == 3


@everywhere
def test_a_lost_ledger_sends_nothing_again(site: Clinic) -> None:
    site.sync()
    before = site.place.versions()
    site.ledger.unlink()
    again = site.sync()
    assert counts(again).keys() == {"unchanged"}
    assert site.place.versions() == before
    site.verified()


@everywhere
def test_a_lost_reply_is_settled_by_a_look(server: Place, site: Clinic) -> None:
    def drop(request: httpx.Request) -> None:
        if is_write(request) and b"noshow" in request.content:
            site.wire.calm()
            raise httpx.ReadError("the reply is lost")

    site.wire.after = drop
    assert site.sync_alone().exit_code == 0
    assert len(there(site)) == 3
    site.verified()


def withdrawn(clinic: Clinic, name: str) -> Result:
    """A visit retracted."""
    with clinic.open() as place:
        return retract([name], [place], clinic.settings, "It was another's.")


@everywhere
@pytest.mark.parametrize("name", ["3", f"{VISITS}|3", key("3")])
def test_a_visit_that_was_called_off_is_retracted_alone_and_stays_valid(
    name: str, site: Clinic
) -> None:
    """FHIR lets nothing that was entered in error have a reason for its cancellation."""
    site.sync()
    before = there(site)
    assert any(element.startswith("cance") for element in before["3"])
    result = withdrawn(site, name)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "created": 1})
    after = there(site)
    assert after["3"]["status"] == "entered-in-error"
    assert not any(element.startswith("cance") for element in after["3"])
    assert (before["1"], before["2"]) == (after["1"], after["2"])
    site.verified()
    again = site.sync()
    assert rules(again, "warnings") == ["retracted"]
    assert again.tally.resources["updated"] == 0


@everywhere
def test_the_referral_stays_when_a_visit_is_retracted(site: Clinic) -> None:
    site.sync()
    withdrawn(site, "1")
    [referral] = site.place.of_type("ServiceRequest")
    assert referral["status"] == "unknown"


@everywhere
def test_what_a_run_made_of_visits_can_be_taken_back(
    server: Place, site: Clinic, place_kind: str
) -> None:
    result = site.sync()
    before = content(site.place)
    with site.open() as (target, ledger):
        assert isinstance(target, ServerTarget)
        taken = undo(result.run, target, ledger, target.remover, site.settings)
    if place_kind.endswith("no-delete"):  # it is told, and all is left as it was
        left = {"not-removed", "still-referenced"}  # the latter of what the others refer to
        assert (taken.exit_code, set(rules(taken, "blocked"))) == (7, left)
        assert content(site.place) == before
        return
    assert taken.exit_code == 0
    assert content(site.place) == {}
    assert counts(site.sync()) == FOUR


@by_the_ledger
def test_a_part_that_is_asked_for_brings_its_referral(site: Clinic) -> None:
    result = site.sync(since="2026-03-10", limit=1)
    assert (result.tally.accepted, counts(result)["created"]) == (1, 5)
    assert [short(name) for name in content(site.place)] == ["appointment", "referral"]


@by_the_ledger
def test_visits_to_one_referral_of_two_patients_have_one_each(site: Clinic) -> None:
    site.register("1032")
    write(site, KEPT, {**MISSED, "patient": "1032"})
    assert site.sync().exit_code == 0
    whose = {b["subject"]["identifier"]["value"] for b in site.place.of_type("ServiceRequest")}
    assert whose == {JONES, "1032"}
    assert {MRN} == {
        b["subject"]["identifier"]["system"] for b in site.place.of_type("ServiceRequest")
    }


@everywhere
def test_a_visit_of_the_wrong_patient_is_held_back_until_it_is_retracted(
    server: Place, site: Clinic
) -> None:
    site.sync()
    site.register("1032")
    write(site, KEPT, MISSED, {**OFF, "patient": "1032"})
    held = site.sync()
    assert rules(held, "blocked") == ["patient-changed"]
    assert withdrawn(site, "3").exit_code == 0
    again = site.sync()
    assert (again.exit_code, counts(again)["created"]) == (0, 2)
    ours = [
        body
        for body in site.place.of_type("Appointment")
        if body["identifier"][1]["value"] == "3" and body["status"] == "cancelled"
    ]
    [actor] = [one["actor"]["identifier"]["value"] for one in ours[0]["participant"][:1]]
    assert (len(ours), actor) == (1, "1032")
    site.verified()


@everywhere
def test_a_visit_that_somebody_moved_to_another_patient_is_a_conflict(
    server: Place, site: Clinic
) -> None:
    """The reference beside the identifier alone: the content is as it was."""
    other = site.place.add(patient("1032"))
    site.sync()

    def moved(body: Json) -> Json:
        body["participant"][0]["actor"]["reference"] = f"Patient/{other.rpartition('/')[2]}"
        return body

    site.place.edit(f"Appointment/{key('2')}-appointment", moved)
    told = site.sync(reread=True)
    assert (rules(told, "blocked"), counts(told)["conflict"]) == (["changed-at-target"], 1)
