"""What is made claims the profiles that it is to fit, on R4; and nothing on R4B and R5."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from making import ALL_VERSIONS, R4, everything, of_outreach, of_plans, of_visits
from profile_faults import IG, claims, profiles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version


@pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("make", [everything, of_visits, of_outreach, of_plans])
def test_everything_claims_what_it_is_to_fit_on_r4_alone(
    make: Callable[[Version], Iterable[Resource]], version: Version
) -> None:
    for one in make(version):
        body = json.loads(one.json())
        fit = profiles_of(body) if version is R4 else []
        assert claims(body) == [f"{IG}/{profile}" for profile in fit], one.key
