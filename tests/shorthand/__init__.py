"""What SUSHI makes of the FHIR Shorthand in profiles/input, offline.

made = with_snapshots(PROFILES, "r4", known)      by the names of files; raises Broken
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from validator.packages import tool

from .installed import installation

PROFILES = Path(__file__).parents[2] / "profiles"
BUILDS = ("r4", "r5")
Build = Literal["r4", "r5"]
"""A version of FHIR for which there is a package. R4B takes that of R4."""
_SHOWN = re.compile(r"^(error|warn(?! +Unable to determine the latest version))", re.MULTILINE)
"""What is not let through. That SUSHI could not ask whether there is a newer one, as on a machine
that is busy or has no network, is no fault of ours."""
_INHERITED = "/structuredefinition-implements"


class Broken(Exception):
    """SUSHI found an error, or something to warn of."""


def with_snapshots(
    profiles: Path, build: Build, known: Iterable[Path]
) -> dict[str, dict[str, Any]]:
    """What SUSHI makes, by the name of its file: each profile and extension with all elements that
    it has (`snapshot`). `known` are files of definitions that the Shorthand refers to and that are
    made otherwise. Raises Broken, ToolMissing, SetupFailed."""
    here = installation()
    with tempfile.TemporaryDirectory(prefix="shorthand-") as temporary:
        folder = Path(temporary)
        shutil.copy(profiles / f"sushi-config-{build}.yaml", folder / "sushi-config.yaml")
        for source in ("fsh", "written", build):
            shutil.copytree(profiles / "input" / source, folder / "input" / "fsh" / source)
        vocabulary = folder / "input" / "vocabulary"
        vocabulary.mkdir()
        for file in known:
            shutil.copy(file, vocabulary)
        _sushi(here, folder)
        made = sorted((folder / "fsh-generated" / "resources").glob("*.json"))
        return {file.name: _without_inherited(json.loads(file.read_bytes())) for file in made}


def _without_inherited(made: dict[str, Any]) -> dict[str, Any]:
    """In R5 SUSHI takes over what a parent says of itself by an extension that no package has."""
    told = [one for one in made.pop("extension", []) if not one["url"].endswith(_INHERITED)]
    return {**made, **({"extension": told} if told else {})}


def _sushi(here: Path, folder: Path) -> None:
    command = [tool("node"), here / "node_modules" / "fsh-sushi" / "dist" / "app.js"]
    done = subprocess.run(
        [*command, "build", "--snapshot", folder],
        env={**os.environ, "HOME": str(here / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != 0 or _SHOWN.search(said):
        raise Broken(said)
