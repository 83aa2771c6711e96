"""Messages that come in several runs: an appointment is made anew of all of them."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alliance_fhir as af
from alliance_fhir.config import Hl7v2Settings
from alliance_fhir.ledger.inbox import Inbox
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.undoing import undo
from hl7v2.making import message

from .clinic import Clinic, counts, rules
from .kinds import by_the_ledger, everywhere
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
    # S15 the day after its start: no notice was given, and nobody says any more who did not come
    [body] = there(site).values()
    [became] = [one for one in body["extension"] if one["url"].endswith("/attendance")]
    codes = [part.get("valueCoding", {}).get("code") for part in became["extension"]]
    assert "notice-after-start" in codes


EVERY = [
    BOOKED,
    message("S13", {10: "4", 7: "20260302090000-0500"}, {2: "7", 25: ""}, pid={1: "1"}),
    message("S14", {10: "5", 7: "20260303090000-0500"}, {2: "7", 11: "", 25: "", 7: "Sleep"}),
    MISSED,
    message("S12", {10: "6", 7: "20260304090000-0500"}, {2: "8"}),
    message("S15", {10: "7", 7: "20260305090000-0500"}, {2: "8", 11: "", 25: ""}, pid={1: "1"}),
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
            af.sync([path], target, ledger, site, af.Options(accept_older=True))
    lines = [
        json.loads(line)
        for path in sorted((folder / "out").glob("Appointment*.ndjson"))
        for line in path.read_text().splitlines()
    ]
    for body in lines:
        body.pop("meta", None)
    return sorted(lines, key=lambda body: body["identifier"][0]["value"])
