"""The pages that are made: as they would be made now, one for each profile and instrument.

That their links lead somewhere, and that all are reached, `test_pages` holds of all pages."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import Any

import pytest

from .pages import ROOT, blocks, without_blocks

DOCS = ROOT / "docs"
R4 = ROOT / "profiles" / "r4"
PROFILES = [
    body
    for body in (json.loads(f.read_bytes()) for f in sorted(R4.glob("StructureDefinition-*.json")))
    if body["type"] != "Extension"
]
INSTRUMENTS = sorted(f.stem for f in (ROOT / "src/alliance_fhir/instruments/data").glob("*.toml"))


def test_the_pages_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS)
    made: dict[str, str] = import_module("pages").made()
    there = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("profiles", "instruments")
        for path in (DOCS / folder).iterdir()
    }
    assert sorted(made) == sorted(there)
    for path, text in made.items():
        assert there[path] == text, f"docs/{path}: `make pages` writes it anew"


def test_every_profile_and_instrument_has_its_page() -> None:
    pages = {path.stem for path in (DOCS / "profiles").glob("*.md")}
    assert pages == {p["id"] for p in PROFILES} | {
        *("README", "extensions", "terminology", "measures", "servers", "forms"),
    }
    assert {path.stem for path in (DOCS / "instruments").glob("*.md")} == {"README", *INSTRUMENTS}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p["id"])
def test_a_page_says_why_and_what_each_element_is_for(profile: dict[str, Any]) -> None:
    page = DOCS / "profiles" / f"{profile['id']}.md"
    text = without_blocks(page)
    assert profile["url"] in text
    assert f"## Why\n\n{profile['purpose']}\n" in text
    rows = re.findall(r"^\| `([^`]+)` \| (\S*) \|.*\| yes \| (.*) \|$", text, re.MULTILINE)
    elements = {name: means for name, _, means in rows}
    for element in profile["differential"]["element"]:
        if element.get("mustSupport"):
            assert elements[element["id"].partition(".")[2]], element["id"]
        for rule in element.get("constraint", []):
            assert f"**{rule['key']}**" in text
            assert f"`{rule['expression']}`" in text
    examples = [json.loads(block.text) for block in blocks(page) if block.kind == "json"]
    assert len(examples) == (not profile["abstract"])
    assert all(profile["url"] in one["meta"]["profile"] for one in examples)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_page_of_an_instrument_shows_scores_that_come_of_a_row(name: str) -> None:
    page = DOCS / "instruments" / f"{name}.md"
    [row] = [block.text for block in blocks(page) if block.kind == "csv"]
    made = [json.loads(block.text) for block in blocks(page) if block.kind == "json"]
    assert f",{name}," in row
    [panel, *scores] = made
    members = [one["identifier"]["value"] for one in panel["hasMember"]]
    assert members == [one["identifier"][0]["value"] for one in scores]


def test_wording_that_is_not_ours_is_on_no_page() -> None:
    for name in INSTRUMENTS:
        text = (DOCS / "instruments" / f"{name}.md").read_text(encoding="utf-8")
        assert ("| item | what is asked |" in text) == (name == "check-in"), name
