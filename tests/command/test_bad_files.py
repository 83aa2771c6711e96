"""Rows and files that are broken as a whole: named, and whatever is whole goes on."""

from __future__ import annotations

import os
import socket
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources import csv as reader
from alliance_fhir.sources.readers import READERS
from alliance_fhir.sources.supply import Sources

from .tables import (
    LATER,
    SECRET,
    csq,
    finding,
    keeps_silent,
    long_rows,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    states,
    text,
    write,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

BAD = text([srs(patient=f"urn:example:mrn|{SECRET}", session="2")]).splitlines()[1].encode()
TEN_MEGABYTES = 10 * 1024**2

ROWS = {
    "too many cells": (BAD + b",1", "too-many-cells"),
    "too few cells": (BAD.rpartition(b",")[0], "too-few-cells"),
    "a word of another encoding": (BAD.replace(b"urn:", b"urn:m\xfcller:"), "wrong-encoding"),
    "a NUL byte": (BAD.replace(b"srs", b"sr\0s"), "nul-byte"),
    "a cell of 10 MB": (BAD.replace(b"urn:", b"urn:" + b"x" * TEN_MEGABYTES), "cell-too-long"),
    "a quoted cell of 10 MB": (
        BAD.replace(b"srs", b'"' + b"x" * TEN_MEGABYTES + b'"'),
        "cell-too-long",
    ),
    "a cell of 32,768 characters": (
        BAD.replace(b"urn:", b"urn:" + b"x" * (32_768 - len(f"urn:example:mrn|{SECRET}"))),
        "cell-too-long",
    ),
    "a quote that is never closed": (BAD.replace(b",srs", b',"srs'), "unclosed-quote"),
    "a quote that ends in the middle of a cell": (
        BAD.replace(b",srs", b',"s"rs'),
        "unclosed-quote",
    ),
    "a formula": (BAD.replace(b"srs", b"=cmd|' /C calc'!A0"), "formula"),
    "a formula after a blank": (BAD.replace(b"srs", b'" =1+1"'), "formula"),
}
"""A line of a file, and the rule that it breaks as a whole."""


def around(line: bytes) -> bytes:
    """A file with this line between good ones; umlauts stand in the last."""
    good = text([srs(), srs(session="3"), srs(session="4", rater_id="urn:example:staff|Müller")])
    header, first, *rest = good.encode().splitlines()
    return b"\n".join([header, first, line, *rest])


@pytest.mark.parametrize("name", ROWS)
def test_a_broken_row_is_named_and_those_after_it_survive(
    name: str, command: Callable[..., Ran]
) -> None:
    line, rule = ROWS[name]
    site()
    Path("a.csv").write_bytes(around(line))
    for_people = command("check", "a.csv")
    as_json = command("check", "a.csv", "--json")
    told = f"rejected:\n  a.csv, row 3: {rule}. {RULES[rule]}\n"
    assert for_people == (4, f"{told}check: 3 of 4 records, FHIR 4.0.1\n", "")
    assert said(as_json) == outcome("check", (4, 3, 1), [finding(3, "", rule)], code=4)
    keeps_silent(for_people, as_json)

    with_it = mapped(command, "a.csv", to="with", code=4)
    Path("a.csv").write_bytes(around(b""))
    assert with_it == mapped(command, "a.csv", to="without")
    assert len(resources("with", "QuestionnaireResponse")) == 3


def test_cells_as_long_as_a_spreadsheet_holds_are_read(command: Callable[..., Ran]) -> None:
    site()
    value = "x" * (32_767 - len("urn:example:mrn|"))
    write("a.csv", srs(patient=f"urn:example:mrn|{value}"))
    assert command("check", "a.csv").code == 0


def test_of_many_quotes_that_are_never_closed_each_costs_its_own_line(
    command: Callable[..., Ran],
) -> None:
    site()
    lines = [BAD.replace(b",srs", b',"srs'), text([srs()]).encode().splitlines()[1]] * 20
    Path("a.csv").write_bytes(b"\n".join([text([srs()]).encode().splitlines()[0], *lines[:-1]]))
    ran = command("check", "a.csv", "--json")
    broken = [finding(row, "", "unclosed-quote") for row in range(2, 42, 2)]
    doubles = [finding(row, "", "duplicate-equal") for row in range(5, 41, 2)]
    assert said(ran) == outcome("check", (39, 1, 20), broken, code=4, warnings=doubles)
    keeps_silent(ran)


def test_a_quote_that_a_later_row_closes_by_chance_costs_its_own_line_only(
    command: Callable[..., Ran],
) -> None:
    """`5"` in a later row, for five inches, ends the cell that was never closed."""
    site()
    mine = csq(patient=f"urn:example:mrn|{SECRET}")
    write("a.csv", {**srs(), "remark": ""}, mine, srs(session="3"))
    header, first, second, third = Path("a.csv").read_text().splitlines()
    lines = [header, first, second.replace(",csq-8", ',"csq-8'), third.replace(",,", ',5",', 1)]
    Path("a.csv").write_text("\n".join(lines))
    ran = command("check", "a.csv", "--json")
    named = [finding(3, "", "unclosed-quote"), finding(4, "clinician", "identifier-without-system")]
    warnings = [finding(0, "remark", "unknown-column")]
    assert said(ran) == outcome("check", (3, 1, 2), named, code=4, warnings=warnings)
    keeps_silent(ran)


def test_a_cell_may_go_over_lines_when_its_quotes_are_closed(command: Callable[..., Ran]) -> None:
    site()
    # the line break stands in a column that we ignore; a spreadsheet shows this as one row
    write("a.csv", {**srs(), "remark": "one\ntwo\nthree"}, srs(session="0"))
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome(
        "check",
        (2, 1, 1),
        [finding(3, "session", "not-a-session")],
        code=4,
        warnings=[finding(0, "remark", "unknown-column")],
    )


# --- files as a whole -----------------------------------------------------------------------------

HEADER = text([srs()]).splitlines()[0]
ROW = BAD.decode()
DUPLICATE = "Two columns mean patient; rename or remove one."
NAMES = "The first row must name the columns."


def lacking(name: str) -> str:
    """The remedy for a column that a file lacks."""
    return f"{name}: add it, or name it in alliance.toml."


FILES: dict[str, tuple[str | bytes, str, str]] = {
    "nothing": (b"", "empty-file", ""),
    "blank lines only": ("\n\n \n".replace(" ", ""), "empty-file", ""),
    "a byte order mark only": (b"\xef\xbb\xbf", "empty-file", ""),
    "a header only": (HEADER, "header-only", ""),
    "a header only, of the long layout": (
        "patient,instrument,rater,completed_at,item,value\n",
        "header-only",
        "",
    ),
    "rows without a header": (f"{ROW}\n{ROW}", "unknown-layout", NAMES),
    "a column twice": (f"{HEADER},patient\n{ROW},1", "duplicate-column", DUPLICATE),
    "a column twice, in other letters": (
        f"{HEADER}, PATIENT \n{ROW},1",
        "duplicate-column",
        DUPLICATE,
    ),
    "an item twice, in two spellings": (
        f"{HEADER},item_01\n{ROW},{SECRET}",
        "duplicate-column",
        DUPLICATE.replace("patient", "item_1"),
    ),
    "no column for the patient": (
        f"{HEADER}\n{ROW}".replace("patient,", "who,", 1),
        "missing-column",
        lacking("patient"),
    ),
    "no column for the instrument": (
        f"{HEADER}\n{ROW}".replace(",instrument", ",form"),
        "missing-column",
        lacking("instrument"),
    ),
    "no column for the rater": (
        f"{HEADER}\n{ROW}".replace(",rater,", ",view,"),
        "missing-column",
        lacking("rater"),
    ),
    "no column for the time": (
        f"{HEADER}\n{ROW}".replace("completed_at", "when"),
        "missing-column",
        lacking("completed_at"),
    ),
    "a header that is never closed": (f'"{HEADER}\n{ROW}\n', "unclosed-quote", ""),
    "a header of another encoding": (
        f"{HEADER},größe\n{ROW},1".encode("latin-1"),
        "wrong-encoding",
        "",
    ),
    "UTF-16 without a byte order mark": (f"{HEADER}\n{ROW}".encode("utf-16-le"), "nul-byte", ""),
    "a letter cut in half": (
        f"{HEADER}\n{ROW}".encode("utf-16") + b"\x41",
        "wrong-encoding",
        "",
    ),
    "a header of 10 MB": (HEADER.encode() + b"x" * TEN_MEGABYTES, "cell-too-long", ""),
    "a header with a formula": (f"{HEADER},=1+1\n{ROW},1", "formula", ""),
}
"""A file's content, the rule that it breaks, and the remedy where it is not the rule's own."""


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_named_and_the_other_files_go_on(
    name: str, command: Callable[..., Ran]
) -> None:
    content, rule, remedy = FILES[name]
    site()
    Path("a.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    write("b.csv", srs())
    named = finding(0, "", rule, remedy)
    for_people = command("check", "a.csv", "b.csv")
    to_files = command("map", "a.csv", "b.csv", "--out", "out", "--recorded", LATER, "--json")
    told = f"rejected:\n  a.csv: {rule}. {named['remedy']}\n"
    assert for_people == (3, f"{told}check: 1 of 1 records, FHIR 4.0.1\n", "")
    files = {"Device": 1, "Observation": 2, "Provenance": 1, "Questionnaire": 1}
    files |= {"QuestionnaireResponse": 1}
    assert said(to_files) == outcome("map", (1, 1, 0), [named], code=3, target="out", files=files)
    keeps_silent(for_people, to_files)
    assert written("out") == mapped(command, "b.csv", to="alone")


@pytest.mark.parametrize("name", ["nothing", "rows without a header", "a letter cut in half"])
def test_sync_and_plan_say_the_same_of_a_bad_file(name: str, command: Callable[..., Ran]) -> None:
    content, rule, remedy = FILES[name]
    site()
    Path("a.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    write("b.csv", srs())
    for word in ("plan", "sync"):
        ran = command(word, "a.csv", "b.csv", "--to", "to", "--json")
        assert said(ran) == outcome(
            word,
            (1, 1, 0),
            [finding(0, "", rule, remedy)],
            code=3,
            target="to",
            resources=states(created=6),
        )
        keeps_silent(ran)


def test_a_first_row_of_data_is_never_taken_for_names(command: Callable[..., Ran]) -> None:
    """Not even where constants stand for every column, and one cell is one of our words."""
    site('constants = {instrument = "srs", rater = "patient", completed_at = "2026-03-09"}')
    Path("a.csv").write_text(f"{SECRET},srs,patient,2026-03-09,7\n{SECRET},srs,patient,x,8\n")
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome(
        "check", (0, 0, 0), [finding(0, "", "unknown-layout", NAMES)], code=3
    )
    keeps_silent(ran)


def test_unknown_columns_are_told_and_cost_nothing(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", {**srs(), "Remark": SECRET, "item_0": SECRET, "item_4711": SECRET})
    ran = command("check", "a.csv", "--json")
    names = ("Remark", "item_0", "item_4711")
    warnings = [finding(0, name, "unknown-column") for name in names]
    assert said(ran) == outcome("check", (1, 1, 0), warnings=warnings)
    people = command("check", "a.csv")
    assert people == (
        0,
        "warnings:\n"
        + "".join(
            f"  a.csv, column {n}: unknown-column. {RULES['unknown-column']}\n" for n in names
        )
        + "check: 1 of 1 records, FHIR 4.0.1\n",
        "",
    )
    keeps_silent(ran, people)


def test_columns_without_a_name_are_ignored(command: Callable[..., Ran]) -> None:
    site()
    Path("a.csv").write_text(f"{HEADER},,\n{ROW},{SECRET},\n")
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (1, 1, 0))
    keeps_silent(ran)


# --- what cannot be opened ------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(
    command: Callable[..., Ran],
) -> None:
    site()
    for name in ("a.csv", "c.xlsx"):  # a socket is there, and nobody can open it, not even root
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(name)
    write("b.csv", srs())
    ran = command("check", "a.csv", "b.csv", "c.xlsx", "--json")
    why = "No such device or address"
    named = [finding(0, "", "unreadable-file", why, path=name) for name in ("a.csv", "c.xlsx")]
    assert said(ran) == outcome("check", (1, 1, 0), named, code=3)


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("words", [("check",), ("map", "--out", "o"), ("sync", "--to", "t")])
def test_a_file_whose_name_is_no_text_is_named_and_the_others_go_on(
    words: tuple[str, ...], folder: bool, command: Callable[..., Ran]
) -> None:
    site()
    Path("in").mkdir()
    for name in ("in/a.csv", os.fsdecode(b"in/\xfcbersicht.csv")):  # as Latin-1 has it
        write(name, srs())
    files = ["in"] if folder else sorted(map(str, Path("in").iterdir()))
    ran = command(*words, *files, "--json")
    named = [finding(0, "", "name-not-text", path="in/\ufffdbersicht.csv")]
    assert said(ran)["rejected"] == named
    assert said(ran)["records"] == {"read": 1, "accepted": 1, "rejected": 0}
    assert ran.code == 3


@pytest.mark.parametrize("command_name", ["check", "map", "plan", "sync"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.csv", f"none.csv: missing-file: {RULES['missing-file']}"),
        ("notes.docx", f"notes.docx: unknown-format: {RULES['unknown-format']}"),
        ("empty", "empty: missing-file: No file in it has a suffix that we read."),
    ],
)
def test_a_source_that_is_none_ends_every_command(
    command_name: str, source: str, message: str, command: Callable[..., Ran]
) -> None:
    site()
    Path("notes.docx").write_text(SECRET)
    Path("empty/deeper.csv").mkdir(parents=True)
    Path("empty/notes.docx").write_text(SECRET)
    Path("empty/.hidden.csv").write_text(SECRET)
    Path("empty/~$open.xlsx").write_text(SECRET)
    write("a.csv", srs())
    places = {"map": ("--out", "out"), "plan": ("--to", "out"), "sync": ("--to", "out")}
    words = (command_name, "a.csv", source, *places.get(command_name, ()))
    assert command(*words) == (3, "", f"error: {message}\n")
    shape = {"command": command_name, "stopped": message, "exit_code": 3}
    ran = command(*words, "--json")
    assert (ran.code, ran.json) == (3, {**shape, "rejected": [], "blocked": []})
    assert not Path("out").exists()


def test_a_folder_is_read_in_order_of_names_whatever_the_case_of_suffixes(
    command: Callable[..., Ran],
) -> None:
    site()
    Path("inbox").mkdir()
    for name in ("c.TSV", "b.txt", "a.csv"):
        write(f"inbox/{name}", srs(session="0"))
    write("inbox/d.docx", srs())
    ran = command("check", "inbox", "--json")
    named = [
        finding(2, "session", "not-a-session", path=f"inbox/{name}")
        for name in ("a.csv", "b.txt", "c.TSV")
    ]
    assert said(ran) == outcome("check", (3, 0, 3), named, code=4)
    tables, plans = {".csv", ".tsv", ".txt", ".xlsx"}, {".plan.yaml", ".plan.yml", ".plan.json"}
    assert set(READERS) == {*tables, ".hl7", ".ndjson", ".json", *plans}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("map", "--out", "file/out"), "file/out cannot be written: Not a directory"),
        (("map", "--out", "file"), "file cannot be written: File exists"),
        (("sync", "--to", "file"), "file is a file; a target is a folder or a server's URL"),
        (("sync", "--to", "file/out"), "file/out/manifest.json cannot be read: Not a directory"),
        (
            ("sync", "--to", "out", "--ledger", "file/ledger"),
            "file/ledger: the ledger cannot be written: File exists",
        ),
    ],
    ids=lambda value: "-".join(value).replace("/", "-") if isinstance(value, tuple) else "",
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    words: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    Path("file").write_text("")
    assert command(*words, "a.csv") == (2, "", f"error: {message}\n")
    keeps_silent(command(*words, "a.csv", "--json"))


# --- big files ------------------------------------------------------------------------------------


def test_a_hundred_thousand_rows_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("patient,session\n" + "urn:example:mrn|Aurelia-0815,1\n" * 100_000)
    assert path.stat().st_size > 3_000_000
    tracemalloc.start()
    try:
        rows = reader.rows(path, Settings(), lambda name: True, lambda rule, remedy: None)
        number = max(row for row, _ in rows)
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()
    assert number == 100_001


@pytest.mark.parametrize(("layout", "few", "many"), [("wide", 200, 1_000), ("long", 30, 130)])
def test_what_is_read_does_not_stay_in_memory(
    layout: str, few: int, many: int, tmp_path: Path
) -> None:
    """What more records take at the peak is less than a record's own size for each of them."""
    settings, catalog = Settings(source="clinic-east"), Catalog()
    rows = [csq()] if layout == "wide" else long_rows(csq())
    header, *lines = text(rows).splitlines()

    def peak(records: int) -> int:
        path = tmp_path / f"{records}.csv"
        with path.open("w") as file:
            file.write(f"record_id,{header}\n")
            file.writelines(f"{n},{line}\n" for n in range(records) for line in lines)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in Sources([path], settings, catalog).records()) == records
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak(10)
        assert peak(many) - peak(few) < (many - few) * 700
    finally:
        tracemalloc.stop()


LONG = "/".join(["x" * 250] * 20)
"""A path of 5,000 characters: Linux takes 4,095, macOS 1,023, Windows 32,767 or far fewer."""
NO_LEDGER = (
    "nothing is known to have been sent to there: there is no ledger {}. Look whether target, "
    "--config and --ledger are the ones of the sync"
)


@pytest.mark.skipif(sys.platform == "win32", reason="other words, and other lengths")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("check", f"{LONG}.csv"), 3, f"{LONG}.csv: missing-file: {RULES['missing-file']}"),
        (("map", "a.csv", "--out", LONG), 2, f"{LONG} cannot be written: File name too long"),
        (
            ("sync", "a.csv", "--to", LONG),
            2,
            f"{LONG}/manifest.json cannot be read: File name too long",
        ),
        (
            ("verify", "--to", "there", "--ledger", LONG),
            2,
            NO_LEDGER.format(LONG),
        ),
        (
            ("pull", "--from", "there", "--out", LONG),
            2,
            f"{LONG} cannot be written: File name too long",
        ),
    ],
    ids=["source", "map", "target", "ledger", "pull"],
)
def test_a_path_that_is_too_long_is_told(
    words: tuple[str, ...], code: int, message: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "there").code == 0
    assert command(*words) == (code, "", f"error: {message}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="no such names elsewhere")
@pytest.mark.parametrize(
    "words",
    [("sync", "a.csv", "--to"), ("plan", "a.csv", "--to"), ("verify", "--to"), ("demo", "--to")],
)
@pytest.mark.parametrize("within", [False, True], ids=["name", "path"])
def test_a_target_whose_path_is_no_text_is_told(
    within: bool,
    words: tuple[str, ...],
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = os.fsdecode(b"\xfcbersicht")  # as Latin-1 has it
    Path(name).mkdir()
    if within:
        monkeypatch.chdir(name)
    site()
    write("a.csv", srs())
    ran = command(*words, "here" if within else name)
    place = Path().resolve() / ("here" if within else name)
    whole = os.fsencode(place).decode(errors="replace")
    why = "its name, or a folder's in its path, is not UTF-8; rename it"
    assert ran == (2, "", f"error: {whole} can be no target: {why}\n")
    assert not Path("here").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the folder that one is in stays there")
def test_a_folder_that_is_gone_is_told(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site()
    write("a.csv", srs())
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    Path("../gone").rmdir()
    ran = command("sync", "../a.csv", "--to", "../t")
    assert ran == (2, "", "error: the current folder is not there any more; go to another\n")


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes there")
def test_a_pipe_is_named_and_nobody_waits_for_it(command: Callable[..., Ran]) -> None:
    site()
    write("b.csv", srs())
    os.mkfifo("a.csv")
    named = [finding(0, "", "unreadable-file", "It is a pipe; write it to a file first.")]
    ran = command("check", "a.csv", "b.csv", "--json")
    assert said(ran) == outcome("check", (1, 1, 0), named, code=3)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
@pytest.mark.parametrize("command_name", ["check", "plan", "sync"])
def test_what_is_no_file_in_a_folder_is_named_and_the_files_go_on(
    command_name: str, command: Callable[..., Ran]
) -> None:
    site()
    Path("in").mkdir()
    write("in/b.csv", srs())
    Path("in/folder.csv").mkdir()
    for name, end in (("table", "csv"), ("plan", "plan.yaml")):
        os.mkfifo(f"in/{name}-pipe.{end}")
        Path(f"in/{name}-link.{end}").symlink_to("nowhere")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"in/{name}-socket.{end}")
    whys = {
        "link": "It is a link to nothing; mend or remove it.",
        "pipe": "It is a pipe; write it to a file first.",
        "socket": "No such device or address",
    }
    named = [
        finding(0, "", "unreadable-file", why, path=f"in/{name}-{kind}.{end}")
        for name, end in (("plan", "plan.yaml"), ("table", "csv"))
        for kind, why in whys.items()
    ]
    ran = command(command_name, "in", *(["--to", "to"] * (command_name != "check")), "--json")
    assert said(ran)["rejected"] == named
    assert said(ran)["records"] == {"read": 1, "accepted": 1, "rejected": 0}
    assert ran.code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="no such words elsewhere")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("retract", "NONE", "--to", "there", "--reason", "x"),
            "KEY and --reason take text in UTF-8; nothing was retracted",
        ),
        (
            ("retract", "x", "--to", "there", "--reason", "NONE"),
            "KEY and --reason take text in UTF-8; nothing was retracted",
        ),
        (
            ("pull", "--from", "there", "--assessments", "NONE.csv"),
            "\ufffd.csv: its name, or a folder's in its path, is not UTF-8",
        ),
    ],
    ids=["key", "reason", "table"],
)
def test_a_word_that_is_no_text_is_told(
    words: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "there").code == 0
    told = [word.replace("NONE", os.fsdecode(b"\xfc")) for word in words]
    assert command(*told) == (2, "", f"error: {message}\n")
