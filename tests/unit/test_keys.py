"""Natural keys and the identifiers made of them: one record, one key; two records, two."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.keys import digest, fingerprint, record_key
from alliance_fhir.domain.records import Assessment, Identifier, Moment, natural_key

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# few letters, so that parts which run into each other are often drawn
parts = st.text('ab"\\,|[', max_size=4)
identifiers = st.builds(Identifier, parts, parts)
KNOWN = st.fixed_dictionaries(
    {
        "patient": identifiers,
        "clinician": st.none() | identifiers,
        "instrument": st.sampled_from(["srs", "csq-8"]),
        "language": st.none() | st.sampled_from(["en", "es"]),
        "rater": st.sampled_from(["patient", "therapist"]),
        "rater_id": st.none() | identifiers,
        "completed_at": st.sampled_from(
            [Moment("2026-03-09", "2026-03-09"), Moment("x", "2026-03-09T00:00:00Z")]
        ),
        "session": st.none() | st.integers(1, 3),
        "record_id": st.none() | parts,
    }
)


def hand_made(values: list[str], secret: bytes = b"") -> str:
    """The digest as the specification has it."""
    array = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return blake2b(array.encode(), digest_size=16, key=secret).hexdigest()


@given(st.lists(texts, max_size=6), st.binary(max_size=64))
def test_a_digest_is_that_of_the_compact_json_array(values: list[str], secret: bytes) -> None:
    assert digest(values, secret) == hand_made(values, secret)
    assert record_key("east", tuple(values), secret) == hand_made(["east", *values], secret)


@given(KNOWN, KNOWN)
def test_two_natural_keys_are_never_one_array(one: dict[str, Any], other: dict[str, Any]) -> None:
    keys = [natural_key(**told) for told in (one, other)]
    arrays = {json.dumps(key) for key in keys}
    assert len(arrays) == len(set(keys))
    assert len({record_key("east", key) for key in keys}) == len(set(keys))


@given(KNOWN, KNOWN)
def test_two_records_have_one_key_only_where_all_that_tells_them_apart_is_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    def who(told: dict[str, Any]) -> tuple[Any, ...]:
        if told["record_id"]:
            return ("record", told["record_id"])
        nobody = Identifier("", "")
        named = {k: v if v is not None else nobody for k, v in told.items() if k != "record_id"}
        return tuple(named.values())

    same = natural_key(**one) == natural_key(**other)
    assert same == (who(one) == who(other))


def test_a_record_tells_its_own_natural_key() -> None:
    told: dict[str, Any] = {
        "patient": Identifier("urn:mrn", "1"),
        "instrument": "srs",
        "rater": "patient",
        "completed_at": Moment("2026-03-09", "2026-03-09"),
        "session": 2,
    }
    record = Assessment.model_validate({**told, "answers": ("1",)})
    assert record.natural_key == (
        *("assessment", "urn:mrn", "1", "", "", "srs", "", "patient", "", "", "2026-03-09", "2"),
    )
    kept = Assessment.model_validate({**told, "answers": ("1",), "record_id": "r-1"})
    assert kept.natural_key == ("record", "r-1")


@given(st.binary(min_size=16, max_size=64), st.binary(min_size=16, max_size=64))
def test_a_fingerprint_tells_keys_apart_and_gives_nothing_away(one: bytes, other: bytes) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
    assert one.hex() not in fingerprint(one)
    assert fingerprint(b"") == "none"
