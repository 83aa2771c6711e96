"""Messages that come in several runs: an appointment is made anew of all of them."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alliance_fhir as af
from alliance_fhir.config import Hl7v2Settings, OutreachSettings
from alliance_fhir.ledger.inbox import Inbox
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.undoing import undo
from hl7v2.making import message

from .clinic import Clinic, counts, is_write, rules
from .kinds import by_the_ledger, everywhere
from .places import bare, name_of
from .test_crashes import Killed, lost
from .test_visits import KEPT, VISITS, kind_of, there, write

if TYPE_CHECKING:
    from pathlib import Path

    from .places import Place

JONES_PID = {3: "1001"}
START = "^^^20260309100000-0400^20260309103000-0400"
BOOKED = message("S12", {10: "1", 7: "20260301090000-0500"}, {2: "7", 11: START, 7: "First talk"})
MISSED = message("S26", {10: "2", 7: "20260309110000-0400"}, {2: "7", 11: "", 25: ""}, pid={1: "1"})
"""It names neither patient nor time: whoever booked it has said that before."""
OFF = message("S15", {10: "3", 7: "20260310090000-0400"}, {2: "7", 11: "", 25: ""}, pid={1: "1"})


@pytest.fixture
def site(clinic: Clinic) -> Clinic:
    """A clinic whose scheduling system sends messages; its one patient is at the target."""
    clinic.set(appointment_system=VISITS)
    clinic.register("1001")
    return clinic


def give(clinic: Clinic, name: str, *messages: str) -> None:
    """A file of messages, and nothing else."""
    path = clinic.folder / f"{name}.hl7"
    path.write_bytes("".join(messages).encode())
    clinic.sources = [path]


def told(clinic: Clinic) -> dict[str, tuple[str, str]]:
    """Status and kind of each Appointment, by its number at the source."""
    return {number: (body["status"], kind_of(body)) for number, body in there(clinic).items()}


@everywhere
def test_what_a_later_file_does_not_say_an_earlier_one_said(site: Clinic) -> None:
    give(site, "monday", BOOKED)
    assert site.sync().exit_code == 0
    assert told(site) == {"7": ("booked", "unknown")}
    give(site, "tuesday", MISSED)
    foreseen = site.plan()
    result = site.sync()
    assert result.exit_code == 0
    assert counts(result) == counts(foreseen) == {"created": 1, "updated": 1, "unchanged": 1}
    assert told(site) == {"7": ("noshow", "no-show")}
    [body] = there(site).values()
    assert body["start"] == "2026-03-09T10:00:00-04:00"
    assert "First talk" in json.dumps(body)
    again = site.sync()
    assert counts(again) == {"unchanged": 2}
    site.verified()


@by_the_ledger
def test_a_message_that_comes_before_its_booking_waits_for_it(site: Clinic) -> None:
    give(site, "tuesday", MISSED)
    result = site.sync()
    assert result.exit_code != 0
    assert set(rules(result, "rejected")) == {"never-said", "no-end"}
    assert there(site) == {}
    give(site, "monday", BOOKED)
    assert site.sync().exit_code == 0
    assert told(site) == {"7": ("noshow", "no-show")}


@by_the_ledger
def test_a_plan_writes_nothing_down(site: Clinic) -> None:
    give(site, "monday", BOOKED)
    site.plan()
    assert Inbox.there(site.ledger) is None


@by_the_ledger
def test_a_first_visit_is_told_by_what_earlier_runs_knew(site: Clinic) -> None:
    write(site, {**KEPT, "service": "Therapy", "referrer": "", "referral": ""})
    assert site.sync().exit_code == 0
    service = "AIS|1||^Therapy\r"
    give(site, "monday", BOOKED + service)
    assert site.sync().exit_code == 0
    place = kind_of(there(site)["7"], "first-or-follow-up")
    assert place == "follow-up"
    write(site, {**KEPT, "service": "Therapy", "referrer": "", "referral": "", "status": "no-show"})
    assert site.sync().exit_code == 0
    give(site, "tuesday", MISSED)
    assert site.sync().exit_code == 0
    assert kind_of(there(site)["7"], "first-or-follow-up") == "unknown"


@by_the_ledger
def test_a_message_that_is_another_appointment_s_by_the_settings_of_today_counts_no_more(
    site: Clinic,
) -> None:
    site.set(hl7v2=Hl7v2Settings(authorities={"EAST": VISITS}))
    off = message("S15", {10: "3", 7: "20260302090000-0500"}, {2: "7^EAST", 25: ""})
    give(site, "monday", BOOKED, off)
    assert site.sync().exit_code == 0
    assert told(site)["7"][0] == "cancelled"
    site.set(hl7v2=None)
    give(site, "tuesday", MISSED)
    assert site.sync().exit_code == 0
    assert told(site)["7"] == ("noshow", "no-show")


@by_the_ledger
def test_its_provenance_names_every_message(site: Clinic) -> None:
    give(site, "monday", BOOKED)
    site.sync()
    give(site, "tuesday", MISSED)
    site.sync()
    names = [
        sorted(
            entity["what"]["display"]
            for entity in proof["entity"]
            if entity["what"]["identifier"]["value"].startswith("sha256:")
        )
        for proof in site.place.of_type("Provenance")
    ]
    one, two = "message 1 of SCHED|EAST", "message 2 of SCHED|EAST"
    assert sorted(names) == [[one], [one, two]]


@by_the_ledger
def test_what_an_undone_run_read_counts_no_more(server: Place, site: Clinic) -> None:
    give(site, "monday", BOOKED)
    site.sync()
    give(site, "tuesday", MISSED)
    run = site.sync().run
    with site.open() as (target, ledger):
        assert isinstance(target, ServerTarget)
        undo(run, target, ledger, target.remover, site.settings)
    assert told(site) == {"7": ("booked", "unknown")}
    give(site, "wednesday", OFF)
    assert site.sync().exit_code == 0
    # S15 the day after its start: who called it off nobody says, nor any more who did not come
    [body] = there(site).values()
    [became] = [one for one in body["extension"] if one["url"].endswith("/attendance")]
    codes = [part.get("valueCoding", {}).get("code") for part in became["extension"]]
    assert "called-off-by-somebody" in codes


# --- back to what it was once ---------------------------------------------------------------------

CALLED_OFF = message(
    "S15", {10: "4", 7: "20260303090000-0500"}, {2: "7", 11: "", 25: ""}, pid={1: "1"}
)
AGAIN = message("S13", {10: "5", 7: "20260304090000-0500"}, {2: "7", 11: START, 7: "First talk"})
AFTER_ALL = AGAIN.replace("20260304090000-0500", "20260310090000-0400")
OLDER = ["older-version"]
STANDS, CANCELLED = {"7": ("booked", "unknown")}, {"7": ("cancelled", "unknown")}


def come(clinic: Clinic, name: str, *messages: str, **options: Any) -> list[str]:
    """A file of messages is synced, as the plan foresaw; the rules of which it is warned."""
    give(clinic, name, *messages)
    result = clinic.sync(**options)
    assert result.exit_code == 0
    return rules(result, "warnings")


def lose_the_inbox(clinic: Clinic) -> None:
    """The file of the inbox is gone, the ledger is not."""
    for path in clinic.folder.glob("ledger.inbox.sqlite*"):
        path.unlink()
    assert Inbox.there(clinic.ledger) is None


@everywhere
def test_what_is_booked_again_is_no_older_version(site: Clinic) -> None:
    assert come(site, "monday", BOOKED) == []
    [booked] = map(bare, there(site).values())
    assert come(site, "tuesday", CALLED_OFF) == []
    assert told(site) == CANCELLED
    assert come(site, "wednesday", AGAIN) == []
    assert [*map(bare, there(site).values())] == [booked]
    assert counts(site.sync()) == {"unchanged": 2}
    proofs = [bare(body) for body in site.place.of_type("Provenance")]
    assert sorted(len(proof["entity"]) for proof in proofs) == [1 + 1, 1 + 2, 1 + 3]
    for name, of in (("monday", BOOKED), ("tuesday", CALLED_OFF)):  # an old file takes nothing back
        assert come(site, name, of) == []
    assert [*map(bare, there(site).values())] == [booked]
    assert len(site.place.of_type("Provenance")) == 3
    site.verified()


@by_the_ledger
def test_it_goes_back_and_forth_as_often_as_messages_say(site: Clinic) -> None:
    missed = {"7": ("noshow", "no-show")}
    for hour in range(11, 19):
        event, rest = ("S26", {11: "", 25: ""}) if hour % 2 else ("S13", {7: "First talk"})
        head = {10: str(hour), 7: f"20260309{hour}0000-0400"}
        assert come(site, "monday", BOOKED, message(event, head, {2: "7", **rest})) == []
        assert told(site) == (missed if hour % 2 else STANDS)
    site.verified()


@by_the_ledger
def test_who_is_to_be_reached_out_to_follows(site: Clinic) -> None:
    site.set(outreach=OutreachSettings(since=date(2026, 3, 1)))
    for number, (of, status) in enumerate(
        [(BOOKED, []), (MISSED, ["requested"]), (AFTER_ALL, ["cancelled"])]
    ):
        assert come(site, str(number), of) == []
        assert [body["status"] for body in site.place.of_type("Task")] == status
    site.verified()


@by_the_ledger
def test_without_the_inbox_an_old_file_takes_nothing_back(site: Clinic) -> None:
    come(site, "monday", BOOKED)
    come(site, "tuesday", CALLED_OFF)
    lose_the_inbox(site)
    assert come(site, "monday", BOOKED) == OLDER
    assert come(site, "monday", BOOKED) == OLDER  # nor the next time
    assert told(site) == CANCELLED
    assert come(site, "wednesday", AGAIN) == OLDER  # nobody knows that nothing is lacking
    assert told(site) == CANCELLED
    assert come(site, "tuesday", CALLED_OFF) == []  # and now that is known
    assert told(site) == STANDS


@by_the_ledger
def test_without_the_inbox_it_is_written_where_the_user_says_so(site: Clinic) -> None:
    come(site, "monday", BOOKED)
    come(site, "tuesday", CALLED_OFF)
    lose_the_inbox(site)
    assert come(site, "wednesday", AGAIN, accept_older=True) == []
    assert told(site) == STANDS


@by_the_ledger
def test_where_its_provenance_was_deleted_it_stays_as_it_is(site: Clinic) -> None:
    come(site, "monday", BOOKED)
    come(site, "tuesday", CALLED_OFF)
    for proof in site.place.of_type("Provenance"):
        site.place.delete(name_of(proof))
    assert come(site, "wednesday", AGAIN) == OLDER
    assert told(site) == CANCELLED


@by_the_ledger
def test_a_provenance_that_somebody_edited_is_not_believed(site: Clinic) -> None:
    """As if it named every message that is still there."""
    come(site, "monday", BOOKED)
    come(site, "tuesday", CALLED_OFF)
    for proof in site.place.of_type("Provenance"):
        site.place.edit(name_of(proof), lambda body: {**body, "entity": body["entity"][:-1]})
    lose_the_inbox(site)
    assert come(site, "wednesday", BOOKED, AGAIN) == OLDER
    assert told(site) == CANCELLED


def test_where_provenances_are_not_to_be_read_it_stays_as_it_is(
    server: Place, site: Clinic
) -> None:
    come(site, "monday", BOOKED)
    come(site, "tuesday", CALLED_OFF)

    def hide(request: httpx.Request) -> httpx.Response | None:
        read = not is_write(request) and "/Provenance" in request.url.path
        return httpx.Response(403, json={}, request=request) if read else None

    site.wire.instead = hide
    assert come(site, "wednesday", AGAIN) == OLDER
    site.wire.calm()
    assert come(site, "wednesday", AGAIN) == []
    assert told(site) == STANDS


@by_the_ledger
def test_a_table_in_between_leaves_it_unknown_which_is_older(site: Clinic) -> None:
    come(site, "monday", BOOKED)
    row = {"appointment": "7", "patient": "1001", "status": "attended"}
    write(site, {**row, "start": "2026-03-09T10:00-04:00", "end": "2026-03-09T10:30-04:00"})
    assert site.sync().exit_code == 0
    assert told(site) == {"7": ("fulfilled", "attended")}
    assert come(site, "tuesday", AGAIN) == OLDER
    assert told(site) == {"7": ("fulfilled", "attended")}


@by_the_ledger
def test_settings_that_are_as_they_were_are_no_news_of_it(site: Clinic) -> None:
    come(site, "monday", BOOKED)
    before = there(site)
    site.set(specialty="394913002")
    assert come(site, "monday", BOOKED, rescore=True) == []
    assert there(site) != before
    site.set(specialty="")
    assert come(site, "monday", BOOKED) == OLDER


def test_what_had_no_reply_in_between_is_looked_for(server: Place, site: Clinic) -> None:
    come(site, "monday", BOOKED)
    give(site, "tuesday", CALLED_OFF)
    lost(site.wire, 1, arrives=True, error=Killed)
    with pytest.raises(Killed):
        site.sync_alone()
    site.wire.calm()
    assert come(site, "wednesday", AGAIN) == []
    assert told(site) == STANDS
    site.verified()


EVERY = [
    BOOKED,
    message("S13", {10: "4", 7: "20260302090000-0500"}, {2: "7", 25: ""}, pid={1: "1"}),
    message("S14", {10: "5", 7: "20260303090000-0500"}, {2: "7", 11: "", 25: "", 7: "Sleep"}),
    MISSED,
    message("S12", {10: "6", 7: "20260304090000-0500"}, {2: "8"}),
    message("S15", {10: "7", 7: "20260305090000-0500"}, {2: "8", 11: "", 25: ""}, pid={1: "1"}),
    message("S13", {10: "8", 7: "20260306090000-0500"}, {2: "8"}),
]


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.permutations(EVERY), st.lists(st.integers(0, len(EVERY)), max_size=3), st.data())
def test_in_whatever_runs_they_come_they_end_alike(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[str],
    cuts: list[int],
    data: st.DataObject,
) -> None:
    """Any order, any doubling, any division into runs: one run of all gives the same."""
    bounds = [0, *sorted(cuts), len(order)]
    parts = [order[start:stop] for start, stop in pairwise(bounds)]
    doubled = [part + data.draw(st.lists(st.sampled_from(EVERY), max_size=2)) for part in parts]
    ends = [
        _ended(tmp_path_factory.mktemp("runs"), [part for part in doubled if part]),
        _ended(tmp_path_factory.mktemp("once"), [EVERY]),
    ]
    assert ends[0] == ends[1]
    assert len(ends[0]) == 2


def _ended(folder: Path, parts: list[list[str]]) -> list[Any]:
    """The Appointments of a folder after runs with these messages."""
    (folder / "alliance.toml").write_text(
        'source = "clinic-east"\npatient_system = "urn:example:mrn"\n'
        f'appointment_system = "{VISITS}"\n'
    )
    site = af.load(folder / "alliance.toml")
    for number, part in enumerate(parts):
        path = folder / f"{number}.hl7"
        path.write_bytes("".join(part).encode())
        with (
            closing(af.open_target(folder / "out", site)) as target,
            af.open_ledger(folder / "ledger.sqlite", target, site) as ledger,
        ):
            af.sync([path], target, ledger, site)
    lines = [
        json.loads(line)
        for path in sorted((folder / "out").glob("Appointment*.ndjson"))
        for line in path.read_text().splitlines()
    ]
    for body in lines:
        body.pop("meta", None)
    return sorted(lines, key=lambda body: body["identifier"][0]["value"])
