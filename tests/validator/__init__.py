"""The official FHIR validation, offline: HAPI's validator in a JVM that stays warm.

    with Validator("4.0.1", [Path("profiles")]) as validator:
        issues = validator.validate(resource)
        assert not errors(issues)

The first use on a machine fetches what it needs (see packages); then no network is needed.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .packages import PACKAGES, SetupFailed, ToolMissing, installation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

__all__ = [
    "DefinitionBroken",
    "Issue",
    "SetupFailed",
    "ToolMissing",
    "Validator",
    "ValidatorDied",
    "errors",
]

AHEAD = 16  # requests on the way before the first reply is awaited: enough for every core


class ValidatorDied(Exception):
    """The JVM ended; what it said last is on standard error."""


class DefinitionBroken(Exception):
    """A file of definitions cannot be read; the message names it and says why."""


@dataclass(frozen=True)
class Issue:
    """One thing that the validator found; `location` is a FHIRPath, `id` names the rule."""

    severity: str
    location: str
    id: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether a conforming server may refuse the resource for it."""
        return self.severity in ("error", "fatal")

    def __str__(self) -> str:
        return f"{self.severity} at {self.location}: {self.message} [{self.id}]"


def errors(issues: Iterable[Issue]) -> list[Issue]:
    """The issues that make a resource invalid."""
    return [issue for issue in issues if issue.is_error]


class Validator:
    """HAPI's validator for one FHIR version, a context manager.

    `definitions` are files (.json, .ndjson) or folders of such files, not of their subfolders:
    StructureDefinitions, CodeSystems, ValueSets, Questionnaires, whatever has a canonical url.
    """

    def __init__(self, fhir_version: str, definitions: Sequence[Path] = ()) -> None:
        if fhir_version not in PACKAGES:
            raise ValueError(f"{fhir_version} is none of {', '.join(PACKAGES)}")
        self.fhir_version = fhir_version
        self._definitions = definitions
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Validator:
        self._process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            self.define(*self._definitions)
        except BaseException:
            self.close()
            raise
        return self

    def command(self) -> list[str]:
        """What starts the JVM."""
        here = installation()
        return [
            "java", "-Xmx2g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Duser.home={here}",  # no file of the user's own has a say
            "-cp", f"{here / 'classes'}:{here / 'lib'}/*", "Validate", self.fhir_version,
            *(str(here / "packages" / archive) for archive in PACKAGES[self.fhir_version]),
        ]  # fmt: skip

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the JVM."""
        if self._process is not None:
            self._process.kill()  # it holds nothing that could be lost
            self._process.communicate()
            self._process = None

    def define(self, *paths: Path) -> None:
        """More definitions from now on; they replace those with the same canonical."""
        for path in paths:
            files = [path]
            if path.is_dir():
                files = [f for f in sorted(path.iterdir()) if f.suffix in (".json", ".ndjson")]
            for file in files:
                self._send(str(file.absolute()).encode())
                reply = self._receive()
                if "problem" in reply:
                    raise DefinitionBroken(reply["problem"])

    def validate(self, resource: dict[str, Any] | str | bytes) -> list[Issue]:
        """What is wrong with one resource, if anything."""
        (issues,) = self.validate_many([resource])
        return issues

    def validate_many(
        self, resources: Iterable[dict[str, Any] | str | bytes]
    ) -> Iterator[list[Issue]]:
        """The issues of each resource, in order; several are under work at a time."""
        waiting = 0
        try:
            for resource in resources:
                self._send(one_line(resource))
                waiting += 1
                if waiting == AHEAD:
                    waiting -= 1
                    yield self._issues()
            while waiting:
                waiting -= 1
                yield self._issues()
        finally:
            for _ in range(waiting):  # the caller stopped early: each question keeps its answer
                self._receive()

    def _issues(self) -> list[Issue]:
        return [Issue(**issue) for issue in self._receive()]

    def _send(self, line: bytes) -> None:
        assert self._process is not None, "use the validator in a with statement"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as broken:
            raise ValidatorDied("the JVM of the validator has ended") from broken

    def _receive(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ValidatorDied("the JVM of the validator has ended")
        return json.loads(line)


def one_line(resource: dict[str, Any] | str | bytes) -> bytes:
    """A resource as JSON without line breaks (JSON has none within its strings)."""
    if isinstance(resource, dict):
        return json.dumps(resource, ensure_ascii=False).encode()
    text = resource if isinstance(resource, bytes) else resource.encode()
    return b" ".join(text.split(b"\n")).replace(b"\r", b" ").strip()
