"""A site whose EHR has the Appointments: of these the status is set, and nothing else is done."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from alliance_fhir.config import TargetSettings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.undoing import undo

from .clinic import JONES, Clinic, counts, is_write, patient, rows_of, rules
from .kinds import LITTLE, R4, R5, RUNGS
from .test_their_appointments import at_servers
from .test_their_appointments import theirs as theirs_with
from .test_visits import KEPT, MISSED, OFF, site, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.result import Result

    from .places import Place

__all__ = ["site"]
Test = TypeVar("Test", bound="Callable[..., None]")
Json = dict[str, Any]
ODD = {
    "extension": [
        {"url": "https://ehr.example/dose", "valueDecimal": Decimal("70.10")},
        {"url": "https://ehr.example/seats", "valueInteger": 3},
    ],
    "comment": "Lift is broken.",
    "priority": 5,
}
"""What an R4 Appointment may hold that none of ours has."""
ODD_R5 = {name: value for name, value in ODD.items() if name == "extension"}
AFTER = {"created": 2, "updated": 1}
"""The Device and a Provenance, and their status."""


def at_every_server(test: Test) -> Test:
    """Each rung has a way of its own to find, to compare or to write."""
    vars(test)["kinds"] = ["", *LITTLE, *RUNGS, R4, R5]
    return test


def by_hand(test: Test) -> Test:
    """Nothing depends on how a server goes about it."""
    vars(test)["kinds"] = ["", "little-r4", "little-r5"]
    return test


def in_r4(test: Test) -> Test:
    """What R4 alone forbids, or one server is as good as another for."""
    vars(test)["kinds"] = ["", "little-r4"]
    return test


@pytest.fixture
def ehr(server: Place, site: Clinic) -> Clinic:
    """A site whose EHR has Appointments of its own, of which the status is to be set."""
    address = site.place.address
    site.set(targets={address: TargetSettings(url=address, appointments="status-only")})
    return site


def theirs(place: Place, number: str, **more: Any) -> str:
    """The EHR's own Appointment, in a reference to where its patient is."""
    mine = next(p for p in place.of_type("Patient") if p["identifier"][0]["value"] == JONES)
    actor = {"reference": f"Patient/{mine['id']}"}
    whole = {"participant": [{"actor": actor, "status": "accepted"}], **more}
    return theirs_with(place, number, **whole)


def body_of(clinic: Clinic, where: str) -> Json:
    """Theirs as it is there now."""
    [body] = [
        one for one in clinic.place.of_type("Appointment") if one["id"] == where.rpartition("/")[2]
    ]
    return body


def bare(body: Json) -> Json:
    """Theirs but for what servers add to each version, and for its status."""
    meta = {
        k: v for k, v in body["meta"].items() if k not in ("versionId", "lastUpdated", "source")
    }
    return {**{k: v for k, v in body.items() if k not in ("status", "text")}, "meta": meta}


def ours(clinic: Clinic) -> list[str]:
    """What is there that we made, by type."""
    types = ("Appointment", "ServiceRequest", "Task", "Provenance")
    made = [one for type_ in types for one in clinic.place.of_type(type_)]
    return [one["resourceType"] for one in made if "alliance" in json.dumps(one)]


def undone(clinic: Clinic, run: str) -> Result:
    """A run taken back."""
    with clinic.open() as (target, ledger):
        assert isinstance(target, ServerTarget)
        return undo(run, target, ledger, target.remover, clinic.settings)


def odd(clinic: Clinic, place_kind: str) -> Json:
    return ODD_R5 if "r5" in place_kind else ODD


@at_every_server
def test_the_status_alone_is_set_and_all_else_stays(ehr: Clinic, place_kind: str) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1", **odd(ehr, place_kind))
    before = body_of(ehr, where)
    result = ehr.sync()
    assert (result.exit_code, counts(result)) == (0, AFTER)
    after = body_of(ehr, where)
    assert (before["status"], after["status"]) == ("booked", "fulfilled")
    assert bare(after) == bare(before)
    assert after["extension"][0]["valueDecimal"] == "70.10"
    assert ours(ehr) == ["Provenance"]
    [proof] = ehr.place.of_type("Provenance")
    [about] = proof["target"]
    assert about["reference"].removeprefix(f"{ehr.place.address}/") == where
    assert about["identifier"] == {"system": "urn:example:visits", "value": "1"}
    assert proof["activity"]["coding"][0]["code"] == "UPDATE"
    assert proof["activity"]["text"] == "Appointment.status was booked, and is fulfilled"
    assert ehr.verified() == 2  # Device and Provenance: what is theirs is not ours to verify
    again = ehr.sync()
    assert (again.exit_code, counts(again)) == (0, {"unchanged": 2})
    assert ehr.wire.writes == []


@at_every_server
def test_a_run_is_taken_back_where_nobody_was_at_it_since(ehr: Clinic, place_kind: str) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1", **odd(ehr, place_kind))
    before = body_of(ehr, where)
    run = ehr.sync().run
    taken = undone(ehr, run)
    assert (taken.exit_code, taken.undone) == (
        0,
        {"removed": 2, "restored": 1, "already_gone": 0, "left": 0},
    )
    after = body_of(ehr, where)
    assert (after["status"], bare(after)) == ("booked", bare(before))
    assert ours(ehr) == []
    assert counts(ehr.sync()) == AFTER  # the source says so still


@by_hand
def test_what_was_changed_since_is_not_taken_back(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")
    run = ehr.sync().run
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]
    ehr.place.edit(name, lambda body: {**body, "description": "Room 4"})
    taken = undone(ehr, run)
    assert rules(taken, "blocked") == ["changed-at-target", "still-referenced"]  # the Device
    assert taken.tally.blocked[0].resource == where
    assert (taken.exit_code, taken.undone["restored"], taken.undone["removed"]) == (7, 0, 0)
    assert body_of(ehr, where)["status"] == "fulfilled"
    assert ours(ehr) == ["Provenance"]  # it still tells of what is there


@by_hand
def test_a_lost_ledger_does_no_harm(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")
    run = ehr.sync().run
    before = ehr.place.versions()
    for file in ehr.folder.glob("ledger.sqlite*"):
        file.unlink()
    again = ehr.sync()
    assert (again.exit_code, counts(again)) == (0, {"unchanged": 2})
    assert ehr.wire.writes == []
    taken = undone(ehr, run)  # nobody knows what it was: neither that nor its trace goes
    assert "not-restored" in rules(taken, "blocked")
    assert body_of(ehr, where)["status"] == "fulfilled"
    assert ours(ehr) == ["Provenance"]
    assert {n: v for n, v in ehr.place.versions().items() if "Device" not in n} == {
        n: v for n, v in before.items() if "Device" not in n
    }


@at_every_server
def test_where_there_is_none_nothing_is_made(ehr: Clinic) -> None:
    write(ehr, KEPT, MISSED)
    theirs(ehr.place, "1", status="fulfilled")
    result = ehr.sync()
    assert (result.exit_code, counts(result)) == (7, {"created": 1, "unchanged": 1, "blocked": 1})
    [told] = result.tally.blocked
    assert (told.row, told.rule) == (3, "no-appointment-there")
    assert told.as_json()["remedy"] == RULES["no-appointment-there"]
    assert ours(ehr) == []  # no referral either


@in_r4
def test_neither_is_a_task_to_reach_out(ehr: Clinic) -> None:
    from alliance_fhir.config import OutreachSettings

    ehr.set(outreach=OutreachSettings(since="2026-01-01"))
    write(ehr, KEPT, MISSED)
    theirs(ehr.place, "1")
    theirs(ehr.place, "2", start=MISSED["start"], end=MISSED["end"])
    assert counts(ehr.sync()) == {"created": 3, "updated": 2}
    assert ours(ehr) == ["Provenance", "Provenance"]


@at_every_server
def test_of_several_with_that_number_none_is_touched(ehr: Clinic) -> None:
    write(ehr, KEPT)
    theirs(ehr.place, "1")
    theirs(ehr.place, "1", status="pending")
    before = ehr.place.of_type("Appointment")
    result = ehr.sync()
    assert (result.exit_code, rules(result, "blocked")) == (7, ["number-ambiguous"])
    assert ehr.place.of_type("Appointment") == before


FURTHER = [
    ("fulfilled", "booked"),
    ("noshow", "booked"),
    ("cancelled", "pending"),
    ("booked", "pending"),
    ("arrived", "booked"),
    ("checked-in", "arrived"),
    ("fulfilled", "arrived"),
    ("entered-in-error", "attended"),
    ("entered-in-error", "no-show"),
]


@by_hand
@pytest.mark.parametrize(("there", "said"), FURTHER)
def test_what_is_further_on_is_left_and_told(ehr: Clinic, there: str, said: str) -> None:
    write(ehr, {**KEPT, "status": said})
    theirs(ehr.place, "1", status=there)
    before = ehr.place.of_type("Appointment")
    result = ehr.sync()
    assert (result.exit_code, rules(result, "warnings")) == (0, ["status-further-on"])
    assert ehr.place.of_type("Appointment") == before
    assert ours(ehr) == []


ONWARD = [
    ("proposed", "booked", "booked"),
    ("pending", "booked", "booked"),
    ("booked", "arrived", "arrived"),
    ("arrived", "attended", "fulfilled"),
    ("booked", "no-show", "noshow"),
    ("noshow", "attended", "fulfilled"),
    ("fulfilled", "entered-in-error", "entered-in-error"),
]


@by_hand
@pytest.mark.parametrize(("there", "said", "then"), ONWARD)
def test_what_is_behind_is_brought_on(ehr: Clinic, there: str, said: str, then: str) -> None:
    write(ehr, {**KEPT, "status": said})
    where = theirs(ehr.place, "1", status=there)
    assert ehr.sync().exit_code == 0
    assert body_of(ehr, where)["status"] == then


REASON = {"coding": [{"code": "prov"}]}


@by_hand
@pytest.mark.parametrize("said", ["no-show", "attended", "entered-in-error"])
def test_no_status_is_left_beside_a_reason_that_does_not_go_with_it(
    ehr: Clinic, said: str, place_kind: str
) -> None:
    """FHIR's rule app-4: in R4 it is misspelt, and lets no-shows have no reason; in R5 it does."""
    name = "cancellationReason" if place_kind.endswith("r5") else "cancelationReason"
    write(ehr, {**KEPT, "status": said})
    theirs(ehr.place, "1", status="cancelled", **{name: REASON})
    before = ehr.place.of_type("Appointment")
    result = ehr.sync()
    if place_kind.endswith("r5") and said == "no-show":
        assert result.exit_code == 0
        assert ehr.place.of_type("Appointment")[0]["status"] == "noshow"
        return
    assert (result.exit_code, rules(result, "blocked")) == (7, ["status-not-allowed"])
    assert ehr.place.of_type("Appointment") == before
    write(ehr, {**OFF, "appointment": "1"})  # which is what it is
    assert counts(ehr.sync())["unchanged"] == 2


@by_hand
@pytest.mark.parametrize(("said", "rule"), [("no-show", ["status-not-allowed"]), ("cancelled", [])])
def test_no_status_is_left_without_the_times_that_it_needs(
    ehr: Clinic, said: str, rule: list[str]
) -> None:
    """FHIR's rule app-3."""
    write(ehr, {**KEPT, "status": said})
    where = theirs(ehr.place, "1", status="proposed")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]
    ehr.place.edit(name, lambda b: {k: v for k, v in b.items() if k not in ("start", "end")})
    assert rules(ehr.sync(), "blocked") == rule
    assert body_of(ehr, where)["status"] == ("proposed" if rule else "cancelled")


@at_every_server
@pytest.mark.parametrize("by", ["identifier", "reference"])
def test_the_number_alone_does_not_make_it_the_patients(ehr: Clinic, by: str) -> None:
    other = ehr.place.add(patient("1032"))
    named = {"identifier": {"system": "urn:example:mrn", "value": "1032"}}
    actor = {"type": "Patient"} | (named if by == "identifier" else {"reference": other})
    write(ehr, KEPT)
    theirs(ehr.place, "1", participant=[{"actor": actor, "status": "accepted"}])
    before = ehr.place.of_type("Appointment")
    result = ehr.sync()
    # where it is looked for among the patient's, it is not even seen
    assert rules(result, "blocked") in (["another-patients"], ["no-appointment-there"])
    assert result.exit_code == 7
    assert ehr.place.of_type("Appointment") == before


@at_servers
def test_theirs_is_known_by_the_identifier_of_its_patient_alone(server: Place, ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs_with(ehr.place, "1")
    assert ehr.sync().exit_code == 0
    assert body_of(ehr, where)["status"] == "fulfilled"


def writes_of(request: httpx.Request) -> bool:
    """Whether a request of ours writes to an Appointment."""
    return is_write(request) and "/Appointment/" in request.url.path


@by_hand
def test_what_changed_right_before_is_read_and_judged_again(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]

    def meddle(request: httpx.Request) -> None:
        if writes_of(request):
            ehr.wire.calm()
            ehr.place.edit(name, lambda body: {**body, "description": "Room 4"})

    ehr.wire.before = meddle
    assert ehr.sync_alone().exit_code == 0
    after = body_of(ehr, where)
    assert (after["status"], after["description"]) == ("fulfilled", "Room 4")


@by_hand
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_was_called_off_right_before_stays_so(ehr: Clinic, method: str) -> None:
    """Before it is read, or after that."""
    write(ehr, {**KEPT, "status": "arrived"})
    where = theirs(ehr.place, "1")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]

    def meddle(request: httpx.Request) -> None:
        if request.method == method and request.url.path.endswith(where):
            ehr.wire.calm()
            ehr.place.edit(name, lambda body: {**body, "status": "cancelled"})

    ehr.wire.before = meddle
    result = ehr.sync_alone()
    assert body_of(ehr, where)["status"] == "cancelled"
    assert counts(result) == {"created": 1, "unchanged": 1}
    assert ours(ehr) == []


@at_every_server
def test_who_is_always_faster_is_told_and_not_fought(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]
    seen: list[int] = []

    def meddle(request: httpx.Request) -> None:
        if request.method == "GET" and request.url.path.endswith(where):
            seen.append(1)
            rooms = f"Room {len(seen)}"
            ehr.place.edit(name, lambda body: {**body, "description": rooms})

    ehr.wire.after = meddle
    result = ehr.sync_alone()
    ehr.wire.calm()
    assert (result.exit_code, rules(result, "blocked")) == (7, ["always-in-conflict"])
    assert counts(result)["conflict"] == 1
    assert body_of(ehr, where)["status"] == "booked"
    assert len(seen) <= 8
    assert rows_of(ehr.ledger, "SELECT * FROM status") == []


@at_every_server
def test_a_lost_reply_is_settled_by_a_look(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")

    def drop(request: httpx.Request) -> None:
        if writes_of(request):
            ehr.wire.calm()
            raise httpx.ReadError("the reply is lost")

    ehr.wire.after = drop
    result = ehr.sync_alone()
    assert (result.exit_code, counts(result)) == (0, AFTER)
    assert body_of(ehr, where)["status"] == "fulfilled"
    assert [n for n in ehr.place.versions() if n.startswith("Provenance")] != []
    assert len(ours(ehr)) == 1
    assert undone(ehr, result.run).undone["restored"] == 1
    assert body_of(ehr, where)["status"] == "booked"


@at_every_server
def test_a_provenance_that_was_cut_off_is_owed(ehr: Clinic) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")

    def drop(request: httpx.Request) -> None:
        if is_write(request) and b"Appointment.status was" in request.content:
            raise httpx.ConnectError("the server is away")

    ehr.wire.before = drop
    cut = ehr.sync_alone()
    assert cut.exit_code == 11
    assert counts(cut)["updated"] == 1
    ehr.wire.calm()
    assert ours(ehr) == []
    again = ehr.sync()
    assert (again.exit_code, counts(again)) == (0, {"unchanged": 2, "created": 1})
    assert ours(ehr) == ["Provenance"]
    assert counts(ehr.sync()) == {"unchanged": 2}
    assert body_of(ehr, where)["status"] == "fulfilled"


@at_every_server
def test_a_run_that_was_killed_is_gone_on_with(ehr: Clinic) -> None:
    """No reply came, and there was nobody any more to hear of it."""
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")

    def drop(request: httpx.Request) -> None:
        if writes_of(request):
            raise KeyboardInterrupt

    ehr.wire.after = drop
    with pytest.raises(KeyboardInterrupt):
        ehr.sync_alone()
    ehr.wire.calm()
    assert body_of(ehr, where)["status"] == "fulfilled"
    assert ours(ehr) == []
    again = ehr.sync()
    assert (again.exit_code, counts(again)) == (0, {"unchanged": 2, "created": 1})
    assert ours(ehr) == ["Provenance"]


@in_r4
@pytest.mark.parametrize("status", [403, 405, 422])
def test_what_the_server_declines_is_told(ehr: Clinic, status: int) -> None:
    write(ehr, KEPT)
    where = theirs(ehr.place, "1")
    really = httpx.HTTPTransport.handle_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and "/Appointment/" in request.url.path:
            return httpx.Response(status, json={"resourceType": "OperationOutcome", "issue": []})
        return really(transport, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", handle)
        result = ehr.sync_alone()
    kind, rule = ("blocked", "not-accepted") if status == 405 else ("rejected", "refused")
    assert (rules(result, kind), result.exit_code) == ([rule], 7 if status == 405 else 4)
    assert bool(result.dead_letters) == (status != 405)
    assert body_of(ehr, where)["status"] == "booked"
    assert rows_of(ehr.ledger, "SELECT * FROM status") == []
    assert ours(ehr) == []
    assert counts(ehr.sync_alone())["updated"] == 1  # as soon as it does take it


@in_r4
def test_what_we_made_before_is_kept_up_to_date(ehr: Clinic) -> None:
    wanted = ehr.settings.targets
    ehr.set(targets={})
    write(ehr, {**KEPT, "status": "booked"})
    ehr.sync()
    ehr.set(targets=wanted)
    write(ehr, KEPT)
    assert counts(ehr.sync())["updated"] == 1
    [mine] = ehr.place.of_type("Appointment")
    assert mine["status"] == "fulfilled"
    ehr.verified()


@in_r4
def test_a_status_that_changes_twice_has_a_provenance_each(ehr: Clinic) -> None:
    where = theirs(ehr.place, "1")
    first = ""
    for said, then in (("arrived", "arrived"), ("attended", "fulfilled")):
        write(ehr, {**KEPT, "status": said})
        result = ehr.sync()
        assert body_of(ehr, where)["status"] == then
        first = first or result.run
    assert ours(ehr) == ["Provenance", "Provenance"]
    assert rules(undone(ehr, first), "blocked")[0] == "changed-later"
    assert undone(ehr, result.run).undone["restored"] == 1
    assert body_of(ehr, where)["status"] == "arrived"
