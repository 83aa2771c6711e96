"""A visit as a record: what contradicts itself is none, and what became of it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Visit

SECRET = "Zebulon-4711"  # noqa: S105 - a name


def visit(**told: Any) -> Visit:
    """A visit that Mr Jones missed."""
    known: dict[str, Any] = {
        "appointment": Identifier("urn:example:visits", SECRET),
        "patient": Identifier("urn:example:mrn", SECRET),
        "start": Moment("2026-03-09T14:00:00-04:00", "2026-03-09T18:00:00Z"),
        "end": Moment("2026-03-09T14:50:00-04:00", "2026-03-09T18:50:00Z"),
        "status": "no-show",
    }
    return Visit.model_validate(known | told)


DAY = Moment("2026-03-09", "2026-03-09")
BEFORE = Moment("2026-03-08T14:30:00-04:00", "2026-03-08T18:30:00Z")


@pytest.mark.parametrize(
    "told",
    [
        {"start": DAY},
        {"end": DAY},
        {"end": BEFORE},
        {"end": Moment("2026-03-09T18:00:00Z", "2026-03-09T18:00:00Z")},
        *(
            {"called_off": DAY, "status": s}
            for s in ("arrived", "checked-in", "attended", "arrived-late")
        ),
        {"status": "noshow"},
        {"by": "nobody"},
        {"modality": "letter"},
        {"patient": None},
        {"note": "x"},
    ],
)
def test_what_cannot_be_so_is_no_visit_and_no_value_is_told(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        visit(**told)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "kind", "rule"),
    [
        ({}, "no-show", "no-notice"),
        ({"called_off": BEFORE}, "late-cancellation", "notice-in-window"),
        # a day alone counts from its beginning, where the visit was to be
        ({"called_off": DAY}, "late-cancellation", "notice-in-window"),
        (
            {"called_off": Moment("2026-03-08", "2026-03-08")},
            "patient-cancellation",
            "notice-in-time",
        ),
        ({"called_off": DAY, "status": "cancelled"}, "unknown", "called-off-by-somebody"),
        ({"status": "attended"}, "attended", "was-seen"),
    ],
)
def test_what_became_of_it_is_told_by_what_it_holds(
    told: dict[str, Any], kind: str, rule: str
) -> None:
    assert visit(**told).attendance() == (kind, rule)


def test_a_site_may_call_less_notice_late() -> None:
    of_an_hour = visit(called_off=BEFORE).attendance(timedelta(hours=1))
    assert of_an_hour == ("patient-cancellation", "notice-in-time")


def test_its_appointment_alone_makes_it_this_visit() -> None:
    assert visit().natural_key == ("visit", "urn:example:visits", SECRET)
    assert visit(status="attended").natural_key == visit().natural_key
