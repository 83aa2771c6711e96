"""Plans whose patient is not at the server; labels and texts, which are no content; and forms that
are there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .clinic import PLANS, Clinic, counts, give, patient, rules
from .kinds import by_the_ledger, everywhere
from .places import name_of

if TYPE_CHECKING:
    from .places import Place

PROFILES = PLANS.parents[1] / "profiles"
MR_JONES = "1001"
ADOLESCENT = "5006cfd7c6596d79021fc8b3fde74f0a"
"""The key of the plan of the adolescent."""


def of_the_adolescent(place: Place) -> list[str]:
    """What is there of her plan, or speaks of it."""
    return [name_of(body) for body in place.everything if ADOLESCENT in str(body)]


@everywhere
def test_a_plan_whose_patient_is_not_there_is_named_and_the_others_go_on(
    server: Place, clinic: Clinic
) -> None:
    as_a_site(clinic)
    server.add(patient(MR_JONES))
    give(clinic, "adolescent-1", "jones-1")
    told = clinic.sync()
    document = clinic.folder / "plans" / "adolescent-1.plan.yaml"
    assert {(f.path, f.rule) for f in told.tally.blocked} == {(str(document), "patient-not-found")}
    lines = document.read_text("utf-8").splitlines()
    assert {lines[f.row - 1].partition(":")[0] for f in told.tally.blocked} <= {"plan", "patient"}
    assert told.exit_code == 7
    assert counts(told)["blocked"] == 11  # all that the one version gives
    assert of_the_adolescent(server) == []
    assert len(server.of_type("CarePlan")) == 1
    assert clinic.verified() == counts(told)["created"]


@by_the_ledger
def test_nothing_of_such_a_plan_goes_over_the_wire(server: Place, clinic: Clinic) -> None:
    as_a_site(clinic)
    give(clinic, "adolescent-1")
    told = clinic.sync()
    assert told.exit_code == 7
    assert not any(ADOLESCENT.encode() in request.content for request in clinic.wire.writes)
    assert server.of_type("Patient") == []  # nobody was made either


@by_the_ledger
def test_it_is_caught_up_with_once_the_patient_is_there(server: Place, clinic: Clinic) -> None:
    as_a_site(clinic)
    give(clinic, "adolescent-1", "jones-1")
    assert rules(clinic.sync(), "blocked")
    for one in (MR_JONES, "1032"):
        server.add(patient(one))
    told = clinic.sync()
    assert (told.exit_code, counts(told).get("blocked", 0)) == (0, 0)
    assert len(server.of_type("CarePlan")) == 2
    clinic.verified()


@by_the_ledger
def test_a_plan_of_somebody_who_is_there_twice_is_held_back(server: Place, clinic: Clinic) -> None:
    as_a_site(clinic)
    clinic.register(MR_JONES, "1032", "1032")
    give(clinic, "adolescent-1", "jones-1")
    told = clinic.sync()
    assert (set(rules(told, "blocked")), told.exit_code) == ({"patient-ambiguous"}, 7)
    assert of_the_adolescent(server) == []


@by_the_ledger
def test_labels_and_texts_that_somebody_changed_alone_are_no_change(site: Clinic) -> None:
    """So the documentation says it of `verify`."""
    give(site, "jones-1")
    site.sync()
    other = '<div xmlns="http://www.w3.org/1999/xhtml">Other words</div>'

    def changed(body: dict[str, Any]) -> dict[str, Any]:
        meta = {**body["meta"], "security": []}
        return {**body, "meta": meta, "text": {"status": "generated", "div": other}}

    (plan,) = map(name_of, site.place.of_type("CarePlan"))
    site.place.edit(plan, changed)
    assert site.verified()
    told = site.sync(reread=True)
    assert (told.exit_code, set(counts(told))) == (0, {"unchanged"})
    (there,) = site.place.of_type("CarePlan")
    assert there["text"]["div"] == other


def as_a_site(clinic: Clinic) -> None:
    """A clinic with plans, at whose server nobody is known yet."""
    organization = "urn:example:org|east"
    clinic.set(organization=organization, zone="America/New_York")


@by_the_ledger
def test_a_form_that_was_installed_from_profiles_is_taken_as_it_is(
    server: Place, clinic: Clinic
) -> None:
    as_a_site(clinic)
    clinic.register(MR_JONES)
    for form in ("first-conversation", "plan-review"):
        file = PROFILES / "r4" / f"Questionnaire-{form}.json"
        server.add(json.loads(file.read_text("utf-8")))
    before = {name: v for name, v in server.versions().items() if name.startswith("Questionnaire/")}
    assert len(before) == 2
    give(clinic, "jones-1", "jones-2")
    told = clinic.sync()
    assert (told.exit_code, counts(told)["unchanged"]) == (0, 2)
    assert before.items() <= server.versions().items()
    assert len(server.of_type("Questionnaire")) == 2
    clinic.verified()
