"""A probe leaves nothing behind, or says what: also where a reply gets lost, and what it made with
it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request, faults, outcome
from alliance_fhir.testing.messages import Cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import CuttingProxy
    from conftest import Ran

KINDS: dict[str, tuple[int, int, dict[str, set[str]]]] = {
    "everything": (20, 12, {}),
    "no tags": (20, 12, {"lacks": {"tags"}}),
    "tags not kept": (20, 12, {"ignores": {"tags"}}),
    "no identifiers": (18, 11, {"lacks": {"identifier-search"}}),
}
"""What a server is like; how often a probe writes there to try something out, and to remove."""
TRIED, REMOVING, _ = KINDS["everything"]
WRITES = [
    (kind, number)
    for kind, (tries, removals, _) in KINDS.items()
    for number in range(1, tries + removals + 1)
]


def places(server: FhirServer) -> set[str]:
    """What it holds."""
    return {f"{body['resourceType']}/{body['id']}" for body in server.everything}


def left(ran: Ran) -> list[str]:
    """What a probe says that it has left."""
    return ran.json["probe"]["left"]


@pytest.mark.parametrize("kind", KINDS)
def test_so_many_writes_there_are(kind: str, command: Callable[..., Ran]) -> None:
    tries, removals, how = KINDS[kind]
    with FhirServer(**how) as server:
        assert command("probe", server.url, "--write").code == 0
        methods = [request.method for request in server.writes]
    assert methods[tries:] == ["DELETE"] * removals
    assert "DELETE" not in methods[:tries]


@pytest.mark.parametrize(("kind", "number"), WRITES)
def test_whichever_reply_is_lost_nothing_is_left(
    kind: str, number: int, command: Callable[..., Ran], naps: list[float]
) -> None:
    tries, _, how = KINDS[kind]
    with FhirServer(**how) as server:
        server.put(resourceType="Observation", id="of-others", status="final")
        lost = server.arm(faults.lost_reply().nth(number))
        ran = command("probe", server.url, "--write", "--json")
        assert lost.hits == 1
        assert places(server) == {"Observation/of-others"}
    assert left(ran) == []
    told = 11 if number <= tries else 0  # a deletion is asked for once more
    assert (ran.code, ran.json["exit_code"]) == (told, told)
    assert ("no answer" in ran.json.get("stopped", "")) == ("no answer" in ran.err) == bool(told)


@pytest.mark.parametrize("where", ["before", "request", "after", "reply"])
@pytest.mark.parametrize("number", [2, 3, 9, 20, 34])
def test_wherever_the_connection_is_cut_nothing_is_left(
    where: Any,
    number: int,
    cutting_proxy: Callable[[str], CuttingProxy],
    command: Callable[..., Ran],
    naps: list[float],
) -> None:
    with FhirServer() as server:
        proxy = cutting_proxy(server.url)
        proxy.cut(where, nth=number)
        ran = command("probe", proxy.url, "--write", "--json")
        assert number in proxy.moments
        assert server.everything == []
    assert left(ran) == []


def test_what_is_found_late_is_removed(command: Callable[..., Ran], naps: list[float]) -> None:
    with FhirServer() as server:
        server.arm(faults.stale_search(5))
        server.arm(faults.lost_reply().nth(4))
        ran = command("probe", server.url, "--write", "--json")
        server.settle()
        assert server.everything == []
    assert (ran.code, left(ran)) == (11, [])


@pytest.mark.parametrize("status", [400, 403, 405, 501])
def test_what_cannot_be_looked_for_is_told(
    status: int, command: Callable[..., Ran], naps: list[float]
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_search and request.path != "metadata":
            return Answer(status, outcome("processing"))
        return proceed()

    with FhirServer() as server:
        server.between = between
        server.arm(faults.lost_reply().nth(1))
        for words in (("--json",), ()):
            ran = command("probe", server.url, "--write", *words)
            assert ran.code == 11
            server.arm(faults.lost_reply().nth(1))
            [*_, body] = server.everything
            [*_, tag] = body["meta"]["tag"]
            where = f"{body['resourceType']}?_tag={tag['system']}|{tag['code']}"
            assert (left(ran) == [where]) if words else (f"not removed: {where}" in ran.out)


@pytest.mark.parametrize("number", [1, 2, 8, TRIED, TRIED + 1, TRIED + 5])
def test_what_a_server_that_went_away_still_has_is_told(
    number: int, command: Callable[..., Ran], naps: list[float]
) -> None:
    """From its n-th write on it does what it is asked for no more, and answers nothing."""
    with FhirServer() as server:

        def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
            if len(server.writes) > number or (gone and request.path != "metadata"):
                raise Cut
            if len(server.writes) == number:
                gone.append(proceed())
                raise Cut
            return proceed()

        gone: list[Answer] = []
        server.between = between
        ran = command("probe", server.url, "--write", "--json")
        told = left(ran)
        unknown = [
            body
            for body in server.everything
            if body["meta"]["tag"][-1]["code"] not in {place.partition("|")[2] for place in told}
        ]
    assert ran.code == (11 if number <= TRIED else 0)
    assert len(set(told)) == len(told) > 0
    assert {f"{body['resourceType']}/{body['id']}" for body in unknown} <= set(told)


def test_nothing_is_said_of_deleting_where_that_was_not_seen(
    command: Callable[..., Ran], naps: list[float]
) -> None:
    with FhirServer() as server:
        deletes = faults.lost_reply().where(lambda request: request.method == "DELETE")
        server.arm(replace(deletes, begin=1, end=float("inf")))
        ran = command("probe", server.url, "--write", "--json")
    [row] = [row for row in ran.json["probe"]["traits"] if row["trait"] == "delete"]
    assert (ran.code, row["found"]) == (0, None)
    assert json.dumps(left(ran)).count("Observation/") > 5
