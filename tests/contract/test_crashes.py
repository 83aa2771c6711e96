"""Replies that never came, and processes that ended in the middle: nothing is there twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clinic import CHANGED, FIRST_SYNC, ROW, Clinic, Wire, counts, is_write
from .kinds import by_the_ledger, in_transactions
from .places import Place, business_key, name_of

if TYPE_CHECKING:
    from alliance_fhir.running import Progress

ALL = sum(FIRST_SYNC.values()) + 1
WRITES = [
    pytest.param(number, id=name)
    for number, name in enumerate(("Device", "Questionnaire", "the group"), 1)
]
CHANGED_AGAIN = replace(ROW, answers="233533232232")


class Killed(BaseException):
    """The process ends here: nothing in the package expects this."""


def lost(wire: Wire, write: int, *, arrives: bool, error: type[BaseException]) -> None:
    """The write of this number gets no reply, once, whether it arrives or not."""
    seen = Counter[str]()

    def hit(request: httpx.Request) -> None:
        if is_write(request):
            seen["writes"] += 1
            if seen["writes"] == write:
                raise error("gone")

    if arrives:
        wire.after = hit
    else:
        wire.before = hit


def changed_once(body: dict[str, Any]) -> bool:
    """The second version, where versions are numbers; at some servers they are not."""
    version = body["meta"].get("versionId", "")
    return version == "2" or not version.isdigit()


def exactly_once(place: Place) -> None:
    """No two resources are one."""
    everything = Counter(map(name_of, place.everything))
    assert max(everything.values()) == 1
    assert Counter(body["resourceType"] for body in place.everything) == {
        **FIRST_SYNC,
        "Patient": 1,
        "Provenance": 1,
    }


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("write", WRITES)
def test_a_reply_that_got_lost_is_settled_by_looking(
    server: Place, clinic: Clinic, write: int, arrives: bool
) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient)
    lost(clinic.wire, write, arrives=arrives, error=httpx.ReadError)
    result = clinic.sync_alone()
    assert result.exit_code == 0
    exactly_once(server)
    clinic.wire.calm()
    assert clinic.verified() == ALL
    assert counts(clinic.sync()) == {"unchanged": 8}


@in_transactions
@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_what_had_no_reply_is_sent_again_only_if_it_did_not_arrive(
    server: Place, clinic: Clinic, arrives: bool
) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient)
    lost(clinic.wire, 3, arrives=arrives, error=httpx.ReadError)
    clinic.sync_alone()
    assert len(clinic.wire.writes) == (3 if arrives else 4)


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("write", WRITES)
def test_a_killed_run_is_gone_on_with(
    server: Place, clinic: Clinic, write: int, arrives: bool
) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient)
    lost(clinic.wire, write, arrives=arrives, error=Killed)
    with pytest.raises(Killed):
        clinic.sync_alone()
    assert "sent" in clinic.states().values()
    clinic.wire.calm()
    assert clinic.sync().exit_code == 0
    exactly_once(server)
    assert clinic.verified() == ALL
    assert set(clinic.states().values()) <= {"created", "unchanged"} or arrives
    assert counts(clinic.sync()) == {"unchanged": 8}
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


@in_transactions
def test_what_a_killed_run_had_sent_is_not_sent_again(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient)
    lost(clinic.wire, 3, arrives=True, error=Killed)
    with pytest.raises(Killed):
        clinic.sync_alone()
    before = server.versions()
    clinic.wire.calm()
    assert counts(clinic.sync()) == {"unchanged": 8}
    assert clinic.wire.writes == []
    assert server.versions() == before


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_change_that_was_cut_off_is_gone_on_with(
    server: Place, clinic: Clinic, arrives: bool
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    lost(clinic.wire, 1, arrives=arrives, error=Killed)
    with pytest.raises(Killed):
        clinic.sync_alone()
    clinic.wire.calm()
    assert clinic.sync().exit_code == 0
    there = server.by_short_name()
    assert there["total"]["valueQuantity"]["value"] == 32
    assert changed_once(there["total"])
    assert len(server.of_type("Provenance")) == 2
    assert clinic.verified() == ALL + 1
    assert counts(clinic.sync()) == {"unchanged": 8}


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_reply_to_a_change_that_got_lost_is_settled_by_looking(
    server: Place, clinic: Clinic, arrives: bool
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    lost(clinic.wire, 1, arrives=arrives, error=httpx.ReadTimeout)
    result = clinic.sync_alone()
    assert result.exit_code == 0
    clinic.wire.calm()
    assert changed_once(server.by_short_name()["total"])
    assert len(server.of_type("Provenance")) == 2
    assert clinic.verified() == ALL + 1


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_source_that_changed_after_a_change_was_cut_off(
    server: Place, clinic: Clinic, arrives: bool
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    lost(clinic.wire, 1, arrives=arrives, error=Killed)
    with pytest.raises(Killed):
        clinic.sync_alone()
    clinic.wire.calm()
    clinic.write(CHANGED_AGAIN)
    result = clinic.sync()
    assert result.exit_code == 0
    assert server.by_short_name()["total"]["valueQuantity"]["value"] == 33


@by_the_ledger
def test_the_provenance_of_what_never_arrived_is_not_missed(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW)
    clinic.register(ROW.patient)
    lost(clinic.wire, 3, arrives=False, error=Killed)
    with pytest.raises(Killed):
        clinic.sync_alone()
    clinic.wire.calm()
    clinic.write(CHANGED)
    assert counts(clinic.sync()) == {"unchanged": 2, "created": 7}
    assert clinic.verified() == ALL


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_run_that_was_killed_while_it_made_a_patient(
    server: Place, clinic: Clinic, arrives: bool
) -> None:
    clinic.write(ROW)
    lost(clinic.wire, 3, arrives=arrives, error=Killed)  # after Device and Questionnaire
    with pytest.raises(Killed):
        clinic.sync_alone(create_people=True)
    clinic.wire.calm()
    assert clinic.sync(create_people=True).exit_code == 0
    exactly_once(server)
    assert clinic.verified() == ALL + 1


def test_a_lost_reply_to_the_making_of_a_patient_makes_one(server: Place, clinic: Clinic) -> None:
    clinic.write(ROW)
    lost(clinic.wire, 3, arrives=True, error=httpx.ReadError)
    assert clinic.sync_alone(create_people=True).exit_code == 0
    exactly_once(server)
    clinic.wire.calm()
    assert clinic.verified() == ALL + 1


@by_the_ledger
def test_ctrl_c_in_the_middle_loses_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance_fhir.running.CHUNK", 2)
    rows = [replace(ROW, record_id=f"r-{n}") for n in range(5)]
    clinic.write(*rows)
    clinic.register(ROW.patient)

    def interrupt(progress: Progress) -> None:
        if progress.done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clinic.sync_alone(watch=interrupt)
    arrived = len(clinic.place.of_type("QuestionnaireResponse"))
    assert arrived <= (4 if clinic.place.people else 0)  # a folder counts at its end
    there = [body for body in clinic.place.everything if body["resourceType"] != "Patient"]
    again = clinic.sync()
    assert counts(again)["created"] == 2 + 7 * 5 - len(there)
    assert len({business_key(b) for b in clinic.place.of_type("QuestionnaireResponse")}) == 5
    assert clinic.verified() == 2 + 7 * 5


@in_transactions
def test_a_server_that_goes_away_in_the_middle_is_caught_up_with(
    server: Place, clinic: Clinic
) -> None:
    rows = [replace(ROW, record_id=f"r-{n}") for n in range(3)]
    clinic.write(*rows)
    clinic.register(ROW.patient)

    def gone(request: httpx.Request) -> None:
        if len(clinic.wire.writes) > 3:
            raise httpx.ConnectError("refused")

    clinic.wire.before = gone
    result = clinic.sync_alone()
    assert result.exit_code == 11
    assert "not reached" in result.stopped
    assert counts(result) == {"created": 9, "not_sent": 12}
    clinic.wire.calm()
    assert counts(clinic.sync()) == {"unchanged": 8, "created": 14}
    assert clinic.verified() == 2 + 7 * 3
    assert len(server.of_type("Provenance")) == 3
