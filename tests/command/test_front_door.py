"""The command itself: help, versions, exit codes, the shape of `--json`, Ctrl-C, and the names."""

from __future__ import annotations

import contextlib
import doctest
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

import alliance_fhir
from alliance_fhir import errors
from alliance_fhir._version import __version__
from alliance_fhir.cli import app, main
from alliance_fhir.errors import AllianceError, InputError

from .tables import SECRET, keeps_silent, site, srs, text, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

ROOT = typer.main.get_command(app)


def commands(group: object = ROOT, *names: str) -> Iterator[tuple[str, ...]]:
    """The words of every command, and of every group of them."""
    yield names
    for name, inner in getattr(group, "commands", {}).items():
        yield from commands(inner, *names, name)


EVERY = list(commands())


def found(words: tuple[str, ...]) -> object:
    """The command of these words."""
    command: object = ROOT
    for word in words:
        command = getattr(command, "commands")[word]  # noqa: B009 - groups only have it
    return command


LEAVES = [words for words in EVERY if not hasattr(found(words), "commands")]


# --- help -----------------------------------------------------------------------------------------


def test_these_are_the_commands() -> None:
    assert {" ".join(words) for words in LEAVES} == {
        *(
            "demo",
            "init",
            "check",
            "map",
            "plan",
            "sync",
            "listen",
            "waiting",
            "measure",
            "verify",
            "retract",
            "undo",
            "probe",
            "pull",
        ),
        *("instruments list", "instruments show", "instruments export"),
        *("profiles list", "profiles export", "profiles install"),
        *("sandbox start", "sandbox stop", "sandbox status"),
    }


@pytest.mark.parametrize("words", EVERY, ids=lambda words: "-".join(words) or "alliance-fhir")
def test_every_command_explains_itself_and_each_of_its_options(
    words: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    ran = command(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "Usage:" in ran.out
    told = found(words)
    assert getattr(told, "help", None)
    for parameter in getattr(told, "params", []):
        if parameter.name in ("install_completion", "show_completion"):
            continue  # typer's own
        assert parameter.help, f"{words}: {parameter.name} has no help"
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in ran.out
    for name, inner in getattr(told, "commands", {}).items():
        assert name in ran.out
        assert inner.help or inner.callback.__doc__


@pytest.mark.parametrize("words", [(), ("instruments",), ("sandbox",)])
def test_without_a_command_the_help_is_shown(
    words: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    ran = command(*words)
    assert ran.code == 2
    assert ran.out.rstrip() == command(*words, "--help").out.rstrip()


def test_the_version_is_told(command: Callable[..., Ran]) -> None:
    assert command("--version") == (0, f"alliance-fhir {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("chekc",),
        ("instruments", "lsit"),
        ("check",),
        ("check", "a.csv", "--nonsense"),
        ("check", "a.csv", "--check", "some"),
        ("check", "a.csv", "--limit", "-1"),
        ("check", "a.csv", "--limit", "many"),
        ("map", "a.csv"),
        ("sync", "a.csv"),
        ("verify",),
        ("instruments", "show"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_ends_with_2(
    words: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    ran = command(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage:" in ran.err
    assert "Traceback" not in ran.err


# --- a process of its own -------------------------------------------------------------------------


def process(*words: str) -> subprocess.Popen[str]:
    """`python -m alliance_fhir` with these words."""
    return subprocess.Popen(
        [sys.executable, "-m", "alliance_fhir", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_module_is_the_command(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), srs(patient=SECRET))
    with process("check", "a.csv") as running:
        out, err = running.communicate()
    assert (running.returncode, out, err) == command("check", "a.csv")
    assert running.returncode == 4


def test_ctrl_c_ends_with_130_and_a_word(tmp_path: Path) -> None:
    site()
    Path("a.csv").write_text(text([srs()] * 200_000))  # a minute's work
    with process("map", "a.csv", "--out", "out") as running:
        while not list(Path("out").glob(".Observation*")):  # before that it imports, where a signal
            assert running.poll() is None  # may be lost: Python passes over what is raised within
            time.sleep(0.01)  # a callback of a weak reference
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err == "error: interrupted; run it again to go on where it was\n"
    assert not list(Path("out").glob("*"))


def test_a_reader_that_goes_away_is_no_error() -> None:
    with process("instruments", "show", "wai-36", "--json") as running:
        assert running.stdout
        running.stdout.close()
        assert running.stderr
        assert running.stderr.read() == ""
    assert running.returncode == 1


# --- the shape of --json --------------------------------------------------------------------------

SHAPE = {
    *("command", "run", "target", "fhir_version", "records", "resources", "files", "rejected"),
    *("blocked", "warnings", "disappeared", "verify", "stopped", "exit_code", "seconds"),
}
"""Every key that there is. A key that does not apply is absent."""
ALWAYS = {"command", "fhir_version", "rejected", "blocked", "exit_code", "seconds"}


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (("check", "a.csv"), {"records", "warnings"}),
        (("map", "a.csv", "--out", "out"), {"records", "warnings", "target", "files"}),
        (("plan", "a.csv", "--to", "to"), {"records", "warnings", "target", "run", "resources"}),
        (("sync", "a.csv", "--to", "to"), {"records", "warnings", "target", "run", "resources"}),
        (
            ("sync", "a.csv", "--to", "done", "--complete"),
            {"records", "warnings", "target", "run", "resources", "disappeared"},
        ),
        (("verify", "--to", "done"), {"target", "verify"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_has_the_same_shape_and_only_what_applies(
    words: tuple[str, ...], more: set[str], command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", {**srs(patient=f"urn:example:mrn|{SECRET}"), "remark": SECRET})
    write("b.csv", srs(session="2"))
    command("sync", "b.csv", "--to", "done")
    ran = command(*words, "--json")
    shape = ran.json
    assert set(shape) - {"run"} <= SHAPE
    assert set(shape) == ALWAYS | more | ({"run"} & set(shape))
    assert (ran.code, ran.err, shape["command"]) == (0, "", words[0])
    assert shape["exit_code"] == 0
    keeps_silent(ran)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "none.csv"),
        ("map", "none.csv", "--out", "out"),
        ("plan", "none.csv", "--to", "to"),
        ("sync", "none.csv", "--to", "to"),
        ("verify", "--to", "ftp://example.invalid"),
        ("demo", "--to", "ftp://example.invalid"),
        ("instruments", "show", "none"),
    ],
    ids="-".join,
)
def test_an_error_too_is_one_object_and_the_message_is_on_standard_error(
    words: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    site()
    ran = command(*words, "--json")
    shape = ran.json
    assert set(shape) == {"command", "stopped", "exit_code", "rejected", "blocked"}
    assert shape["command"] == words[0]
    assert (shape["rejected"], shape["blocked"]) == ([], [])
    assert shape["exit_code"] == ran.code > 0
    assert ran.err == f"error: {shape['stopped']}\n"
    assert command(*words) == (ran.code, "", ran.err)


def subclasses(kind: type[AllianceError]) -> Iterator[type[AllianceError]]:
    """An error and everything that is of its kind."""
    yield kind
    for inner in kind.__subclasses__():
        yield from subclasses(inner)


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = [kind for kind in subclasses(AllianceError) if kind.__module__ == errors.__name__]
    codes = {kind.__name__: kind.exit_code for kind in kinds}
    assert len(set(codes.values())) == len(codes)
    others = {0, 4, 7, 8, 130}  # well, rows rejected, blocked, not verified, interrupted
    assert not others & set(codes.values())
    assert errors.__doc__
    assert all(name in errors.__doc__ for name in codes)


def test_errors_of_input_name_the_place_and_the_remedy() -> None:
    error = InputError(Path("a.csv"), "empty-file", "Export again.")
    assert (str(error), error.path, error.rule) == (
        "a.csv: empty-file: Export again.",
        "a.csv",
        "empty-file",
    )


# --- how far it is --------------------------------------------------------------------------------


def test_a_long_run_says_how_far_it_is_once_in_a_while(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site()
    write("a.csv", *(srs(session=str(n)) for n in range(1, 101)))
    monkeypatch.setattr("alliance_fhir.cli.progress.EVERY", 0.0)
    ran = command("check", "a.csv")
    assert ran.out == "check: 100 of 100 records, FHIR 4.0.1\n"
    lines = ran.err.splitlines()
    assert [line.partition(" done, ")[0] for line in lines] == ["check: 50", "check: 100"]
    assert all(line.endswith("/s") for line in lines)
    ran = command("sync", "a.csv", "--to", "to")
    *some, last = ran.err.splitlines()  # few at first, so that something is on its way soon
    told = [line.partition(" done, ")[0] for line in some]
    assert told == ["sync: 8 of 100", "sync: 24 of 100", "sync: 56 of 100"]
    assert re.fullmatch(r"sync: 100 of 100 done, [\d,]+/s, about 0 s left", last)
    assert command("check", "a.csv", "--json").err == ""


def test_on_a_terminal_there_is_a_bar(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site()
    write("a.csv", *(srs(session=str(n)) for n in range(1, 51)))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for words in (("check", "a.csv"), ("sync", "a.csv", "--to", "to")):
        ran = command(*words)
        assert ran.code == 0
        assert words[0] in ran.err
        assert "50/" in ran.err


# --- from Python ----------------------------------------------------------------------------------


def test_these_names_are_public_and_no_others() -> None:
    assert alliance_fhir.__all__ == [
        *("AllianceError", "Catalog", "Options", "Result", "Settings", "Wish", "__version__"),
        *("check", "load", "map_to", "open_ledger", "open_target", "plan", "pull"),
        *("pull_appointments", "pull_plans", "pull_table", "sync", "verify", "version"),
    ]
    assert dir(alliance_fhir) == sorted(alliance_fhir.__all__)
    for name in alliance_fhir.__all__:
        assert getattr(alliance_fhir, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = alliance_fhir.nothing  # pyright: ignore[reportAttributeAccessIssue]


def test_the_story_in_the_docstring_is_true() -> None:
    result = doctest.testmod(alliance_fhir)  # in a working folder of its own
    assert result.attempted > 5
    assert result.failed == 0


def test_the_interrupt_of_whoever_calls_us_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["alliance-fhir", "--version"])
    with contextlib.suppress(SystemExit):
        main()
    assert signal.getsignal(signal.SIGINT) is before
