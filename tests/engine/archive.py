"""Our FHIR package as one file, as the command gives it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shorthand import Build


def archive(build: Build, into: Path) -> Path:
    """The package of a version, in the folder `into`."""
    file = into / f"{build}.tgz"
    command = [sys.executable, "-m", "alliance_fhir", "profiles", "export"]
    subprocess.run([*command, "--fhir", build.upper(), "--out", file], check=True)
    return file
