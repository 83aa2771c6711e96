"""What a folder promises beyond what every target does: the old state or the new, no half."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Any

import pytest

from alliance_fhir import open_ledger, open_target, plan, sync, verify
from alliance_fhir.errors import BadReply, ConfigError, Conflict
from alliance_fhir.targets.folder import FolderTarget
from alliance_fhir.targets.lock import FolderLock

from .apart import begin, ended, hold, pipe, sync_until, sync_when_it_may
from .clinic import CHANGED, ROW, Clinic, Row, counts, rules
from .places import FolderPlace, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from alliance_fhir.result import Result

MANIFEST = "manifest.json"


def complete(folder: Path) -> dict[str, str]:
    """The lines of all files by name, after holding each file against what the manifest says."""
    file = folder / MANIFEST
    if not file.exists():
        return {}
    lines: dict[str, str] = {}
    for told in json.loads(file.read_bytes())["files"].values():
        content = (folder / told["path"]).read_bytes()
        assert told["blake2b"] == blake2b(content, digest_size=16).hexdigest()
        assert told["count"] == content.count(b"\n")
        lines |= {name_of(json.loads(line)): line.decode() for line in content.splitlines()}
    return lines


def planned(clinic: Clinic) -> Result:
    """The plan alone, where the folder is not to be read by others."""
    with clinic.open() as (target, ledger):
        return plan(clinic.sources, target, ledger, clinic.settings)


def killed_at(step: int, clinic: Clinic) -> bool:
    """A sync in a process of its own, killed before its step; false where it came to its end."""
    code = ended(begin(sync_until, clinic, step))
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.long
@pytest.mark.parametrize("start", ["nothing", "an earlier generation"])
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new_one(
    folder: FolderPlace, clinic: Clinic, start: str, tmp_path: Path
) -> None:
    if start != "nothing":
        clinic.settled(ROW)
    clinic.write(CHANGED)
    folder.folder.mkdir(exist_ok=True)
    saved = tmp_path / "saved"
    shutil.copytree(folder.folder, saved / "out")
    shutil.copytree(clinic.folder, saved / "clinic")
    old = complete(folder.folder)
    new: dict[str, str] = {}
    for step in range(100):
        for there in (folder.folder, clinic.folder):
            shutil.rmtree(there)
            shutil.copytree(saved / there.name, there)
        killed = killed_at(step, clinic)
        found = complete(folder.folder)
        if found.keys() != old.keys():
            new = new or found
            assert found.keys() == new.keys()
        else:
            assert found == old
        if not killed:
            break
    assert step > 10
    assert not killed
    assert found.keys() == new.keys()


@pytest.mark.parametrize("start", ["nothing", "an earlier generation"])
@pytest.mark.parametrize("step", [3, 8, 13])
def test_after_a_kill_the_next_run_goes_on(
    folder: FolderPlace, clinic: Clinic, start: str, step: int
) -> None:
    if start != "nothing":
        clinic.settled(ROW)
    clinic.write(CHANGED)
    assert killed_at(step, clinic)
    assert clinic.sync().exit_code == 0
    total = folder.by_short_name()["total"]
    assert total["valueQuantity"]["value"] == 32
    clinic.verified()
    kept = {told["path"] for told in folder.manifest["files"].values()} | {MANIFEST}
    assert {file.name for file in folder.folder.iterdir()} == kept


def test_a_new_generation_leaves_nothing_of_the_old_one_behind(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    first = {file.name for file in folder.folder.iterdir()}
    clinic.write(CHANGED)
    clinic.sync()
    second = {file.name for file in folder.folder.iterdir()}
    assert folder.manifest["generation"] == 2
    told = {file["path"] for file in folder.manifest["files"].values()}
    assert second == told | {MANIFEST}
    # what did not change is the file that it was
    assert {name.partition(".")[0] for name in first & second} == {
        "Device",
        "Questionnaire",
        "manifest",
    }
    complete(folder.folder)


def test_the_order_of_lines_does_not_change(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    before = [name_of(body) for body in folder.of_type("Observation")]
    clinic.write(CHANGED)
    clinic.sync()
    assert [name_of(body) for body in folder.of_type("Observation")] == before


def test_a_strangers_folder_is_refused(folder: FolderPlace, clinic: Clinic) -> None:
    folder.folder.mkdir()
    (folder.folder / "thesis.doc").write_text("mine")
    clinic.write(ROW)
    with pytest.raises(ConfigError, match="not empty and was not made by us"):
        clinic.sync_alone()
    assert [file.name for file in folder.folder.iterdir()] == ["thesis.doc"]


def test_an_empty_folder_is_taken(folder: FolderPlace, clinic: Clinic) -> None:
    folder.folder.mkdir()
    clinic.write(ROW)
    assert counts(clinic.sync()) == {"created": 9}


def test_a_strangers_file_beside_ours_is_left_alone(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    note = folder.folder / "note.txt"
    note.write_text("mine")
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    assert note.read_text() == "mine"


def test_a_file_is_no_folder(folder: FolderPlace, clinic: Clinic) -> None:
    folder.folder.write_text("mine")
    clinic.write(ROW)
    with pytest.raises(ConfigError, match="is a file"):
        clinic.sync_alone()


def test_another_version_of_fhir_is_refused(folder: FolderPlace, clinic: Clinic) -> None:
    folder.fhir = "R5"
    clinic.settled(ROW)
    for other in ("R4", "R4B"):
        folder.fhir = other
        with pytest.raises(ConfigError, match=r"holds FHIR 5\.0\.0"):
            clinic.sync_alone()
    folder.fhir = ""
    assert clinic.sync().fhir_version == "5.0.0"


DEVICE = {"path": "Device.000001.ndjson", "count": 1, "blake2b": "0" * 32}


def with_device(**told: object) -> dict[str, Any]:
    """A manifest of one file, of which something else is told."""
    return {"fhirVersion": "4.0.1", "generation": 1, "files": {"Device": {**DEVICE, **told}}}


BROKEN: dict[str, object] = {
    "nothing": b"",
    "half": b'{"files"',
    "not text": b"\xff\xfe",
    "a list": [],
    "null": None,
    "a text": "files",
    "files is a list": {"fhirVersion": "4.0.1", "generation": 1, "files": []},
    "a file is a text": {"fhirVersion": "4.0.1", "generation": 1, "files": {"Device": "x"}},
    "a file without a path": {"fhirVersion": "4.0.1", "generation": 1, "files": {"Device": {}}},
    "no version that we know": {"fhirVersion": "9.9", "generation": 1, "files": {}},
    "a version that is a number": {"fhirVersion": 4, "generation": 1, "files": {}},
    "a generation that is none": {"fhirVersion": "4.0.1", "generation": "x", "files": {}},
    "a generation that is true": {"fhirVersion": "4.0.1", "generation": True, "files": {}},
    "a generation below all": {"fhirVersion": "4.0.1", "generation": -1, "files": {}},
    "a generation beyond all": {"fhirVersion": "4.0.1", "generation": 10**300, "files": {}},
    "no generation": {"fhirVersion": "4.0.1", "files": {}},
    "no version": {"generation": 1, "files": {}},
    "no files": {"fhirVersion": "4.0.1", "generation": 1},
    "a type that is none": {"fhirVersion": "4.0.1", "generation": 1, "files": {"../x": DEVICE}},
    "a count that is a text": with_device(count="1"),
    "a digest that is none": with_device(blake2b="x"),
    "a file of the generation to come": with_device(path="Device.000002.ndjson"),
    "nested without end": b"[" * 100_000,
    "a key twice": b'{"generation": 1, "generation": 2}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_is_a_clear_error(folder: FolderPlace, clinic: Clinic, name: str) -> None:
    folder.folder.mkdir()
    broken = BROKEN[name]
    content = broken if isinstance(broken, bytes) else json.dumps(broken).encode()
    (folder.folder / MANIFEST).write_bytes(content)
    clinic.write(ROW)
    for run in (clinic.sync_alone, lambda: planned(clinic), clinic.verify):
        with pytest.raises(ConfigError, match=r"manifest\.json is no manifest.*restore it"):
            run()
    assert [file.name for file in folder.folder.iterdir()] == [MANIFEST]


@pytest.mark.parametrize(
    "path",
    [
        "../precious.ndjson",
        "{elsewhere}",
        "note.ndjson",
        "Device.000001.ndjson",
        "./Observation.000001.ndjson",
        "Observation.000001.ndjson.part",
        "Observation.000001.ndjson\n",
        "Observation.\u0661\u0661\u0661\u0661\u0661\u0661.ndjson",
        "",
        7,
    ],
)
def test_a_manifest_names_nothing_but_files_that_we_made(
    folder: FolderPlace, clinic: Clinic, tmp_path: Path, path: object
) -> None:
    clinic.settled(ROW)
    elsewhere, note = tmp_path / "precious.ndjson", folder.folder / "note.ndjson"
    for file in (elsewhere, note):
        file.write_text("{}\n")
    path = str(elsewhere) if path == "{elsewhere}" else path
    manifest = folder.manifest
    manifest["files"]["Observation"]["path"] = path
    (folder.folder / MANIFEST).write_text(json.dumps(manifest))
    clinic.ledger.unlink()
    clinic.write(CHANGED)
    with pytest.raises(ConfigError, match="the path of Observation"):
        clinic.sync_alone()
    assert elsewhere.read_text() == note.read_text() == "{}\n"


@pytest.mark.parametrize("type_", ["Device", "Observation"])
def test_a_missing_file_is_named(folder: FolderPlace, clinic: Clinic, type_: str) -> None:
    clinic.settled(ROW)
    name = folder.manifest["files"][type_]["path"]
    (folder.folder / name).unlink()
    with pytest.raises(BadReply, match=name):
        clinic.verify()
    before = (folder.folder / MANIFEST).read_bytes()
    clinic.write(CHANGED)
    with pytest.raises(BadReply, match=name):
        clinic.sync_alone()
    assert (folder.folder / MANIFEST).read_bytes() == before


STRANGE = {
    "half": b"{",
    "a list": b"[]",
    "a text": b'"Observation"',
    "no text": b"\xff",
    "nothing but noughts": b"\0\0\0\0",
    "a byte order mark": b'\xef\xbb\xbf{"resourceType": "Observation"}',
    "a key twice": b'{"resourceType": "Observation", "status": "final", "status": "amended"}',
    "nested without end": b'{"resourceType": "Observation", "value": '
    + b"[" * 500
    + b"]" * 500
    + b"}",
    "a number beyond all": b'{"resourceType": "Observation", "valueDecimal": 1.0e999999999}',
    "no number": b'{"resourceType": "Observation", "valueDecimal": NaN}',
    "identifiers that are none": b'{"resourceType": "Observation", "identifier": "x"}',
}


@pytest.mark.parametrize("line", STRANGE.values(), ids=STRANGE)
def test_a_broken_line_is_told_and_nothing_is_written(
    folder: FolderPlace, clinic: Clinic, line: bytes
) -> None:
    clinic.settled(ROW)
    file = folder.folder / folder.manifest["files"]["Observation"]["path"]
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(BadReply, match=f"{file.name}, line 6, is no resource") as told:
        planned(clinic)
    assert ROW.patient not in str(told.value)
    clinic.write(CHANGED)
    before = {f.name: f.read_bytes() for f in folder.folder.iterdir()}
    with pytest.raises(BadReply, match=file.name):
        clinic.sync_alone()
    after = {f.name: f.read_bytes() for f in folder.folder.iterdir() if f.suffix != ".part"}
    assert after == before


def cut_line(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:-1])


CUTS: dict[str, Callable[[bytes], bytes]] = {
    "everything": lambda content: b"",
    "the last line": cut_line,
    "half of the last line": lambda content: content[:-100],
    "one byte of the last line": lambda content: content[:-2],
}


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b"\0"])
def test_verify_tells_a_broken_line(folder: FolderPlace, clinic: Clinic, line: bytes) -> None:
    clinic.settled(ROW)
    file = folder.folder / folder.manifest["files"]["Observation"]["path"]
    file.write_bytes(line + b"\n" + file.read_bytes())
    with pytest.raises(BadReply, match=f"{file.name}, line 1, is no resource.*restore it"):
        clinic.verify()


@pytest.mark.parametrize("row", [ROW, CHANGED], ids=["nothing to do", "a change"])
@pytest.mark.parametrize("type_", ["Provenance", "Observation", "Device"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_file_that_was_cut_off_is_told(
    folder: FolderPlace, clinic: Clinic, cut: str, type_: str, row: Row
) -> None:
    clinic.settled(ROW)
    file = folder.folder / folder.manifest["files"][type_]["path"]
    file.write_bytes(CUTS[cut](file.read_bytes()))
    clinic.write(row)
    before = {f.name: f.read_bytes() for f in folder.folder.iterdir()}
    for run in (clinic.sync_alone, lambda: planned(clinic)):
        with pytest.raises(BadReply, match=file.name) as told:
            run()
        assert "cut off" in str(told.value)
        assert ROW.patient not in str(told.value)
    assert {f.name: f.read_bytes() for f in folder.folder.iterdir()} == before


def test_verify_names_what_was_cut_off(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    file = folder.folder / folder.manifest["files"]["Observation"]["path"]
    file.write_bytes(cut_line(file.read_bytes()))
    found = clinic.verify().verify
    assert found
    assert (len(found.missing), found.equal) == (1, 8)


def test_what_was_cut_off_on_purpose_is_gone(folder: FolderPlace, clinic: Clinic) -> None:
    """As the message says: the count is written anew."""
    clinic.settled(ROW)
    told = folder.manifest["files"]["Observation"]
    file = folder.folder / told["path"]
    file.write_bytes(cut_line(file.read_bytes()))
    with pytest.raises(BadReply, match=r"holds 4 resources.*counts 5.*write 4 as its count"):
        clinic.sync_alone()
    manifest = folder.manifest
    manifest["files"]["Observation"]["count"] = 4
    (folder.folder / MANIFEST).write_text(json.dumps(manifest))
    assert counts(clinic.sync(reread=True)) == {"gone": 1, "unchanged": 7}


EDITORS: dict[str, Callable[[bytes], bytes]] = {
    "the last end of line": lambda content: content[:-1],
    "a line of nothing": lambda content: content + b"\n",
    "ends of lines": lambda content: content.replace(b"\n", b"\r\n"),
    "spaces": lambda content: content.replace(b'":', b'": '),
    "the order of lines": lambda content: b"".join(reversed(content.splitlines(keepends=True))),
}


@pytest.mark.parametrize("editor", EDITORS)
def test_what_an_editor_does_to_a_file_is_no_edit(
    folder: FolderPlace, clinic: Clinic, editor: str
) -> None:
    clinic.settled(ROW)
    for told in folder.manifest["files"].values():
        file = folder.folder / told["path"]
        file.write_bytes(EDITORS[editor](file.read_bytes()))
    assert clinic.verified() == 9
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
    clinic.write(CHANGED)
    assert counts(clinic.sync()) == {"updated": 3, "created": 1, "unchanged": 5}
    assert clinic.verified() == 10
    rewritten = [folder.manifest["files"][type_] for type_ in ("Observation", "Provenance")]
    for told in rewritten:
        content = (folder.folder / told["path"]).read_bytes()
        assert told["blake2b"] == blake2b(content, digest_size=16).hexdigest()
        assert told["count"] == sum(bool(line.strip()) for line in content.splitlines())
    assert folder.by_short_name()["total"]["valueQuantity"]["value"] == 32


def test_an_edit_stays_in_every_later_generation(folder: FolderPlace, clinic: Clinic) -> None:
    """The new manifest vouches for the bytes of the file, not for what others wrote into it."""
    other = replace(ROW, record_id="r-2", completed_at="2026-03-09")
    clinic.settled(ROW, other)
    name = clinic.name(ROW, "total")
    folder.edit(name, lambda body: {**body, "status": "preliminary"})
    edited = folder.versions()[name]
    clinic.write(ROW, other.with_item(4, "4"))
    assert clinic.sync().exit_code == 0
    complete(folder.folder)
    assert folder.versions()[name] == edited
    clinic.write(CHANGED, other.with_item(4, "4"))
    result = clinic.sync_alone()
    assert rules(result, "blocked") == ["changed-at-target"]
    assert folder.versions()[name] == edited


def test_a_change_does_not_overwrite_what_is_there_twice(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    folder.add(folder.by_short_name()["total"])
    clinic.write(CHANGED)
    before = sorted(line for _, line in folder.lines())
    assert rules(clinic.sync_alone(), "blocked") == ["found-twice"]
    assert sorted(line for _, line in folder.lines()) == before


def test_a_ledger_that_knows_no_versions_of_a_folder_learns_them(
    folder: FolderPlace, clinic: Clinic
) -> None:
    """Ledgers had none before folders were looked at."""
    clinic.settled(ROW)
    with closing(sqlite3.connect(clinic.ledger)) as ledger, ledger:
        ledger.execute("UPDATE entry SET server_version = ''")
    clinic.write(CHANGED)
    assert counts(clinic.sync()) == {"updated": 3, "created": 1, "unchanged": 5}
    assert clinic.verified() == 10


def test_an_edit_while_a_run_goes_on_is_not_lost(
    folder: FolderPlace, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    really = FolderTarget.finish

    def late(target: FolderTarget) -> None:
        folder.edit(folder.the("total"), lambda body: {**body, "status": "preliminary"})
        really(target)

    with monkeypatch.context() as patch:
        patch.setattr(FolderTarget, "finish", late)
        with pytest.raises(Conflict, match="run again"):
            clinic.sync_alone()
    assert folder.by_short_name()["total"]["status"] == "preliminary"
    assert folder.manifest["generation"] == 1
    assert rules(clinic.sync_alone(), "blocked") == ["changed-at-target"]


def test_what_killed_runs_left_is_removed(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    kept = {file.name for file in folder.folder.iterdir()}
    for name in ("Goal.000002.ndjson", "Device.000002.ndjson.part", "manifest.json.part"):
        (folder.folder / name).write_text("half")
    theirs = {"Goal.ndjson", "goal.000002.ndjson", "Goal.000002.ndjson.bak", "Goal.2.ndjson"}
    for name in theirs:
        (folder.folder / name).write_text("mine")
    clinic.sync()  # it has nothing to write
    assert {file.name for file in folder.folder.iterdir()} == kept | theirs


def test_a_folder_that_lost_its_manifest_is_not_begun_anew(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.sync()
    (folder.folder / MANIFEST).unlink()
    before = {f.name for f in folder.folder.iterdir()}
    with pytest.raises(ConfigError, match=r"manifest\.json is missing.*restore it"):
        clinic.sync_alone()
    assert {f.name for f in folder.folder.iterdir()} == before


def test_nothing_is_written_through_a_link(
    folder: FolderPlace, clinic: Clinic, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder.folder.mkdir()
    for name in ("Observation.000001.ndjson.part", "manifest.json.part"):
        (folder.folder / name).symlink_to(precious)
    clinic.write(ROW)
    assert clinic.sync_alone().exit_code == 0
    assert precious.read_text() == "mine"
    assert clinic.verified() == 9


def test_two_runs_at_a_time_do_not_undo_each_other(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    west = clinic.settings.model_copy(update={"source": "clinic-west"})
    target = open_target(folder.address, west)
    clinic.write(CHANGED)
    clinic.sync_alone()
    with open_ledger(clinic.folder / "west.sqlite", target, west) as ledger:
        try:  # it sees what came into the folder since it was opened
            assert counts(sync(clinic.sources, target, ledger, west)) == {
                "created": 8,
                "unchanged": 1,
            }
        finally:
            target.close()
    assert clinic.verified() == 10


def test_while_one_run_writes_no_other_does(folder: FolderPlace, clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    before = complete(folder.folder)
    with closing(open_target(folder.address, clinic.settings)) as target:
        target.begin(writing=True)
        with pytest.raises(ConfigError, match="another run is writing"):
            clinic.sync_alone()
        assert counts(clinic.plan()) == {"updated": 3, "created": 1, "unchanged": 5}
        assert clinic.verified() == 9
        assert complete(folder.folder) == before
    assert clinic.sync().exit_code == 0
    assert clinic.verified() == 10


def test_a_run_of_another_process_holds_the_folder_until_it_is_killed(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.write(ROW)
    told, tell = pipe()
    with told, tell:
        child = begin(hold, clinic, tell)
        try:
            assert told.poll(60)
            with pytest.raises(ConfigError, match="another run is writing"):
                clinic.sync_alone()
        finally:
            child.kill()
        assert ended(child) == -signal.SIGKILL
    assert counts(clinic.sync()) == {"created": 9}
    complete(folder.folder)


def test_a_lock_whose_file_is_gone_is_none(
    folder: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening of the lock's file and the locking of it, the run before ends."""
    first, second, third = (FolderLock(folder.folder) for _ in range(3))
    first.take()
    really = fcntl.flock

    def late(file: IO[bytes], how: int) -> None:
        first.release()
        really(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    second.take()
    with pytest.raises(ConfigError, match="another run is writing"):
        third.take()
    second.release()
    third.take()
    third.release()
    assert not folder.folder.exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOLCK, ""),
        (
            errno.ENOSPC,
            (
                "; where the disk is full, or the size of files limited (ulimit -f), make room, "
                "and run again: nothing was begun"
            ),
        ),
    ],
)
def test_a_folder_that_cannot_be_locked_is_told(
    folder: FolderPlace, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    said = os.strerror(number)

    def unable(file: IO[bytes], how: int) -> None:
        raise OSError(number, said)

    monkeypatch.setattr(fcntl, "flock", unable)
    clinic.write(ROW)
    with pytest.raises(ConfigError) as raised:
        clinic.sync_alone()
    assert str(raised.value) == f"{folder.folder} cannot be written: {said}{remedy}"


def test_runs_at_a_time_take_turns(folder: FolderPlace, clinic: Clinic, tmp_path: Path) -> None:
    """Each of four processes sends its own clinic's row, again and again until it may."""
    clinic.write(ROW)
    names = ["north", "east", "south", "west"]
    children: list[BaseProcess] = []
    for name in names:
        clinic.set(source=name)
        clinic.ledger = tmp_path / f"{name}.sqlite"
        children.append(begin(sync_when_it_may, clinic))
    assert [ended(child) for child in children] == [0] * len(names)
    assert folder.manifest["generation"] == len(names)
    assert len(folder.of_type("QuestionnaireResponse")) == len(names)
    complete(folder.folder)


def test_a_run_that_has_nothing_to_write_leaves_no_trace(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    before = {f.name: f.stat().st_mtime_ns for f in folder.folder.iterdir()}
    assert counts(clinic.sync()) == {"unchanged": 8}
    assert {f.name: f.stat().st_mtime_ns for f in folder.folder.iterdir()} == before


def test_a_run_that_is_refused_leaves_no_trace(
    folder: FolderPlace, clinic: Clinic, tmp_path: Path
) -> None:
    folder.folder = tmp_path / "far" / "away"
    folder.address = str(folder.folder)
    clinic.settled(ROW)
    shutil.rmtree(folder.folder)
    with pytest.raises(ConfigError, match="emptied"):
        clinic.sync_alone()
    assert list((tmp_path / "far").iterdir()) == []
    (tmp_path / "far").rmdir()
    with pytest.raises(ConfigError, match="emptied"):
        clinic.sync_alone()
    assert not (tmp_path / "far").exists()


def test_who_reads_goes_on_with_the_generation_that_is_there(
    folder: FolderPlace, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    with closing(open_target(folder.address, clinic.settings)) as reader:
        clinic.write(CHANGED)
        clinic.sync()
        with open_ledger(clinic.ledger, reader, clinic.settings) as ledger:
            found = verify(reader, ledger).verify
    assert found
    assert (found.expected, found.equal) == (10, 10)


def test_a_folder_that_cannot_be_written_is_told(folder: FolderPlace, clinic: Clinic) -> None:
    folder.address = str(folder.folder / "file" / "out")
    folder.folder.mkdir()
    (folder.folder / "file").write_text("mine")
    clinic.write(ROW)
    with pytest.raises(ConfigError, match="Not a directory"):
        clinic.sync_alone()
