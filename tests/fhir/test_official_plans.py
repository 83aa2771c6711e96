"""All that the mapping of plans makes passes the official validator, in every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from making import of_plans

from alliance_fhir.fhir.plan import TYPES
from alliance_fhir.fhir.plan.forms import forms
from conftest import beyond

if TYPE_CHECKING:
    from conftest import Official


@pytest.mark.server
def test_the_example_plans_and_what_they_do_not_have(official: Official) -> None:
    made = of_plans(official.version)
    assert {one.type for one in made} == set(TYPES)
    assert beyond(official.refused(made)) == []


@pytest.mark.server
def test_the_forms_of_plans(official: Official) -> None:
    assert official.refused(forms(official.version)) == {}


@pytest.mark.server
def test_an_agreement_in_a_shape_of_its_own_is_refused(official: Official) -> None:
    """Our definitions bite: a part that is none, one of another type, a party that is nobody."""
    body = next(one.body for one in of_plans(official.version) if one.type == "Task")
    agreement, *rest = body["extension"]
    for wrong in (
        {"url": "said-by", "valueString": "x"},
        {"url": "on", "valueString": "yesterday"},
        {"url": "individual", "valueReference": {"reference": "Device/1"}},
    ):
        parts = [one for one in agreement["extension"] if one["url"] != wrong["url"]]
        other = {**agreement, "extension": [*parts, wrong]}
        issues = official.validator.validate({**body, "extension": [other, *rest]})
        assert any(issue.is_error for issue in issues), wrong["url"]
