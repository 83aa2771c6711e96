"""How fast HL7 v2 messages and tables of visits are mapped: ratios of processor time, measured in
one run, in interleaved rounds.

    python -m benchmarks.messages [--messages 100000] [--rounds 3] [--quick]

`map --check none` reads a file of SIU messages, tells what became of each appointment, and writes
its resources with their Provenances. Bare is python-hl7's own `hl7.parse` of the same messages,
which does nothing else, from memory. Wanted: at most 1.5 times its time. This is measured twice: on
messages of 8 segments, with the names, addresses and other fields that senders write and nobody
reads, of which an appointment has 2.5 on the average; and, harder, on messages of 6 segments as
short as those of public test data, each of an appointment of its own.

Visits as a table are mapped in the same way and held against assessments, WAI-SRs with all answers
as in benchmarks/map.py: time for each resource. Wanted: their speed or more. Two further figures
tell what that means: how fast a bare script is that writes the same (benchmarks/visits_floor.py)
against assessments, and how fast `map` is against that script. Ends with 1 where something is
missed. `--quick` is a tenth of it all, in one round.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import hl7  # pyright: ignore[reportMissingTypeStubs]

from alliance_fhir.config import Settings
from alliance_fhir.running import Options
from alliance_fhir.story import map_to
from benchmarks import visits_floor
from benchmarks.floor import RECORDED
from benchmarks.map import R4, make_rows, ours, processor, same
from benchmarks.report import Report

_SYSTEMS = ("appointment", "patient", "clinician", "referrer", "referral")
SETTINGS = Settings.model_validate(
    {"source": "bench", **{f"{name}_system": f"urn:example:{name}" for name in _SYSTEMS}}
)
bare = cast("Callable[[str], Any]", hl7.parse)  # pyright: ignore[reportUnknownMemberType]
PATIENTS, CLINICIANS, REFERRERS = 8_000, 60, 200
SERVICES = ("Psychotherapy", "Medication visit", "Intake", "Group")
MADE = datetime(2025, 1, 2, 8)
ENDS = {"S14": "Complete", "S26": "Noshow", "S15": "Cancelled"}
"""What a last message says, by its event."""
LONG = (
    "MSH|^~\\&|SCHED|EAST|FHIR|EAST|{made}-0500||SIU^{event}^SIU_S12|{control}|P|2.5.1|||AL|NE",
    (
        "SCH|P{number}|F{number}|||SCHED|ROUTINE|R{reason}^Low mood^LOCAL|NORMAL^Normal^HL70277|50"
        "|min|^^50^{start}-0500^{end}-0500|||||9001^Clerk^Anna|^WPN^PH^^^555^0100"
        "|1 Clinic Way^^Town^CT||9001^Clerk^Anna|||||{status}|{order}"
    ),
    (
        "PID|1||{patient}^^^^MR||Doe^Jane^Q||19800101|F|||12 Elm Street^^New Haven^CT^06511^USA"
        "||^PRN^PH^^^203^5550123|^WPN^PH^^^203^5550199|en|S||{patient}^^^^AN|123-45-6789"
    ),
    (
        "PV1|1|O|EAST^R{room}^^EAST||||{clinician}^Kurtz^Ana^^^Dr|{referrer}^Lee^Sam^^^Dr"
        "||PSY||||A0||||OP|{number}"
    ),
    "RGS|1|A|{room}",
    "AIS|1|A|S{service}^{words}^LOCAL|{start}-0500|0|min|50|min||{status}",
    "AIL|1|A|EAST^R{room}^^EAST|OFFICE|MAIN|{start}-0500|0|min|50|min",
    "AIP|1|A|{clinician}^Kurtz^Ana^^^Dr|DR||{start}-0500|0|min|50|min",
)
SHORT = (
    "MSH|^~\\&|SCHED|EAST|FHIR|EAST|{made}-0500||SIU^{event}^SIU_S12|{control}|P|2.5|||AL|NE",
    (
        "SCH|F{number}|F{number}||||ROUTINE|R{reason}^Low mood^LOCAL||50|min"
        "|^^^{start}-0500^^50^min|||||^||||||{clinician}|||{status}"
    ),
    "PID|1||{patient}^^^^MR",
    "RGS|1|A",
    "AIS|1||S{service}^{words}^LOCAL|{start}-0500|||50|min",
    "AIP|1||{clinician}|DR||{start}-0500|||50|min",
)


class Told(NamedTuple):
    """One appointment as it was booked, and as it ended."""

    number: int
    patient: int
    start: datetime
    event: str

    def message(self, event: str, made: datetime, shape: Sequence[str], later: int = 0) -> str:
        """What is sent of it; `later` is how many days later it is to be by now."""
        start = self.start + timedelta(days=later)
        return "\r".join(shape).format(
            made=f"{made:%Y%m%d%H%M%S}",
            event=event,
            control=f"{self.number}-{event}",
            number=self.number,
            reason=self.number % 5,
            start=f"{start:%Y%m%d%H%M%S}",
            end=f"{start + timedelta(minutes=50):%Y%m%d%H%M%S}",
            status=ENDS.get(event, "Booked"),
            order=f"O{self.patient}" if self.patient % 3 else "",
            patient=self.patient,
            room=self.number % 12,
            clinician=self.patient % CLINICIANS,
            referrer=self.patient % REFERRERS,
            service=self.patient % len(SERVICES),
            words=SERVICES[self.patient % len(SERVICES)],
        )


def told(count: int) -> Iterator[Told]:
    """Appointments of a year."""
    chance = random.Random(20260302)
    for number in range(count):
        start = MADE + timedelta(days=7 + chance.randrange(300), minutes=10 * chance.randrange(54))
        (event,) = chance.choices([*ENDS], (70, 19, 11))
        yield Told(number, chance.randrange(PATIENTS), start, event)


def several(count: int) -> Iterator[str]:
    """Five long messages for two appointments: booked, half of them moved, and how each ended."""
    for one in told(count * 2 // 5):
        made = one.start - timedelta(days=5)
        yield one.message("S12", made, LONG)
        moved = one.number % 2
        if moved:
            yield one.message("S13", made + timedelta(hours=3), LONG, 1)
        ended = one.start + timedelta(days=moved, hours=1 if one.event != "S15" else -3)
        yield one.message(one.event, ended, LONG, moved)


def single(count: int) -> Iterator[str]:
    """One short message for each appointment: how it ended."""
    for one in told(count):
        yield one.message(one.event, one.start + timedelta(hours=1), SHORT)


def make_visits(path: Path, count: int) -> None:
    """`count` rows of visits, a third of them with an order."""
    words = {"S14": "attended", "S26": "no-show", "S15": "cancelled"}
    with path.open("w", newline="") as file:
        file.write("appointment,patient,clinician,start,end,status,cancelled_at,cancelled_by,")
        file.write("reason,service,modality,referral\n")
        for one in told(count):
            end, off = one.start + timedelta(minutes=50), one.event == "S15"
            notice = f"{one.start - timedelta(hours=20):%Y-%m-%dT%H:%M}-05:00,patient"
            file.write(
                f"F{one.number},{one.patient},{one.patient % CLINICIANS},"
                f"{one.start:%Y-%m-%dT%H:%M}-05:00,{end:%Y-%m-%dT%H:%M}-05:00,{words[one.event]},"
                f"{notice if off else ','},Low mood,{SERVICES[one.patient % len(SERVICES)]},"
                f"in-person,{'' if one.patient % 3 else f'O{one.patient}'}\n"
            )


def mapped(source: Path, out: Path) -> int:
    """`map --check none`, by its own function; how many resources it wrote."""
    result = map_to([source], out, SETTINGS, R4, Options(check="none"), RECORDED)
    assert result.ok, result.as_json()
    return sum(result.files.values())


class Messages:
    """The same messages in a file and in memory."""

    def __init__(self, folder: Path, name: str, messages: list[str]) -> None:
        self.name = name
        self.ratios: list[float] = []
        self._messages = messages
        self._file, self._out = folder / f"{name}.hl7", folder / name
        text = "".join(f"{one}\r" for one in messages)
        self._file.write_text(text, encoding="ascii", newline="")

    def round(self) -> str:
        """Both in turn; what each took, as text."""
        parse = processor(lambda: [bare(one) and None for one in self._messages])
        whole = processor(lambda: mapped(self._file, self._out))
        self.ratios.append(whole / parse)
        each = len(self._messages) / 1e6
        return f"{self.name}: bare {parse / each:,.0f} us, map {whole / each:,.0f} us"


class Tables:
    """Visits and assessments as tables; `ratios` are of visits to assessments, `bare` of a bare
    script to assessments, and `to_bare` of visits to that."""

    def __init__(self, folder: Path, count: int) -> None:
        self.ratios: list[float] = []
        self.bare: list[float] = []
        self.to_bare: list[float] = []
        self._visits, self._assessments = folder / "visits.csv", folder / "assessments.csv"
        self._out = [folder / name for name in ("visits", "bare", "assessments")]
        for one in self._out:
            one.mkdir()
        make_visits(self._visits, count)
        make_rows(self._assessments, count // 4)

    def round(self) -> str:
        """All in turn; what each took for a resource, as text."""
        visits, bare_script, assessments = self._out
        works: tuple[tuple[Path, Callable[[], object]], ...] = (
            (visits, lambda: mapped(self._visits, visits)),
            (bare_script, lambda: visits_floor.write(self._visits, bare_script)),
            (assessments, lambda: ours(self._assessments, assessments, "none")),
        )
        took = [_each(out, work) for out, work in works]
        assert same(bare_script, visits, ("Appointment", "ServiceRequest", "Provenance"))
        self.ratios.append(took[2] / took[0])
        self.bare.append(took[2] / took[1])
        self.to_bare.append(took[1] / took[0])
        names = ("visits", "a bare script", "assessments")
        told = ", ".join(f"{name} {each:,.1f} us" for name, each in zip(names, took, strict=True))
        return f"a resource: {told}"


def _each(out: Path, work: Callable[[], object]) -> float:
    """Microseconds for each resource that some work writes to a folder."""
    seconds = processor(work)
    return 1e6 * seconds / sum(one.read_bytes().count(b"\n") for one in out.glob("*.ndjson"))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    count, rounds = (asked.messages // 10, 1) if asked.quick else (asked.messages, asked.rounds)
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = Messages(folder, "several", [*several(count)])
        one = Messages(folder, "single", [*single(count)])
        tables = Tables(folder, count)
        for number in range(rounds):
            for work in (many, one, tables):
                print(f"round {number + 1}, {work.round()}", file=sys.stderr)
    print(f"{count:,} messages and visits, {rounds} rounds, medians of processor time")
    for name, work in (("long messages, 2.5", many), ("short messages, one", one)):
        ratio = statistics.median(work.ratios)
        report.at_most(f"map of {name} an appointment, against the bare parse", ratio, 1.5)
    ratio = statistics.median(tables.ratios)
    report.at_least("visits, a resource, against assessments", ratio, 1)
    bare_script, to_bare = map(statistics.median, (tables.bare, tables.to_bare))
    report.line(f"a bare script that writes the same, against assessments: {bare_script:.2f}")
    report.line(f"visits, against that bare script: {to_bare:.2f}")
    sys.exit(report.code)


if __name__ == "__main__":
    main()
