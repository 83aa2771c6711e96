"""Two runs with a ledger each send one source to one server at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

import pytest

from .clinic import ROW, Clinic, Row, Wire, counts, is_write, rules
from .kinds import by_key_alone, creating_at_once, doubling
from .places import Place, name_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from alliance_fhir.result import Result

ROWS = (
    ROW,
    Row(record_id="r-2", completed_at="2026-03-09"),
    Row(record_id="r-3", patient="1002"),
    Row(record_id="r-4", patient="1002", completed_at="2026-03-09"),
)
"""So many that a run asks first whether anything of ours is there: to both, nothing is."""
OF_ROWS = 2 + 7 * len(ROWS)
"""Device and Questionnaire, and of each row a response, five scores and a Provenance."""

KNOWN = OF_ROWS - len(ROWS)
"""Those that are known by a key of ours; a Provenance is found by its id."""


@pytest.fixture
def clinics(tmp_path: Path, place: Place, wire: Wire) -> list[Clinic]:
    """Two workers with one source, each with a ledger of its own; both have looked already when
    one of them writes, and no write of one comes before or after that of the other."""
    both = [Clinic(tmp_path / name, place, wire) for name in ("one", "other")]
    for clinic in both:
        clinic.folder.mkdir()
        clinic.write(*ROWS)
    both[0].register("1001", "1002")
    return both


def at_once(clinics: list[Clinic], wire: Wire) -> list[Result]:
    """Both run; their writes come in pairs, for as long as both have something to write."""
    pairs = Barrier(len(clinics))

    def meet(request: httpx.Request) -> None:
        with suppress(BrokenBarrierError):
            if is_write(request):
                pairs.wait(60)

    def run(clinic: Clinic) -> Result:
        try:
            return clinic.sync_alone(lanes=1)
        finally:
            pairs.abort()

    wire.before = meet
    with ThreadPoolExecutor(len(clinics)) as pool:
        results = list(pool.map(run, clinics))
    wire.calm()
    return results


def there(place: Place) -> Counter[str]:
    """How often each resource is there, people left out."""
    return Counter(name_of(body) for body in place.everything if body["resourceType"] != "Patient")


@creating_at_once
def test_nothing_is_there_twice(server: Place, clinics: list[Clinic], wire: Wire) -> None:
    results = at_once(clinics, wire)
    assert [result.exit_code for result in results] == [0, 0]
    assert set(there(server).values()) == {1}
    assert len(there(server)) == OF_ROWS
    for clinic in clinics:
        assert counts(clinic.sync(reread=True)) == {"unchanged": KNOWN}
        clinic.verified()


@doubling
def test_doubles_are_told_and_left_alone(server: Place, clinics: list[Clinic], wire: Wire) -> None:
    at_once(clinics, wire)
    assert len(there(server)) == OF_ROWS  # nothing is lost
    assert set(there(server).values()) == {2}
    before = server.versions()
    for clinic in clinics:
        result = clinic.sync(reread=True)
        assert (result.exit_code, set(rules(result, "blocked"))) == (7, {"found-twice"})
        told = {(f.row, f.resource) for f in result.tally.blocked}
        assert Counter(row for row, _ in told if row) == dict.fromkeys(range(2, 2 + len(ROWS)), 6)
    assert server.versions() == before


@by_key_alone
def test_verify_names_each_of_them(server: Place, clinics: list[Clinic], wire: Wire) -> None:
    at_once(clinics, wire)
    places = {f"{body['resourceType']}/{body['id']}" for body in server.everything}
    for clinic in clinics:
        verified = clinic.verify().verify
        assert verified
        assert (verified.missing, len(verified.duplicated)) == ([], KNOWN)
        assert set(verified.duplicated) <= places
