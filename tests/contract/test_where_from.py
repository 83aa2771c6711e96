"""Which place in which file a Provenance names: for people, and nothing rests on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hl7v2.making import message

from .clinic import Clinic, counts
from .kinds import everywhere
from .places import name_of
from .test_visits import KEPT, VISITS, write

if TYPE_CHECKING:
    from .places import Place

    Json = dict[str, Any]

START = "^^^20260309100000-0400^20260309103000-0400"
BOOKED = message("S12", {10: "1", 7: "20260301090000-0500"}, {2: "7", 11: START})
MISSED = message("S26", {10: "2", 7: "20260309110000-0400"}, {2: "7", 11: START, 25: ""})


def named(place: Place) -> dict[str, list[str]]:
    """What the Provenances name, by their own names."""
    return {
        name_of(body): [entity["what"]["display"] for entity in body["entity"]]
        for body in place.of_type("Provenance")
    }


def as_it_was(body: Json) -> Json:
    """A Provenance as it was written when a line was called a row."""
    first, *rest = body["entity"]
    told = {**first["what"], "display": first["what"]["display"].replace(" line ", " row ")}
    return {**body, "entity": [{**first, "what": told}, *rest]}


@everywhere
def test_a_message_has_a_line_and_what_called_it_a_row_stays(clinic: Clinic) -> None:
    clinic.set(appointment_system=VISITS)
    clinic.register("1001")
    write(clinic, {**KEPT, "clinician": "", "referrer": "", "referral": ""})
    table = clinic.sources
    assert clinic.sync().exit_code == 0
    (clinic.folder / "some.hl7").write_bytes(BOOKED.encode())
    clinic.sources = [clinic.folder / "some.hl7"]
    assert clinic.sync().exit_code == 0
    of_table, of_message = ["visits.csv row 2"], ["some.hl7 line 1", "message 1 of SCHED|EAST"]
    assert sorted(named(clinic.place).values()) == [of_message, of_table]

    [name] = (one for one, told in named(clinic.place).items() if told == of_message)
    clinic.place.edit(name, as_it_was)
    before = named(clinic.place)
    assert before[name] == ["some.hl7 row 1", "message 1 of SCHED|EAST"]
    clinic.sources += table
    versions = clinic.place.versions()
    for ledger in ("ledger.sqlite", "another.sqlite"):  # as where the first was lost
        clinic.ledger = clinic.folder / ledger
        result = clinic.sync()
        assert (result.exit_code, counts(result)) == (0, {"unchanged": 3})
        assert clinic.place.versions() == versions
        clinic.verified()

    (clinic.folder / "some.hl7").write_bytes((BOOKED + MISSED).encode())
    assert clinic.sync().exit_code == 0
    after = named(clinic.place)
    [new] = after.keys() - before.keys()
    where = f"some.hl7 line {1 + BOOKED.count(chr(13))}"
    assert after == {**before, new: [where, *of_message[1:], "message 2 of SCHED|EAST"]}
    clinic.verified()
