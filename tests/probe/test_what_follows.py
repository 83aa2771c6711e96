"""What a server cannot take is named before anything is sent, and done without where that goes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import FhirServer
from contract.clinic import ROW, patient, write_rows

from .statements import Json, of_statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran


def without(type_: str) -> Callable[[Json], None]:
    """A statement that does not list the type."""

    def change(rest: Json) -> None:
        rest["resource"] = [one for one in rest["resource"] if one["type"] != type_]

    return change


def read_only(type_: str) -> Callable[[Json], None]:
    """A statement by which the type can be read alone."""

    def change(rest: Json) -> None:
        for one in rest["resource"]:
            if one["type"] == type_:
                one["interaction"] = [{"code": "read"}, {"code": "search-type"}]

    return change


@pytest.mark.parametrize("records", [1, 5], ids=["looked for one by one", "asked for all at once"])
@pytest.mark.parametrize("type_", ["QuestionnaireResponse", "Observation"])
@pytest.mark.parametrize("how", [without, read_only])
def test_what_a_record_cannot_be_without_blocks_it(
    how: Callable[[str], Callable[[Json], None]],
    type_: str,
    records: int,
    source: Path,
    command: Callable[..., Ran],
) -> None:
    write_rows(source, [replace(ROW, record_id=f"r-{n}") for n in range(records)])
    with FhirServer() as server:
        server.put(**patient(ROW.patient))
        server.between = of_statement(server, how(type_))
        for words in (("plan",), ("sync",), ("plan",)):  # before our Device is there, and after
            ran = command(*words, source, "--to", server.url, "--json")
            assert ran.code == 7
            told = [(blocked["row"], blocked["rule"]) for blocked in ran.json["blocked"]]
            assert told == [(2 + n, "not-accepted") for n in range(records)]
            assert ran.json["resources"]["blocked"] == 6 * records
        assert server.of_type("QuestionnaireResponse") == server.of_type("Observation") == []


@pytest.mark.parametrize("type_", ["Questionnaire", "Device", "Provenance"])
def test_what_a_record_can_be_without_is_left_out(
    type_: str, source: Path, command: Callable[..., Ran]
) -> None:
    with FhirServer() as server:
        server.put(**patient(ROW.patient))
        server.between = of_statement(server, without(type_))
        planned = command("plan", source, "--to", server.url, "--json")
        synced = command("sync", source, "--to", server.url, "--json")
        assert (planned.code, synced.code) == (0, 0)
        assert planned.json["resources"] == synced.json["resources"]
        [warning] = synced.json["warnings"]
        assert (warning["column"], warning["rule"]) == (type_, "left-out")
        assert server.of_type(type_) == []
        assert len(server.of_type("Observation")) == 5
        again = command("sync", source, "--to", server.url, "--json")
        assert (again.code, again.json["resources"]["created"]) == (0, 0)


def test_what_was_tried_out_counts_from_then_on(
    source: Path, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer(ignores={"if-match"}) as server:
        server.put(**patient(ROW.patient))
        assert command("probe", server.url, "--write").code == 0
        assert command("sync", source, "--to", server.url).code == 0
        write_rows(source, [ROW.with_item(4, "4")])
        total = next(b for b in server.of_type("Observation") if "total" in json.dumps(b["code"]))
        edited = {**total, "valueQuantity": {**total["valueQuantity"], "value": 12}}
        server.put(**edited)
        ran = command("sync", source, "--to", server.url, "--json")
        assert ran.code == 7
        assert ran.json["blocked"][0]["rule"] == "changed-at-target"
        after = next(b for b in server.of_type("Observation") if b["id"] == total["id"])
        assert after["valueQuantity"]["value"] == 12


def test_a_user_s_word_counts_for_more_than_the_server_s(
    source: Path, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    with FhirServer() as server:
        server.put(**patient(ROW.patient))
        toml = source.parent / "alliance.toml"
        words = f'[targets.live]\nurl = "{server.url}"\nwithout = ["transactions", "batches"]\n'
        toml.write_text(toml.read_text() + words)
        assert command("sync", source, "--to", "live").code == 0
        assert all(request.path for request in server.writes)
