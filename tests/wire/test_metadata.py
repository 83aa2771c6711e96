"""Whether there is a FHIR server at all, and which version it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, bundle, outcome
from alliance_fhir.testing import FhirServer as LittleServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Request
    from conftest import Ran

    from .conftest import Syncing


def told(little: LittleServer, answer: Answer) -> None:
    """This answer to /metadata."""
    little.between = lambda request, proceed: answer if request.path == "metadata" else proceed()


def statement(version: Any) -> dict[str, Any]:
    return {"resourceType": "CapabilityStatement", "fhirVersion": version}


NO_SERVER: dict[str, Answer] = {
    "a page": Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
    "a page that is not there": Answer(404, b"<html>Not found</html>"),
    "another API": Answer(200, b'{"openapi": "3.1.0"}'),
    "a list": Answer(200, b"[]"),
    "a page elsewhere": Answer(302, b"", {"Location": "https://elsewhere.invalid/login"}),
    "a page elsewhere, for good": Answer(308, b"", {"Location": "https://elsewhere.invalid/"}),
    "gone": Answer(410, outcome("deleted")),
    "broken": Answer(500, outcome("exception")),
}


@pytest.mark.parametrize("answer", NO_SERVER.values(), ids=NO_SERVER)
def test_what_is_no_fhir_server_is_told(clinic: Syncing, answer: Answer) -> None:
    told(clinic.little, answer)
    ran = clinic.sync()
    assert ran.code == 15
    assert f"{clinic.little.url}" in ran.json["stopped"]
    assert "html" not in ran.out
    assert not clinic.ledger.exists()
    assert clinic.little.writes == []


@pytest.mark.parametrize(
    "answer",
    [Answer(200, bundle()), Answer(200), Answer(200, statement(None)), Answer(200, statement(4))],
    ids=["a bundle", "nothing", "no version", "a number"],
)
def test_a_server_that_does_not_say_its_version_is_told_it(clinic: Syncing, answer: Answer) -> None:
    told(clinic.little, answer)
    ran = clinic.sync()
    assert ran.code == 2
    assert "--fhir" in ran.json["stopped"]
    ran = clinic.sync("--fhir", "R4")
    assert ran.code == 0
    assert ran.json["fhir_version"] == "4.0.1"


@pytest.mark.parametrize(
    ("version", "spoken"),
    [
        ("4.0.1", "4.0.1"),
        ("4.0.0", "4.0.1"),
        ("4.3.0", "4.3.0"),
        ("4.3.0-snapshot1", "4.3.0"),
        ("5.0.0", "5.0.0"),
        ("5.0.0-ballot", "5.0.0"),
    ],
)
def test_the_server_is_believed_about_its_version(
    clinic: Syncing, version: str, spoken: str
) -> None:
    told(clinic.little, Answer(200, statement(version)))
    ran = clinic.sync()
    assert (ran.code, ran.json["fhir_version"]) == (0, spoken)


@pytest.mark.parametrize("version", ["3.0.2", "1.0.2", "6.0.0", "4.1.0", "", "four"])
def test_a_version_that_we_do_not_write_is_told(clinic: Syncing, version: str) -> None:
    told(clinic.little, Answer(200, statement(version)))
    ran = clinic.sync()
    assert ran.code == 2
    assert "R4" in ran.json["stopped"]


def test_another_version_than_was_asked_for_is_told(clinic: Syncing) -> None:
    ran = clinic.sync("--fhir", "R5")
    assert ran.code == 2
    assert "4.0.1" in ran.json["stopped"]
    assert clinic.sync("--fhir", "4.0").code == 0


def test_a_server_that_does_not_let_us_in_is_told(clinic: Syncing) -> None:
    told(clinic.little, Answer(401, outcome("login")))
    assert clinic.sync().code == 12


def test_a_named_target_is_the_same(clinic: Syncing, command: Callable[..., Ran]) -> None:
    settings = clinic.folder / "alliance.toml"
    settings.write_text(
        f'{settings.read_text()}\n[targets.sandbox]\nurl = "{clinic.little.url}/"\n'
        'fhir_version = "4.0"\n'
    )
    assert command("sync", clinic.folder, "--to", "sandbox").code == 0
    again = command("sync", clinic.folder, "--to", clinic.little.url, "--json")
    assert again.json["resources"]["unchanged"] == 14
    assert len(list((clinic.folder / ".alliance-fhir").glob("*.sqlite"))) == 1


def in_short(body: Any, keep: set[str]) -> Any:
    """A statement with these elements alone, as HAPI answers `_elements`."""

    def kept(value: Any, path: str) -> Any:
        if path in keep:
            return value
        if isinstance(value, list):
            return [kept(item, path) for item in list[Any](value)]
        places = {name: f"{path}.{name}".lstrip(".") for name in value}
        told = {n: p for n, p in places.items() if any(f"{k}.".startswith(f"{p}.") for k in keep)}
        return {name: kept(value[name], place) for name, place in told.items()}

    return {"resourceType": "CapabilityStatement"} | kept(body, "")


def lost(name: str) -> Callable[[Any], Any]:
    """A statement in short that lacks this of every type."""

    def short(body: Any) -> Any:
        [rest] = body["rest"]
        types = [{k: v for k, v in one.items() if k != name} for one in rest["resource"]]
        return body | {"rest": [rest | {"resource": types}]}

    return short


SHORT: dict[str, tuple[Callable[[Any], Any] | None, int]] = {
    "as it was asked": (lambda body: body, 1),
    "without its name": (lambda body: {k: v for k, v in body.items() if k != "software"}, 2),
    "without the rest": (lambda body: {k: v for k, v in body.items() if k != "rest"}, 2),
    "without searches": (lost("searchParam"), 2),
    "without conditions": (lost("conditionalCreate"), 2),
    "another thing": (lambda _: bundle(), 2),
    "declined": (None, 2),
}


@pytest.mark.parametrize(("short", "asked"), SHORT.values(), ids=SHORT)
def test_a_statement_is_asked_for_in_short_and_believed_where_it_is_whole(
    clinic: Syncing, short: Callable[[Any], Any] | None, asked: int
) -> None:
    """Without `If-Match` by its own word: what it says is known, whatever it answered first."""
    requests: list[str] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path != "metadata":
            return answer
        requests.append(request.query.get("_elements", ""))
        [rest] = answer.body["rest"]
        types = [{**one, "versioning": "no-version"} for one in rest["resource"]]
        whole = answer.body | {"rest": [rest | {"resource": types}]}
        if not requests[-1]:
            return answer._replace(body=whole)
        keep = set(requests[-1].split(","))
        return Answer(200, short(in_short(whole, keep))) if short else Answer(400, outcome("value"))

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 0
    assert len(requests) == asked
    assert requests[1:] == [""] * (asked - 1)
    told = clinic.run("probe", clinic.little.url, "--json").json["probe"]
    traits = {one["trait"]: one["claimed"] for one in told["traits"]}
    assert (traits["if-match"], traits["conditional-create"]) == (False, True)
