"""A visit whose Appointment the EHR has already: none is made beside it, and it stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from alliance_fhir.config import TargetSettings
from alliance_fhir.domain.receipt import RULES

from .clinic import JONES, Clinic, counts, rules
from .kinds import by_identifiers
from .test_visits import KEPT, MISSED, VISITS, site, write

if TYPE_CHECKING:
    from .places import Place

__all__ = ["site"]
Test = TypeVar("Test", bound=Callable[..., None])
Json = dict[str, Any]
NUMBER = KEPT["appointment"]


def at_servers(test: Test) -> Test:
    """In a folder there is nothing of others, and what cannot be searched is not found."""
    by_identifiers(test)
    vars(test)["kinds"] = vars(test)["kinds"][1:]
    return test


def theirs(place: Place, number: str, **more: Any) -> str:
    """The EHR's own Appointment with this number, in a reference to whom there is an identifier."""
    who = {"type": "Patient", "identifier": {"system": "urn:example:mrn", "value": JONES}}
    return place.add(
        {
            "resourceType": "Appointment",
            "identifier": [
                {"system": "urn:example:internal", "value": f"i-{number}"},
                {"system": VISITS, "value": number},
            ],
            "status": "booked",
            "start": KEPT["start"],
            "end": KEPT["end"],
            "participant": [{"actor": who, "status": "accepted"}],
            **more,
        }
    )


def of_them(place: Place) -> list[Json]:
    """What is there that we did not write."""
    return [b for b in place.of_type("Appointment") if b["identifier"][0]["system"].endswith("nal")]


@at_servers
def test_none_is_made_beside_the_one_that_is_there(site: Clinic) -> None:
    write(site, KEPT, MISSED)
    theirs(site.place, NUMBER)
    before = of_them(site.place)
    foreseen = site.plan()
    assert counts(foreseen)["foreign"] == 1
    result = site.sync()
    assert (result.exit_code, rules(result, "blocked")) == (7, ["number-taken"])
    assert counts(result)["foreign"] == 1
    assert of_them(site.place) == before
    ours = [
        b["identifier"][1]["value"] for b in site.place.of_type("Appointment") if b not in before
    ]
    assert ours == [MISSED["appointment"]]
    again = site.sync()  # by the ledger, which knows nothing of theirs
    assert rules(again, "blocked") == ["number-taken"]
    assert site.wire.writes == []
    site.verified()


@at_servers
def test_where_the_site_wants_both_ours_stands_beside_it(site: Clinic) -> None:
    address = site.place.address
    site.set(targets={address: TargetSettings(url=address, appointments="beside")})
    write(site, KEPT)
    theirs(site.place, NUMBER)
    before = of_them(site.place)
    assert site.sync().exit_code == 0
    assert of_them(site.place) == before
    assert len(site.place.of_type("Appointment")) == 2


@at_servers
def test_a_number_of_another_system_is_another_number(site: Clinic) -> None:
    write(site, KEPT)
    theirs(site.place, NUMBER, identifier=[
        {"system": "urn:example:internal", "value": NUMBER}
    ])  # fmt: skip
    assert site.sync().exit_code == 0
    assert len(site.place.of_type("Appointment")) == 2


@at_servers
def test_ours_that_is_there_is_not_taken_for_another(site: Clinic) -> None:
    """With the ledger lost, and where somebody has put one of theirs there since."""
    write(site, KEPT)
    site.sync()
    theirs(site.place, NUMBER)
    for file in site.folder.glob("ledger.sqlite*"):
        file.unlink()
    result = site.sync()
    assert result.exit_code == 0
    assert site.wire.writes == []


@at_servers
def test_the_finding_says_where_theirs_is(site: Clinic) -> None:
    write(site, KEPT)
    theirs(site.place, NUMBER)
    [told] = site.sync().tally.blocked
    [body] = of_them(site.place)
    assert told.resource == f"Appointment/{body['id']}"
    assert told.as_json()["remedy"] == RULES["number-taken"]


@at_servers
def test_what_another_source_of_the_site_sent_is_no_others(site: Clinic) -> None:
    """Both give identifiers of one system: as it was, each has its own."""
    site.set(base="https://clinic.example/alliance")
    write(site, KEPT)
    assert site.sync().exit_code == 0
    site.set(source="clinic-west")
    assert site.sync().exit_code == 0
    assert len(site.place.of_type("Appointment")) == 2
