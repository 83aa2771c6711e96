"""Servers that take a condition by tag for "any Provenance": where one is there they say that it is
ours, and of several that they cannot choose (412). What is ours is there in the end, and once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing import Answer, Request, faults, outcome
from alliance_fhir.testing.messages import parsed

from .conftest import OF_A_ROW, ROWS, Little, amended
from .test_without_tags import (
    FIRST_OF_A_RECORD,
    LADDER,
    ON_THE_LADDER,
    by_tag,
    idle,
    proven_once,
)

if TYPE_CHECKING:
    from collections.abc import Callable


NO_TAGS = frozenset({"tags"})
KEEPS = pytest.mark.parametrize("ignores", [frozenset[str](), NO_TAGS], ids=["kept", "not-kept"])


def theirs(clinic: Little, number: int) -> None:
    """Provenances of another clinic, which has this software too."""
    for n in range(number):
        clinic.server.put(
            resourceType="Provenance",
            meta={"tag": [{"system": "https://west.example/provenance", "code": f"west-{n}"}]},
            target=[{"type": "Patient", "reference": "Patient/1000", "identifier": {"value": "w"}}],
            recorded="2020-01-01T00:00:00Z",
            agent=[{"who": {"display": "Somebody else"}}],
        )


def ours(clinic: Little) -> list[dict[str, object]]:
    """All that is there but for theirs."""
    west = {"display": "Somebody else"}
    told = clinic.server.everything
    return [one for one in told if not any(a["who"] == west for a in one.get("agent", []))]


def blind(clinic: Little) -> None:
    """The server looks at no tags in conditions; that never ends."""
    clinic.server.arm(faults.ignored_conditions("_tag"))


@ON_THE_LADDER
@pytest.mark.parametrize("there", [0, 1, 2])
@KEEPS
def test_another_provenance_is_not_taken_for_ours(
    opened: Callable[..., Little], rung: str, there: int, ignores: frozenset[str]
) -> None:
    clinic = opened(lacks=LADDER[rung], ignores=ignores)
    theirs(clinic, there)
    blind(clinic)
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["created"]) == (0, 2 + OF_A_ROW * len(ROWS)), ran.out
    assert by_tag(clinic) <= 2 * clinic.lanes  # once it is known, nobody asks again
    proven_once(ours(clinic), ROWS)
    idle(clinic)
    clinic.write(*map(amended, ROWS))
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["updated"]) == (0, 3 * len(ROWS)), ran.out
    if not ignores:
        clinic.whole()


@ON_THE_LADDER
@pytest.mark.parametrize("there", [1, 2])
@pytest.mark.parametrize("lanes", [1])
def test_where_replies_have_no_bodies_it_is_read(
    opened: Callable[..., Little], rung: str, there: int
) -> None:
    clinic = opened(lacks=LADDER[rung])
    theirs(clinic, there)
    blind(clinic)
    clinic.server.arm(faults.location_only())
    clinic.server.arm(WITHOUT_BODIES)
    assert clinic.sync().code == 0
    proven_once(ours(clinic), ROWS)
    clinic.whole()


def bare(call: faults.Call) -> Answer:
    """What existed is told by its place alone."""
    answer = call.proceed()
    return answer._replace(body=b"") if answer.status == 200 else answer


def of_provenances(request: Request) -> bool:
    """Whether it searches for Provenances."""
    return request.path == "Provenance/_search"


WITHOUT_BODIES = faults.Fault(
    "without bodies", bare, fits=lambda request: bool(request.headers.get("if-none-exist"))
).always()


@pytest.mark.parametrize("lanes", [1])
def test_where_replies_have_no_bodies_what_is_ours_is_known(opened: Callable[..., Little]) -> None:
    """By one read: the condition was taken for what it says, and goes on being asked."""
    clinic = opened(lacks=LADDER["singles"])
    clinic.arm(faults.rewritten("stale", lambda told: {**told, "entry": []}, of_provenances))
    clinic.arm(WITHOUT_BODIES)
    clinic.arm(faults.lost_reply().nth(FIRST_OF_A_RECORD + OF_A_ROW - 1))  # of a Provenance
    ran = clinic.sync()
    assert ran.code == 0, ran.json["blocked"]
    reads = [one for one in clinic.server.requests if one.path.startswith("Provenance/1")]
    assert (len(reads), by_tag(clinic)) == (1, len(ROWS) + 1)
    clinic.whole()


@ON_THE_LADDER
@pytest.mark.parametrize("number", range(FIRST_OF_A_RECORD, FIRST_OF_A_RECORD + OF_A_ROW + 3))
@pytest.mark.parametrize("there", [0, 1, 2])
@KEEPS
@pytest.mark.parametrize("lanes", [1])
def test_a_reply_that_is_lost_meanwhile_makes_no_second_one(
    opened: Callable[..., Little], rung: str, number: int, there: int, ignores: frozenset[str]
) -> None:
    clinic = opened(lacks=LADDER[rung], ignores=ignores)
    theirs(clinic, there)
    blind(clinic)
    clinic.write(*ROWS[:4])
    lost = clinic.arm(faults.lost_reply().nth(number))
    ran = clinic.sync()
    assert (ran.code, lost.hits) == (0, number <= len(clinic.server.writes)), ran.out
    proven_once(ours(clinic), clinic.rows)
    idle(clinic)


@pytest.mark.parametrize("there", [0, 1, 2])
@KEEPS
@pytest.mark.parametrize("lanes", [1])
def test_where_transactions_are_not_rolled_back(
    opened: Callable[..., Little], there: int, ignores: frozenset[str]
) -> None:
    clinic = opened(ignores={"transactions"} | ignores)
    theirs(clinic, there)
    blind(clinic)
    assert clinic.sync().code == 0
    proven_once(ours(clinic), ROWS)
    idle(clinic)


def keeps_the_rest(call: faults.Call) -> Answer:
    """Of a record the last score is declined, and all else is kept."""
    asked = parsed(call.request.body)
    types = [entry["resource"]["resourceType"] for entry in asked["entry"]]
    if "Observation" not in types:
        return call.proceed()
    place = len(types) - 1 - types[::-1].index("Observation")
    gone = asked["entry"].pop(place)
    body = dumps(asked).replace(f'"reference":"{gone["fullUrl"]}",'.encode(), b"")
    answer = call.send(call.request._replace(body=body))
    if isinstance(answer.body, dict) and answer.status == 200:
        refused = {"response": {"status": "422", "outcome": outcome("value")}}
        answer.body["entry"].insert(place, refused)
    return answer


@pytest.mark.parametrize("lanes", [1])
def test_another_provenance_among_what_arrived_in_part_is_not_ours(
    opened: Callable[..., Little],
) -> None:
    clinic = opened()
    clinic.write(ROWS[0])
    theirs(clinic, 1)
    fault = faults.Fault("keeps the rest", keeps_the_rest, fits=faults.is_bundle("transaction"))
    clinic.arm(fault.always())
    blind(clinic)
    ran = clinic.sync()
    assert (ran.code, [one["rule"] for one in ran.json["rejected"]]) == (4, ["refused"]), ran.out
    assert len(clinic.server.of_type("Provenance")) == 2
    clinic.armed[0].disarm()
    assert clinic.sync().code == 0
    clinic.verified()


@ON_THE_LADDER
@pytest.mark.parametrize("there", [0, 1, 2])
@pytest.mark.parametrize("lanes", [1])
def test_what_is_retracted_is_under_a_provenance(
    opened: Callable[..., Little], rung: str, there: int
) -> None:
    clinic = opened(lacks=LADDER[rung])
    theirs(clinic, there)
    blind(clinic)
    clinic.write(ROWS[0])
    assert clinic.sync().code == 0
    config = ("--config", clinic.folder / "alliance.toml")
    words = ("retract", ROWS[0].record_id, "--reason", "Not hers.")
    ran = clinic.run(*words, *config, *clinic.to)
    assert ran.code == 0, ran.out
    assert len(clinic.server.of_type("Provenance")) == there + 2
    clinic.verified()


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_that_one_was_taken_says_nothing_where_there_was_none(
    opened: Callable[..., Little], rung: str
) -> None:
    """Others begin to write when our first is there: only then it shows."""
    clinic = opened(lacks=LADDER[rung])
    blind(clinic)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and len(clinic.server.of_type("Provenance")) == 1:
            theirs(clinic, 2)
        return proceed()

    clinic.server.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["blocked"]) == (0, [])
    proven_once(ours(clinic), ROWS)
    idle(clinic)


# --- a conflict is one all the same


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_what_somebody_changed_meanwhile_is_not_overwritten(
    opened: Callable[..., Little], rung: str
) -> None:
    """The first that is said to a run is of that, and nothing is known of conditions."""
    clinic = opened(lacks=LADDER[rung])
    theirs(clinic, 2)
    blind(clinic)
    assert clinic.sync().code == 0
    clinic.write(*map(amended, ROWS))
    [place] = {clinic.server.of_type("QuestionnaireResponse")[0]["id"]}
    edited: list[int] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and not edited:
            edited.append(1)
            clinic.server.put(
                **{**clinic.server.of_type("QuestionnaireResponse")[0], "language": "es"}
            )
        return proceed()

    clinic.server.between = between
    ran = clinic.sync()
    assert (ran.code, {told["rule"] for told in ran.json["blocked"]}) == (7, {"changed-at-target"})
    kept = clinic.server.history(f"QuestionnaireResponse/{place}")
    assert (len(kept), (kept[-1] or {})["language"]) == (2, "es")
    assert clinic.sync("--take", "source").code == 0
    clinic.whole(proven=False)


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_of_two_that_are_ours_no_third_is_made(opened: Callable[..., Little], rung: str) -> None:
    """Somebody sends what we send twice, right before us: a server that takes tags for what they
    are cannot choose."""
    clinic = opened(lacks=LADDER[rung])
    clinic.write(ROWS[0])

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and not clinic.server.of_type("Provenance"):
            body = parsed(request.body)
            told = [entry["resource"] for entry in body.get("entry", [])] or [body]
            for one in told:
                if one["resourceType"] == "Provenance":
                    clinic.server.put(**json.loads(json.dumps(one)))
                    clinic.server.put(**json.loads(json.dumps(one)))
        return proceed()

    clinic.server.between = between
    ran = clinic.sync()
    assert len(clinic.server.of_type("Provenance")) == 2
    if rung == "transactions":
        told = [told["rule"] for told in ran.json["blocked"]]
        assert (ran.code, set(told)) == (7, {"always-in-conflict"})


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_a_provenance_that_is_always_in_conflict_is_told(
    opened: Callable[..., Little], rung: str
) -> None:
    """Of records that arrived as well: with or without a condition it is not taken."""
    clinic = opened(lacks=LADDER[rung])
    clinic.write(ROWS[0])
    clinic.arm(
        faults.Fault(
            "no Provenance",
            meet=lambda asked: Answer(412, outcome("conflict")),
            fits_interaction=lambda asked: (asked.method, asked.path) == ("POST", "Provenance"),
        ).always()
    )
    ran = clinic.sync()
    told = {told["rule"] for told in ran.json["blocked"]}
    assert (ran.code, told) == (7, {"always-in-conflict"}), ran.out
    clinic.armed[0].disarm()
    assert clinic.sync().code == 0
    proven_once(clinic.server.everything, clinic.rows)
    idle(clinic)
