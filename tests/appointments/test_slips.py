"""Whatever is wrong with an Appointment or a file of them is told with its place, and no value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.domain.receipt import RULES
from command.tables import GOOD, SECRET, finding, keeps_silent, outcome, said

from .making import (
    WORDS,
    Json,
    appointment,
    bundle,
    coded,
    extension,
    named,
    ndjson,
    site,
    taking_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

ACTOR = "participant[0].actor"
MOVED = "https://alliance-fhir.github.io/ig/StructureDefinition/rescheduled-from"
MISSED = "https://alliance-fhir.github.io/ig/StructureDefinition/missed-before"
ONLY = taking_part({"reference": f"Patient/{SECRET}"})
TWO = taking_part(named(GOOD), named(SECRET))

SLIPS: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "a reference that only its server knows": (
        {"participant": ONLY}, [(ACTOR, "reference-only")]),
    "one to a server": (
        {"participant": taking_part({"reference": "https://ehr.example/fhir/Patient/1"})},
        [(ACTOR, "reference-only")]),
    "one to nobody who is contained": (
        {"participant": taking_part({"reference": "#p", "type": "Patient"})},
        [(ACTOR, "reference-only")]),
    "no patient": ({"participant": []}, [("participant", "required")]),
    "two patients": ({"participant": TWO}, [("participant[1].actor", "several-patients")]),
    "a number without a system": (
        {"participant": taking_part({"type": "Patient", "identifier": {"value": SECRET}})},
        [(f"{ACTOR}.identifier", "identifier-without-system")]),
    "a system that is none": (
        {"participant": taking_part(named(SECRET, "MRN"))},
        [(f"{ACTOR}.identifier", "not-an-identifier")]),
    "a number of its own without a system": (
        {"identifier": [{"value": SECRET}]}, [("identifier[0]", "identifier-without-system")]),
    "neither number nor id": (
        {"identifier": None, "id": None}, [("identifier", "appointment-not-numbered")]),
    "no status": ({"status": None}, [("status", "required")]),
    "a status of another list": ({"status": SECRET}, [("status", "unknown-status")]),
    "a word of the extension that nobody explains": (
        {"extension": [*extension("http://ehr.example/x", valueCode="y"),
                       *extension(WORDS, valueCode=SECRET)]},
        [("extension[1]", "unknown-status")]),
    "a start that is no date": ({"start": SECRET}, [("start", "not-a-date")]),
    "a start without an offset": ({"start": "2026-03-09T14:00:00"}, [("start", "no-zone")]),
    "a day alone": ({"start": "2026-03-09"}, [("start", "not-a-time")]),
    "no start": ({"start": None}, [("start", "required")]),
    "no end": ({"end": None}, [("end", "no-end")]),
    "an end before the start": (
        {"end": "2026-03-09T13:00:00-04:00"}, [("end", "ends-before-start")]),
    "a length that is none": (
        {"end": None, "minutesDuration": SECRET}, [("minutesDuration", "wrong-kind")]),
    **{f"a start before that is {told or 'none'}": (
        {"extension": [*extension(MOVED, valueDateTime="2026-03-05T09:30:00-05:00"),
                       *extension(MOVED, valueDateTime=told or SECRET)]},
        [("extension[1].valueDateTime", rule)])
        for told, rule in (("", "not-a-date"), ("2026-03-02", "not-a-time"))},
    "a start that was missed, and from which it was not moved": (
        {"extension": [*extension(MOVED, valueDateTime="2026-03-05T09:30:00-05:00"),
                       *extension(MISSED, valueDateTime="2026-03-04T09:30:00-05:00")]},
        [("extension[1].valueDateTime", "missed-and-not-moved")]),
    "the start itself as one that was missed before": (
        {"extension": extension(MISSED, valueDateTime="2026-03-09T14:00:00-04:00")},
        [("extension[0].valueDateTime", "missed-and-not-moved")]),
    "a missed start that is to come": (
        {"extension": [*extension(MOVED, valueDateTime="2026-07-02T00:00:00+14:00"),
                       *extension(MISSED, valueDateTime="2026-07-02T00:00:00+14:00")]},
        [("extension[1].valueDateTime", "known-too-soon")]),
    "a missed start that is none": (
        {"extension": extension(MISSED, valueDateTime=SECRET)},
        [("extension[0].valueDateTime", "not-a-date")]),
    "a place that FHIR cannot write": (
        {"participant": taking_part(named(GOOD),
                                    {"type": "Location", "display": f"{SECRET}\x07"})},
        [("participant[1].actor.display", "control-character")]),
    "a code that FHIR cannot write": (
        {"reasonCode": [coded(f"{SECRET}\x07", "urn:example:reasons")]},
        [("reasonCode[0].coding[0].code", "control-character")]),
    "a length that is yes": (
        {"end": None, "minutesDuration": True}, [("minutesDuration", "wrong-kind")]),
    "what is still to come, and was missed": (
        {"status": "noshow", "start": "2026-07-09T14:00:00Z", "end": "2026-07-09T15:00:00Z"},
        [("start", "known-too-soon")]),
    "attended and cancelled": (
        {"status": "fulfilled", "cancellationDate": "2026-03-08"},
        [("cancellationDate", "attended-and-cancelled")]),
    "a list that is none": ({"participant": {}}, [("participant", "wrong-kind")]),
    "a list of something else": ({"serviceType": ["x"]}, [("serviceType", "wrong-kind")]),
    "an object that is none": ({"participant": [{"actor": SECRET}]}, [(ACTOR, "wrong-kind")]),
    "a text that is none": ({"start": 20260309}, [("start", "wrong-kind")]),
    "what is contained is no list": ({"contained": SECRET}, [("contained", "wrong-kind")]),
    "a character that no text holds": (
        {"serviceType": [{"text": f"{SECRET}\x07"}]},
        [("serviceType[0].text", "control-character")]),
    "several at once": (
        {"status": "gone", "start": SECRET, "participant": ONLY},
        [("status", "unknown-status"), (ACTOR, "reference-only"), ("start", "not-a-date")]),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIPS)
def test_each_slip_is_told_with_its_place(name: str, command: Callable[..., Ran]) -> None:
    body, slips = SLIPS[name]
    site()
    good = appointment("2")
    for file, line, place in (
        (ndjson(good, appointment(**body)), 2, "Appointment"),
        (bundle(good, appointment(**body)), 0, "Bundle.entry[1].resource"),
    ):
        line = line or line_of(file, 1)
        ran = command("check", file, "--json")
        keeps_silent(ran)
        told = [(one["row"], one["column"], one["rule"]) for one in ran.json["rejected"]]
        assert told == [(line, f"{place}.{at}", rule) for at, rule in slips]
        assert ran.json["records"] == {"read": 2, "accepted": 1, "rejected": 1}
        assert ran.code == 4


def line_of(file: str, entry: int) -> int:
    """Where an entry of a Bundle begins that was written with an indentation of one."""
    lines = Path(file).read_text().splitlines()
    return [n for n, line in enumerate(lines, 1) if line == "  {"][entry]


WARNED: dict[str, tuple[Json, str, str, int]] = {
    "a clinician whom only their server knows": (
        {"participant": taking_part(named(GOOD), {"reference": "Practitioner/7"})},
        "participant[1].actor", "left-unnamed", 1),
    "an order that only its server knows": (
        {"basedOn": [{"reference": "ServiceRequest/7"}]}, "basedOn[0]", "left-unnamed", 1),
    "proposed, and without a time": (
        {"status": "proposed", "start": None, "end": None}, "start", "no-time-yet", 0),
    "waiting, and without a time": (
        {"status": "waitlist", "start": None, "end": None}, "start", "no-time-yet", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNED)
def test_what_loses_nothing_of_a_visit_is_a_warning(name: str, command: Callable[..., Ran]) -> None:
    body, place, rule, count = WARNED[name]
    site()
    ran = command("check", ndjson(appointment(**body)), "--json")
    told = {"path": "a.ndjson", "row": 1, "column": f"Appointment.{place}", "rule": rule}
    warned = [{**told, "remedy": RULES[rule]}]
    assert said(ran) == outcome("check", (count, count, 0), warnings=warned)


def test_a_slip_is_counted_once_beside_a_warning(command: Callable[..., Ran]) -> None:
    site()
    both: dict[str, Any] = {
        "participant": taking_part(named(GOOD), {"reference": "Practitioner/7"}),
        "start": "soon",
    }
    ran = command("check", ndjson(appointment(**both)), "--json")
    assert ran.json["records"] == {"read": 1, "accepted": 0, "rejected": 1}
    assert [one["rule"] for one in ran.json["warnings"]] == ["left-unnamed"]


def test_other_resources_are_left_alone_and_counted(command: Callable[..., Ran]) -> None:
    site()
    others: list[Json] = [{"resourceType": "Slot", "status": "free"}] * 3
    file = bundle(*others, appointment(), {"resourceType": "Observation"}, {"resourceType": "Slot"})
    ran = command("check", file, "--json")
    remedies = [f"{n} of this type were left alone; of FHIR only Appointments are read."
                for n in (1, 4)]  # fmt: skip
    warned = [
        finding(0, type_, "other-resources", remedy, "a.json")
        for type_, remedy in zip(("Observation", "Slot"), remedies, strict=True)
    ]
    assert said(ran) == outcome("check", (1, 1, 0), warnings=warned)


GOOD_LINE = json.dumps(appointment())
DEEP = '{"resourceType": "Appointment", "x": ' + "[" * 200 + "]" * 200 + "}"
DEEPER = '{"resourceType": "Appointment", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
BROKEN: dict[str, tuple[str, str]] = {
    "half a line": (GOOD_LINE[:-40], "not-json"),
    "cut off between two elements": ('{"resourceType": "Appointment"', "not-json"),
    "no JSON": (f"patient {SECRET}", "not-json"),
    "not a number": ('{"resourceType": "Appointment", "x": NaN}', "not-json"),
    "an immense number": ('{"resourceType": "Appointment", "x": 1e999999999}', "not-json"),
    "deep": (DEEP, "too-deep"),
    "deeper": (DEEPER, "too-deep"),
    "a key that stands twice": (GOOD_LINE[:-1] + ', "status": "noshow"}', "key-twice"),
    "a list": (f"[{GOOD_LINE}]", "not-a-resource"),
    "no resource": (f'{{"patient": "{SECRET}"}}', "not-a-resource"),
    "a type that is none": ('{"resourceType": "Appointment x"}', "not-a-resource"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_is_no_resource_is_told_and_the_others_go_on(
    name: str, command: Callable[..., Ran]
) -> None:
    broken, rule = BROKEN[name]
    site()
    ran = command("check", ndjson(GOOD_LINE, "", broken), "--json")
    keeps_silent(ran)
    assert [(one["row"], one["rule"]) for one in ran.json["rejected"]] == [(3, rule)]
    assert ran.json["records"] == {"read": 2, "accepted": 1, "rejected": 1}
    assert ran.code == 4


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_resource_is_told(name: str, command: Callable[..., Ran]) -> None:
    broken, rule = BROKEN[name]
    site()
    Path("a.json").write_text(broken)
    ran = command("check", "a.json", "--json")
    keeps_silent(ran)
    assert [one["rule"] for one in ran.json["rejected"]] == [rule]
    assert ran.code == 4


def test_the_line_is_told_where_json_breaks(command: Callable[..., Ran]) -> None:
    site()
    text = Path(bundle(appointment(), appointment("2"))).read_text().splitlines()
    text[7] = text[7].replace(":", "", 1)
    Path("a.json").write_text("\n".join(text))
    ran = command("check", "a.json", "--json")
    assert [(one["row"], one["rule"]) for one in ran.json["rejected"]] == [(8, "not-json")]


WHOLE: dict[str, tuple[bytes, str]] = {
    "UTF-16": (GOOD_LINE.encode("utf-16"), "wrong-encoding"),
    "UTF-32 without a mark": (GOOD_LINE.encode("utf-32-le"), "wrong-encoding"),
}


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_cannot_be_read_is_told_as_such(
    name: str, suffix: str, command: Callable[..., Ran]
) -> None:
    content, rule = WHOLE[name]
    site()
    Path(f"a.{suffix}").write_bytes(content)
    ran = command("check", f"a.{suffix}", "--json")
    assert [(one.get("row", 0), one["rule"]) for one in ran.json["rejected"]] == [(0, rule)]
    assert ran.code == 3


def test_a_file_that_holds_nothing_is_told(command: Callable[..., Ran]) -> None:
    site()
    Path("a.ndjson").write_bytes(b"\n")
    warned = [finding(0, "", "no-resources", path="a.ndjson")]
    assert said(command("check", "a.ndjson", "--json")) == outcome(
        "check", (0, 0, 0), warnings=warned
    )
    bundle(name="b.json")
    warned = [finding(0, "", "no-resources", path="b.json")]
    assert said(command("check", "b.json", "--json")) == outcome(
        "check", (0, 0, 0), warnings=warned
    )
    Path("c.json").write_bytes(b" ")  # which is no JSON
    ran = command("check", "c.json", "--json")
    assert [(one.get("row", 0), one["rule"]) for one in ran.json["rejected"]] == [(0, "empty-file")]
    assert ran.code == 3


def test_latin_1_is_told_in_its_line_alone(command: Callable[..., Ran]) -> None:
    site()
    bad = json.dumps(appointment("2", comment="für"), ensure_ascii=False).encode("latin-1")
    Path("a.ndjson").write_bytes(GOOD_LINE.encode() + b"\r\n" + bad)
    ran = command("check", "a.ndjson", "--json")
    assert [(one["row"], one["rule"]) for one in ran.json["rejected"]] == [(2, "wrong-encoding")]


def test_a_line_or_a_file_beyond_all_measure_is_not_read(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., Ran]
) -> None:
    site()
    monkeypatch.setattr("alliance_fhir.sources.fhir.files.LONGEST", 300)
    monkeypatch.setattr("alliance_fhir.sources.fhir.files.LARGEST", 300)
    ran = command("check", ndjson(appointment(comment="x" * 300)), "--json")
    assert [one["rule"] for one in ran.json["rejected"]] == ["line-too-long"]
    ran = command("check", bundle(appointment(comment="x" * 300)), "--json")
    assert [one["rule"] for one in ran.json["rejected"]] == ["document-too-large"]


ENTRIES: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "entries that are no list": ({"resource": appointment()}, [("Bundle.entry", "wrong-kind")]),
    "an entry that is none": (["x"], [("Bundle.entry[0]", "wrong-kind")]),
    "an entry without a resource": ([{"request": {"method": "DELETE"}}], []),
    "a resource that is none": (
        [{"resource": {"id": "1"}}],
        [("Bundle.entry[0].resource", "not-a-resource")],
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_bundles_that_are_odd_are_told(name: str, command: Callable[..., Ran]) -> None:
    entries, slips = ENTRIES[name]
    site()
    Path("a.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    ran = command("check", "a.json", "--json")
    assert [(one["column"], one["rule"]) for one in ran.json["rejected"]] == slips
    assert bool(slips) != bool(ran.json.get("warnings"))


def test_people_read_lines_and_elements(command: Callable[..., Ran]) -> None:
    site()
    ran = command("check", ndjson(appointment(status="gone")))
    assert ran.out.splitlines()[1] == (
        "  a.ndjson, line 1, element Appointment.status: unknown-status. "
        "Use a code of FHIR's AppointmentStatus."
    )


def test_a_word_that_is_none_of_ours_is_no_setting(command: Callable[..., Ran]) -> None:
    Path("alliance.toml").write_text(
        'source = "clinic-east"\n[fhir.status."http://ehr.example/x"]\nGone = "gone"\n'
    )
    ran = command("check", ndjson(appointment()))
    assert ran.code == 2
    assert "fhir.status" in ran.err
