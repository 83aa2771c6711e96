"""Measures and reports pass the official validator, in every version, without an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from measured import measured

from alliance_fhir.fhir.group import Resource

if TYPE_CHECKING:
    from conftest import Official

pytestmark = pytest.mark.server


@pytest.mark.parametrize("patients", [11, 20, 100])
def test_with_some_groups_hidden_and_with_none(official: Official, patients: int) -> None:
    for bare in (False, True):
        made = measured(official.version, patients, bare=bare)
        assert [one.type for one in made] == ["Measure"] * 2 + ["MeasureReport"] * 2
        assert official.refused(made) == {}


def test_a_method_that_is_no_code_of_ours_would_be_told(official: Official) -> None:
    """The interval and the groups pass above; here is that the validator looks into them."""
    for kind, right, wrong in ((2, "wilson", "wald"), (3, "drop-out-over-a-year", "drop-out")):
        report = measured(official.version)[kind]
        text = report.json().replace(right.encode(), wrong.encode())
        told = Resource("MeasureReport", report.key, {}, "", text)
        assert any(wrong in issue for issue in official.refused([told])), wrong
