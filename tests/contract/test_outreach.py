"""Tasks to reach out after a no-show, at every target: made once, called off once, and the
staff's in between."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.config import OutreachSettings
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.undoing import undo

from .clinic import JONES, PLANS, STAFF, Clinic, counts, is_write, rules, touched
from .kinds import by_the_ledger, everywhere, in_transactions
from .test_visits import KEPT, MISSED, OFF, VISITS, key, withdrawn, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .places import Place

Json = dict[str, Any]
CAME = {**MISSED, "status": "attended"}
IN_ERROR = {**MISSED, "status": "entered-in-error"}
TASK = f"Task/{key('2')}-outreach"
ASKED = OutreachSettings(since=date(2026, 1, 1), medication=True)


@pytest.fixture
def site(clinic: Clinic) -> Clinic:
    """A clinic that reaches out, with three visits of one patient, the second of them missed."""
    clinic.set(
        appointment_system=VISITS,
        referrer_system="urn:example:gp",
        referral_system="urn:example:orders",
        zone="America/New_York",
        outreach=ASKED,
    )
    clinic.register(JONES)
    if clinic.place.people:
        kurtz = {"system": STAFF, "value": "kurtz"}
        clinic.place.add({"resourceType": "Practitioner", "identifier": [kurtz]})
    write(clinic, KEPT, MISSED, OFF)
    return clinic


@pytest.fixture
def sent(site: Clinic) -> Clinic:
    """The same, with all of it at the target."""
    assert site.sync_alone().exit_code == 0
    return site


def task(clinic: Clinic) -> Json:
    """The one Task to reach out."""
    [body] = [one for one in clinic.place.of_type("Task") if one["intent"] == "order"]
    return body


def works_on(status: str) -> Callable[[Json], Json]:
    """Somebody sets the Task's status, and writes a note."""
    return lambda body: {**body, "status": status, "note": [{"text": "Called; no answer yet"}]}


def taken_up(clinic: Clinic, status: str = "in-progress") -> dict[str, str]:
    """Somebody works on the Task; the versions of all after that."""
    clinic.place.edit(TASK, works_on(status))
    return clinic.place.versions()


def why(body: Json) -> str:
    """The reason of its status."""
    reason = body["statusReason"]
    return str(reason.get("concept", reason)["text"])


def contact(body: Json) -> list[str]:
    """How the patient is to be reached, by the Task."""
    told = {one["type"]["coding"][0]["code"]: one for one in body["input"]}
    return [told[c]["valueString"] for c in told if c == "contact-between-visits"]


# --- made once ------------------------------------------------------------------------------------


@everywhere
def test_a_no_show_gets_one_task_and_a_second_sync_sends_nothing(site: Clinic) -> None:
    result = site.sync()
    assert result.exit_code == 0
    assert counts(result) == {"created": 4 + 4 + 1 + 1}
    body = task(site)
    assert (body["status"], body["intent"]) == ("requested", "order")
    [missed] = [b for b in site.place.of_type("Appointment") if b["status"] == "noshow"]
    assert body["focus"]["identifier"] == missed["identifier"][0]
    assert body["for"]["identifier"]["value"] == JONES
    if site.place.people:
        [device] = site.place.of_type("Device")
        assert body["focus"]["reference"].endswith(f"Appointment/{missed['id']}")
        assert body["requester"]["reference"].endswith(f"Device/{device['id']}")
        assert "Patient/" in body["for"]["reference"]
    about = [sorted(t["type"] for t in b["target"]) for b in site.place.of_type("Provenance")]
    assert ["Appointment", "Task"] in about
    site.verified()
    assert counts(site.sync()).keys() == {"unchanged"}
    assert site.wire.writes == []
    assert counts(site.sync(reread=True)).keys() == {"unchanged"}


@by_the_ledger
def test_the_task_is_there_after_a_lost_ledger_and_nothing_is_sent_again(sent: Clinic) -> None:
    before = sent.place.versions()
    sent.ledger.unlink()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert sent.place.versions() == before


@by_the_ledger
def test_visits_before_the_day_that_is_set_get_no_task(site: Clinic) -> None:
    site.set(outreach=ASKED.model_copy(update={"since": date(2026, 3, 17)}))
    site.sync()
    assert site.place.of_type("Task") == []
    site.set(outreach=ASKED)
    assert counts(site.sync())["created"] == 2  # and its Provenance
    site.set(outreach=ASKED.model_copy(update={"since": date(2026, 3, 17)}))
    again = site.sync()
    assert (counts(again).keys(), again.tally.warnings) == ({"unchanged"}, [])


@by_the_ledger
def test_a_late_cancellation_gets_one_where_the_site_asks_for_it(site: Clinic) -> None:
    site.set(outreach=ASKED.model_copy(update={"after": ("no-show", "late-cancellation")}))
    site.sync()
    assert len(site.place.of_type("Task")) == 2
    site.set(outreach=ASKED)  # and then not any more: nobody has begun, so that is called off
    assert counts(site.sync())["updated"] == 1
    states = {
        b["focus"]["identifier"]["value"][:32]: b["status"] for b in site.place.of_type("Task")
    }
    assert states == {key("2"): "requested", key("3"): "cancelled"}


@by_the_ledger
def test_other_words_of_the_site_do_not_take_the_place_of_what_was_asked(sent: Clinic) -> None:
    before = sent.place.versions()
    sent.set(outreach=ASKED.model_copy(update={"text": "Call", "medication": False}))
    assert counts(sent.sync()).keys() == {"unchanged"}
    sent.wire.calm()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert sent.place.versions() == before
    sent.verified()


# --- called off once ------------------------------------------------------------------------------


@by_the_ledger
@pytest.mark.parametrize(
    ("row", "status", "reason"),
    [
        (CAME, "cancelled", "The patient came."),
        (
            {
                **MISSED,
                "status": "cancelled",
                "cancelled_by": "patient",
                "cancelled_at": "2026-03-02",
            },
            *("cancelled", "The patient called the visit off."),
        ),
        (IN_ERROR, "entered-in-error", "The visit was entered in error."),
    ],
    ids=["attended", "cancelled in time", "in error"],
)
def test_where_the_visit_was_not_missed_the_task_is_called_off(
    sent: Clinic, row: dict[str, str], status: str, reason: str
) -> None:
    before = sent.place.versions()
    write(sent, KEPT, row, OFF)
    assert sent.sync().exit_code == 0
    body = task(sent)
    assert (body["status"], why(body)) == (status, reason)
    assert "input" not in body  # nothing is left of what was to be asked
    changed = touched(before, sent.place.versions())
    assert set(changed) <= {"Provenance", "appointment", "outreach"}
    sent.verified()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert sent.wire.writes == []


@everywhere
def test_where_the_patient_came_the_task_is_called_off_at_every_target(sent: Clinic) -> None:
    write(sent, KEPT, CAME, OFF)
    assert sent.sync().exit_code == 0
    assert (task(sent)["status"], why(task(sent))) == ("cancelled", "The patient came.")
    sent.verified()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert sent.wire.writes == []


@in_transactions
def test_the_task_of_a_visit_that_no_ledger_knows_is_called_off(sent: Clinic) -> None:
    sent.ledger.unlink()
    write(sent, KEPT, CAME, OFF)
    assert sent.sync().exit_code == 0
    assert task(sent)["status"] == "cancelled"
    sent.verified()


@by_the_ledger
def test_a_visit_that_was_missed_after_all_is_asked_about_again(sent: Clinic) -> None:
    write(sent, KEPT, CAME, OFF)
    sent.sync()
    write(sent, KEPT, {**MISSED, "cancelled_at": "2026-03-16T15:00-04:00"}, OFF)
    assert sent.sync().exit_code == 0
    body = task(sent)
    assert (body["status"], "statusReason" in body) == ("requested", False)
    sent.verified()
    assert counts(sent.sync()).keys() == {"unchanged"}


@by_the_ledger
def test_what_is_an_older_version_of_the_visit_asks_for_nothing(sent: Clinic) -> None:
    write(sent, KEPT, CAME, OFF)
    sent.sync()
    write(sent, KEPT, MISSED, OFF)  # as it was once
    again = sent.sync()
    assert (rules(again, "warnings"), counts(again).keys()) == (["older-version"], {"unchanged"})
    assert task(sent)["status"] == "cancelled"
    assert sent.sync(accept_older=True).exit_code == 0
    assert task(sent)["status"] == "requested"


@by_the_ledger
def test_a_visit_that_never_was_a_no_show_has_none(site: Clinic) -> None:
    write(site, KEPT, CAME, OFF)
    site.sync()
    assert site.place.of_type("Task") == []
    assert counts(site.sync()).keys() == {"unchanged"}


@everywhere
def test_a_lost_reply_to_calling_it_off_is_settled_by_a_look(server: Place, sent: Clinic) -> None:
    def drop(request: httpx.Request) -> None:
        if is_write(request) and b"The patient came." in request.content:
            sent.wire.calm()
            raise httpx.ReadError("the reply is lost")

    write(sent, KEPT, CAME, OFF)
    sent.wire.after = drop
    assert sent.sync_alone().exit_code == 0
    assert task(sent)["status"] == "cancelled"
    sent.verified()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert set(sent.states().values()) <= {"created", "updated", "unchanged", "superseded"}


@in_transactions
def test_a_lost_reply_to_making_it_is_settled_by_a_look(server: Place, site: Clinic) -> None:
    def drop(request: httpx.Request) -> None:
        if is_write(request) and b"outreach-after-no-show" in request.content:
            site.wire.calm()
            raise httpx.ReadError("the reply is lost")

    site.wire.after = drop
    assert site.sync_alone().exit_code == 0
    assert task(site)["status"] == "requested"
    site.verified()
    assert counts(site.sync()).keys() == {"unchanged"}


# --- the staff's in between -----------------------------------------------------------------------


@in_transactions
@pytest.mark.parametrize("status", ["in-progress", "completed"])
def test_what_the_staff_do_with_it_is_no_conflict_and_is_not_overwritten(
    sent: Clinic, status: str
) -> None:
    before = taken_up(sent, status)
    for options in ({}, {"reread": True}, {"take": "source"}, {"adopt": True}):
        result = sent.sync(**options)
        assert (result.exit_code, counts(result).keys()) == (0, {"unchanged"})
        assert result.tally.warnings == []
    assert sent.place.versions() == before
    sent.verified()
    sent.ledger.unlink()
    assert counts(sent.sync()).keys() == {"unchanged"}
    assert sent.place.versions() == before
    sent.verified()


@everywhere
def test_a_visit_that_was_not_missed_leaves_the_task_to_who_works_on_it(sent: Clinic) -> None:
    before = taken_up(sent)
    write(sent, KEPT, CAME, OFF)
    result = sent.sync()
    assert (result.exit_code, rules(result, "warnings")) == (0, ["outreach-taken-up"])
    assert counts(result)["updated"] == 1
    after = sent.place.versions()
    assert (after[TASK], task(sent)["status"]) == (before[TASK], "in-progress")
    sent.verified()
    again = sent.sync()  # it is said once
    assert (counts(again).keys(), again.tally.warnings) == ({"unchanged"}, [])
    assert sent.sync(reread=True).exit_code == 0
    assert sent.place.versions() == after


@in_transactions
def test_with_the_ledger_lost_it_is_left_to_who_works_on_it_as_well(sent: Clinic) -> None:
    before = taken_up(sent)
    sent.ledger.unlink()
    write(sent, KEPT, CAME, OFF)
    result = sent.sync()
    assert (result.exit_code, rules(result, "warnings")) == (0, ["outreach-taken-up"])
    assert sent.place.versions()[TASK] == before[TASK]


@by_the_ledger
def test_a_task_that_is_done_is_left_without_a_word(sent: Clinic) -> None:
    before = taken_up(sent, "completed")
    write(sent, KEPT, CAME, OFF)
    result = sent.sync()
    assert (result.exit_code, result.tally.warnings) == (0, [])
    assert sent.place.versions()[TASK] == before[TASK]


@in_transactions
def test_who_takes_it_up_between_our_look_and_our_request_keeps_it(
    server: Place, sent: Clinic
) -> None:
    def meanwhile(request: httpx.Request) -> None:
        if is_write(request) and b"The patient came." in request.content:
            sent.wire.calm()
            sent.place.edit(TASK, works_on("in-progress"))

    write(sent, KEPT, CAME, OFF)
    sent.wire.before = meanwhile
    result = sent.sync_alone()
    assert (result.exit_code, rules(result, "warnings")) == (0, ["outreach-taken-up"])
    assert task(sent)["status"] == "in-progress"
    assert counts(sent.sync()).keys() == {"unchanged"}


@in_transactions
def test_a_task_that_somebody_deleted_holds_nothing_back(server: Place, sent: Clinic) -> None:
    sent.place.delete(TASK)
    assert counts(sent.sync(reread=True)).keys() == {"unchanged"}
    write(sent, KEPT, {**MISSED, "end": "2026-03-16T15:00:00-04:00"}, OFF)
    assert counts(sent.sync())["updated"] == 1
    assert sent.place.of_type("Task") == []
    assert sent.sync(recreate=True).exit_code == 0
    assert task(sent)["status"] == "requested"
    sent.verified()


# --- with its visit -------------------------------------------------------------------------------


@in_transactions
def test_a_visit_is_retracted_with_its_task(sent: Clinic) -> None:
    assert withdrawn(sent, "2").exit_code == 0
    assert task(sent)["status"] == "entered-in-error"
    sent.verified()
    again = sent.sync()
    assert (again.exit_code, rules(again, "warnings")) == (0, ["retracted"])
    assert task(sent)["status"] == "entered-in-error"
    assert sent.sync(reinstate=True).exit_code == 0
    assert task(sent)["status"] == "requested"


@by_the_ledger
def test_with_the_ledger_lost_a_visit_is_retracted_with_its_task(sent: Clinic) -> None:
    sent.ledger.unlink()
    assert withdrawn(sent, f"{VISITS}|2").exit_code == 0
    assert task(sent)["status"] == "entered-in-error"


@in_transactions
def test_a_visit_is_retracted_without_a_task_that_somebody_works_on(sent: Clinic) -> None:
    before = taken_up(sent)
    result = withdrawn(sent, "2")
    assert (result.exit_code, rules(result, "warnings")) == (0, ["outreach-taken-up"])
    assert sent.place.versions()[TASK] == before[TASK]
    there = {b["identifier"][1]["value"]: b["status"] for b in sent.place.of_type("Appointment")}
    assert there["2"] == "entered-in-error"
    again = sent.sync()
    assert (again.exit_code, rules(again, "warnings")) == (0, ["retracted"])


@in_transactions
def test_what_a_run_made_is_taken_back_with_its_task(server: Place, site: Clinic) -> None:
    result = site.sync()
    with site.open() as (target, ledger):
        assert isinstance(target, ServerTarget)
        taken = undo(result.run, target, ledger, target.remover, site.settings)
    assert taken.exit_code == 0
    assert site.place.of_type("Task") == site.place.of_type("Appointment") == []


# --- how to reach each other ----------------------------------------------------------------------


def lay_beside(clinic: Clinic, *names: str) -> None:
    """The clinic gives these documents beside its table of visits."""
    table = clinic.folder / "visits.csv"
    plans = [shutil.copy(PLANS / f"{n}.plan.yaml", clinic.folder) for n in names]
    clinic.sources = [table, *(clinic.folder / name for name in plans)]


@by_the_ledger
def test_the_task_says_how_to_reach_the_patient_by_the_plan_of_this_run(site: Clinic) -> None:
    lay_beside(site, "jones-1", "jones-2", "jones-3")
    assert site.sync().exit_code == 0
    # version 3 is of 30 March: that a call will do as well was not said on the 16th
    assert contact(task(site)) == ["Portal message, answered within 1 working day"]


@in_transactions
def test_the_task_says_how_to_reach_the_patient_by_a_plan_that_was_sent_before(
    site: Clinic,
) -> None:
    table, lay = site.sources, lay_beside
    lay(site, "jones-1")
    site.sources = site.sources[1:]
    assert site.sync().exit_code == 0
    site.sources = table
    assert site.sync().exit_code == 0
    assert contact(task(site)) == ["Portal message, answered within 1 working day"]
    before = site.place.versions()
    lay(site, "jones-2", "jones-3")  # a later version, with another contact
    assert site.sync().exit_code == 0
    assert site.place.versions()[TASK] == before[TASK]


@by_the_ledger
def test_a_task_that_was_made_keeps_what_it_says_when_a_plan_becomes_known(sent: Clinic) -> None:
    before = sent.place.versions()
    lay_beside(sent, "jones-1")
    assert sent.sync().exit_code == 0
    assert (contact(task(sent)), sent.place.versions()[TASK]) == ([], before[TASK])
    assert counts(sent.sync()).keys() == {"unchanged"}
    sent.verified()
