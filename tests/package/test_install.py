"""`profiles install`: on every kind of server once, and no more than once."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.fhir.canonical import resealed
from alliance_fhir.testing import FhirServer, faults

from .test_command import kept, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing import Request
    from conftest import Ran

Json = dict[str, Any]
DIGEST = "https://alliance-fhir.github.io/ig/StructureDefinition/content-digest"
RUNGS: dict[str, tuple[str, frozenset[str]]] = {
    "little-r4": ("4.0.1", frozenset()),
    "little-r5": ("5.0.0", frozenset()),
    "singles": ("4.0.1", frozenset({"transactions", "batches"})),
    "search-first": ("4.0.1", frozenset({"conditional-create"})),
    "read-and-compare": ("4.0.1", frozenset({"if-match"})),
    "by-get": ("4.0.1", frozenset({"post-search"})),
}
REAL = [pytest.param(name, marks=pytest.mark.server) for name in ("hapi_r4", "hapi_r4b", "hapi_r5")]
PANEL = "https://alliance-fhir.github.io/ig/StructureDefinition/alliance-panel"
CLINIC = """\
source = "clinic-east"
patient_system = "urn:example:mrn"
clinician_system = "urn:example:staff"
zone = "America/New_York"
synthetic = true
appointment_system = "urn:example:visits"
visit_minutes = 50
"""
SCORES = """\
patient,clinician,instrument,rater,completed_at,session,item_1,item_2,item_3,item_4
1001,kurtz,srs,patient,2026-03-02T14:25,1,5.5,6.2,5.8,6.0
1002,kurtz,srs,patient,2026-03-09T15:30,1,7.5,8.0,9.25,10
"""
VISITS = """\
appointment,patient,clinician,start,status
v-1,1001,kurtz,2026-03-02T14:00,attended
v-2,1001,kurtz,2026-03-09T14:00,no-show
"""


@pytest.fixture(params=[*RUNGS, *REAL])
def to(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that holds nothing."""
    with ExitStack() as stack:
        if request.param in RUNGS:
            version, lacks = RUNGS[request.param]
            yield stack.enter_context(FhirServer(version, lacks=lacks)).url
        else:
            yield request.getfixturevalue(request.param)


@pytest.fixture
def little() -> Iterator[FhirServer]:
    """A server of R4 that can be looked into."""
    with FhirServer() as server:
        yield server


def definitions(to: str) -> list[Json]:
    """The files that a server is to get, by its version."""
    spoken = httpx.get(f"{to}/metadata", timeout=60).json().get("fhirVersion", "4.0.1")
    return [*whole("r5" if spoken.startswith("5") else "r4").values()]


def there(to: str, types: set[str]) -> Counter[str]:
    """How often each canonical is there, as somebody else sees it."""
    found: Counter[str] = Counter()
    for type_ in types:
        asked = {"params": {"_count": "500"}, "headers": {"Cache-Control": "no-cache"}}
        page = httpx.get(f"{to}/{type_}", timeout=60, **asked).raise_for_status().json()
        bodies = [entry["resource"] for entry in page.get("entry", [])]
        found.update(f"{body['url']}|{body['version']}" for body in bodies)
    return found


def expected(bodies: list[Json]) -> Counter[str]:
    """Each canonical once."""
    return Counter(f"{body['url']}|{body['version']}" for body in bodies)


def counts(ran: Ran) -> dict[str, int]:
    """What became of the definitions, and of this software's Device."""
    return {state: number for state, number in ran.json["resources"].items() if number}


def install(command: Callable[..., Ran], to: str, *words: str) -> Ran:
    """The command, with its result as JSON."""
    return command("profiles", "install", "--to", to, "--json", *words)


def test_once_and_again_and_with_the_ledger_lost_and_taken_back(
    command: Callable[..., Ran], to: str
) -> None:
    Path("alliance.toml").write_text(CLINIC, encoding="utf-8")
    bodies = definitions(to)
    types, every = {body["resourceType"] for body in bodies}, len(bodies) + 1

    foreseen = install(command, to, "--dry-run")
    assert (foreseen.code, counts(foreseen)) == (0, {"created": every})
    assert there(to, types) == {}
    assert not Path(".alliance-fhir").exists()

    first = install(command, to)
    assert (first.code, counts(first)) == (0, {"created": every}), first.out
    assert there(to, types) == expected(bodies)
    assert counts(install(command, to)) == {"unchanged": every}
    assert command("verify", "--to", to).code == 0

    shutil.move(".alliance-fhir", "lost")
    assert counts(install(command, to)) == {"unchanged": every}
    assert there(to, types) == expected(bodies)

    shutil.rmtree(".alliance-fhir")
    shutil.move("lost", ".alliance-fhir")
    undone = command("undo", first.json["run"], "--to", to, "--json")
    assert (undone.code, undone.json["undone"]["removed"]) == (0, every), undone.out
    assert there(to, types) == {}


def test_what_a_sync_needs_is_what_was_installed_and_the_other_way_round(
    command: Callable[..., Ran], to: str
) -> None:
    Path("alliance.toml").write_text(CLINIC, encoding="utf-8")
    Path("scores.csv").write_text(SCORES, encoding="utf-8")
    Path("visits.csv").write_text(VISITS, encoding="utf-8")
    bodies = definitions(to)
    types, every = {body["resourceType"] for body in bodies}, len(bodies) + 1

    install(command, to)
    shutil.rmtree(".alliance-fhir")  # by a look alone
    synced = command("sync", "scores.csv", "--to", to, "--create-people", "--json")
    assert synced.code == 0, synced.out
    measured = command("measure", "visits.csv", "--to", to, "--json")
    assert measured.code == 0, measured.out
    assert measured.json["resources"]["unchanged"] == 3  # this software, two Measures
    assert counts(install(command, to)) == {"unchanged": every}
    assert there(to, types) == expected(bodies)


def test_a_sync_before_is_left_as_it_is(command: Callable[..., Ran], little: FhirServer) -> None:
    Path("alliance.toml").write_text(CLINIC, encoding="utf-8")
    Path("scores.csv").write_text(SCORES, encoding="utf-8")
    assert command("sync", "scores.csv", "--to", little.url, "--create-people").code == 0
    every = len(definitions(little.url)) + 1
    assert counts(install(command, little.url)) == {"created": every - 2, "unchanged": 2}


def test_neither_settings_nor_a_source_are_needed(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    ran = command("profiles", "install", "--to", little.url)
    every = len(definitions(little.url)) + 1
    assert (ran.code, ran.err) == (0, "")
    table = [line.split() for line in ran.out.splitlines()[1:3]]
    assert table == [["state", "resources"], ["created", str(every)]]


# --- somebody else's, and ours as it was ----------------------------------------------------------


def one_of(server: FhirServer, url: str) -> Json:
    """The one definition of this URL that a server has."""
    [body] = [one for one in server.everything if one.get("url") == url]
    return body


def findings(ran: Ran) -> list[tuple[str, str]]:
    """What is told of definitions: which, and why."""
    return [(one["column"], one["rule"]) for one in ran.json["blocked"]]


def test_ours_of_another_content_is_updated(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    install(command, little.url)
    shutil.rmtree(".alliance-fhir")
    ours = one_of(little, PANEL)
    # sealed as one of ours would be, by a build of this package that said something else
    earlier, _ = resealed({**ours, "title": "As it was"})
    little.put(**earlier, id=ours["id"])
    ran = install(command, little.url)
    assert (ran.code, ran.json["resources"]["updated"]) == (0, 1)
    assert one_of(little, PANEL)["title"] == ours["title"]


@pytest.mark.parametrize("lost", [False, True])
def test_ours_that_somebody_edited_is_a_conflict(
    lost: bool, command: Callable[..., Ran], little: FhirServer
) -> None:
    install(command, little.url)
    if lost:
        shutil.rmtree(".alliance-fhir")
    little.put(**{**one_of(little, PANEL), "title": "Theirs"})
    canonical = f"{PANEL}|{one_of(little, PANEL)['version']}"
    ran = install(command, little.url)
    assert (ran.code, ran.json["resources"]["conflict"]) == (7, 1)
    assert findings(ran) == [(canonical, "changed-at-target")]
    assert one_of(little, PANEL)["title"] == "Theirs"

    assert install(command, little.url, "--take", "source").code == 0
    assert one_of(little, PANEL)["title"] == "Alliance panel"


def test_what_somebody_else_put_there_is_foreign(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    [ours] = [body for body in definitions(little.url) if body["url"] == PANEL]
    little.put(**{**ours, "id": "theirs", "title": "Theirs"})
    ran = install(command, little.url)
    assert (ran.code, ran.json["resources"]["foreign"]) == (7, 1)
    assert findings(ran) == [(f"{PANEL}|{ours['version']}", "not-ours")]
    assert one_of(little, PANEL)["title"] == "Theirs"

    assert install(command, little.url, "--adopt").code == 0
    assert one_of(little, PANEL)["title"] == ours["title"]


def test_the_same_from_somebody_else_is_the_same(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    for body in definitions(little.url):
        little.put(**body)
    ran = install(command, little.url)
    assert counts(ran) == {"created": 1, "unchanged": len(definitions(little.url))}


def test_a_snapshot_is_put_there_and_one_that_a_server_made_is_as_good(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    install(command, little.url)
    [ours] = [body for body in definitions(little.url) if body["url"] == PANEL]
    body = one_of(little, PANEL)
    assert body["snapshot"] == ours["snapshot"]
    made = [{**one, "short": "Made anew"} for one in body["snapshot"]["element"]]
    little.put(**{**body, "snapshot": {"element": made}})
    assert counts(install(command, little.url)) == {
        "unchanged": len(definitions(little.url)) + 1,
    }


def test_what_was_deleted_is_told_and_made_again_when_asked(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    install(command, little.url)
    little.delete(f"StructureDefinition/{one_of(little, PANEL)['id']}")
    ran = install(command, little.url)
    assert (ran.code, ran.json["resources"]["gone"]) == (7, 1)
    assert install(command, little.url, "--recreate").code == 0
    assert one_of(little, PANEL)["title"] == "Alliance panel"


# --- a server that does not take them -------------------------------------------------------------


def about(word: str) -> Callable[[Request], bool]:
    """Writes in which this stands."""
    return lambda request: request.is_write and word.encode() in request.body


def test_what_is_declined_is_told_one_by_one_and_the_others_go_on(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    little.arm(faults.answers(422, "business-rule").always().where(about(f'"url":"{PANEL}"')))
    every = len(definitions(little.url)) + 1
    ran = install(command, little.url)
    assert (ran.code, counts(ran)) == (4, {"created": every - 1, "rejected": 1})
    [told] = ran.json["rejected"]
    assert told["column"] == f"{PANEL}|{one_version()}"
    assert (told["rule"], "(422, business-rule)" in told["remedy"]) == ("refused", True)
    letters = Path(ran.json["dead_letters"]).read_text(encoding="utf-8").splitlines()
    assert [json.loads(one)["outcome"]["issue"][0]["code"] for one in letters] == ["business-rule"]


def one_version() -> str:
    """The version of the package's definitions."""
    return json.loads(kept("r4")["StructureDefinition-alliance-panel.json"])["version"]


def test_a_server_that_only_reads_declines_each(
    command: Callable[..., Ran], little: FhirServer
) -> None:
    little.arm(faults.answers(405, "not-supported").always().where(lambda asked: asked.is_write))
    every = len(definitions(little.url))
    ran = install(command, little.url)
    told = [*ran.json["rejected"], *ran.json["blocked"]]
    assert ran.code in (4, 7)
    assert {one["column"] for one in told if one["column"].startswith("https:")} == {
        f"{body['url']}|{body['version']}" for body in definitions(little.url)
    }
    assert "created" not in counts(ran)
    assert len(told) >= every
    assert not little.everything


def test_a_folder_is_no_place_for_them(command: Callable[..., Ran]) -> None:
    ran = command("profiles", "install", "--to", "here")
    assert (ran.code, ran.out) == (2, "")
    assert "profiles export" in ran.err
    assert not list(Path().iterdir())
