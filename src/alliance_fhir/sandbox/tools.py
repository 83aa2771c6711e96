"""Java and Maven on this machine, or a message that says how to do without or come by them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from alliance_fhir.errors import ConfigError

OLDEST_JAVA = 17
"""The oldest Java that HAPI 8 runs on."""


@dataclass(frozen=True)
class Java:
    """A `java` command; `build` is all that it says of its version, unlike any other JVM's."""

    command: Path
    build: str


def remedy(fhir: str, port: int) -> str:
    """The two ways out for whoever lacks Java or Maven, ready to be pasted."""
    image = f"-e hapi.fhir.fhir_version={fhir} hapiproject/hapi:latest"
    return (
        f"either install Java {OLDEST_JAVA} or newer and Maven (Debian, Ubuntu: "
        f"apt-get install openjdk-17-jdk-headless maven), or run HAPI's public image: "
        f"docker run --rm -p {port}:8080 {image}"
    )


def find_java(ways_out: str) -> Java:
    """The Java to run the server with: $JAVA_HOME's, as Maven would, else the one on the PATH.

    Raises ConfigError, ending in `ways_out`, when there is none or it is too old.
    """
    command = _java_command("java")
    if command is None:
        raise ConfigError(f"the sandbox needs Java, and there is no java on the PATH: {ways_out}")
    # The command is the user's own Java, and no word of it comes from elsewhere.
    answer = subprocess.run([command, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    build = answer.stderr + answer.stdout
    found = re.search(r'version "(\d+)', build)
    if found is None or int(found[1]) < OLDEST_JAVA:
        version = found[0] if found else "no version that it would tell"
        raise ConfigError(f"{command} is too old or not whole ({version}): {ways_out}")
    return Java(command, build)


def find_maven(ways_out: str) -> Path:
    """The `mvn` command, where there is a Java compiler too, since it is of no use without.

    Raises ConfigError, ending in `ways_out`, when either is missing.
    """
    maven = shutil.which("mvn")
    compiler = _java_command("javac")
    missing = [name for name, found in (("mvn", maven), ("javac", compiler)) if found is None]
    if maven is None or missing:
        names = " and no ".join(missing)
        raise ConfigError(f"the first start builds the server, and there is no {names}: {ways_out}")
    return Path(maven)


def _java_command(name: str) -> Path | None:
    if java_home := os.environ.get("JAVA_HOME"):
        command = Path(java_home, "bin", name)
        if os.access(command, os.X_OK):
            return command
    found = shutil.which(name)
    return Path(found) if found else None
