"""A real client sends messages, and the listener and the real server behind it are killed at random
moments, and started again: at the end every appointment is right, and there once.

`SEED=1234 make test-faults` repeats the moments of an earlier run; which they were is printed.
`YEAR=all make test-faults` takes all of the example's year, and not its first weeks alone.
"""

from __future__ import annotations

import os
import random
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from contract.places import bare
from golden.files import MESSAGES, VISIT_TYPES, YEAR
from golden.oracle import differences
from golden.oracle_visits import expect_visits
from golden.oracle_year import rows_of, year_of
from listening.chaos import BOTH, LISTENER, SERVER, Chaos
from listening.messages import all_right, made_up

from .test_killed import SEED

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

Json = dict[str, Any]
pytestmark = pytest.mark.faults

ALL = 1976
APPOINTMENTS = ALL if os.environ.get("YEAR") == "all" else 500
"""All of them take ten minutes where much else runs on two cores."""
COMING = WAITING = {SERVER: 2, LISTENER: 8, BOTH: 1}


@pytest.fixture
def chance(capsys: pytest.CaptureFixture[str]) -> random.Random:
    """As the seed says, which is printed."""
    with capsys.disabled():
        sys.stdout.write(f"\nSEED={SEED} ")
    return random.Random(SEED)  # noqa: S311


def test_every_appointment_is_right_in_the_end(tmp_path: Path, chance: random.Random) -> None:
    told = made_up(chance.randrange(10**6), 100, 300)
    data = [one.data for one in told]
    with closing(Chaos(tmp_path, chance, data, {SERVER: 3, LISTENER: 12})) as chaos:
        chaos.run()
        all_right(chaos.at_server("Appointment"), chaos.at_server("Patient"), told)


@pytest.mark.timeout(2400)
def test_the_year_of_the_example_is_right_in_the_end(tmp_path: Path, chance: random.Random) -> None:
    """Its messages come faster than the server takes what they say, so that most of it waits when
    somebody is killed. All is held against the oracle of the year's table."""
    year = first_of_the_year(tmp_path / "year", APPOINTMENTS)
    wanted = [bare(body) for body in expect_visits(year, "R4", year_of(year))]
    messages = list(messages_of({row["appointment"] for row in rows_of(year)}))
    settings = (MESSAGES / "alliance.toml").read_text(encoding="utf-8")
    toml = settings + "\n[listen]\nhealth_seconds = 0.1\n"
    with closing(Chaos(tmp_path, chance, messages, COMING, WAITING, toml=toml)) as chaos:
        chaos.run()
        kept = chaos.kept()
        found = [bare(body) for type_ in VISIT_TYPES for body in chaos.at_server(type_)]
        people = [body["identifier"] for body in chaos.at_server("Patient")]
    assert sorted(kept) == sorted({one.removesuffix(b"\r") for one in messages})
    if APPOINTMENTS == ALL:
        assert (len(messages), len(kept)) == (4289, 4201)
    assert sum(body["resourceType"] == "Appointment" for body in wanted) == APPOINTMENTS
    assert differences(wanted, found) == []
    assert sorted((one["system"], one["value"]) for (one,) in people) == sorted(patients(wanted))
    # many kills came while something waited: else this shows nothing. Where a machine is fast,
    # the last ones do not
    assert sum(number > 0 for number in chaos.waited) > len(chaos.waited) / 3


def first_of_the_year(folder: Path, number: int) -> Path:
    """The year's first visits, by their starts, with its settings."""
    folder.mkdir()
    lines = (YEAR / "visits.csv").read_bytes().splitlines(keepends=True)
    (folder / "visits.csv").write_bytes(b"".join(lines[: number + 1]))
    (folder / "alliance.toml").write_bytes((YEAR / "alliance.toml").read_bytes())
    return folder


def messages_of(appointments: Container[str]) -> Iterator[bytes]:
    """The example's messages of these, each as it is sent: its segments end with CR, not LF."""
    for told in (MESSAGES / "visits.hl7").read_bytes().split(b"MSH|")[1:]:
        (number,) = (one.split(b"|")[2] for one in told.splitlines() if one.startswith(b"SCH|"))
        if number.decode() in appointments:
            yield b"MSH|" + told.replace(b"\n", b"\r")


def patients(visits: Iterable[Json]) -> set[tuple[str, str]]:
    """Who they are, by system and value."""
    actors = [part["actor"] for body in visits for part in body.get("participant", ())]
    told = [one["identifier"] for one in actors if one["type"] == "Patient"]
    return {(one["system"], one["value"]) for one in told}
