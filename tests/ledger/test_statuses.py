"""What the ledger keeps of statuses that were set, in each kind of database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from alliance_fhir import Options, open_ledger, open_target
from alliance_fhir.config import TargetSettings
from alliance_fhir.story import sync
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.testing import FhirServer
from alliance_fhir.undoing import undo
from contract.clinic import JONES, Clinic, Wire, counts
from contract.places import ServerPlace
from contract.test_status_only import body_of, theirs
from contract.test_visits import KEPT, VISITS, write

if TYPE_CHECKING:
    from pathlib import Path

    from alliance_fhir.result import Result

    from .conftest import Place


def test_a_status_is_noted_found_again_and_forgotten(place: Place, tmp_path: Path) -> None:
    with FhirServer() as little, closing(ServerPlace(little.url)) as ehr:
        site = Clinic(tmp_path, ehr, Wire([]))
        target = TargetSettings(url=little.url, appointments="status-only")
        site.set(appointment_system=VISITS, targets={little.url: target})
        site.register(JONES)
        write(site, {**KEPT, "referrer": "", "referral": ""})
        where = theirs(ehr, "1")

        def run(taken_back: str = "") -> Result:
            with (
                closing(open_target(little.url, site.settings)) as at,
                open_ledger(place.address, at, site.settings) as ledger,
            ):
                if not taken_back:
                    return sync(site.sources, at, ledger, site.settings, Options())
                assert isinstance(at, ServerTarget)
                return undo(taken_back, at, ledger, at.remover, site.settings)

        first = run()
        assert counts(first) == {"created": 2, "updated": 1}
        told = place.sql("SELECT server_id, before, after, run, state FROM status")
        id_ = where.rpartition("/")[2]
        assert told == [(id_, "booked", "fulfilled", first.run, "proven")]
        assert counts(run()) == {"unchanged": 2}
        assert run(first.run).undone["restored"] == 1
        assert body_of(site, where)["status"] == "booked"
        assert place.sql("SELECT number FROM status") == []
