"""Records: what must be there, and who it is that answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from alliance_fhir.domain.records import Assessment, Identifier, Moment

JONES, KURTZ, AUNT = (Identifier("urn:example", name) for name in ("jones", "kurtz", "aunt"))


def record(**told: Any) -> Assessment:
    """A record of Mr Jones, whose therapist is Dr Kurtz."""
    known: dict[str, Any] = {
        "patient": JONES,
        "clinician": KURTZ,
        "instrument": "srs",
        "rater": "patient",
        "completed_at": Moment("2026-03-09", "2026-03-09"),
        "answers": ("1",),
    }
    return Assessment.model_validate(known | told)


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ({"rater": "patient"}, JONES),
        ({"rater": "therapist"}, KURTZ),
        ({"rater": "therapist", "clinician": None}, None),
        ({"rater": "observer"}, None),
        ({"rater": "caregiver"}, None),
        ({"rater": "caregiver", "rater_id": AUNT}, AUNT),
        ({"rater": "patient", "rater_id": AUNT}, AUNT),
    ],
)
def test_who_answered_is_known_or_not(told: dict[str, Any], who: Identifier | None) -> None:
    assert record(**told).answered_by == who


@pytest.mark.parametrize(
    "told",
    [
        {"answers": ()},
        {"patient": None},
        {"patient": ("urn:example", "jones")},
        {"rater": "neighbour"},
        {"session": 0},
        {"session": 100_001},
        {"mode": "telepathy"},
        {"completed_at": "2026-03-09"},
        {"surplus": 1},
    ],
)
def test_what_no_record_is_raises_without_its_values(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        record(**told)
    assert "jones" not in str(caught.value)


def test_scores_alone_make_a_record() -> None:
    assert record(answers=(), imported={"total": Decimal("30.50")}).imported["total"] == Decimal(
        "30.50"
    )


def test_a_record_does_not_change() -> None:
    with pytest.raises(ValidationError):
        record().session = 2  # pyright: ignore[reportAttributeAccessIssue]
