"""Every ability taken away, by the server itself and by a proxy before it, or only claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import ABILITIES, AbilityProxy, FhirServer

from .conftest import KEY, PATIENT, Http, entry, observation

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Http], Any]

P = {**PATIENT, "id": "p"}
NEW = entry("POST", "Observation", observation())
CREATE = entry("POST", "Observation", observation(), ifNoneExist=KEY)
UPDATE = entry("PUT", "Patient/p", {**P, "active": True}, ifMatch='W/"1"')
ABOUT = {"resourceType": "Provenance", "target": [{"reference": "Patient/p"}]}

NEEDS: dict[str, list[tuple[Ask, int]]] = {
    "transactions": [(lambda http: http.bundle("transaction", NEW), 405)],
    "batches": [(lambda http: http.bundle("batch", NEW), 405)],
    "conditional-create": [
        (lambda http: http.create(observation(), If_None_Exist=KEY), 501),
        (lambda http: http.bundle("transaction", CREATE), 501),
    ],
    "if-match": [
        (lambda http: http("PUT", "Patient/p", P, If_Match='W/"1"'), 501),
        (lambda http: http.bundle("transaction", UPDATE), 501),
    ],
    "identifier-search": [
        (lambda http: http("GET", f"Observation?{KEY}"), 400),
        (lambda http: http("GET", "Observation?subject:identifier=a"), 400),
        (lambda http: http("POST", "Observation/_search", KEY.encode()), 400),
        (lambda http: http.create(observation(), If_None_Exist=KEY), 400),
        (lambda http: http.bundle("transaction", CREATE), 400),
    ],
    "post-search": [(lambda http: http("POST", "Patient/_search", b"_id=p"), 405)],
    "versions": [
        (lambda http: http("GET", "Patient/p/_history/1"), 501),
        (lambda http: http("PUT", "Patient/p", P, If_Match='W/"1"'), 501),
    ],
    "history": [
        (lambda http: http("GET", "Patient/p/_history"), 405),
        (lambda http: http("GET", "Patient/_history"), 405),
        (lambda http: http("GET", "_history"), 405),
    ],
    "delete": [
        (lambda http: http("DELETE", "Patient/p"), 405),
        (lambda http: http.bundle("transaction", entry("DELETE", "Patient/p")), 405),
    ],
    "statement": [],
    "tags": [(lambda http: http("GET", "Patient?_tag=a|b"), 400)],
    "provenance": [
        (lambda http: http.create(ABOUT), 404),
        (lambda http: http("GET", "Provenance?target=Patient/p"), 404),
        (lambda http: http.bundle("transaction", entry("POST", "Provenance", ABOUT)), 404),
    ],
}
"""What needs an ability, and the status with which it is refused where that is lacking."""


@pytest.fixture(params=["itself", "proxy"])
def lacking(
    request: pytest.FixtureRequest,
    made: Callable[..., tuple[FhirServer, Http]],
    connect: Callable[[str], Http],
    ability_proxy: Callable[..., AbilityProxy],
) -> Callable[..., tuple[FhirServer, Http]]:
    """A server that lacks abilities, by itself or by a proxy, and HTTP to it."""

    def start(*lacks: str, **more: Any) -> tuple[FhirServer, Http]:
        if request.param == "itself":
            return made(lacks=set(lacks), **more)
        server, _ = made()
        return server, connect(ability_proxy(server.url, lacks=set(lacks), **more).url)

    return start


def test_there_is_a_case_for_every_ability() -> None:
    assert set(NEEDS) == set(ABILITIES)


@pytest.mark.parametrize("ability", ABILITIES)
def test_what_is_lacking_is_refused(
    ability: str, lacking: Callable[..., tuple[FhirServer, Http]]
) -> None:
    server, http = lacking(ability)
    before = server.everything
    for ask, status in NEEDS[ability]:
        answer = ask(http)
        assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert server.everything == before
    _, whole = lacking()
    for ask, _ in NEEDS[ability]:
        assert ask(whole).is_success


def claims(http: Http) -> dict[str, Any]:
    """What a server claims, in short."""
    [rest] = http("GET", "metadata").json()["rest"]
    patient = next(one for one in rest["resource"] if one["type"] == "Patient")
    codes = {one["code"] for one in rest.get("interaction", [])}
    return {
        "system": codes,
        "patient": {one["code"] for one in patient["interaction"]},
        "parameters": {one["name"] for one in patient["searchParam"]},
        "versioning": patient["versioning"],
        "history": patient["readHistory"],
        "conditional": patient["conditionalCreate"],
        "provenance": any(one["type"] == "Provenance" for one in rest["resource"]),
        "identified": {
            one["type"]
            for one in rest["resource"]
            if one["type"] in ("Patient", "Observation")
            and "identifier" in {told["name"] for told in one["searchParam"]}
        },
    }


WHOLE: dict[str, Any] = {
    "system": {"transaction", "batch", "history-system"},
    "patient": {
        *("read", "vread", "create", "update", "delete"),
        *("history-instance", "history-type", "search-type"),
    },
    "parameters": {"_id", "_lastUpdated", "_profile", "_security", "_tag", "identifier", "link"},
    "versioning": "versioned-update",
    "history": True,
    "conditional": True,
    "identified": {"Patient", "Observation"},
    "provenance": True,
}
LESS: dict[str, dict[str, Any]] = {
    "transactions": {"system": {"batch", "history-system"}},
    "batches": {"system": {"transaction", "history-system"}},
    "conditional-create": {"conditional": False},
    "if-match": {"versioning": "versioned"},
    "identifier-search": {"identified": {"Patient"}},  # people are always found by theirs
    "post-search": {},
    "versions": {
        "versioning": "no-version",
        "history": False,
        "patient": WHOLE["patient"] - {"vread"},
    },
    "history": {
        "system": {"transaction", "batch"},
        "patient": WHOLE["patient"] - {"history-instance", "history-type"},
    },
    "delete": {"patient": WHOLE["patient"] - {"delete"}},
    "tags": {"parameters": WHOLE["parameters"] - {"_tag"}},
    "provenance": {"provenance": False},
}


@pytest.mark.parametrize("ability", LESS)
def test_what_is_lacking_is_not_claimed(
    ability: str, lacking: Callable[..., tuple[FhirServer, Http]]
) -> None:
    _, http = lacking(ability)
    assert claims(http) == {**WHOLE, **LESS[ability]}


def test_without_a_statement_there_is_a_bundle(
    lacking: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = lacking("statement")
    answer = http("GET", "metadata")
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "Bundle")


def test_all_may_be_lacking_at_once(lacking: Callable[..., tuple[FhirServer, Http]]) -> None:
    server, http = lacking(*ABILITIES)
    assert http.create(observation()).status_code == 201
    assert http.found("Observation?patient=p") == [server.of_type("Observation")[0]["id"]]


def test_an_entry_of_a_batch_is_refused_alone(
    lacking: Callable[..., tuple[FhirServer, Http]],
) -> None:
    server, http = lacking("conditional-create", "if-match")
    other = entry("POST", "Observation", observation("b"))
    assert http.statuses("batch", CREATE, other, UPDATE) == ["501", "201", "501"]
    assert len(server.of_type("Observation")) == 1


def test_without_versions_there_are_none(lacking: Callable[..., tuple[FhirServer, Http]]) -> None:
    _, http = lacking("versions")
    answer = http.create(observation())
    assert "ETag" not in answer.headers
    assert "versionId" not in answer.json()["meta"]
    told = http.bundle("batch", entry("POST", "Observation", observation())).json()["entry"][0]
    assert "etag" not in told["response"]
    assert "_history" not in told["response"]["location"]


def test_without_tags_none_are_kept(lacking: Callable[..., tuple[FhirServer, Http]]) -> None:
    server, http = lacking("tags")
    body = observation(meta={"tag": [{"code": "x"}], "profile": ["urn:example:p"]})
    http.create(body)
    http.bundle("transaction", entry("POST", "Observation", body))
    for one in server.of_type("Observation"):
        assert "tag" not in one["meta"]
        assert one["meta"]["profile"] == ["urn:example:p"]


def test_another_status_may_be_refused_with(
    lacking: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = lacking("transactions", statuses={"transactions": 404})
    assert http.bundle("transaction", NEW).status_code == 404


def test_names_that_are_none_are_told(server: FhirServer) -> None:
    with pytest.raises(ValueError, match="no abilities: nonsense; there are transactions, "):
        FhirServer(lacks={"nonsense"})
    with pytest.raises(ValueError, match="cannot have these ignored: history, transactions"):
        AbilityProxy(server.url, ignores={"transactions", "history"})


# --- only claimed


@pytest.fixture(params=["itself", "proxy"])
def ignoring(
    request: pytest.FixtureRequest,
    made: Callable[..., tuple[FhirServer, Http]],
    connect: Callable[[str], Http],
    ability_proxy: Callable[..., AbilityProxy],
) -> Callable[..., tuple[FhirServer, Http]]:
    """A server that ignores what it claims, by itself or by a proxy, and HTTP to it."""

    def start(*ignores: str) -> tuple[FhirServer, Http]:
        if request.param == "itself":
            return made(ignores=set(ignores))
        server, _ = made()
        return server, connect(ability_proxy(server.url, ignores=set(ignores)).url)

    return start


def test_ignored_conditions_make_duplicates(
    ignoring: Callable[..., tuple[FhirServer, Http]],
) -> None:
    server, http = ignoring("conditional-create")
    for _ in range(2):
        assert http.create(observation(), If_None_Exist=KEY).status_code == 201
        assert http.statuses("transaction", CREATE) == ["201"]
    assert len(server.of_type("Observation")) == 4
    assert claims(http) == WHOLE


def test_ignored_if_match_overwrites(ignoring: Callable[..., tuple[FhirServer, Http]]) -> None:
    server, http = ignoring("if-match")
    assert http("PUT", "Patient/p", {**P, "active": True}, If_Match='W/"9"').status_code == 200
    stale = entry("PUT", "Patient/p", {**P, "active": False}, ifMatch='W/"9"')
    assert http.statuses("transaction", stale) == ["200"]
    assert [v["active"] for v in server.history("Patient/p")[1:] if v] == [True, False]
    assert claims(http) == WHOLE


@pytest.mark.parametrize("search", [KEY, "identifier=nobody", "subject:identifier=nobody"])
def test_an_ignored_search_parameter_finds_everything(
    ignoring: Callable[..., tuple[FhirServer, Http]], search: str
) -> None:
    server, http = ignoring("identifier-search")
    ids = [server.put(**observation(key))["id"] for key in "ab"]
    assert http.found(f"Observation?{search}") == ids
    assert http.found(f"Observation?{search}&_id={ids[0]}") == ids[:1]
    posted = http("POST", "Observation/_search", search.encode()).json()
    assert len(posted["entry"]) == 2
    batch = http.bundle("batch", entry("GET", f"Observation?{search}")).json()
    assert len(batch["entry"][0]["resource"]["entry"]) == 2
    assert claims(http) == WHOLE


def test_an_ignored_search_by_post_finds_everything(
    ignoring: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = ignoring("post-search")
    assert len(http("POST", "Patient/_search", b"_id=nobody").json()["entry"]) == 1
    assert http.found("Patient?_id=nobody") == []


def test_an_ignored_delete_leaves_it_there(
    ignoring: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = ignoring("delete")
    assert http("DELETE", "Patient/p").status_code == 204
    assert http("GET", "Patient/p").status_code == 200


def test_ignored_tags_are_dropped(ignoring: Callable[..., tuple[FhirServer, Http]]) -> None:
    server, http = ignoring("tags")
    http.create(observation(meta={"tag": [{"code": "x"}]}))
    assert "tag" not in server.of_type("Observation")[0]["meta"]
    assert len(http.found("Observation?_tag=y")) == 1
    assert claims(http) == WHOLE


def test_an_ignored_transaction_is_not_rolled_back(
    made: Callable[..., tuple[FhirServer, Http]],
) -> None:
    server, http = made(ignores={"transactions"})
    bad = entry("PUT", "Patient/p", {**P, "active": True}, ifMatch='W/"9"')
    assert http.bundle("transaction", NEW, bad).status_code == 412
    assert len(server.of_type("Observation")) == 1


def test_an_ignored_batch_is_all_or_nothing(made: Callable[..., tuple[FhirServer, Http]]) -> None:
    server, http = made(ignores={"batches"})
    bad = entry("PUT", "Patient/p", {**P, "active": True}, ifMatch='W/"9"')
    assert http.bundle("batch", NEW, bad).status_code == 412
    assert http.bundle("batch", NEW).json()["type"] == "batch-response"
    assert len(server.of_type("Observation")) == 1


def test_ignored_versions_are_always_the_same(
    made: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = made(ignores={"versions"})
    for active in (True, False):
        answer = http("PUT", "Patient/p", {**P, "active": active}, If_Match='W/"1"')
        assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert http("GET", "Patient/p/_history/1").json()["active"] is False
    assert claims(http) == WHOLE


def test_an_ignored_history_has_the_last_alone(
    made: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = made(ignores={"history"})
    http("PUT", "Patient/p", {**P, "active": True})
    told = http("GET", "Patient/p/_history").json()["entry"]
    assert [one["resource"]["meta"]["versionId"] for one in told] == ["2"]


def test_an_ignored_statement_says_its_version_alone(
    made: Callable[..., tuple[FhirServer, Http]],
) -> None:
    _, http = made(ignores={"statement"}, fhir_version="4.3.0")
    told = http("GET", "metadata").json()
    assert (told["fhirVersion"], "rest" in told) == ("4.3.0", False)


def test_an_ignored_type_is_answered_and_not_kept(
    made: Callable[..., tuple[FhirServer, Http]],
) -> None:
    server, http = made(ignores={"provenance"})
    answer = http.create(ABOUT)
    assert answer.status_code == 201
    assert http("GET", f"Provenance/{answer.json()['id']}").status_code == 404
    assert server.of_type("Provenance") == []
    assert claims(http) == WHOLE
