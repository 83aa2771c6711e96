"""What SUSHI makes of the FHIR Shorthand in profiles/input/fsh, offline.

files = compiled(PROFILES)      by their names; raises Broken with what SUSHI says
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from validator.packages import tool

from .installed import installation

PROFILES = Path(__file__).parents[2] / "profiles"
BUILT = PROFILES / "built" / "r4"
_SHOWN = re.compile(r"^(error|warn)", re.MULTILINE)
_LEFT_OUT = "snapshot"
"""Made anew by whoever validates; in files it would hide what is ours."""


class Broken(Exception):
    """SUSHI found an error, or something to warn of."""


def compiled(profiles: Path) -> dict[str, bytes]:
    """What SUSHI makes, by the name of its file: indented, keys sorted, the same at any time. The
    definitions that are in `profiles`/r4 already are known to it. Raises Broken, ToolMissing,
    SetupFailed."""
    here = installation()
    with tempfile.TemporaryDirectory(prefix="shorthand-") as temporary:
        folder = Path(temporary)
        shutil.copy(profiles / "sushi-config.yaml", folder)
        shutil.copytree(profiles / "input", folder / "input")
        known = folder / "input" / "extensions"
        known.mkdir()
        for file in _generated(profiles):
            shutil.copy(file, known)
        _sushi(here, folder)
        made = sorted((folder / "fsh-generated" / "resources").glob("*.json"))
        return {file.name: _content(file) for file in made}


def _generated(profiles: Path) -> list[Path]:
    """The definitions that the package itself makes: extensions and code systems."""
    types = ("StructureDefinition", "CodeSystem")
    files = (profiles / "r4").glob("*.json")
    return [one for one in files if one.name.partition("-")[0] in types]


def _sushi(here: Path, folder: Path) -> None:
    command = [tool("node"), here / "node_modules" / "fsh-sushi" / "dist" / "app.js"]
    done = subprocess.run(
        [*command, "build", folder],
        env={**os.environ, "HOME": str(here / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != 0 or _SHOWN.search(said):
        raise Broken(said)


def _content(file: Path) -> bytes:
    made = json.loads(file.read_bytes())
    made.pop(_LEFT_OUT, None)
    return (json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
