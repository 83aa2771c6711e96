"""The package as others build on it: SUSHI derives a profile from the file that is exported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import __version__
from shorthand.installed import installation
from validator.packages import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

pytestmark = pytest.mark.server

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "build-on-the-package.md"
OFFLINE = "Failed to load automatically-provided"
"""What SUSHI says where it cannot ask for the newest of two packages of which nothing is used."""
SCORE = "https://alliance-fhir.github.io/ig/StructureDefinition/alliance-score"


def shown() -> dict[str, str]:
    """The files that the page shows, by their names."""
    text = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL))


def home_with(package: Path, home: Path) -> Path:
    """A home of the user with the packages that SUSHI needs, and ours beside them."""
    packages = home / ".fhir" / "packages"
    packages.mkdir(parents=True)
    for one in (installation() / "home" / ".fhir" / "packages").iterdir():
        (packages / one.name).symlink_to(one)
    with tarfile.open(package) as tar:
        tar.extractall(packages / f"alliance.fhir#{__version__}", filter="data")
    return home


def test_the_page_compiles_without_a_warning(command: Callable[..., Ran]) -> None:
    """Its profile has all that ours has, and what it says besides."""
    command("profiles", "export", "--out", "it.tgz")
    for name, text in shown().items():
        place = Path("input/fsh" if name.endswith(".fsh") else ".") / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    sushi = installation() / "node_modules" / "fsh-sushi" / "dist" / "app.js"
    done = subprocess.run(
        [tool("node"), sushi, "build", "--snapshot", "."],
        env={**os.environ, "HOME": str(home_with(Path("it.tgz"), Path("home").absolute()))},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(("error", "warn"))]
    assert [line for line in found if OFFLINE not in line] == [], done.stderr
    [made] = Path("fsh-generated/resources").iterdir()
    body: dict[str, Any] = json.loads(made.read_bytes())
    assert (body["id"], body["baseDefinition"]) == ("clinic-score", SCORE)
    elements = {one["id"]: one for one in body["snapshot"]["element"]}
    assert elements["Observation.subject.reference"]["min"] == 1
    assert elements["Observation.performer"]["min"] == 1
    assert elements["Observation.subject.identifier"]["min"] == 1  # ours
    keys = {rule["key"] for rule in elements["Observation"]["constraint"]}
    assert {"score-value", "score-mean", "obs-7"} <= keys
