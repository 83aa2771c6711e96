"""How fast `sync` is: ratios measured in one run, in interleaved rounds, against one HAPI FHIR.

    python -m benchmarks.sync [--rounds 9] [--rows 430] [--many 14300] [--records N]

Rounds: `--rows` records of seven resources each (a response, five Observations, a Provenance), of
people who are known there, are sent by `sync`, with its ledger, its look before, and the checks of
replies; by a bare loop around the same client, which posts the same bundles over as many
connections; by fhirpy's transactions and by fhirclient, as their documentation shows them: one
request after the other. Wanted: 0.85 of the bare loop's speed, and more than 1 of the others'.

Then `--many` records are written once, synced again unchanged, and verified. Wanted: the second
sync takes under 0.02 of the time that the bare loop needs to write as much, `verify` has twice its
speed; memory stays under 150 MB, and the ledger takes under 0.1 of the processor time.

`--records` syncs so many records to a stand-in that accepts everything, for the memory alone.
Ends with 1 where something that is wanted is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from benchmarks import runs
from benchmarks.contenders import CONTENDERS
from benchmarks.hapi import Hapi, hapi
from benchmarks.map import COMPARED, make_rows
from benchmarks.report import Report

LANES = 2
_WARMING = 5
"""Rounds before the first that counts: the server's compiler learns, also what is asked rarely."""


def _order(number: int, ways: int) -> list[int]:
    """The order of a round, of an even number of ways: after so many rounds as there are ways, each
    has followed each other one equally often, as what a server just did it does faster.

    Williams EJ, Experimental designs balanced for the estimation of residual effects of treatments,
    Australian Journal of Scientific Research A 1949;2:149-168.
    """
    up, down = range(1, ways // 2 + 1), range(ways - 1, ways // 2, -1)
    first = [0, *(way for pair in zip_longest(up, down) for way in pair if way is not None)]
    return [(way + number) % ways for way in first]


def rounds(server: Hapi, folder: Path, report: Report, count: int, rows: int) -> float:
    """All ways in turns. The bare loop's resources a second."""
    source = folder / "rows.csv"
    make_rows(source, rows, runs.PATIENTS)
    known = runs.known(source)
    server.empty(known)
    bundles = runs.recorded(server.url, source, folder, LANES)
    sent = server.count(COMPARED)
    ways: dict[str, Callable[[], object]] = {
        "sync": lambda: runs.ours(server.url, source, folder, LANES),
        **{
            name: lambda way=way: way(server.url, bundles, LANES)
            for name, way in CONTENDERS.items()
        },
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-_WARMING, count):
        for turn in _order(number, len(ways)):
            name = list(ways)[turn]
            server.empty(known)
            began = time.perf_counter()
            ways[name]()
            took = time.perf_counter() - began
            assert server.count(COMPARED) == sent, f"{name} did not send everything"
            if number >= 0:
                speeds[name].append(sent / took)
        if number >= 0:
            told = ", ".join(f"{name} {some[-1]:,.0f}" for name, some in speeds.items())
            print(f"round {number + 1}, resources/s: {told}", file=sys.stderr)
    report.line(f"{sent:,} resources, {count} rounds, {LANES} lanes; medians, least and most:")
    for name, some in speeds.items():
        middle = statistics.median(some)
        report.line(f"  {name:10} {middle:6,.0f}/s ({min(some):,.0f} to {max(some):,.0f})")
    for name, wanted in (("bare", 0.85), ("fhirpy", 1.0), ("fhirclient", 1.0)):
        ratios = [ours / theirs for ours, theirs in zip(speeds["sync"], speeds[name], strict=True)]
        report.at_least(f"sync against {name}", statistics.median(ratios), wanted)
    return statistics.median(speeds["bare"])


def many(server: Hapi, folder: Path, report: Report, rows: int, bare: float) -> None:
    """Many records: written, synced again, verified; each in a process of its own."""
    source = folder / "many.csv"
    make_rows(source, rows, runs.PATIENTS)
    server.empty(runs.known(source))
    first = runs.apart("sync", server.url, source, folder, LANES)
    again = runs.apart("sync", server.url, source, folder, LANES)
    checked = runs.apart("verify", server.url, source, folder, LANES)
    resources = first.resources
    assert first.said == {"created": resources, "unchanged": runs.SHARED}, first
    assert again.said == {"unchanged": again.resources + runs.SHARED}, again
    assert checked.said == {"equal": resources + runs.SHARED}, checked
    writing = resources / bare
    report.line(f"{resources:,} resources, at the bare loop's speed {writing:,.0f} s:")
    report.line(f"  first sync {first.seconds:,.1f} s, {first.megabytes} MB: {first.requests}")
    report.line(f"  second sync {again.seconds:.2f} s, {again.megabytes} MB")
    report.line(f"  verify {checked.seconds:.1f} s: {checked.requests}")
    report.at_most("second sync against writing", again.seconds / writing, 0.02)
    report.at_least("verify against writing", writing / checked.seconds, 2)
    report.at_most("ledger's share of processor time", first.ledger_share, 0.1)
    report.at_most("memory, MB", max(first.megabytes, again.megabytes), 150)


def main() -> None:
    """Measures and prints."""
    about = __doc__ or ""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=430)
    parser.add_argument("--many", type=int, default=14_300)
    parser.add_argument("--records", type=int, default=0)
    told = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.records:
            peak = runs.pending(folder, told.records, LANES)
            report.at_most(f"memory for {told.records:,} records, MB", peak.megabytes, 150)
            report.at_most("ledger's share of processor time", peak.ledger_share, 0.1)
        else:
            with hapi() as server:
                bare = rounds(server, folder, report, told.rounds, told.rows)
                many(server, folder, report, told.many, bare)
    sys.exit(report.code)


if __name__ == "__main__":
    main()
