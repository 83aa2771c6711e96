"""Keys that come twice are found, however many there are."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.seen import Seen
from alliance_fhir.sources.census import Census

few = st.sampled_from("abcdé\0")


@given(st.lists(st.tuples(few, few), max_size=12))
def test_a_repeat_is_equal_where_all_its_contents_are(rows: list[tuple[str, str]]) -> None:
    with Census() as census:
        for key, content in rows:
            census.add(key, content)
        found = census.repeats()
    counts = Counter(key for key, _ in rows)
    expected = {
        key: "equal" if len({c for k, c in rows if k == key}) == 1 else "different"
        for key, count in counts.items()
        if count > 1
    }
    assert found == expected


def test_more_keys_than_are_held_back_are_counted() -> None:
    with Census() as census:
        for number in range(25_000):
            census.add(str(number % 24_999), "x" if number else "y")
        assert census.repeats() == {"0": "different"}


@given(st.sets(few), few)
def test_what_was_seen_is_known(keys: set[str], asked: str) -> None:
    with Seen() as seen:
        for key in (*keys, *keys):
            seen.add(key)
        assert (asked in seen) == (asked in keys)
