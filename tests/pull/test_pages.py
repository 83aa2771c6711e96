"""Pages in whatever form servers give them: all that is there comes, once, and is proved."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, Cut, Request, bundle, outcome
from alliance_fhir.testing import FhirServer as LittleServer

from .conftest import SYSTEM, Pulling, observation, vitals
from .shelf import Links, Shelf, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = {f"o-{number}" for number in range(500)}
WHOLE = {
    "counted": 500,
    "asked": 500,
    "found": 500,
    "doubled": 0,
    "left_out": 0,
    "complete": True,
    "why": "",
    "since": "",
    "code": 0,
}


@pytest.mark.parametrize("links", ["absolute", "relative", "opaque"])
def test_links_are_followed_in_every_form(pulling: Pulling, shelf: Shelf, links: Links) -> None:
    shelf.links = links
    assert pulling.proof() == WHOLE
    assert pulling.versions.keys() == ALL
    assert len(shelf.pages) == 3


def test_what_came_is_there_as_it_was(pulling: Pulling, little: LittleServer) -> None:
    body = observation(1, valueQuantity={"value": 70.10}, note=[{"text": "ü\u2028"}])
    text = json.dumps(body).replace("70.1", "70.10")
    shelf = Shelf(little)
    shelf.told = lambda request, page: Answer(
        200, f'{{"resourceType":"Bundle","total":1,"entry":[{{"resource":{text}}}]}}'.encode()
    )
    assert pulling.proof()["complete"] is True
    [line] = (pulling.out / "Observation.ndjson").read_text("utf-8").split("\n")[:-1]
    assert json.loads(line) == body
    assert "70.10" in line


def test_only_their_owner_can_read_the_files(pulling: Pulling, shelf: Shelf) -> None:
    before = os.umask(0)
    try:
        assert pulling.pull().code == 0
    finally:
        os.umask(before)
    assert modes(pulling) == {"Observation.ndjson": 0o600, "pull.json": 0o600}
    assert stat.S_IMODE(pulling.out.stat().st_mode) == 0o700


def test_ours_alone_come_unless_all_are_asked_for(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.proof() == WHOLE
    asked = {**WHOLE, "counted": 503, "asked": 503, "found": 503}
    assert pulling.proof("--everybody") == asked
    assert len(pulling.versions) == 503


@pytest.mark.parametrize("name", ["identifier", "_sort", "_count"])
@pytest.mark.parametrize("how", ["finds nothing", "declines", "passes over"])
def test_a_parameter_that_a_server_does_not_know(
    pulling: Pulling, shelf: Shelf, name: str, how: str
) -> None:
    shelf.knows -= {name}
    shelf.strict = how == "finds nothing"
    shelf.declines = frozenset({name}) if how == "declines" else frozenset()
    if name == "_count":
        shelf.most = 100
        if how != "passes over":
            assert pulling.proof()["code"] != 0  # nobody can be asked without any size at all
            return
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, True, 0)
    assert proof["left_out"] == (3 if name == "identifier" else 0)
    assert pulling.versions.keys() == ALL


@pytest.mark.parametrize("most", [50, 200, 1000])
def test_a_server_without_links_is_paged_by_offset(
    pulling: Pulling, shelf: Shelf, most: int
) -> None:
    shelf.links, shelf.most = "none", most
    assert pulling.proof() == WHOLE
    assert pulling.versions.keys() == ALL


@pytest.mark.parametrize("how", ["finds nothing", "declines", "passes over"])
def test_a_server_without_links_and_offsets_is_paged_by_time(
    pulling: Pulling, shelf: Shelf, how: str
) -> None:
    shelf.links = "none"
    shelf.knows -= {"_offset"}
    shelf.strict = how == "finds nothing"
    shelf.declines = frozenset({"_offset"}) if how == "declines" else frozenset()
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, True, 0)
    assert pulling.versions.keys() == ALL


def test_what_no_way_leads_to_is_missed(pulling: Pulling, shelf: Shelf) -> None:
    shelf.links = "none"
    shelf.knows -= {"_offset", "_lastUpdated"}
    proof = pulling.proof()
    assert (proof["counted"], proof["found"], proof["complete"]) == (500, 200, False)
    assert proof["why"] == "300 that the server counts were in none of its pages"
    assert proof["code"] == 8


@pytest.mark.parametrize(
    "link",
    ["https://elsewhere.invalid/fhir?page=p0", "//elsewhere.invalid/", "http://127.0.0.1:1/fhir"],
)
def test_a_link_to_another_host_is_not_followed(pulling: Pulling, shelf: Shelf, link: str) -> None:
    shelf.told = lambda _, page: {**page, "link": [{"relation": "next", "url": link}]}
    ran = pulling.pull()
    assert ran.code == 15
    assert "another host" in ran.json["stopped"]
    assert "elsewhere" not in ran.out
    assert not (pulling.out / "Observation.ndjson").exists()


def test_links_without_an_end_end(pulling: Pulling, shelf: Shelf) -> None:
    number = iter(range(10_000))

    def again(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        if "_summary" in request.query:
            return page
        url = f"{shelf.little.url}/Observation?identifier={SYSTEM}|&x={next(number)}"
        return {**page, "link": page.get("link") or [{"relation": "next", "url": url}]}

    shelf.told = again
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, True, 0)
    assert next(number) < 30


def test_a_page_that_comes_twice_does_no_harm(pulling: Pulling, shelf: Shelf) -> None:
    pages: list[dict[str, Any]] = []

    def twice(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        if "_summary" in request.query:
            return page
        pages.append(page)
        return {**pages[0], "link": page["link"]} if len(pages) == 2 else page

    shelf.told = twice
    proof = pulling.proof()
    # the second look finds what the page that came instead had kept back
    assert proof == {**WHOLE, "asked": 1000, "doubled": 500}
    assert pulling.versions.keys() == ALL


def test_outcomes_strangers_and_entries_of_nothing_are_no_hits(
    pulling: Pulling, shelf: Shelf
) -> None:
    def strange(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        more = bundle(outcome("informational"), mode="outcome")["entry"]
        more += [{"search": {"mode": "match"}}, {"resource": {"resourceType": "Patient"}}]
        return {**page, "entry": [*more, *page["entry"]]}

    shelf.told = strange
    assert pulling.proof() == WHOLE


@pytest.mark.parametrize("wrong", [499, 501, 0, 10_000])
def test_a_count_that_does_not_agree_is_told(pulling: Pulling, shelf: Shelf, wrong: int) -> None:
    shelf.counts = lambda _: wrong
    proof = pulling.proof()
    assert (proof["counted"], proof["found"], proof["complete"]) == (wrong, 500, False)
    assert str(abs(500 - wrong)) in proof["why"].replace(",", "")
    assert proof["code"] == 8
    assert pulling.versions.keys() == ALL  # what came is there all the same


def test_a_server_that_does_not_count_gives_no_proof(pulling: Pulling, shelf: Shelf) -> None:
    shelf.counts = lambda _: None
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, None, 0)
    assert "counted" in proof
    assert proof["why"] == "the server does not say how many there are"


def test_a_type_that_a_server_does_not_know_is_told(pulling: Pulling, shelf: Shelf) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return (
            Answer(404, outcome("not-supported"))
            if request.path == "Device"
            else shelf(request, proceed)
        )

    pulling.little.between = between
    ran = pulling.pull("--type", "Device")
    assert ran.code == 8
    assert ran.json["pull"]["Device"]["complete"] is False
    assert "404" in ran.json["pull"]["Device"]["why"]
    assert ran.json["files"] == {"Observation": 500}


def test_one_that_is_changed_while_it_is_paged_comes_in_its_last_version(
    pulling: Pulling, shelf: Shelf
) -> None:
    """By offset, what comes after it moves up by one, and one of them falls between two pages."""
    shelf.links = "none"

    def change(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        if request.query.get("_offset") == "200":
            shelf.little.put(**observation(3, note=[{"text": "changed"}]))
        return page

    shelf.told = change
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, True, 0)
    assert pulling.versions == {**dict.fromkeys(ALL, "1"), "o-3": "2"}


def test_one_that_is_deleted_while_it_is_paged(pulling: Pulling, shelf: Shelf) -> None:
    def delete(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        if request.query.get("page") == "p0":
            shelf.little.delete("Observation/o-3")
        return page

    shelf.told = delete
    proof = pulling.proof()
    assert (proof["counted"], proof["found"], proof["complete"]) == (499, 500, True)


def test_hits_without_an_id_are_no_answer(pulling: Pulling, little: LittleServer) -> None:
    nameless = {"resourceType": "Observation", "valueInteger": 1}
    Shelf(little).told = lambda _, page: bundle(nameless)
    assert pulling.pull("--everybody").code == 15


# --- what changed since -------------------------------------------------------------------------


def test_what_changed_since_is_brought_up_to_date(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.proof() == WHOLE
    shelf.searches.clear()
    shelf.little.put(**observation(7, note=[{"text": "changed"}]))
    shelf.little.put(**observation(500))
    shelf.little.delete("Observation/o-9")
    proof = pulling.proof("--since-last")
    assert proof["since"] == stamp(499 - 10)
    assert proof["complete"] is True
    # the ten minutes before, of a change a minute, and two that are new
    assert (proof["counted"], proof["asked"], proof["found"]) == (13, 13, 13)
    # what was deleted there, a pull of changes does not see
    assert pulling.versions == {**dict.fromkeys(ALL, "1"), "o-7": "2", "o-500": "1"}
    assert pulling.proof()["found"] == 500
    assert pulling.versions.keys() == (ALL | {"o-500"}) - {"o-9"}


def test_a_server_that_finds_nothing_by_time_is_pulled_in_full(
    pulling: Pulling, shelf: Shelf
) -> None:
    assert pulling.proof() == WHOLE
    shelf.little.delete("Observation/o-9")
    shelf.knows -= {"_lastUpdated"}
    shelf.strict = True
    proof = pulling.proof("--since-last")
    assert (proof["since"], proof["found"], proof["complete"]) == ("", 499, True)
    assert pulling.versions.keys() == ALL - {"o-9"}


def test_a_first_pull_of_changes_is_of_everything(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.proof("--since-last") == WHOLE


def test_what_was_not_complete_is_pulled_in_full_the_next_time(
    pulling: Pulling, shelf: Shelf
) -> None:
    shelf.counts = lambda number: number + 1
    assert pulling.proof()["code"] == 8
    shelf.counts = lambda number: number
    assert pulling.proof("--since-last") == WHOLE


def test_others_are_not_taken_for_ours_the_next_time(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.proof() == WHOLE
    assert pulling.proof("--since-last", "--everybody")["found"] == 503
    assert vitals(0)["id"] in pulling.versions


# --- cut off, and gone on with --------------------------------------------------------------------


def cut(shelf: Shelf, pages: int) -> None:
    """The server goes away after so many pages."""
    seen = iter(range(pages))

    def gone(request: Request, page: dict[str, Any]) -> dict[str, Any] | Answer:
        if "_summary" in request.query or next(seen, None) is not None:
            return page
        return Answer(503, outcome("transient"))

    shelf.told = gone


def back(shelf: Shelf) -> None:
    """The server is there again."""
    shelf.told = lambda _, page: page
    shelf.searches.clear()


def test_a_pull_that_was_cut_off_goes_on_where_it_was(pulling: Pulling, shelf: Shelf) -> None:
    shelf.most = 50
    cut(shelf, 7)
    ran = pulling.pull()
    assert ran.code == 11
    assert "run again to go on" in ran.json["stopped"]
    assert not (pulling.out / "Observation.ndjson").exists()
    back(shelf)
    proof = pulling.proof()
    assert (proof["found"], proof["doubled"], proof["complete"]) == (500, 0, True)
    assert len(shelf.pages) == 3 + 1  # and one for what changed meanwhile
    assert pulling.versions.keys() == ALL


def test_what_changed_while_a_pull_was_cut_off_comes_too(pulling: Pulling, shelf: Shelf) -> None:
    shelf.most = 50
    cut(shelf, 7)
    assert pulling.pull().code == 11
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    shelf.little.put(**observation(3, note=[{"text": "changed"}]))
    shelf.stamps["Observation/o-3/2"] = now
    back(shelf)
    proof = pulling.proof()
    assert (proof["found"], proof["complete"]) == (500, True)
    assert pulling.versions == {**dict.fromkeys(ALL, "1"), "o-3": "2"}


def modes(pulling: Pulling) -> dict[str, int]:
    """The files in the folder, and who may read them; an empty lock is nobody's secret."""
    files = (path for path in pulling.out.iterdir() if path.stat().st_size)
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}


def test_a_process_that_is_killed_is_gone_on_with(pulling: Pulling, shelf: Shelf) -> None:
    shelf.most = 50
    words = ["pull", "--from", pulling.little.url, "--out", str(pulling.out), "--json"]
    words += ["--type", "Observation", "--config", str(pulling.folder / "alliance.toml")]
    process = subprocess.Popen(
        [sys.executable, "-m", "alliance_fhir", *words], stdout=subprocess.DEVNULL
    )

    def kill(request: Request, page: dict[str, Any]) -> dict[str, Any]:
        if len(shelf.pages) == 7:
            process.kill()
            process.wait()
            raise Cut
        return page

    shelf.told = kill
    assert process.wait(60) == -signal.SIGKILL
    assert not (pulling.out / "Observation.ndjson").exists()
    assert not any(mode & 0o077 for mode in modes(pulling).values())
    back(shelf)
    proof = pulling.proof()
    assert (proof["asked"], proof["found"], proof["complete"]) == (500, 500, True)
    assert len(shelf.pages) == 4 + 1
    assert pulling.versions.keys() == ALL
    assert modes(pulling).keys() == {"Observation.ndjson", "pull.json"}


@pytest.mark.parametrize("ordered", [True, False], ids=["in order", "in no order"])
def test_links_that_have_expired_meanwhile(pulling: Pulling, shelf: Shelf, ordered: bool) -> None:
    shelf.most = 50
    shelf.knows -= frozenset() if ordered else {"_sort"}
    shelf.declines = frozenset() if ordered else frozenset({"_sort"})
    cut(shelf, 7)
    assert pulling.pull().code == 11
    shelf.expire()
    back(shelf)
    proof = pulling.proof()
    assert (proof["found"], proof["complete"], proof["code"]) == (500, True, 0)
    # from the last change that was seen on; else from the beginning, and what is there is there
    assert len(shelf.pages) == (1 + 4 + 1 if ordered else 1 + 10 + 1)
    assert pulling.versions.keys() == ALL


def test_a_pull_of_something_else_begins_anew(pulling: Pulling, shelf: Shelf) -> None:
    shelf.most = 50
    cut(shelf, 7)
    assert pulling.pull().code == 11
    back(shelf)
    assert pulling.proof("--everybody")["asked"] == 503
    assert {path.name for path in pulling.out.iterdir()} == {"Observation.ndjson", "pull.json"}


def test_files_of_others_are_let_be(pulling: Pulling, shelf: Shelf) -> None:
    pulling.out.mkdir()
    (pulling.out / "Observation.ndjson").write_text("{}\n")
    ran = pulling.pull()
    assert ran.code == 2
    assert "was not pulled" in ran.json["stopped"]
    assert (pulling.out / "Observation.ndjson").read_text() == "{}\n"


def test_a_folder_of_another_server_is_let_be(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.proof() == WHOLE
    with LittleServer() as other:
        words = ("--from", other.url, "--out", pulling.out, "--json")
        ran = pulling.run("pull", *words, "--config", pulling.folder / "alliance.toml")
    assert ran.code == 2
    assert "elsewhere" in ran.json["stopped"]
    assert pulling.versions.keys() == ALL
