"""The memory of a pull does not grow with what there is to pull."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request, bundle
from growing import unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.faults

SYSTEM = "https://alliance-fhir.github.io/id/clinic-east/identifier"
SIZE = 200
FEW, MANY = 5_000, 50_000
PULL = """
import sys
from pathlib import Path
from alliance_fhir.cli import main
try:
    main()
finally:  # of this process alone: what a parent needed is not in it
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


def observation(number: int) -> dict[str, Any]:
    """One of ours, of about a kilobyte."""
    identifier = [{"system": SYSTEM, "value": f"{number:032x}-total"}]
    meta = {"versionId": "1", "lastUpdated": f"2026-06-30T12:{number // 1000:02}:00.000Z"}
    body = {"resourceType": "Observation", "id": f"o-{number}", "meta": meta}
    return {**body, "identifier": identifier, "note": [{"text": f"{number:06}" * 150}]}


def shelf(little: FhirServer, number: int) -> Callable[..., Answer]:
    """A server that makes so many of them up, a page when it is asked for."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path == "metadata":
            return proceed()
        if "_summary" in request.query:
            return Answer(200, bundle(total=number))
        first = int(request.query.get("from", 0))
        following = min(first + SIZE, number)
        link = [{"relation": "next", "url": f"{little.url}/Observation?from={following}"}]
        page = map(observation, range(first, following))
        return Answer(200, bundle(*page, link=link if following < number else []))

    return between


def peak(folder: Path, number: int) -> int:
    """Kilobytes that a pull of so many needs at most."""
    out = folder / f"pulled-{number}"
    with FhirServer() as little:
        little.between = shelf(little, number)
        where = ("--from", little.url, "--out", out, "--type", "Observation")
        ran = subprocess.run(
            [sys.executable, "-c", PULL, "pull", *map(str, where), "--json"],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            env=unmeasured(),
        )
    assert ran.returncode == 0, ran.stdout
    with (out / "Observation.ndjson").open("rb") as file:
        assert sum(1 for _ in file) == number
    return int(ran.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="a process's peak is read from /proc")
def test_ten_times_as_much_needs_no_more_memory(tmp_path: Path) -> None:
    (tmp_path / "alliance.toml").write_text('source = "clinic-east"\nsynthetic = true\n')
    few = peak(tmp_path, FEW)
    many = peak(tmp_path, MANY)
    assert many < 1.3 * few  # SQLite's cache of 16 MB is filled by the second alone
