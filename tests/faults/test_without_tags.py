"""Servers that find nothing by tags, by which Provenances are known: a run learns it by what is
declined, and a refusal of a record is one all the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing import AbilityProxy, Fault, faults
from alliance_fhir.testing.messages import entries_of, entry_interaction, interaction, parsed
from contract.kinds import RUNGS
from contract.places import ServerPlace

from .conftest import OF_A_ROW, ROWS, TOML, Clinic, Little
from .outside import IN_A_ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alliance_fhir.testing import Answer, Request
    from alliance_fhir.testing.faults import Call
    from alliance_fhir.testing.messages import Interaction
    from conftest import Ran
    from contract.clinic import Row

LADDER: dict[str, frozenset[str]] = {
    "transactions": frozenset(),
    "batches": RUNGS["batches"],
    "singles": RUNGS["singles"],
}
ON_THE_LADDER = pytest.mark.parametrize("rung", LADDER)
SEARCH_FIRST = RUNGS["search-first"]
BAD = ROWS[5]
FIRST_OF_A_RECORD = 3
"""The number of the first write that is about a record: form and software go before."""


def asked_of(requests: Iterable[Request]) -> Iterator[Interaction]:
    """All that was asked for, in bundles too."""
    for request in requests:
        asked = interaction(request)
        yield asked
        if not asked.path and asked.resource is not None:
            yield from map(entry_interaction, entries_of(asked.resource))


def by_tag(clinic: Little) -> int:
    """How many creates were asked for on condition that nothing bears a tag."""
    return sum("_tag=" in (asked.condition or "") for asked in asked_of(clinic.server.requests))


def transactions(clinic: Little) -> int:
    """How many transactions were sent."""
    return sum(faults.is_bundle("transaction")(request) for request in clinic.server.writes)


def proven_once(everything: Iterable[dict[str, Any]], rows: Iterable[Row]) -> None:
    """What comes of these rows is there once, and each of it under one Provenance."""
    bodies = list(everything)
    about = Counter(
        target["reference"]
        for body in bodies
        if body["resourceType"] == "Provenance"
        for target in body["target"]
    )
    there = Counter(body["resourceType"] for body in bodies)
    number = len(list(rows))
    assert {type_: there[type_] for type_ in IN_A_ROW} == {
        type_: of_one * number for type_, of_one in IN_A_ROW.items()
    }
    assert (len(about), set(about.values())) == ((OF_A_ROW - 1) * number, {1})


def idle(clinic: Clinic) -> None:
    """All is equal to what was sent, and a further run has nothing to do."""
    clinic.verified()
    again = clinic.sync()
    done = {state for state, number in again.json["resources"].items() if number}
    assert (again.code, done) == (0, {"unchanged"})


@ON_THE_LADDER
@pytest.mark.parametrize("status", [400, 404, 422, 501])
@pytest.mark.parametrize("search_first", [False, True], ids=["on-condition", "search-first"])
def test_that_nothing_is_found_by_tags_is_learnt_by_what_is_declined(
    opened: Callable[..., Little], rung: str, status: int, search_first: bool
) -> None:
    lacks = LADDER[rung] | (SEARCH_FIRST if search_first else set()) | {"tags"}
    clinic = opened(lacks=lacks, statuses={"tags": status})
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["created"]) == (0, 2 + OF_A_ROW * len(ROWS)), ran.out
    assert ran.json["rejected"] == []
    learning = 0 if search_first else by_tag(clinic)
    assert learning <= clinic.lanes  # once it is known, nobody asks again
    if rung == "transactions":
        assert transactions(clinic) == 2 + len(ROWS) + learning
    proven_once(clinic.server.everything, ROWS)
    idle(clinic)


@ON_THE_LADDER
@pytest.mark.parametrize("status", [400, 422])
def test_that_only_conditions_by_tag_are_declined_is_learnt_as_well(
    opened: Callable[..., Little], rung: str, status: int
) -> None:
    clinic = opened(lacks=LADDER[rung])
    declined = clinic.server.arm(faults.refused_conditions("_tag", status))
    ran = clinic.sync()
    assert (ran.code, ran.json["rejected"]) == (0, []), ran.out
    assert 0 < declined.hits <= clinic.lanes
    clinic.whole()


@ON_THE_LADDER
@pytest.mark.parametrize("number", range(FIRST_OF_A_RECORD, FIRST_OF_A_RECORD + OF_A_ROW + 2))
@pytest.mark.parametrize("lanes", [1])
def test_a_reply_that_is_lost_meanwhile_makes_no_second_provenance(
    opened: Callable[..., Little], rung: str, number: int
) -> None:
    """It may be the reply that would have told, or one to what goes without the condition."""
    clinic = opened(lacks=LADDER[rung] | {"tags"})
    clinic.write(*ROWS[:4])
    lost = clinic.arm(faults.lost_reply().nth(number))
    ran = clinic.sync()
    assert (ran.code, lost.hits) == (0, number <= len(clinic.server.writes)), ran.out
    proven_once(clinic.server.everything, clinic.rows)
    idle(clinic)


@ON_THE_LADDER
@pytest.mark.parametrize("place", [0, 5], ids=["at-first", "later"])
@pytest.mark.parametrize("tags", [True, False], ids=["tags", "no-tags"])
@pytest.mark.parametrize("lanes", [1])
def test_a_bad_record_is_rejected_by_the_word_that_is_about_it(
    opened: Callable[..., Little], rung: str, place: int, tags: bool
) -> None:
    """Before anything is known of tags, and after; where tags are taken nothing is learnt of it."""
    clinic = opened(lacks=LADDER[rung] | (set() if tags else {"tags"}))
    good = [row for row in ROWS if row != BAD]
    clinic.write(*good[:place], BAD, *good[place:])
    clinic.arm(faults.chokes_on(f'"value":"{BAD.record_id}"', 422))
    clinic.arm(faults.chokes_on(f'"valueString":"{BAD.record_id}"', 422))
    ran = clinic.sync()
    told = [(one["row"], one["rule"]) for one in ran.json["rejected"]]
    assert (ran.code, told) == (4, [(2 + place, "refused")])
    [letter] = map(json.loads, Path(ran.json["dead_letters"]).read_text().splitlines())
    assert (letter["status"], letter["outcome"]["issue"][0]["code"]) == (422, "processing")
    proven_once(clinic.server.everything, good)
    if rung == "transactions":  # as soon as one was taken there is nothing to be found out
        about = [one for one in clinic.server.writes if f'"{BAD.record_id}"'.encode() in one.body]
        assert len(about) == (1 if place else 2)
    if tags:
        assert by_tag(clinic) == len(good) + (rung == "transactions")
    for armed in clinic.armed:
        armed.disarm()
    assert clinic.sync().code == 0
    proven_once(clinic.server.everything, ROWS)
    idle(clinic)


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_what_is_retracted_is_under_a_provenance_as_well(
    opened: Callable[..., Little], rung: str
) -> None:
    """By a process of its own, which has to learn it anew."""
    clinic = opened(lacks=LADDER[rung] | {"tags"})
    assert clinic.sync().code == 0
    before = len(clinic.server.of_type("Provenance"))
    config = ("--config", clinic.folder / "alliance.toml")
    ran = clinic.run("retract", BAD.record_id, "--reason", "Not hers.", *config, *clinic.to)
    assert ran.code == 0, ran.out
    assert len(clinic.server.of_type("Provenance")) == before + 1
    wrong = [one for one in clinic.server.everything if one.get("status") == "entered-in-error"]
    assert len(wrong) == OF_A_ROW - 1
    clinic.verified()


def points_nowhere(call: Call) -> Answer:
    """What is changed by a transaction points to what is not there, as the server finds out late:
    creates go before changes."""
    body = parsed(call.request.body)
    changed = [one for one in body["entry"] if one["request"]["method"] == "PUT"]
    for entry in changed:
        entry["resource"]["subject"]["reference"] = "Patient/nobody"
    return call.send(call.request._replace(body=dumps(body)))


POINTS_NOWHERE = Fault(
    "points nowhere", points_nowhere, fits=faults.is_bundle("transaction")
).always()


@pytest.mark.parametrize("tags", [True, False], ids=["tags", "no-tags"])
@pytest.mark.parametrize("lanes", [1])
def test_what_was_kept_of_a_declined_transaction_is_not_made_again(
    opened: Callable[..., Little], tags: bool
) -> None:
    """The Provenance is there by then."""
    clinic = opened(ignores={"transactions"}, lacks=set() if tags else {"tags"})
    clinic.write(ROWS[0])
    assert clinic.sync().code == 0
    before = len(clinic.server.of_type("Provenance"))
    clinic.arm(POINTS_NOWHERE)
    clinic.write(ROWS[0].with_item(4, "4"))
    ran = clinic.sync()
    assert (ran.code, [one["rule"] for one in ran.json["rejected"]]) == (4, ["refused"])
    assert len(clinic.server.of_type("Provenance")) == before + 1


@pytest.mark.server
@pytest.mark.parametrize("rung", ["transactions", "singles"])
def test_hapi_without_tags(
    tmp_path: Path, naps: list[float], command: Callable[..., Ran], hapi_r4: str, rung: str
) -> None:
    with AbilityProxy(hapi_r4, lacks=LADDER[rung] | {"tags"}) as proxy:
        folder = tmp_path / "clinic"
        folder.mkdir()
        (folder / "alliance.toml").write_text(TOML)
        clinic = Clinic(folder, hapi_r4, proxy.url, command, 2, ("--create-people",))
        clinic.write(*ROWS)
        ran = clinic.sync()
        assert (ran.code, ran.json["rejected"]) == (0, []), ran.out
        place = ServerPlace(hapi_r4)
        proven_once(place.everything, ROWS)
        clinic.write(*(row.with_item(4, "4") for row in ROWS))
        ran = clinic.sync()
        assert (ran.code, ran.json["resources"]["updated"]) == (0, 3 * len(ROWS)), ran.out
        place.close()
        idle(clinic)
