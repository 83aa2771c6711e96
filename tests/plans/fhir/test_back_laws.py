"""What holds of every plan that has been in FHIR: it comes back, in its normal form."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.domain.plan.rules import slips
from alliance_fhir.domain.receipt import WARNINGS
from alliance_fhir.fhir.plan.reading import plans_in
from alliance_fhir.fhir.versions import VERSIONS

from ..making import plans
from ..test_laws import anything, places, put
from . import test_laws
from .back import Normal, Server, resources
from .making import SITE

if TYPE_CHECKING:
    from alliance_fhir.domain.plan.document import SharedPlan
    from alliance_fhir.fhir.versions import Version

WRITTEN = "https://alliance-fhir.github.io/ig/StructureDefinition/plan-written"
some = settings(max_examples=60)
versions_of_fhir = st.sampled_from(list(VERSIONS.values()))
chances = st.randoms(use_true_random=False)


@st.composite
def histories(draw: st.DrawFn) -> list[SharedPlan]:
    """Some versions of one plan, with any texts."""
    drawn = draw(st.lists(plans(), min_size=1, max_size=3))
    days = sorted((plan.written for plan in drawn), key=lambda when: when.utc)
    start = draw(st.integers(1, 3))
    return [
        plan.model_copy(update={"plan": drawn[0].plan, "version": number, "written": written})
        for number, (plan, written) in enumerate(zip(drawn, days, strict=True), start)
    ]


documents = test_laws.documents.map(test_laws.plans)
"""Some versions of one plan, with few words, so that much is said to the same ones."""


def came(bodies: list[dict[str, Any]]) -> tuple[SharedPlan, list[str]]:
    """The one plan among resources, which breaks no rule; and why something was left."""
    ((plan, left),) = plans_in(bodies, SITE)
    assert plan
    assert {slip.rule for slip in slips(plan)} <= WARNINGS, [*slips(plan)]
    return plan, sorted(one.why for one in left)


@some
@given(histories() | documents, versions_of_fhir)
def test_a_plan_comes_back(versions: list[SharedPlan], version: Version) -> None:
    normal = Normal(versions)
    assert came(resources(versions, version)) == (normal.plan, sorted(normal.left))


@pytest.mark.long
@some
@given(histories() | documents, versions_of_fhir, chances)
def test_a_plan_comes_back_from_a_server(
    versions: list[SharedPlan], version: Version, chance: random.Random
) -> None:
    normal = Normal(versions, stored=True)
    stored = Server(chance).given_back(resources(versions, version))
    assert came(stored) == (normal.plan, sorted(normal.left))


@some
@given(histories() | documents, versions_of_fhir, st.booleans(), chances)
def test_what_an_earlier_release_sent_comes_back_as_written_at_the_earliest(
    versions: list[SharedPlan], version: Version, stored: bool, chance: random.Random
) -> None:
    normal = Normal(versions, stored=stored, dated=False)
    bodies = resources(versions, version)
    for body in bodies:
        body["extension"] = [one for one in body["extension"] if one["url"] != WRITTEN]
    there = Server(chance).given_back(bodies) if stored else bodies
    assert came(there) == (normal.plan, sorted(normal.left))


def take(told: Any, place: tuple[Any, ...]) -> None:
    """Takes away what is in a place."""
    for part in place[:-1]:
        told = told[part]
    del told[place[-1]]


@pytest.mark.long
@some
@given(histories(), st.data())
def test_whatever_is_changed_is_read_or_left(versions: list[SharedPlan], data: Any) -> None:
    """No reading ends with an error, whatever stands anywhere."""
    bodies = json.loads(json.dumps(resources(versions, VERSIONS["4.0"]), default=float))
    body = data.draw(st.sampled_from(bodies))
    place = data.draw(st.sampled_from(places(body)))
    if data.draw(st.booleans()):
        put(body, place, data.draw(anything))
    else:
        take(body, place)
    for plan, left in plans_in(bodies, SITE):
        assert plan or left
