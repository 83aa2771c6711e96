"""The profiles that resources claim, at every target: as `map` writes them, and no reason to send
anything again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import map_to

from .clinic import Clinic, counts
from .kinds import everywhere
from .places import name_of
from .test_visits import KEPT, MISSED, OFF, there, withdrawn, write
from .test_visits import site as site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Json = dict[str, Any]
OURS = "https://alliance-fhir.github.io/ig/StructureDefinition/"
VISIT, NO_SHOW = f"{OURS}visit-appointment", f"{OURS}no-show-appointment"


def claims(body: Json) -> list[str]:
    """What a resource says that it fits; servers keep it in any order."""
    return sorted(body.get("meta", {}).get("profile", []))


def of_all(bodies: Iterable[Json]) -> dict[str, list[str]]:
    """The claims of what is ours, by name; of writes there are others at each time."""
    ours = (one for one in bodies if one["resourceType"] not in ("Patient", "Practitioner"))
    return {name_of(one): claims(one) for one in ours if "-prov-" not in name_of(one)}


def version_of(clinic: Clinic) -> Any:
    """That of the target."""
    with clinic.open() as (target, _):
        return target.version


@everywhere
def test_what_is_there_claims_what_map_claims(site: Clinic, tmp_path: Path) -> None:
    site.sync()
    version = version_of(site)
    map_to(site.sources, tmp_path / "mapped", site.settings, version)
    bodies = [
        json.loads(line)
        for file in (tmp_path / "mapped").glob("*.ndjson")
        for line in file.read_bytes().splitlines()
    ]
    assert of_all(site.place.everything) == of_all(bodies)
    told = {number: claims(body) for number, body in there(site).items()}
    r4 = version.label == "R4"
    missed, other = ([NO_SHOW, VISIT], [VISIT]) if r4 else ([], [])
    assert told == {"1": other, "2": missed, "3": other}
    proofs = [claims(one) for one in site.place.of_type("Provenance")]
    assert proofs == [[f"{OURS}alliance-provenance"] if r4 else []] * 4


@everywhere
@pytest.mark.parametrize("before", [False, True])
def test_a_claim_alone_is_no_reason_to_send_anything(site: Clinic, *, before: bool) -> None:
    site.set(claim_profiles=before)
    site.sync()
    versions = site.place.versions()
    told = of_all(site.place.everything)
    site.set(claim_profiles=not before)
    again = site.sync(reread=True)
    assert counts(again) == {"unchanged": 5}
    assert (site.place.versions(), of_all(site.place.everything)) == (versions, told)
    site.verified()


@everywhere
def test_who_came_after_all_is_claimed_to_be_no_no_show(site: Clinic) -> None:
    """Tags that it had HAPI 8.8.0 keeps; profiles it does not."""
    site.sync()
    r4 = version_of(site).label == "R4"
    write(site, KEPT, {**MISSED, "status": "attended"}, OFF)
    assert counts(site.sync()) == {"created": 1, "updated": 1, "unchanged": 4}
    assert claims(there(site)["2"]) == ([VISIT] if r4 else [])


@everywhere
def test_what_is_retracted_keeps_its_claims_but_that_of_a_no_show(
    site: Clinic,
) -> None:
    site.sync()
    before = there(site)
    withdrawn(site, "2")
    withdrawn(site, "3")
    after = there(site)
    assert {after[number]["status"] for number in "23"} == {"entered-in-error"}
    r4 = version_of(site).label == "R4"
    assert claims(after["2"]) == ([VISIT] if r4 else [])
    assert claims(after["3"]) == claims(before["3"])
