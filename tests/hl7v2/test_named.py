"""Which messages a visit is made of: each by its number, sender, time and digest."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.said import MessageId
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read

from .making import at, message, segment

SYSTEMS = {f"{name}_system": f"urn:example:{name}" for name in ("appointment", "patient")}
SITE = Settings.model_validate({"source": "clinic-east", **SYSTEMS})


def sent(control: str, day: int, event: str = "S12", *others: str) -> str:
    """A message of one appointment, made on a day of February."""
    head = {7: f"202602{day:02}120000-0500", 10: control}
    return message(event, head, {25: "" if event == "S12" else "Complete"}, *others)


def id_of(text: str, control: str, day: int) -> MessageId:
    """How it is to be named."""
    made = at(f"2026-02-{day:02}T12:00:00-05:00")
    return MessageId(control, "SCHED|EAST", sha256(text.encode()).hexdigest(), made)


def named(folder: Path, *files: str) -> tuple[MessageId, ...]:
    """The messages of the one visit of some files."""
    paths: list[Path] = []
    for number, text in enumerate(files):
        paths.append(folder / f"{number}.hl7")
        paths[-1].write_text(text, newline="")
    (read,) = Sources(paths, SITE, Catalog()).records()
    assert isinstance(read, Read)
    return read.messages


BOOKED, MOVED, ENDED = sent("C1", 1), sent("C2", 2, "S13"), sent("C3", 3, "S14")
IDS = (id_of(BOOKED, "C1", 1), id_of(MOVED, "C2", 2), id_of(ENDED, "C3", 3))


def test_from_the_oldest_to_the_newest_each_once(tmp_path: Path) -> None:
    assert named(tmp_path, BOOKED + MOVED + ENDED) == IDS
    assert named(tmp_path, ENDED + MOVED, BOOKED, MOVED) == IDS


def test_the_same_whatever_ends_a_segment_and_whatever_is_around_it(tmp_path: Path) -> None:
    for end in ("\n", "\r\n"):
        assert named(tmp_path, (BOOKED + MOVED + ENDED).replace("\r", end)) == IDS
    framed = "".join(f"\x0b{one}\x1c\r" for one in (ENDED, BOOKED, MOVED))
    assert named(tmp_path, f"FHS|^~\\&|S\rBHS|^~\\&|S\r{framed}BTS|3\rFTS|1\r") == IDS
    assert named(tmp_path, (BOOKED + MOVED + ENDED).rstrip("\r")) == IDS


def test_what_was_only_made_anew_is_not_named(tmp_path: Path) -> None:
    """It counts where it came first, and nothing of the visit is from it."""
    assert named(tmp_path, BOOKED + sent("C1", 9)) == IDS[:1]


def test_two_that_say_the_same_in_other_bytes_are_two(tmp_path: Path) -> None:
    other = sent("C1", 1, "S12", segment("NTE", {3: "nobody reads this"}))
    both = sorted([IDS[0], id_of(other, "C1", 1)])
    assert named(tmp_path, other + BOOKED) == tuple(both)


def test_visits_of_tables_have_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "appointment,patient,start,end,status\n"
        "F1,1001,2026-03-09T10:00-04:00,2026-03-09T10:30-04:00,booked\n"
    )
    (read,) = Sources([path], SITE, Catalog()).records()
    assert isinstance(read, Read)
    assert read.messages == ()
