"""`measure`: small tables that were counted by hand, and what becomes of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .site import MASKED, Figure, figures, row, settings, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

EXAMPLE = Path(__file__).parents[2] / "examples" / "visits"

# What counts: one visit of each kind, of one patient each, all with "first" said.
OF_EACH_KIND = [
    row("p1", "2026-03-02", "attended", first="yes"),
    row("p2", "2026-03-02", "arrived", first="yes"),
    row("p3", "2026-03-02", "arrived-late", first="yes"),
    row("p4", "2026-03-02", "too-late", first="yes"),
    row("p5", "2026-03-02", "no-show", first="yes"),
    row("p6", "2026-03-02", "cancelled", cancelled_at="2026-03-02T12:05", cancelled_by="patient"),
    row("p7", "2026-03-02", "cancelled", cancelled_at="2026-03-02T09:00", cancelled_by="patient"),
    row("p8", "2026-03-02", "no-show", cancelled_at="2026-02-20", cancelled_by="patient"),
    row("p9", "2026-03-02", "cancelled", cancelled_by="provider"),
    row("p10", "2026-03-02", "cancelled"),
    row("p11", "2026-03-02", "booked"),
    row("p12", "2026-03-02", "entered-in-error"),
]


def test_what_counts_and_what_does_not(command: Callable[..., Ran]) -> None:
    """Five came or stayed away without notice, p6 gave notice when it had begun: 2 of 6 missed."""
    settings()
    write(OF_EACH_KIND)
    ran = command("measure", "visits.csv", "--json")
    assert ran.code == 0
    told = figures(ran.json)
    assert {group: of for (by, group), of in told.items() if by == "not-counted"} == {
        "late-cancellation": (None, 1, 1),  # p7
        "patient-cancellation": (None, 1, 1),  # p8
        "provider-cancellation": (None, 1, 1),  # p9
        "unknown": (None, 2, 2),  # p10, p11
    }
    assert told["", "all"] == (2, 6, 6)
    assert told["first-or-follow-up", "first"] == (1, 5, 5)
    assert told["first-or-follow-up", "unknown"] == (1, 1, 1)
    # Wilson, 2 of 6: (1/3 + 3.8415/12 +- 1.96 * sqrt(1/27 + 3.8415/144)) / (1 + 3.8415/6)
    whole = ran.json["measures"]["figures"][0]
    assert (whole["rate"], whole["low"], whole["high"]) == (0.3333, 0.0968, 0.7)


def test_of_what_does_not_count_nothing_small_is_told_by_the_number_of_visits(
    command: Callable[..., Ran],
) -> None:
    """Nine were read, of which three count: less what is shown, p9's one booking would be left."""
    settings(smallest=2)
    called_off = [
        row(patient, "2026-03-02", "cancelled", cancelled_at="2026-02-20", cancelled_by=by)
        for patient, by in zip(
            ("p4", "p5", "p6", "p7", "p8"), (*["patient"] * 2, *["provider"] * 3), strict=True
        )
    ]
    came = [row(patient, "2026-03-02") for patient in ("p1", "p2", "p3")]
    write([*came, *called_off, row("p9", "2026-03-02", "booked")])
    ran = command("measure", "visits.csv", "--json")
    assert (ran.code, ran.json["records"]["read"]) == (0, 9)
    told = figures(ran.json)
    assert told["", "all"] == (0, 3, 3)
    assert {group: of for (by, group), of in told.items() if by == "not-counted"} == {
        "patient-cancellation": MASKED,
        "provider-cancellation": (None, 3, 3),
        "unknown": MASKED,
    }


THREE_MONTHS = [
    # a Psychotherapy patient of kurtz, sent by lee: 2 of 4 missed, the first of them a first visit
    row("1001", "2026-01-05", "no-show", service="Psychotherapy", clinician="kurtz",
        referrer="lee", referral="r1", first="yes"),
    row("1001", "2026-01-12", service="Psychotherapy", clinician="kurtz", referrer="lee",
        referral="r1"),
    row("1001", "2026-01-31T23:30", service="psychotherapy ", clinician="kurtz", referrer="lee",
        referral="r1"),
    row("1001", "2026-02-09", "no-show", service="Psychotherapy", clinician="kurtz",
        referrer="lee", referral="r1"),
    # one of two clinicians, nobody says who sent them: 0 of 2; what follows is another service
    row("1002", "2026-02-10", service="Psychotherapy", clinician="urn:example:other|7"),
    row("1002", "2026-02-17", service="Medication review"),
]  # fmt: skip


def test_groups_counted_by_hand(command: Callable[..., Ran]) -> None:
    settings()
    write(THREE_MONTHS)
    ran = command("measure", "visits.csv", "--json")
    assert figures(ran.json) == {
        ("", "all"): (2, 6, 2),
        ("first-or-follow-up", "first"): (1, 1, 1),
        ("first-or-follow-up", "follow-up"): (1, 2, 1),
        # nothing says what was before 12 January, 10 and 17 February
        ("first-or-follow-up", "unknown"): (0, 3, 2),
        ("service", "Medication review"): (0, 1, 1),
        ("service", "Psychotherapy"): (2, 5, 2),
        ("referrer", "lee"): (2, 4, 1),
        ("referrer", "not said"): (0, 2, 1),
        ("clinician", "urn:example:other|7"): (0, 1, 1),
        ("clinician", "kurtz"): (2, 4, 1),
        ("clinician", "not said"): (0, 1, 1),
        ("month", "2026-01"): (1, 3, 1),  # 23:30 in New York is February elsewhere
        ("month", "2026-02"): (1, 3, 2),
    }
    period = {name: ran.json["measures"][name] for name in ("from", "until", "smallest_group")}
    assert period == {"from": "2026-01-05", "until": "2026-02-17", "smallest_group": 1}


def test_a_time_with_another_offset_counts_where_the_clinic_is(command: Callable[..., Ran]) -> None:
    settings()
    write([row("1001", "2026-02-01T02:00Z"), row("1001", "2026-02-01T06:00Z")])
    told = figures(command("measure", "visits.csv", "--json").json)
    assert told["month", "2026-01"] == told["month", "2026-02"] == (0, 1, 1)


def test_a_period_has_both_of_its_days(command: Callable[..., Ran]) -> None:
    settings()
    write(THREE_MONTHS)
    words = ("measure", "visits.csv", "--json", "--from", "2026-01-12", "--until", "2026-02-09")
    told = figures(command(*words).json)
    assert told["", "all"] == (1, 3, 1)
    # which visit it is, is known from all that there are
    assert told["first-or-follow-up", "follow-up"] == (1, 2, 1)


def patients(*numbers: int, missed: int = 0, **told: str) -> list[dict[str, str]]:
    """A visit of each of these patients; the first of them missed theirs."""
    return [
        row(f"p{n}", "2026-03-02", "no-show" if n < numbers[0] + missed else "attended", **told)
        for n in numbers
    ]


def test_small_groups_are_not_shown_and_not_to_be_told(command: Callable[..., Ran]) -> None:
    """11 patients of lee, 12 of osei and 3 of nobody: the 3 could be told from the total, were lee
    not hidden with them. By clinician there are 15 and 11, by month there are 26."""
    settings(smallest=None)
    write([
        *patients(*range(11), missed=2, referrer="lee", clinician="kurtz"),
        *patients(*range(20, 32), missed=3, referrer="osei", clinician="osei"),
        *patients(*range(40, 43), missed=1, clinician="kurtz"),
    ])  # fmt: skip
    ran = command("measure", "visits.csv", "--json", "--out", "out")
    assert ran.json["measures"]["smallest_group"] == 11
    told = figures(ran.json)
    assert told == {
        ("", "all"): (6, 26, 26),
        ("first-or-follow-up", "unknown"): (6, 26, 26),
        ("service", "not said"): (6, 26, 26),
        ("referrer", "lee"): MASKED,
        ("referrer", "osei"): (3, 12, 12),
        ("referrer", "not said"): MASKED,
        ("clinician", "kurtz"): (3, 14, 14),
        ("clinician", "osei"): (3, 12, 12),
        ("month", "2026-03"): (6, 26, 26),
    }
    referrers = report("out")["group"][0]["stratifier"][2]["stratum"]
    masked = {"extension": [{"url": ABSENT, "valueCode": "masked"}]}
    for one, hidden in zip(referrers, (True, False, True), strict=True):
        counts = [of.get("count", of.get("_count")) for of in one["population"]]
        assert counts == ([masked] * 3 if hidden else [12, 12, 3])
        assert ("measureScore" in one) != hidden


@pytest.mark.parametrize(("number", "total"), [(10, MASKED), (11, (1, 11, 11))])
def test_of_fewer_than_eleven_patients_nothing_is_shown(
    command: Callable[..., Ran], number: int, total: Figure
) -> None:
    settings(smallest=None)
    write(patients(*range(number), missed=1))
    ran = command("measure", "visits.csv", "--json", "--out", "out")
    assert figures(ran.json)["", "all"] == total
    assert figures(ran.json)["month", "2026-03"] == total
    types = {"Measure": 2, "MeasureReport": 1}
    assert ran.json["files"] == (types if total != MASKED else {"Measure": 2})


ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def report(folder: str, slug: str = "no-show-rate") -> dict[str, Any]:
    """The report of one measure that was written."""
    lines = Path(folder, "MeasureReport.ndjson").read_text(encoding="utf-8").splitlines()
    return next(one for one in map(json.loads, lines) if f"/{slug}|" in one["measure"])


def test_drop_out_by_hand(command: Callable[..., Ran]) -> None:
    """Four began by 1 January 2025, and data reach to 1 April 2026, 455 days later: 1001 came after
    a year, 1002 and 1003 did not, 1004 was seen 91 days before the year was over. 1005 began too
    late, 1006 never."""
    settings()
    write([
        row("1001", "2025-01-01"), row("1001", "2026-01-02"),
        row("1002", "2025-01-01"), row("1002", "2025-01-08"), row("1002", "2026-01-02", "no-show"),
        row("1003", "2024-12-30"), row("1003", "2025-12-30", "booked"),
        row("1004", "2025-01-01"), row("1004", "2025-10-02"),
        row("1005", "2025-01-02"), row("1006", "2025-01-01", "no-show"),
        row("1007", "2026-04-01"),
    ])  # fmt: skip
    ran = command("measure", "visits.csv", "--json")
    assert figures(ran.json, "drop-out-over-a-year") == {("", "all"): (3, 4, 4)}


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the examples are not here")
def test_the_example_visits_by_hand(command: Callable[..., Ran]) -> None:
    """Of its 22 visits 11 count, one of them twice: 1001 missed 103 and 110 (notice after its
    start) and came to 101, 102, 104, 107 and 109 (both late); 1032 missed 201 and came to 202; 1040
    missed 301, and 302 before it was booked anew, to which he came. Called off were 105 late, 106,
    203 and 205 in time, 108 by the clinic, 204 by nobody knows whom; 111, 112, 207 and 303 are to
    come, after the last that counts; 206 was none."""
    site = (EXAMPLE / "alliance.toml").read_text(encoding="utf-8")
    Path("alliance.toml").write_text(f"{site}\n[measures]\nsmallest_group = 1\n", encoding="utf-8")
    words = ("measure", EXAMPLE / "visits.csv", "--config", "alliance.toml", "--json")
    ran = command(*words)
    assert (ran.code, ran.json["records"]["read"]) == (0, 22)
    assert figures(ran.json) == {
        ("", "all"): (5, 12, 3),
        ("first-or-follow-up", "first"): (1, 3, 2),  # 101, 201, 202
        ("first-or-follow-up", "follow-up"): (2, 6, 1),
        ("first-or-follow-up", "unknown"): (2, 3, 1),  # 301, 302 twice
        ("service", "Psychotherapy"): (5, 12, 3),
        ("referrer", "lee"): (2, 7, 1),
        ("referrer", "school-nurse"): (1, 2, 1),
        ("referrer", "not said"): (2, 3, 1),
        ("clinician", "kurtz"): (3, 9, 2),
        ("clinician", "osei"): (2, 3, 1),
        ("month", "2025-06"): (2, 3, 1),
        ("month", "2026-02"): (1, 2, 1),
        ("month", "2026-03"): (1, 4, 1),
        ("month", "2026-04"): (0, 1, 1),
        ("month", "2026-05"): (0, 1, 1),
        ("month", "2026-06"): (1, 1, 1),
        ("not-counted", "late-cancellation"): (None, 1, 1),
        ("not-counted", "patient-cancellation"): (None, 3, 2),
        ("not-counted", "provider-cancellation"): (None, 1, 1),
        ("not-counted", "unknown"): (None, 1, 1),
    }
    assert figures(ran.json, "drop-out-over-a-year") == {("", "all"): (0, 0, 0)}


TABLE = """\
No-show rate, 2026-01-05 to 2026-02-17
{no_show}
                         missed    visits     rate   95 % interval  patients
all                           2         6   33.3 %   9.7 to 70.0 %         2
by first or follow-up visit
  first                       1         1  100.0 % 20.7 to 100.0 %         1
  follow-up                   1         2   50.0 %   9.5 to 90.6 %         1
  unknown                     0         3    0.0 %   0.0 to 56.2 %         2
by service
  Medication review           0         1    0.0 %   0.0 to 79.4 %         1
  Psychotherapy               2         5   40.0 %  11.8 to 76.9 %         2
"""


def test_the_table_says_what_each_figure_means(command: Callable[..., Ran]) -> None:
    settings()
    write(THREE_MONTHS)
    ran = command("measure", "visits.csv")
    lines = ran.out.splitlines()
    assert TABLE.format(no_show=lines[1]).splitlines() == lines[:11]
    assert "called off, late or not, is in neither number" in lines[1]
    assert "missed, and then booked for another time" in lines[1]
    where = lines.index("Published:")
    assert [line.split(" of ")[0] for line in lines[where + 1 : where + 3]] == [
        *("  19.1 %", "  11.7 %")
    ]
    assert "psychiatric outpatient appointments" in lines[where + 1]
    assert "all specialties" in lines[where + 2]
    rest = lines[where + 4 :]
    assert rest[0] == "Drop-out over a year, 2026-01-05 to 2026-02-17"
    assert "no visit from 275 to 455 days after the first" in rest[1]
    assert rest[2:4] == [
        "         left  patients     rate   95 % interval",
        "all         0         0        -               -",
    ]
    assert [line.split(" of ")[0] for line in rest[5:8]] == [
        *("  31.0 %", "  22.4 %", "  19.7 % (95 % interval 18.7 % to 20.7 %)"),
    ]
    assert rest[8:] == ["", "measure: 6 of 6 records, FHIR 4.0.1"]


def test_csv_is_the_same_table_on_standard_output_and_in_the_folder(
    command: Callable[..., Ran],
) -> None:
    settings(smallest=2)
    write(THREE_MONTHS)
    ran = command("measure", "visits.csv", "--csv", "--out", "out")
    assert Path("out/measures.csv").read_text(encoding="utf-8") == ran.out
    assert "measure: 6 of 6 records" in ran.err
    rows = [*csv.reader(io.StringIO(ran.out))]
    assert rows[:4] == [
        ["measure", "by", "group", "numerator", "denominator", "patients", "rate", "low", "high",
         "note"],
        ["no-show-rate", "", "all", "2", "6", "2", "0.3333", "0.0968", "0.7000", ""],
        ["no-show-rate", "first-or-follow-up", "first", "", "", "", "", "", "", "masked"],
        ["no-show-rate", "first-or-follow-up", "follow-up", "", "", "", "", "", "", "masked"],
    ]  # fmt: skip


def test_the_same_files_on_every_run_and_nobody_elses_are_touched(
    command: Callable[..., Ran],
) -> None:
    settings()
    write(THREE_MONTHS)
    assert command("map", "visits.csv", "--out", "out").code == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    ran = command("measure", "visits.csv", "--json", "--out", "out")
    assert ran.json["files"] == {"Measure": 2, "MeasureReport": 1}  # of drop-out there is nothing
    first = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    new = {"Measure.ndjson", "MeasureReport.ndjson", "measures.csv"}
    assert first.keys() - before.keys() == new
    assert {name: first[name] for name in before} == before
    command("measure", "visits.csv", "--out", "out")
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == first


@pytest.mark.parametrize(
    ("fhir", "score"), [("R4", "measureScore"), ("R5", "measureScoreQuantity")]
)
def test_the_report_says_the_same(command: Callable[..., Ran], fhir: str, score: str) -> None:
    settings('organization = "urn:example:org|east"')
    write(THREE_MONTHS)
    command("measure", "visits.csv", "--out", "out", "--fhir", fhir)
    told = report("out")
    assert told["period"] == {"start": "2026-01-05", "end": "2026-02-17"}
    assert told["reporter"]["identifier"] == {"system": "urn:example:org", "value": "east"}
    group = told["group"][0]
    assert [one["count"] for one in group["population"]] == [6, 6, 2]
    assert group[score]["value"] == 0.3333
    parts = {one["url"]: [*one.values()][1] for one in group[score]["extension"][0]["extension"]}
    method = {"coding": [{"system": f"{IG}/CodeSystem/engagement", "code": "wilson"}]}
    assert parts == {"level": 95, "method": method, "low": 0.0968, "high": 0.7, "patients": 2}
    names = [by["code"] if fhir == "R5" else by["code"][0] for by in group["stratifier"]]
    assert [one["coding"][0]["code"] for one in names] == [
        *("first-or-follow-up", "service", "referrer", "clinician", "month"),
    ]
    which, service, referrer, clinician, _ = [
        [one["valueCodeableConcept" if fhir == "R5" else "value"] for one in by["stratum"]]
        for by in group["stratifier"]
    ]
    assert [one["coding"][0]["code"] for one in which] == ["first", "follow-up", "unknown"]
    assert service == [{"text": "Medication review"}, {"text": "Psychotherapy"}]
    assert referrer[0] == {"text": "urn:example:gp|lee"}
    assert referrer[1]["coding"][0]["code"] == "unknown"
    assert [one.get("text") for one in clinician] == [
        *("urn:example:other|7", "urn:example:staff|kurtz", None),
    ]


IG = "https://alliance-fhir.github.io/ig"


def test_a_bad_row_is_named_and_the_others_are_counted(command: Callable[..., Ran]) -> None:
    settings()
    write([*THREE_MONTHS, row("1003", "2026-02-30")])
    ran = command("measure", "visits.csv", "--json", "--out", "out")
    assert (ran.code, [one["rule"] for one in ran.json["rejected"]]) == (4, ["not-a-date"])
    assert ran.json["records"] == {"read": 7, "accepted": 6, "rejected": 1}
    assert figures(ran.json)["", "all"] == (2, 6, 2)
    assert Path("out/MeasureReport.ndjson").exists()


def test_where_a_file_cannot_be_read_nothing_is_written_or_sent(
    command: Callable[..., Ran],
) -> None:
    settings()
    write(THREE_MONTHS)
    Path("more.csv").write_text("appointment,patient\n", encoding="utf-8")
    ran = command("measure", "visits.csv", "more.csv", "--json", "--out", "out", "--to", "there")
    assert ran.code == 3
    assert not Path("out").exists()
    assert not Path("there").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-03-01", "--until", "2026-02-01"), "--until names a day before --from"),
        (("--from", "2030-01-01"), "no visit was attended or missed after --from; name both days"),
        (("--until", "2020-01-01"), "no visit was attended or missed before --until; name both"),
        (("--from", "1.3.2026"), "--from takes a date such as 2026-03-02"),
        (("--until", "soon"), "--until takes a date such as 2026-03-02"),
        (("--csv", "--json"), "--csv and --json are two answers to one question"),
    ],
)
def test_what_cannot_be_meant(command: Callable[..., Ran], words: tuple[str], told: str) -> None:
    settings()
    write(THREE_MONTHS)
    ran = command("measure", "visits.csv", *words)
    assert ran.code == 2
    assert told in ran.out + ran.err


def test_without_a_visit_that_counts_a_period_has_to_be_named(command: Callable[..., Ran]) -> None:
    settings()
    write([row("1001", "2027-03-02", "booked")])
    ran = command("measure", "visits.csv")
    assert ran.code == 2
    assert "name it by --from and --until" in ran.err
    ran = command(
        "measure", "visits.csv", "--json", "--from", "2026-01-01", "--until", "2026-12-31"
    )
    assert figures(ran.json) == {("", "all"): (0, 0, 0)}


def test_messages_are_counted_as_tables_are(command: Callable[..., Ran]) -> None:
    """S12 books it, S26 says that nobody came."""
    settings()
    head = r"MSH|^~\&|A|B|C|D|{}-0500||SIU^S{}|{}|P|2.5" + "\r"
    rest = (
        "SCH|v-1|v-1|||||||50|min|^^^20260302140000-0500^20260302145000-0500\r"
        "PID|||1001||Doe\rRGS|1\rAIP|1||kurtz\r"
    )
    messages = [head.format(f"2026030{n}1500", event, n) + rest for n, event in ((1, 12), (3, 26))]
    Path("visits.hl7").write_text("".join(messages), encoding="ascii", newline="")
    ran = command("measure", "visits.hl7", "--json")
    assert (ran.code, ran.json["rejected"]) == (0, [])
    assert figures(ran.json)["month", "2026-03"] == (1, 1, 1)
