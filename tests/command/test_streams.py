"""Standard streams that are closed, full, or of an encoding that lacks what is printed: the result
and the exit code are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .tables import finding, outcome, site, srs, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

MISSING = "error: none.csv: missing-file: Check the path; nothing is there.\n"


def shell(redirections: str, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, with these redirections of a POSIX shell."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirections}', "sh", sys.executable, "-m", "alliance_fhir", *words],
        check=False,
        capture_output=True,
        env={**os.environ, **environment},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that there is not")
@pytest.mark.parametrize(
    ("redirections", "out", "err"),
    [
        ("2>&-", "", ""),
        (">&-", "", MISSING),
        ("<&- >&- 2>&-", "", ""),
        ("2>/dev/full", "", ""),
        (">/dev/full 2>&1", "", ""),
    ],
)
def test_an_error_that_nobody_reads_has_its_exit_code(
    redirections: str, out: str, err: str
) -> None:
    ran = shell(redirections, "check", "none.csv")
    assert (ran.returncode, ran.stdout.decode(), ran.stderr.decode()) == (3, out, err)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that there is not")
def test_a_sync_whose_streams_are_closed_is_as_any_other(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    ran = shell("<&- >&- 2>&-", "sync", "a.csv", "--to", "there")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert command("verify", "--to", "there").code == 0


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_told_all_the_same(encoding: str) -> None:
    name = "Übersicht-月.csv"
    site()
    write(name, srs(session="0"))
    codec = encoding.partition(":")[0]
    for_people = shell("", "check", name, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (for_people.returncode, for_people.stderr) == (4, b"")
    shown = name.encode(codec, "backslashreplace")
    assert for_people.stdout.splitlines()[1].startswith(b"  " + shown + b", row 2, column session:")
    as_json = shell("", "check", name, "--json", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    told = json.loads(as_json.stdout.decode())
    del told["seconds"]
    named = [finding(2, "session", "not-a-session", path=name)]
    assert told == outcome("check", (1, 0, 1), named, code=4)


@pytest.mark.skipif(sys.platform != "linux", reason="no such names elsewhere")
def test_a_folder_to_map_to_whose_name_is_no_text_is_told(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    name = os.fsdecode(b"\xfcbersicht")  # as Latin-1 has it
    for_people = command("map", "a.csv", "--out", name)
    assert (for_people.code, for_people.err) == (0, "")
    assert for_people.out.endswith("target: \\udcfcbersicht\n")
    as_json = command("map", "a.csv", "--out", name, "--json")
    assert (as_json.code, as_json.json["target"]) == (0, "\ufffdbersicht")
    assert len(list(Path(name).iterdir())) == len(as_json.json["files"])
