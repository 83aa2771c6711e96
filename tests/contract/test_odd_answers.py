"""Odd answers and ends at the wrong moment: nothing wrong is concluded, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import httpx
import pytest

from alliance_fhir.fhir.canonical import claimed_digest
from alliance_fhir.testing import Answer, FhirServer, Request, faults, outcome

from .clinic import CHANGED, JONES, MRN, ROW, Clinic, Wire, counts, is_write, rules
from .places import ServerPlace, business_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Opened = Callable[[FhirServer], Clinic]

SINGLES = frozenset({"transactions", "batches"})
FOUR = [replace(ROW, record_id=f"r-{n}", patient=f"{2000 + n}") for n in range(4)]


class Killed(BaseException):
    """The process ends here: nothing in the package expects this."""


@pytest.fixture
def opened(tmp_path: Path, wire: Wire) -> Iterator[Opened]:
    """Opens a clinic that syncs to a server, with one patient there."""
    places: list[ServerPlace] = []

    def opening(server: FhirServer) -> Clinic:
        place = ServerPlace(server.url)
        place.fhir = server.version
        places.append(place)
        folder = tmp_path / f"clinic-{len(places)}"
        folder.mkdir()
        return Clinic(folder, place, wire)

    yield opening
    for place in places:
        place.close()


def other_lane(patient: str) -> str:
    """A patient whose work is in the other one of two lanes."""

    def lane(value: str) -> int:
        return crc32(f"{MRN}|{value}".encode()) % 2

    return next(p for p in map(str, range(2001, 2100)) if lane(p) != lane(patient))


def test_what_no_lane_had_begun_when_another_failed_is_not_told_as_created(
    opened: Opened,
) -> None:
    far = other_lane(JONES)
    failed = threading.Event()

    def before(request: httpx.Request) -> None:
        if is_write(request) and b'"resourceType":"QuestionnaireResponse"' in request.content:
            if f'"value":"{far}"'.encode() in request.content:
                failed.set()
                raise httpx.ConnectError("refused")
            failed.wait(30)
            time.sleep(0.2)  # until its lane has given up; where it has not, nothing is shown

    with FhirServer() as server:
        clinic = opened(server)
        rows = [replace(ROW, record_id=f"r-{n}") for n in range(3)]
        clinic.write(*rows, replace(ROW, record_id="far", patient=far))
        clinic.register(JONES, far)
        clinic.wire.before = before
        result = clinic.sync_alone(lanes=2)
        there = [b for b in server.everything if b["resourceType"] != "Patient"]
    assert (result.exit_code, counts(result)["created"]) == (11, len(there))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_change_is_the_first_that_a_server_without_transactions_hears_of(
    opened: Opened, status: int
) -> None:
    """It does not say that it has none, and a run before has found that out for itself."""
    lacks = {"transactions", "statement"}
    with FhirServer(lacks=lacks, statuses={"transactions": status}) as server:
        clinic = opened(server)
        clinic.settled(ROW)
        clinic.write(CHANGED)
        result = clinic.sync()
        assert (result.exit_code, counts(result)["updated"]) == (0, 3)
        assert len(server.of_type("Provenance")) == 2
        clinic.verified()


def test_what_is_forbidden_for_one_patient_is_not_for_the_others(opened: Opened) -> None:
    def forbidden(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and request.path == "QuestionnaireResponse" and b"2001" in request.body:
            return Answer(403, outcome("forbidden"))
        return proceed()

    with FhirServer(lacks=SINGLES) as server:
        clinic = opened(server)
        clinic.write(*FOUR)
        clinic.register(*(row.patient for row in FOUR))
        server.between = forbidden
        result = clinic.sync_alone(lanes=1)
        assert [(f.row, f.rule) for f in result.tally.rejected] == [(3, "refused")]
        assert result.tally.blocked == []
        assert len(server.of_type("QuestionnaireResponse")) == 3
        server.between = lambda request, proceed: proceed()
        assert clinic.sync().exit_code == 0
        clinic.verified()


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_one_odd_answer_to_a_transaction_closes_nothing(opened: Opened, status: int) -> None:
    def of_a_record(request: Request) -> bool:
        return faults.is_bundle("transaction")(request) and b'"Observation"' in request.body

    with FhirServer() as server:
        clinic = opened(server)
        clinic.write(*FOUR)
        clinic.register(*(row.patient for row in FOUR))
        server.arm(faults.answers(status).where(of_a_record))
        result = clinic.sync_alone()
        assert (result.exit_code, rules(result, "warnings")) == (0, [])
        assert len(server.of_type("Provenance")) == len(FOUR)
        clinic.verified()


@pytest.mark.parametrize("write", range(3, 10))
@pytest.mark.parametrize("rung", ["singles", "batches"])
def test_a_provenance_is_owed_over_a_run_that_comes_to_nothing(
    opened: Opened, rung: str, write: int
) -> None:
    """A run is killed in the middle of a group, the next one finds the server away."""
    writes: list[httpx.Request] = []

    def killing(request: httpx.Request) -> None:
        if is_write(request):
            writes.append(request)
            if len(writes) == write:
                raise Killed

    def away(request: httpx.Request) -> None:
        if is_write(request):
            raise httpx.ConnectError("refused")

    with FhirServer(lacks=SINGLES if rung == "singles" else {"transactions"}) as server:
        clinic = opened(server)
        clinic.write(ROW)
        clinic.register(ROW.patient)
        clinic.wire.before = killing
        with suppress(Killed):  # the rungs have so many writes, or fewer
            clinic.sync_alone()
        clinic.wire.before = away
        clinic.sync_alone()
        clinic.wire.calm()
        assert clinic.sync_alone().exit_code == 0
        assert proven(server) == dict.fromkeys(of_the_record(server), 1)
        clinic.verified()
        assert counts(clinic.sync()) == {"unchanged": 8}


def of_the_record(server: FhirServer) -> set[str]:
    """The keys of the one record's resources."""
    types = ("QuestionnaireResponse", "Observation")
    return {business_key(body) for type_ in types for body in server.of_type(type_)}


def proven(server: FhirServer) -> Counter[str]:
    """How many Provenances each resource has, by key."""
    told = server.of_type("Provenance")
    return Counter(target["identifier"]["value"] for one in told for target in one["target"])


def test_what_came_into_being_before_a_write_is_pointed_to(opened: Opened) -> None:
    """Where a server does not look itself, we do, right before: then a response may be there."""
    lacks = {"conditional-create"}
    with FhirServer(lacks=lacks) as theirs, FhirServer(lacks=lacks) as server:
        first = opened(theirs)
        first.settled(ROW)
        [response] = theirs.of_type("QuestionnaireResponse")
        clinic = opened(server)
        clinic.write(ROW)
        clinic.register(ROW.patient)

        def before(request: httpx.Request) -> None:
            looks = [r for r in clinic.wire.requests if "QuestionnaireResponse" in r.url.path]
            if len(looks) == 2 and not server.of_type("QuestionnaireResponse"):
                server.put(**{name: part for name, part in response.items() if name != "id"})

        clinic.wire.before = before
        assert clinic.sync_alone().exit_code == 0
        [there] = server.of_type("QuestionnaireResponse")
        place = f"QuestionnaireResponse/{there['id']}"
        sources = [s for o in server.of_type("Observation") for s in o["derivedFrom"]]
        assert {s["reference"] for s in sources if s["type"] == "QuestionnaireResponse"} == {place}
        [proof] = server.of_type("Provenance")
        assert place in [target.get("reference") for target in proof["target"]]


@pytest.mark.parametrize("asked", [{}, {"recreate": True}], ids=["not-asked", "asked"])
def test_a_member_that_was_deleted_after_the_ledger_was_lost_is_pointed_to_anew(
    opened: Opened, asked: dict[str, Any]
) -> None:
    with FhirServer() as server:
        clinic = opened(server)
        clinic.settled(ROW)
        clinic.place.delete(clinic.place.the("total"))
        for file in clinic.folder.glob("ledger.sqlite*"):
            file.unlink()
        result = clinic.sync(**asked)
        assert (result.exit_code, counts(result)["updated"]) == (0, 1)
        there = clinic.place.by_short_name()
        members = [member["reference"] for member in there["panel"]["hasMember"]]
        assert f"Observation/{there['total']['id']}" in members
        assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
        clinic.verified()


def too_large(request: Request) -> bool:
    """More than our records' resources have one by one; our form is larger."""
    return len(request.body) > 6500 and b'"resourceType":"Questionnaire"' not in request.body


@pytest.mark.parametrize("write", [2, 3, 4])
@pytest.mark.parametrize("status", [405, 413, 501])
def test_half_a_change_is_made_whole_where_transactions_are_only_claimed(
    opened: Opened, status: int, write: int
) -> None:
    """The source went back to what it said, and a part of the change is there: not for ever."""
    writes: list[httpx.Request] = []

    def killing(request: httpx.Request) -> None:
        if is_write(request):
            writes.append(request)
            if len(writes) == write:
                raise Killed

    lacks = set[str]() if status == 413 else {"transactions", "statement"}
    with FhirServer(lacks=lacks, statuses={"transactions": status}) as server:
        server.arm(faults.answers(413, "too-long").where(too_large).always())
        clinic = opened(server)
        clinic.settled(ROW)
        before = digests(server)
        clinic.write(CHANGED)
        clinic.wire.before = killing
        with suppress(Killed):
            clinic.sync_alone()
        clinic.wire.calm()
        changed = digests(server)
        clinic.write(ROW)
        assert clinic.sync_alone().exit_code == 0
        parted = len(changed - before) in (1, 2)  # of three
        assert digests(server) == (before if parted else changed)
        clinic.verified()


def digests(server: FhirServer) -> set[str]:
    """The seals of a record's resources."""
    types = ("QuestionnaireResponse", "Observation")
    return {claimed_digest(body) for type_ in types for body in server.of_type(type_)}


@pytest.mark.parametrize("lacks", [{"transactions"}, SINGLES], ids=["batches", "singles"])
def test_a_provenance_that_is_declined_by_itself_is_told(
    opened: Opened, lacks: frozenset[str]
) -> None:
    with FhirServer(lacks=lacks) as server:
        clinic = opened(server)
        clinic.write(ROW)
        clinic.register(ROW.patient)
        declining = server.arm(faults.chokes_on('"resourceType":"Provenance"', 422))
        for made in ({"created": 8, "rejected": 1}, {"unchanged": 8, "rejected": 1}):
            result = clinic.sync_alone()
            assert (result.exit_code, counts(result)) == (4, made)
            assert rules(result, "rejected") == ["refused"]
        declining.disarm()
        assert clinic.sync_alone().exit_code == 0
        assert proven(server) == dict.fromkeys(of_the_record(server), 1)
        clinic.verified()
