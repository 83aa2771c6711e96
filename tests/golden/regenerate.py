"""Writes the golden files anew, unless the oracle holds that what comes out is wrong.

    make golden

Look at the difference before you commit it: a change there is a change of what users get.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .files import (
    CLINIC,
    EXPECTED,
    MEASURED,
    OUTREACH_EXPECTED,
    OUTREACH_SETTINGS,
    PLAN_FILES,
    PLAN_TYPES,
    PLANS,
    PLANS_EXPECTED,
    RECORDED,
    RELEASES,
    REPORTS,
    SHOWN,
    SUMS,
    TYPES,
    VISIT_FILES,
    VISIT_TYPES,
    VISITS,
    VISITS_EXPECTED,
    YEAR,
    YEAR_EXPECTED,
    all_of,
    map_outreach,
    of_mr_jones,
    read,
    run_map,
    run_year,
    sample,
    shown,
    sums,
    sums_of_the_year,
)
from .oracle import differences, expect, parse
from .oracle_measures import expect_report
from .oracle_outreach import expect_outreach
from .oracle_plans import unexpected
from .oracle_visits import expect_visits
from .oracle_year import year_of


def main() -> None:
    """Maps the examples for every release, asks the oracles, and writes."""
    _clinic()
    _plans()
    _visits()
    _year()
    _outreach()


def _year() -> None:
    became = year_of(YEAR)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {release: Path(scratch) / release for release in RELEASES}
        for release, folder in folders.items():
            run_year(folder, release)
            wanted = expect_visits(YEAR, release, became)
            reports = all_of(folder / MEASURED, REPORTS)
            found = [parse(line) for line in (*all_of(folder, VISIT_TYPES), *reports)]
            if wrong := differences([*wanted, expect_report(YEAR, release, became)], found):
                sys.exit(f"{release}: no year written. The oracle says: {'; '.join(wrong[:5])}")
            if release in SHOWN:
                kept = YEAR_EXPECTED / release.lower()
                kept.mkdir(parents=True, exist_ok=True)
                for type_ in VISIT_FILES:
                    lines = shown(read(folder, type_), of_mr_jones(wanted))
                    (kept / f"{type_}.ndjson").write_bytes(b"".join(lines))
                for type_ in REPORTS:
                    lines = read(folder / MEASURED, type_)
                    (kept / f"{type_}.ndjson").write_bytes(b"".join(lines))
        told = sums_of_the_year(folders)
        (YEAR_EXPECTED / SUMS).write_text(told, encoding="utf-8", newline="\n")


def _outreach() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = {release: Path(scratch) / release for release in RELEASES}
        for release, folder in folders.items():
            lines = map_outreach(folder, release)
            found = [parse(line) for line in lines]
            expected = expect_outreach(VISITS, OUTREACH_SETTINGS, release)
            if wrong := differences(expected, found):
                sys.exit(f"{release}: no Tasks written. The oracle says: {'; '.join(wrong[:5])}")
            (folder / "Task.ndjson").write_bytes(b"".join(lines))
            if release in SHOWN:
                kept = OUTREACH_EXPECTED / release.lower()
                kept.mkdir(parents=True, exist_ok=True)
                (kept / "Task.ndjson").write_bytes(b"".join(lines))
        told = sums(folders, ["Task"])
        (OUTREACH_EXPECTED / SUMS).write_text(told, encoding="utf-8", newline="\n")


def _visits() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = {release: Path(scratch) / release for release in RELEASES}
        for release, folder in folders.items():
            run_map(VISITS, folder, release)
            found = [parse(line) for line in all_of(folder, VISIT_TYPES)]
            if wrong := differences(expect_visits(VISITS, release), found):
                sys.exit(f"{release}: no visits written. The oracle says: {'; '.join(wrong[:5])}")
            if release in SHOWN:
                kept = VISITS_EXPECTED / release.lower()
                kept.mkdir(parents=True, exist_ok=True)
                for type_ in VISIT_FILES:
                    (kept / f"{type_}.ndjson").write_bytes(b"".join(read(folder, type_)))
        told = sums(folders, VISIT_FILES)
        (VISITS_EXPECTED / SUMS).write_text(told, encoding="utf-8", newline="\n")


def _plans() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = {release: Path(scratch) / release for release in RELEASES}
        for release, folder in folders.items():
            run_map(PLANS, folder, release)
            found = [parse(line) for line in all_of(folder, PLAN_TYPES)]
            if wrong := unexpected(PLANS, release, RECORDED, found):
                sys.exit(f"{release}: no plans written. The oracle says: {'; '.join(wrong[:5])}")
            if release in SHOWN:
                kept = PLANS_EXPECTED / release.lower()
                kept.mkdir(parents=True, exist_ok=True)
                for type_ in PLAN_FILES:
                    (kept / f"{type_}.ndjson").write_bytes(b"".join(read(folder, type_)))
        told = sums(folders, PLAN_FILES)
        (PLANS_EXPECTED / SUMS).write_text(told, encoding="utf-8", newline="\n")


def _clinic() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = {release: Path(scratch) / release for release in RELEASES}
        for release, folder in folders.items():
            run_map(CLINIC, folder, release)
            expected = expect(CLINIC, release, RECORDED)
            found = [parse(line) for type_ in TYPES for line in read(folder, type_)]
            if wrong := differences(expected.resources, found):
                sys.exit(f"{release}: nothing written. The oracle says: {'; '.join(wrong[:5])}")
            if release in SHOWN:
                keys = sample(expected.records, expected.source, release)
                kept = EXPECTED / release.lower()
                kept.mkdir(parents=True, exist_ok=True)
                for type_ in TYPES:
                    lines = shown(read(folder, type_), keys)
                    (kept / f"{type_}.ndjson").write_bytes(b"".join(lines))
        (EXPECTED / SUMS).write_text(sums(folders), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
