"""Counts a table of visits a second time, by the standard library alone.

It knows the tables of `generated` and no others: times without offsets, one service's words spelt
alike. What counts, what is hidden and what an interval is, was written down from the reference.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from math import sqrt
from pathlib import Path

Row = dict[str, str]
SMALLEST = 11
NOT_SAID = "not said"
Z = 1.959963984540054
BY = ("first-or-follow-up", "service", "referrer", "clinician", "month")


def generated(seed: int, number: int = 2000, patients: int = 90) -> list[Row]:
    """Visits of three years: some patients come often, some once; some groups are small."""
    chance = random.Random(seed)  # noqa: S311 - visits, and no secrets
    services = ["Psychotherapy"] * 12 + ["Medication review"] * 4 + ["Family talk"]
    referrers = ["lee"] * 6 + ["school-nurse"] * 3 + ["", "", "osei", "tanaka"]
    sent = {n: chance.choice(referrers) for n in range(patients)}
    left = {n: chance.choice([30, 200, 400, 1000]) for n in range(patients)}
    begun = {n: chance.randrange(500) for n in range(patients)}
    rows: list[Row] = []
    for n in range(number):
        who = chance.randrange(patients)
        on = begun[who] + chance.randrange(left[who])
        when = datetime(2020, 1, 6, 9) + timedelta(days=on, minutes=30 * chance.randrange(16))
        status = chance.choice(["attended"] * 6 + ["no-show"] * 2 + ["cancelled", "too-late"])
        off = when - timedelta(hours=chance.choice([2, 30, 400])) if status == "cancelled" else ""
        rows.append({
            "appointment": str(n), "patient": f"p{who}", "start": f"{when:%Y-%m-%dT%H:%M}",
            "clinician": "osei" if who < 4 else "kurtz" if who % 2 else "adeyemi",
            "status": status, "cancelled_at": f"{off:%Y-%m-%dT%H:%M}" if off else "",
            "cancelled_by": "patient" if off else "", "referrer": sent[who],
            "referral": f"r-{who}" if sent[who] else "", "service": chance.choice(services),
        })  # fmt: skip
    return rows


def counted(path: Path) -> list[list[str]]:
    """The site's own figures as `--csv` has them, without notes: masked rows have no numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    first_seen: dict[tuple[str, str], str] = {}
    for row in rows:
        if row["status"] == "attended":
            key = (row["patient"], row["service"])
            first_seen[key] = min(first_seen.get(key, row["start"]), row["start"])
    count = [row for row in rows if row["status"] != "cancelled"]
    until = date.fromisoformat(max(row["start"] for row in count)[:10])
    table = [["", "all", *_shown(count, SMALLEST)]]
    for by in BY:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in count:
            groups[_name(row, by, first_seen)].append(row)
        masked = hidden(groups)
        for name in sorted(groups, key=lambda one: (one == NOT_SAID, one)):
            told = [""] * 6 if name in masked else _shown(groups[name], 1)
            table.append([by, name, *told])
    return [*table, ["", "all", *_drop_out(rows, until)]]


def _name(row: Row, by: str, first_seen: dict[tuple[str, str], str]) -> str:
    if by == "month":
        return row["start"][:7]
    if by == "first-or-follow-up":
        before = first_seen.get((row["patient"], row["service"]), "9999")
        return "follow-up" if before < row["start"] else "unknown"
    return row[by] or NOT_SAID


def _shown(rows: list[Row], smallest: int) -> list[str]:
    patients = {row["patient"] for row in rows}
    if 0 < len(patients) < smallest:
        return [""] * 6
    missed = sum(row["status"] == "no-show" for row in rows)
    return numbers(missed, len(rows), len(patients))


def numbers(some: int, of: int, patients: int) -> list[str]:
    """Numerator, denominator, patients, the rate, and the ends of its interval; none of nothing."""
    if not of:
        return [str(some), str(of), str(patients), "", "", ""]
    p = some / of
    middle, half = p + Z * Z / (2 * of), Z * sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    ends = [(middle + sign * half) / (1 + Z * Z / of) for sign in (-1, 1)]
    return [str(some), str(of), str(patients), *(f"{abs(x):.4f}" for x in (p, *ends))]


def hidden(groups: dict[str, list[Row]]) -> set[str]:
    """Of all sets of groups that may be hidden, that with the fewest groups and, of these, with the
    smallest ones: tried out, one after the other."""

    def size(name: str) -> tuple[int, int, str]:
        rows = groups[name]
        known_as = "" if name == NOT_SAID else name
        return len({row["patient"] for row in rows}), len(rows), known_as

    def safe(names: set[str]) -> bool:
        patients = {row["patient"] for name in names for row in groups[name]}
        return not names or (len(names) > 1 and len(patients) >= SMALLEST)

    small = {name for name in groups if size(name)[0] < SMALLEST}
    others = sorted(set(groups) - small, key=size)
    for number in range(len(others) + 1):
        for besides in combinations(others, number):
            if safe(small | set(besides)):
                return small | set(besides)
    return set(groups)


def _drop_out(rows: list[Row], until: date) -> list[str]:
    days: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        if row["status"] == "attended":
            days[row["patient"]].append(date.fromisoformat(row["start"][:10]))
    begun = [seen for seen in days.values() if (until - min(seen)).days >= 455]
    stayed = [seen for seen in begun if any(275 <= (d - min(seen)).days <= 455 for d in seen)]
    if 0 < len(begun) < SMALLEST:
        return [""] * 6
    return numbers(len(begun) - len(stayed), len(begun), len(begun))
