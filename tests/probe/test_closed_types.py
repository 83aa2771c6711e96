"""Types that a server does not take, though its statement says nothing of it or claims them: a
probe finds out, and the plan names them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.fhir.check import model_class
from alliance_fhir.fhir.versions import version
from alliance_fhir.testing import Answer, FhirServer, Request, outcome
from alliance_fhir.transport.statement import WRITTEN
from contract.clinic import ROW, patient, write_rows

from .statements import Json, of_statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran


def silent(rest: Json) -> None:
    """A statement that says nothing of types."""
    del rest["resource"]


def claiming(rest: Json) -> None:
    """The statement as it is: it claims all types."""


def create_alone(type_: str) -> Callable[[Json], None]:
    """A statement by which the type can be made and not changed."""

    def change(rest: Json) -> None:
        for one in rest["resource"]:
            if one["type"] == type_:
                gone = ("update",)
                one["interaction"] = [c for c in one["interaction"] if c["code"] not in gone]

    return change


def closed(
    server: FhirServer,
    told: Callable[[Json], None],
    declined: Answer,
    *writes: tuple[str, str],
) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """A server whose statement is changed, and that declines these methods for these types."""
    of_it = of_statement(server, told)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if (request.method, request.path.partition("/")[0]) in writes and request.is_write:
            return declined
        return of_it(request, proceed)

    return between


NOT_US = [
    Answer(403, outcome("forbidden")),
    Answer(404, outcome("not-found")),
    Answer(405, outcome("processing")),
    Answer(501, outcome("processing")),
    Answer(400, outcome("not-supported")),
]


def plan_after_probe(
    server: FhirServer, source: Path, command: Callable[..., Ran]
) -> tuple[Ran, Ran]:
    """What a probe says, which leaves nothing, and the plan that comes then."""
    server.put(**patient(ROW.patient))
    probed = command("probe", server.url, "--write", "--json")
    assert [body["resourceType"] for body in server.everything] == ["Patient"]
    assert (probed.code, probed.json["probe"]["left"]) == (0, [])
    before = len(server.writes)
    planned = command("plan", source, "--to", server.url, "--json")
    assert len(server.writes) == before
    return probed, planned


@pytest.mark.parametrize("told", [silent, claiming])
@pytest.mark.parametrize("answer", NOT_US, ids=lambda answer: str(answer.status))
@pytest.mark.parametrize("type_", ["QuestionnaireResponse", "Observation"])
def test_a_type_that_was_found_closed_is_named_by_the_plan(
    type_: str,
    answer: Answer,
    told: Callable[[Json], None],
    source: Path,
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer() as server:
        server.between = closed(server, told, answer, ("POST", type_))
        probed, planned = plan_after_probe(server, source, command)
    what = ["create", "update"] if answer.status == 404 else ["create"]
    assert probed.json["probe"]["refused"] == {type_: what}
    blocked = [(one["row"], one["rule"]) for one in planned.json["blocked"]]
    assert (planned.code, blocked) == (7, [(2, "not-accepted")])


@pytest.mark.parametrize("told", [silent, claiming])
@pytest.mark.parametrize("answer", [NOT_US[0], NOT_US[2]], ids=["403", "405"])
@pytest.mark.parametrize("type_", ["Questionnaire", "Device", "Provenance"])
def test_a_type_that_was_found_closed_is_left_out_by_the_plan(
    type_: str,
    answer: Answer,
    told: Callable[[Json], None],
    source: Path,
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer() as server:
        server.between = closed(server, told, answer, ("POST", type_))
        probed, planned = plan_after_probe(server, source, command)
    assert probed.json["probe"]["refused"] == {type_: ["create"]}
    found = {row["trait"]: row["found"] for row in probed.json["probe"]["traits"]}
    assert found.pop("provenance") == (type_ != "Provenance")
    assert set(found.values()) == {True}  # and all else was tried out
    [warning] = planned.json["warnings"]
    assert (planned.code, warning["column"], warning["rule"]) == (0, type_, "left-out")


@pytest.mark.parametrize("status", [400, 412, 422])
def test_what_is_not_valid_there_says_nothing_of_its_type(
    status: int, source: Path, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer() as server:
        answer = Answer(status, outcome("invariant"))
        types = ("QuestionnaireResponse", "Questionnaire", "Device")
        writes = [(method, type_) for method in ("POST", "PUT") for type_ in types]
        server.between = closed(server, silent, answer, *writes)
        probed, planned = plan_after_probe(server, source, command)
    assert probed.json["probe"]["refused"] == {}
    assert (planned.code, planned.json["blocked"]) == (0, [])


@pytest.mark.parametrize("type_", ["QuestionnaireResponse", "Observation"])
@pytest.mark.parametrize("known", ["tried out", "said"])
def test_what_can_be_made_and_not_changed_blocks_what_was_corrected(
    known: str,
    type_: str,
    source: Path,
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer() as server:
        told, writes = create_alone(type_), list[tuple[str, str]]()
        if known == "tried out":
            told, writes = silent, [("PUT", type_)]
        server.between = closed(server, told, NOT_US[2], *writes)
        probed, planned = plan_after_probe(server, source, command)
        assert probed.json["probe"]["refused"] == {type_: ["update"]}
        assert (planned.code, planned.json["blocked"]) == (0, [])
        assert command("sync", source, "--to", server.url).code == 0
        write_rows(source, [ROW.with_item(4, "4")])
        ran = command("plan", source, "--to", server.url, "--json")
    assert (ran.code, [one["rule"] for one in ran.json["blocked"]]) == (7, ["not-accepted"])


@pytest.mark.parametrize("fhir", ["4.0.1", "4.3.0", "5.0.0"])
def test_what_is_tried_out_is_valid(fhir: str, command: Callable[..., Ran]) -> None:
    with FhirServer(fhir) as server:
        assert command("probe", server.url, "--write").code == 0
        made = [json.loads(write.body) for write in server.writes if write.path and write.body]
    assert {body["resourceType"] for body in made} >= set(WRITTEN)
    assert all(body["meta"]["tag"][0]["code"] == "HTEST" for body in made)
    for body in made:
        model_class(body["resourceType"], version(fhir)).model_validate(body)
