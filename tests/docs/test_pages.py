"""What the pages show, done and compared."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .pages import PAGES, ROOT, Reader, blocks, name_of, without_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import FhirServer

RUNNABLE = [page for page in PAGES if any(block.runs for block in blocks(page))]
EVERYTHING = [*PAGES, ROOT / "NOTICE"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FOREIGN = re.compile(r"/(?:home|root|tmp|mnt|opt|work|Users)/")
"""Paths of somebody's machine."""


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_a_reader_who_follows_the_page_gets_what_it_shows(
    page: Path, fhir_server: Callable[[], FhirServer]
) -> None:
    reader = Reader(Path.cwd(), fhir_server)
    for block in blocks(page):
        reader.follow(block)


def test_readme_and_tutorial_can_be_followed() -> None:
    names = {name_of(page) for page in RUNNABLE}
    assert {"README.md", "docs/tutorial.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_console_blocks_are_run_or_say_why_not(page: Path) -> None:
    for block in blocks(page):
        if block.kind == "console":
            assert block.mark.startswith(("run", "not run: ")), f"line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_toml_and_json_blocks_are_toml_and_json(page: Path) -> None:
    readers = {"toml": tomllib.loads, "json": json.loads}
    for block in blocks(page):
        if block.kind in readers:
            readers[block.kind](block.text)


def anchors(page: Path) -> set[str]:
    """The headings of a page as the anchors that they make."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.strip().replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(without_blocks(page)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = [link.partition("#")[0] for link in LINK.findall(without_blocks(page))]
        waiting += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert set(PAGES) <= seen


@pytest.mark.parametrize("page", EVERYTHING, ids=name_of)
def test_pages_speak_of_the_project_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not FOREIGN.findall(text)
    assert "\u2014" not in text  # a dash where a full stop would do
    assert not [sign for sign in text if ord(sign) > 0x1F000]  # emoji


HERE = re.compile(r"`((?:src|tests|docs|profiles|examples|benchmarks|requirements)/[\w./-]*)")
"""Paths in the repository, as pages write them."""


@pytest.mark.parametrize("page", EVERYTHING, ids=name_of)
def test_paths_of_the_repository_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in HERE.findall(text):
        assert (ROOT / path).exists(), path


def test_every_test_that_the_table_of_failures_names_is_there() -> None:
    page = (ROOT / "docs" / "explanation" / "failures.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 30
    for file, test in named:
        source = (ROOT / "tests" / "faults" / file).read_text(encoding="utf-8")
        assert f"def {test}(" in source, test
