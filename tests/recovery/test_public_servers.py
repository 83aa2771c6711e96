"""Servers that anybody can read get made-up patients only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.public_servers import PUBLIC, public

from .conftest import TOML, Site

if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def _public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server is one of them."""
    monkeypatch.setitem(PUBLIC, "127.0.0.1", "a test server")


@pytest.mark.usefixtures("_public")
def test_only_what_is_marked_as_made_up_is_sent_there(site: Site) -> None:
    config = site.folder / "alliance.toml"
    config.write_text(TOML.replace("synthetic = true\n", ""))
    before = len(site.server.writes)
    ran = site.sync()
    assert ran.code == 2
    assert "can be read by anybody" in ran.json["stopped"]
    assert "synthetic = true" in ran.json["stopped"]
    assert len(site.server.writes) == before
    assert site.command("plan", site.folder / "assessments.csv").code == 0
    config.write_text(TOML)
    assert site.sync().code == 0
    assert site.verified()


@pytest.mark.usefixtures("_public")
def test_unless_the_user_says_so_in_so_many_words(site: Site) -> None:
    (site.folder / "alliance.toml").write_text(TOML.replace("synthetic = true\n", ""))
    assert site.sync("--real-data-to-public-server").code == 0
    assert site.verified()


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://hapi.fhir.org/baseR4", "hapi.fhir.org"),
        ("http://HAPI.fhir.org:80/baseR4", "hapi.fhir.org"),
        ("https://launch.smarthealthit.org/v/r4/fhir", "smarthealthit.org"),
        ("https://r4.smarthealthit.org", "smarthealthit.org"),
        ("https://notsmarthealthit.org/fhir", ""),
        ("https://fhir.clinic.example/r4", ""),
        (str(Path("hapi.fhir.org")), ""),
    ],
)
def test_hosts_are_told_by_name(url: Any, known: str) -> None:
    assert public(url) == known
