"""The pages of the documentation, and what of them can be run.

A fenced block is run where the line before it, an HTML comment, says so:

    <!-- file: scores.csv -->           the block becomes this file
    <!-- run -->                        console: each `$` line is run, and has to exit with 0
    <!-- run, exit 4 -->                the last of them exits with 4
    <!-- run, with the clinic -->       only where the example clinic is, as in the wheel
    <!-- run at a server -->            with a server of its own for https://fhir.example/r4
    <!-- in: fhir/Goal.ndjson -->       a part of a resource in this file, or of its text
    <!-- prints -->                     what the Python block before it prints

Python blocks are run unless the line before them says `not run` and why. The blocks of a page
share one folder and, if Python, one namespace. In shown output a line `...` stands for any lines,
and what differs from run to run is not compared.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import FhirServer

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda page: page.as_posix()
)

SHOWN_SERVER = "https://fhir.example/r4"
PEOPLE = (("Patient", "urn:example:mrn", "1001"), ("Practitioner", "urn:example:staff", "kurtz"))

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]+?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VARIES = (
    (re.compile(r"run [0-9a-f]{16}"), "run RUN"),
    (re.compile(r'"run": "[0-9a-f]{16}"'), '"run": "RUN"'),
    (re.compile(r'"seconds": [\d.]+'), '"seconds": 0.1'),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"^\w+: [\d,]+( of [\d,]+)? done, .*\n", re.MULTILINE), ""),  # on slow machines
)


class Block(NamedTuple):
    """A fenced block: the comment before it, its language, its text, its line in the page."""

    mark: str
    kind: str
    text: str
    line: int

    @property
    def runs(self) -> bool:
        """Whether the block does something."""
        if self.mark.startswith("not run"):
            return False
        return self.kind == "python" or self.mark.startswith(("run", "file:", "in:", "prints"))


def name_of(page: Path) -> str:
    """The page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            found["mark"] or "", found["kind"], found["text"], text[: found.start()].count("\n") + 1
        )
        for found in _BLOCK.finditer(text)
    ]


def without_blocks(page: Path) -> str:
    """A page's text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def holds(whole: Any, part: Any) -> bool:
    """Whether a fragment is what is left of this when parts of it are left out."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and holds(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        rest = iter(whole if isinstance(whole, list) else [])
        return all(any(holds(one, wanted) for one in rest) for wanted in part)
    return bool(whole == part)


class Reader:
    """Somebody who follows a page from top to bottom, in one folder, with one server where the page
    has any: `new_server` makes it."""

    def __init__(self, folder: Path, new_server: Callable[[], FhirServer]) -> None:
        self._folder = folder
        self._new_server = new_server
        self._names: dict[str, Any] = {"__name__": "docs"}
        self._printed = ""
        self._clinic = (files("alliance_fhir") / "examples" / "clinic").is_dir()

    def follow(self, block: Block) -> None:
        """Does what a block says, and holds what is shown against what comes."""
        if not block.runs:
            return
        if block.mark.startswith("file:"):
            path = self._folder / block.mark.removeprefix("file:").strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.text, f"line {block.line}", "exec"), self._names)  # noqa: S102
            self._printed = out.getvalue()
        elif block.mark == "prints":
            _compare(block.text, self._printed, f"line {block.line}")
        elif block.mark.startswith("in:"):
            self._look(block)
        elif block.mark.startswith("run at a server"):
            self._console(self._at_the_server(block))
        elif block.mark.startswith("run") and (self._clinic or "clinic" not in block.mark):
            self._console(block)

    def _look(self, block: Block) -> None:
        text = (self._folder / block.mark.removeprefix("in:").strip()).read_text(encoding="utf-8")
        if block.kind == "json":
            shown = json.loads(block.text)
            there = any(holds(json.loads(line), shown) for line in text.splitlines())
        else:
            there = f"\n{block.text}" in f"\n{text}"
        assert there, f"line {block.line}: this is not in {text}"

    def _at_the_server(self, block: Block) -> Block:
        """The same with the server that there is in the place of the one that is shown."""
        if "where the goal was raised" in block.mark:
            [goal] = self._server.of_type("Goal")
            goal["target"][0]["detailQuantity"]["value"] += 1
            self._server.put(**goal)
        return block._replace(text=block.text.replace(SHOWN_SERVER, self._server.url))

    @cached_property
    def _server(self) -> FhirServer:
        """A server that knows the people of the pages."""
        server = self._new_server()
        for type_, system, value in PEOPLE:
            identifier = [{"system": system, "value": value}]
            server.put(resourceType=type_, id=value, identifier=identifier)
        return server

    def _console(self, block: Block) -> None:
        last = re.search(r"exit (\d+)", block.mark)
        commands = list(_commands(block.text))
        for number, (command, shown) in enumerate(commands, 1):
            code, told = self._run(command)
            wanted = int(last[1]) if last and number == len(commands) else 0
            assert code == wanted, f"line {block.line}: {command} gave {code}:\n{told}"
            _compare(shown, told, f"line {block.line}: {command}")

    def _run(self, command: str) -> tuple[int, str]:
        words = shlex.split(command)
        if words[0] == "alliance-fhir" and not re.search(r"[|<>;&$*]", command):
            return _in_process(words)
        path = f"{self._shim()}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(  # noqa: S602 - our own pages
            command,
            shell=True,
            cwd=self._folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _shim(self) -> Path:
        """A folder with the command `alliance-fhir`, whatever is installed how."""
        folder = self._folder.parent / "bin"
        folder.mkdir(exist_ok=True)
        for name, module in (("alliance-fhir", "-m alliance_fhir"), ("python", "")):
            file = folder / name
            file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            file.chmod(0o755)
        return folder


def _in_process(words: list[str]) -> tuple[int, str]:
    """The command in this very process, which spares a second of starting."""
    from alliance_fhir.cli import main

    out = io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return code, out.getvalue()


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """The `$` lines of a console block, each with the output shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        while part.partition("\n")[0].endswith("\\"):
            part = part.replace("\\\n", " ", 1)
        command, _, shown = part.partition("\n")
        yield re.sub(r" +", " ", command), shown


def _compare(shown: str, told: str, where: str) -> None:
    """Nothing shown: nothing compared. A line `...` stands for any lines."""
    shown, told = _plain(shown), _plain(told)
    if not shown:
        return
    pattern = re.escape(shown)
    pattern = re.sub(r"(?:(?<=\n)|^)\\\.\\\.\\\.(?:\\\n|\n|$)", r"(?:.*\n)*?.*\n?", pattern)
    assert re.fullmatch(pattern, told), f"{where}\n--- shown:\n{shown}\n--- came:\n{told}"


def _plain(text: str) -> str:
    for pattern, same in _VARIES:
        text = pattern.sub(same, text)
    return text.strip("\n")
