"""Tables as sites write them, good and bad; and what the command is to say and write of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_fhir.domain.receipt import RULES, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from conftest import Ran

GOOD = "Aurelia-0815"
"""A patient whose rows are right. It stands in what is written, and in no message."""
SECRET = "Zebulon-4711"  # noqa: S105 - a name
"""What stands in whatever is bad, and is to be seen nowhere."""

LATER = "2026-06-30T12:00:00Z"
"""When all this is written down."""

Row = dict[str, str]
Findings = list[dict[str, str | int]]

HEAD: Row = {
    "patient": f"urn:example:mrn|{GOOD}",
    "clinician": "",
    "instrument": "srs",
    "rater": "patient",
    "rater_id": "",
    "completed_at": "2026-03-09",
    "session": "1",
    "appointment": "",
    "language": "",
    "mode": "",
}


def srs(*marks: str, **told: str) -> Row:
    """A row of the SRS: four marks on a line, decimals from 0 to 10."""
    return {**HEAD, **_items(marks or ("7.5", "8.0", "9.25", "10")), **told}


def csq(*codes: str, **told: str) -> Row:
    """A row of the CSQ-8: eight codes from 1 to 4."""
    return {**HEAD, "instrument": "csq-8", **_items(codes or ("3",) * 8), **told}


def check_in(*answers: str, **told: str) -> Row:
    """A row of the check-in: four whole numbers from 0 to 10, and three doubts in words."""
    given = answers or ("5", "5", "6", "6", "some", "strong", "none")
    return {**HEAD, "instrument": "check-in", **_items(given), **told}


def _items(answers: Sequence[str]) -> Row:
    return {f"item_{number}": answer for number, answer in enumerate(answers, 1)}


def columns(rows: Iterable[Row]) -> list[str]:
    """All columns of these rows, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def text(rows: Sequence[Row], *, delimiter: str = ",", ends: str = "\n") -> str:
    """A delimited file: a header, and a line for each row."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns(rows), "", delimiter=delimiter, lineterminator=ends)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def long_rows(row: Row) -> list[Row]:
    """A wide row as rows of the long layout: one for each answer and score."""
    head = {name: value for name, value in row.items() if name in ("record_id", *HEAD)}
    answers = {name: value for name, value in row.items() if name not in head}
    return [{**head, "item": name, "value": value} for name, value in answers.items() if value]


def write(name: str, *rows: Row, **how: str) -> Path:
    """Writes a file of these rows into the working folder."""
    path = Path(name)
    path.write_text(text(rows, **how), encoding="utf-8", newline="")
    return path


def site(*lines: str) -> None:
    """Writes alliance.toml into the working folder: the source's name, and these lines."""
    Path("alliance.toml").write_text("\n".join(['source = "clinic-east"', *lines]), "utf-8")


# --- what the command is to say -------------------------------------------------------------------


def finding(
    row: int, column: str, rule: str, remedy: str = "", path: str = "a.csv"
) -> dict[str, str | int]:
    """A finding as `--json` has it; what is empty is absent."""
    whole = {"path": path, "row": row, "column": column, "rule": rule}
    told = {key: value for key, value in whole.items() if value}
    return {**told, "remedy": remedy or RULES[rule]}


def outcome(
    command: str,
    records: tuple[int, int, int],
    rejected: Sequence[Mapping[str, str | int]] = (),
    *,
    code: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """The whole `--json` object, but for `seconds` and `run`: read, accepted, rejected."""
    return {
        "command": command,
        "fhir_version": "4.0.1",
        "records": dict(zip(("read", "accepted", "rejected"), records, strict=True)),
        "rejected": list(rejected),
        "blocked": [],
        "exit_code": code,
        **more,
    }


def states(**counts: int) -> dict[str, int]:
    """The counts of all states."""
    return {**dict.fromkeys(STATES, 0), **counts}


def said(ran: Ran) -> dict[str, Any]:
    """The whole `--json` object, but for what differs from run to run."""
    shape = ran.json
    assert isinstance(shape.pop("seconds"), float)
    shape.pop("run", None)
    return shape


def keeps_silent(*every: Ran) -> None:
    """No value of a patient's row is in any message."""
    for ran in every:
        for value in (SECRET, GOOD):
            assert value.casefold() not in (ran.out + ran.err).casefold()
        assert "Traceback" not in ran.err


# --- what it writes -------------------------------------------------------------------------------


def written(folder: str | Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too, byte by byte."""
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def resources(folder: str | Path, type_: str) -> list[dict[str, Any]]:
    """All resources of one type, numbers as they are written."""
    lines = (Path(folder) / f"{type_}.ndjson").read_text("utf-8").splitlines()
    return [json.loads(line, parse_float=str) for line in lines]


def mapped(
    command: Callable[..., Ran], *sources: str, to: str = "out", code: int = 0
) -> dict[str, bytes]:
    """The files that `map` writes of these sources, at a time that is always the same."""
    ran = command("map", *sources, "--out", to, "--recorded", LATER)
    assert ran.code == code, ran
    return written(to)


def without_place(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The lines of files in sorted order, without what tells the row that each came from."""
    return {name: sorted(map(_placeless, content.splitlines())) for name, content in files.items()}


def _placeless(line: bytes) -> str:
    resource = json.loads(line, parse_float=str)
    if resource["resourceType"] == "Provenance":
        del resource["entity"], resource["extension"]
    return json.dumps(resource)
