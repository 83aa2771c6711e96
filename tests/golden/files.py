"""The golden files: which they are, what of `map`'s output stands in them, and how they are made.

Of the example plans and visits they hold all that `map` writes but the Device, for R4 and R5. Of
the example clinic that would be 25 MB for three releases: whole resources are kept of Mr. Jones and
of a sample, for R4, and of Mr. Jones alone for R5; of its year of visits, of Mr. Jones alone. Of
every file there is the SHA-256 in `SHA256SUMS`. The oracles go through all of it each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from .oracle import business_key
from .oracle_rows import Record

EXAMPLES = Path(__file__).parents[2] / "examples"
CLINIC = EXAMPLES / "clinic"
EXPECTED = CLINIC / "expected"
SUMS = "SHA256SUMS"
RECORDED = "2026-06-30T12:00:00Z"
RELEASES = ("R4", "R4B", "R5")
SHOWN = ("R4", "R5")
"""The releases of which whole resources are kept."""

TYPES = ("QuestionnaireResponse", "Observation", "Provenance")
SUMMED = (*TYPES, "Questionnaire")
"""Not the Device: the version of the software stands in it, and changes with each release."""

PLANS = EXAMPLES / "plans"
PLANS_EXPECTED = PLANS / "expected"
PLAN_TYPES = (
    *("CareTeam", "Goal", "MedicationRequest", "ServiceRequest", "Task", "CommunicationRequest"),
    *("QuestionnaireResponse", "Observation", "CarePlan", "Provenance"),
)
"""Of what comes of plan documents."""
PLAN_FILES = (*PLAN_TYPES, "Questionnaire")

VISITS = EXAMPLES / "visits"
VISITS_EXPECTED = VISITS / "expected"
VISIT_TYPES = ("Appointment", "ServiceRequest")
"""Of what comes of a table of visits; the oracle makes them."""
VISIT_FILES = (*VISIT_TYPES, "Provenance")

YEAR = EXAMPLES / "year"
YEAR_EXPECTED = YEAR / "expected"
REPORTS = ("MeasureReport",)
"""Of what `measure` writes of the year; the Measures are definitions of the package."""
MEASURED = "measured"
"""The folder in which that is, in the one of what `map` writes."""
MESSAGES = EXAMPLES / "messages"
"""The same visits as messages."""
OUTREACH = EXAMPLES / "outreach"
OUTREACH_EXPECTED = OUTREACH / "expected"
OUTREACH_SETTINGS = OUTREACH / "alliance.toml"
"""By these the example visits and plans are mapped together."""

LIMIT = 1_500_000
"""Bytes that all golden files together may take."""


def run_map(source: Path, out: Path, release: str, *more: str | Path) -> dict[str, Any]:
    """Runs the command as a user does, and gives back what it says of itself."""
    return _run("map", source, out, *more, "--recorded", RECORDED, "--fhir", release)


def run_year(out: Path, release: str) -> dict[str, Any]:
    """Runs `measure` and `map` on the year as a user does, and gives back what `map` says."""
    _run("measure", YEAR, out / MEASURED, "--fhir", release)
    return run_map(YEAR, out, release)


def map_outreach(out: Path, release: str) -> list[bytes]:
    """The lines of the Tasks to reach out, of the example visits and plans."""
    run_map(VISITS, out, release, PLANS, "--config", OUTREACH_SETTINGS)
    return [line for line in read(out, "Task") if b'-outreach"' in line]


def _run(command: str, source: Path, out: Path, *more: str | Path) -> dict[str, Any]:
    words = [command, source, "--out", out, *more, "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "alliance_fhir", *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode not in (0, 4):  # 4: rows were rejected
        raise RuntimeError(f"{command} ended with {ran.returncode}: {ran.stderr}")
    told: dict[str, Any] = json.loads(ran.stdout)
    return {**told, "returncode": ran.returncode}


def sample(records: Iterable[Record], source: str, release: str) -> set[str]:
    """The keys of the records that are shown.

    All of Mr. Jones; of the others, for R4, the first of each form and rater, with answers and
    without: so a row more or less leaves the sample nearly as it is.
    """
    keys: set[str] = set()
    kinds: set[tuple[str, str, bool]] = set()
    for record in records:
        key = business_key(source, record)
        kind = (record.instrument, record.rater, bool(record.answers))
        if record.file == "mr-jones.csv":
            keys.add(key)
        elif release == "R4" and kind not in kinds:
            keys.add(key)
            kinds.add(kind)
    return keys


def of_mr_jones(visits: Iterable[dict[str, Any]]) -> set[str]:
    """The keys of his Appointments and referrals."""
    return {
        record_of(each)
        for each in visits
        if (each.get("subject") or each["participant"][0]["actor"])["identifier"]["value"] == "1001"
    }


def shown(lines: Iterable[bytes], keys: set[str]) -> list[bytes]:
    """The lines of an NDJSON file that belong to these records, each in its place."""
    return [line for line in lines if record_of(json.loads(line)) in keys]


def record_of(resource: dict[str, Any]) -> str:
    """The key of the record that a resource was made from."""
    if resource["resourceType"] == "Provenance":
        name = resource["meta"]["tag"][-1]["code"]
    else:
        identifier = resource["identifier"]
        name = (identifier[0] if isinstance(identifier, list) else identifier)["value"]
    return str(name).partition("-")[0]


def read(folder: Path, type_: str) -> list[bytes]:
    """The lines of one type's file, with their line ends."""
    return (folder / f"{type_}.ndjson").read_bytes().splitlines(keepends=True)


def all_of(folder: Path, types: Iterable[str] = TYPES) -> list[bytes]:
    """The lines of all these types."""
    return [line for type_ in types for line in read(folder, type_)]


def sums(folders: dict[str, Path], types: Iterable[str] = SUMMED) -> str:
    """What `sha256sum` prints for the files of all releases, sorted."""
    lines = [
        f"{sha256((folder / f'{type_}.ndjson').read_bytes()).hexdigest()}"
        f"  {release.lower()}/{type_}.ndjson\n"
        for release, folder in folders.items()
        for type_ in types
    ]
    return "".join(sorted(lines, key=lambda line: line.split()[1]))


def sums_of_the_year(folders: dict[str, Path]) -> str:
    """The same for all of what `map` and `measure` write of the year."""
    measured = {release: folder / MEASURED for release, folder in folders.items()}
    lines = (sums(folders, VISIT_FILES) + sums(measured, REPORTS)).splitlines(keepends=True)
    return "".join(sorted(lines, key=lambda line: line.split()[1]))
