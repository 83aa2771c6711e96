"""How fast `map` is: ratios of processor time, measured in one run, in interleaved rounds.

    python -m benchmarks.map [--rows 100000] [--rounds 3] [--models 500] [--memory ROWS]

`floor` is benchmarks/floor.py; `fhir.resources` builds and dumps the same resources as models, on
`--models` rows. Wanted: at least 0.6 of the floor's speed with `--check none`, 0.3 with the default
`--check schema`, 60 times fhir.resources. `--memory` maps so many rows in a process of its own and
tells its peak, wanted below 120 MB at a million rows. Ends with 1 where something is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.fhir.check import model_class
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.versions import version
from alliance_fhir.mapping import Mapping, site_catalog
from alliance_fhir.running import Options
from alliance_fhir.sources.supply import Sources
from alliance_fhir.story import map_to
from benchmarks import floor
from benchmarks.report import Report

SETTINGS = Settings(source="bench")
R4 = version("R4")
COMPARED = ("QuestionnaireResponse", "Observation", "Provenance")


def make_rows(path: Path, count: int, patients: int = 40_000) -> None:
    """`count` rows of the WAI-SR, all answered, no two with one key."""
    chance = random.Random(20260302)
    with path.open("w", newline="") as file:
        items = ",".join(f"item_{n}" for n in range(1, 13))
        file.write(f"patient,clinician,instrument,rater,completed_at,session,{items}\n")
        for number in range(count):
            day, second = divmod(number, 28_000)
            when = f"2026-{day % 12 + 1:02}-{day // 12 % 28 + 1:02}T{8 + second // 3600:02}"
            when += f":{second // 60 % 60:02}:{second % 60:02}-05:00"
            who = f"urn:example:mrn|{number % patients},urn:example:staff|{number % 60}"
            answers = ",".join(str(chance.randint(1, 5)) for _ in range(12))
            file.write(f"{who},wai-sr,patient,{when},{number % 20 + 1},{answers}\n")


def ours(source: Path, out: Path, check: str) -> None:
    """`map`, by its own function."""
    result = map_to([source], out, SETTINGS, R4, Options(check=check), floor.RECORDED)  # pyright: ignore[reportArgumentType]
    assert result.ok, result.as_json()


def models(source: Path, out: Path) -> None:
    """The same resources as models of fhir.resources: validated, dumped and written."""
    sources = Sources([source], SETTINGS, catalog := site_catalog(SETTINGS))
    provenance = ProvenanceWriter(R4, SETTINGS)
    with out.open("w", encoding="utf-8") as file:
        for group in Mapping(SETTINGS, catalog, R4, "none").groups(sources, trusting=True):
            assert not isinstance(group, Finding)
            proof = provenance.write(group, group.resources, "create", floor.RECORDED)
            for one in (*group.resources, proof):
                model = model_class(one.type, R4).model_validate(one.body)
                file.write(model.model_dump_json() + "\n")


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor time that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def same(one: Path, other: Path, types: Sequence[str] = COMPARED) -> bool:
    """Whether floor and map wrote the same bytes."""
    return all(
        hashlib.sha256((one / f"{name}.ndjson").read_bytes()).digest()
        == hashlib.sha256((other / f"{name}.ndjson").read_bytes()).digest()
        for name in types
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.peak:
            ours(told.peak, folder / "map", "schema")
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        elif told.memory:
            make_rows(folder / "rows.csv", told.memory)
            command = [sys.executable, "-m", "benchmarks.map", "--peak", str(folder / "rows.csv")]
            peak = subprocess.run(command, check=True, capture_output=True, text=True)
            report.at_most(f"map of {told.memory:,} rows, peak MB", int(peak.stdout), 120)
        else:
            speed(folder, report, told.rows, told.rounds, told.models)
    sys.exit(report.code)


def speed(folder: Path, report: Report, count: int, rounds: int, few: int) -> None:
    """The ratios, as medians over rounds."""
    rows, short = folder / "rows.csv", folder / "short.csv"
    make_rows(rows, count)
    make_rows(short, few)
    for name in ("floor", "map"):
        (folder / name).mkdir()
    works: dict[str, Callable[[], object]] = {
        "floor": lambda: floor.write(rows, folder / "floor"),
        "none": lambda: ours(rows, folder / "map", "none"),
        "schema": lambda: ours(rows, folder / "map", "schema"),
        "models": lambda: models(short, folder / "models.ndjson"),
    }
    models(short, folder / "models.ndjson")  # the first use imports and compiles the models
    took: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            took[name].append(processor(work) / (few if name == "models" else count))
        told = ", ".join(f"{name} {times[-1] * 1e6:,.0f} us" for name, times in took.items())
        print(f"round {number + 1}, a row: {told}", file=sys.stderr)
    assert same(folder / "floor", folder / "map"), "floor and map do not write the same bytes"
    row = {name: statistics.median(times) for name, times in took.items()}
    print(f"{count:,} rows of wai-sr, {rounds} rounds, medians of processor time")
    report.at_least("map --check none, against the floor", row["floor"] / row["none"], 0.6)
    report.at_least("map --check schema, against the floor", row["floor"] / row["schema"], 0.3)
    report.at_least("map --check none, against fhir.resources", row["models"] / row["none"], 60)
    report.line(f"map --check schema, against it: {row['models'] / row['schema']:.0f}")


if __name__ == "__main__":
    main()
