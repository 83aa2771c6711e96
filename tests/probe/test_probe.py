"""What a server can do, by what it says and by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.testing import AbilityProxy, FhirServer
from alliance_fhir.transport.capabilities import abilities
from alliance_fhir.transport.statement import READ, tells_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Answer, Request
    from conftest import Ran
    from helios import Helios

ALL = {
    *("transactions", "rollback", "batches", "conditional-create", "if-match", "identifier-search"),
    *("tags", "versions", "post-search", "provenance", "history", "delete"),
}
SILENT = {"rollback", "tags", "post-search"}
"""Of these no statement says a word."""
LESS = {
    "transactions": {"transactions"},
    "batches": {"batches"},
    "conditional-create": {"conditional-create"},
    "if-match": {"if-match"},
    "identifier-search": {"identifier-search"},
    "post-search": {"post-search"},
    "versions": {"versions", "if-match", "history"},
    "delete": {"delete"},
    "tags": {"tags"},
    "provenance": {"provenance"},
}
"""What is lacking, and what no longer is to be found then."""
IGNORED = {
    "conditional-create": {"conditional-create"},
    "if-match": {"if-match"},
    "identifier-search": {"identifier-search"},
    "transactions": {"rollback"},
    "tags": {"tags"},
}


def traits(ran: Ran) -> dict[str, dict[str, Any]]:
    """The table of a probe, by trait."""
    assert ran.code == 0, ran.err
    return {row["trait"]: row for row in ran.json["probe"]["traits"]}


def found(ran: Ran) -> set[str]:
    """The traits that were found by trial."""
    return {name for name, row in traits(ran).items() if row["found"]}


def test_a_server_that_can_do_everything(command: Callable[..., Ran]) -> None:
    with FhirServer() as server:
        ran = command("probe", server.url, "--write", "--json")
        assert server.everything == []
    table = traits(ran)
    assert set(table) == found(ran) == ALL
    assert {name for name, row in table.items() if row["claimed"] is None} == SILENT
    assert all(row["claimed"] in (True, None) and row["so"] == "" for row in table.values())
    assert ran.json["probe"]["left"] == []


@pytest.mark.parametrize("ability", LESS)
def test_what_a_server_lacks(ability: str, command: Callable[..., Ran], naps: list[float]) -> None:
    with FhirServer(lacks={ability}) as server:
        table = traits(command("probe", server.url, "--write", "--json"))
    lacking = {name for name, row in table.items() if row["found"] is False}
    assert lacking == LESS[ability]
    assert all(table[name]["so"] for name in LESS[ability])
    # whoever claims transactions may well take batches: HAPI names the one alone
    for name in LESS[ability] - SILENT - {"batches"}:
        assert table[name]["claimed"] is False


@pytest.mark.parametrize("ability", IGNORED)
def test_what_a_server_only_claims(
    ability: str, command: Callable[..., Ran], naps: list[float]
) -> None:
    with FhirServer(ignores={ability}) as server:
        table = traits(command("probe", server.url, "--write", "--json"))
        assert server.everything == []
    assert {name for name, row in table.items() if row["found"] is False} == IGNORED[ability]


def test_without_leave_nothing_is_written(command: Callable[..., Ran]) -> None:
    with FhirServer(lacks={"transactions"}) as server:
        ran = command("probe", server.url, "--json")
        assert server.writes == []
    table = traits(ran)
    assert all(row["found"] is None for row in table.values())
    assert table["transactions"]["claimed"] is False
    assert table["transactions"]["so"]


def test_without_a_statement_the_trials_tell(command: Callable[..., Ran]) -> None:
    with FhirServer(lacks={"statement"}) as server:
        ran = command("probe", server.url, "--write", "--json", "--fhir", "R4")
    assert all(row["claimed"] is None for row in traits(ran).values())
    assert found(ran) == ALL


def test_what_cannot_be_removed_is_named(command: Callable[..., Ran]) -> None:
    with FhirServer(lacks={"delete"}) as server:
        ran = command("probe", server.url, "--write", "--json")
        there = {f"{body['resourceType']}/{body['id']}" for body in server.everything}
        marked = [body["meta"]["tag"][0]["code"] for body in server.everything]
    assert set(ran.json["probe"]["left"]) == there != set()
    assert set(marked) == {"HTEST"}


def test_a_person_reads_what_follows(command: Callable[..., Ran]) -> None:
    with FhirServer(lacks={"transactions", "provenance"}) as server:
        ran = command("probe", server.url, "--write")
    assert "transactions: each record goes in several requests" in ran.out
    assert "Provenance: no create and no update" in ran.out


def test_a_folder_is_no_server(command: Callable[..., Ran], tmp_path: object) -> None:
    ran = command("probe", f"{tmp_path}/new")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing to probe" in ran.err


@pytest.mark.server
@pytest.mark.parametrize("version", ["r4", "r4b", "r5"])
def test_hapi(version: str, request: pytest.FixtureRequest, command: Callable[..., Ran]) -> None:
    ran = command("probe", request.getfixturevalue(f"hapi_{version}"), "--write", "--json")
    assert found(ran) == ALL
    assert (ran.json["probe"]["left"], ran.json["probe"]["refused"]) == ([], {})
    assert "HAPI" in ran.json["probe"]["server"]
    assert ran.json["probe"]["quirks"]


@pytest.mark.server
@pytest.mark.parametrize("version", ["r4", "r4b", "r5"])
def test_hapi_says_in_short_what_it_says_at_length(
    version: str, request: pytest.FixtureRequest
) -> None:
    """What is asked for in short is all that we read of a statement."""
    url = request.getfixturevalue(f"hapi_{version}")
    fhir = {"Accept": "application/fhir+json"}
    short, whole = [
        httpx.get(f"{url}/metadata", params=params, headers=fhir, timeout=60).json()
        for params in ({"_elements": ",".join(READ)}, None)
    ]
    assert tells_all(short)
    assert len(str(short)) < len(str(whole)) / 10
    ours, theirs = abilities(short), abilities(whole)
    assert (ours.lacking, ours.doubted, ours.refused) == (
        theirs.lacking,
        theirs.doubted,
        theirs.refused,
    )
    types = theirs.statement.types or {}
    asked = [(type_, name) for type_ in types for name in ("identifier", "url", "target", "date")]
    assert [ours.searches(*one) for one in asked] == [theirs.searches(*one) for one in asked]


@pytest.mark.server
def test_hapi_with_less(hapi_r4: str, command: Callable[..., Ran]) -> None:
    with AbilityProxy(hapi_r4, lacks={"transactions", "conditional-create"}) as proxy:
        table = traits(command("probe", proxy.url, "--write", "--json"))
    lacking = {name for name, row in table.items() if row["found"] is False}
    assert lacking == {"transactions", "conditional-create"}


@pytest.mark.server
def test_medplum(medplum: str, command: Callable[..., Ran]) -> None:
    """It answers /metadata with a Bundle, and does not roll a transaction back."""
    ran = command("probe", medplum, "--write", "--json", "--fhir", "R4")
    assert all(row["claimed"] is None for row in traits(ran).values())
    assert ALL - found(ran) <= {"rollback", "tags", "post-search", "batches"}
    assert "rollback" not in found(ran)


@pytest.mark.server
@pytest.mark.helios
def test_helios(helios: str, command: Callable[..., Ran]) -> None:
    """It says nothing of If-Match that could be relied on, and heeds it."""
    ran = command("probe", helios, "--write", "--json")
    table = traits(ran)
    assert found(ran) == ALL
    assert {name for name, row in table.items() if row["claimed"] is False} == {"if-match"}
    assert ran.json["probe"]["server"] == "Helios FHIR Server 0.2.7"
    assert len(ran.json["probe"]["quirks"]) == 4
    assert ran.json["probe"]["left"] == []


@pytest.mark.server
@pytest.mark.helios
@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        ({"HFS_VALIDATION_MODE": "enforce"}, set[str]()),
        ({"HFS_REQUIRE_IF_MATCH": "true"}, set[str]()),
        ({"HFS_ENABLE_VERSIONING": "false"}, set[str]()),
        ({"parameters": False}, {"identifier-search"}),
    ],
    ids=["validating", "if-match required", "without ETags", "without search parameters"],
)
def test_helios_set_up_otherwise(
    settings: dict[str, Any],
    lacking: set[str],
    helios_with: Callable[..., Helios],
    command: Callable[..., Ran],
) -> None:
    ran = command("probe", helios_with(**settings).empty(), "--write", "--json")
    assert {name for name, row in traits(ran).items() if row["found"] is False} == lacking
    assert ran.json["probe"]["left"] == []


def test_what_a_server_calls_itself_is_shown_as_it_is(command: Callable[..., Ran]) -> None:
    """Brackets are the markup of what prints it."""

    def renamed(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        software = {"name": "A [red]server[/] of [/b]", "version": "1"}
        body = {**answer.body, "software": software} if request.path == "metadata" else answer.body
        return answer._replace(body=body)

    with FhirServer() as server:
        server.between = renamed
        ran = command("probe", server.url)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].startswith(f"{server.url}: FHIR 4.0.1, A [red]server[/] of [/b]")
