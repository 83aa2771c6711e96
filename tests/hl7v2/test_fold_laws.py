"""Laws: the order and the doubles of messages change nothing, nor do other appointments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from alliance_fhir.domain.attendance import Status
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.scheduling import LASTING, Coded, Said, fold, fold_each

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
# few of each, so that much falls together
moments = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(hours=n)))
starts = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(days=n)))
ends = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(days=n, hours=1)))
patients = st.sampled_from("ab").map(lambda value: Identifier("urn:p", value))
codes = st.sampled_from("xy").map(Coded)


def perhaps(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Said or not."""
    return st.none() | of


def messages(appointment: str) -> st.SearchStrategy[Said]:
    """What may be said of an appointment."""
    return st.builds(
        Said,
        sender=st.sampled_from("st"),
        control=st.sampled_from(["1", "2", "09", "10"]),
        made=moments,
        trigger=st.sampled_from(["S12", "S13", "S15", "S26"]),
        appointment=st.just(Identifier("urn:a", appointment)),
        sequence=perhaps(st.integers(0, 2)),
        patient=perhaps(patients),
        clinician=perhaps(patients),
        start=perhaps(starts),
        end=perhaps(ends),
        status=perhaps(st.sampled_from(get_args(Status))),
        by=perhaps(st.sampled_from(["patient", "provider"])),
        reason=perhaps(codes),
        service=perhaps(codes),
        first=perhaps(st.booleans()),
        emptied=st.sampled_from([(), ("end",), ("reason", "service")]),
    )


@given(st.lists(messages("A"), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_neither_order_nor_doubles_change_anything(said: list[Said], chance: Random) -> None:
    found = fold(said)
    mixed = [*said, *chance.choices(said, k=3)]
    chance.shuffle(mixed)
    assert fold(mixed) == found
    assert fold_each(mixed) == {Identifier("urn:a", "A"): found}


@given(
    st.lists(messages("A"), min_size=1, max_size=4),
    st.lists(messages("B"), max_size=4),
    st.randoms(use_true_random=False),
)
def test_messages_of_other_appointments_change_nothing(
    said: list[Said], others: list[Said], chance: Random
) -> None:
    mixed = [*said, *others]
    chance.shuffle(mixed)
    assert fold_each(mixed)[Identifier("urn:a", "A")] == fold(said)


@given(st.lists(messages("A"), min_size=1, max_size=5))
def test_the_newest_that_says_something_is_believed(said: list[Said]) -> None:
    """Written a second time: for each thing the newest message that says it, of those whose time no
    other has."""
    apart = list({one.made.utc: one for one in said}.values())
    assume(_all_differ(apart))
    newest = sorted(apart, key=lambda one: one.made.utc, reverse=True)
    found = fold(apart).now
    for name in (*LASTING, "status", "start"):
        says = [one for one in newest if getattr(one, name) is not None or name in one.emptied]
        assert getattr(found, name) == (getattr(says[0], name) if says else None)


def _all_differ(said: list[Said]) -> bool:
    """Whether none is another one sent again."""
    return len({one._replace(made=Moment("", "")) for one in said}) == len(said)


@given(st.lists(messages("A"), min_size=1, max_size=6))
def test_a_visit_is_made_wherever_enough_is_said(said: list[Said]) -> None:
    """What the messages say together never contradicts what a visit can be."""
    found = fold(said)
    assert (found.visit is None) == bool(found.lacking)
    if found.visit:
        assert found.visit.attendance()
        assert found.visit.status == found.now.status
        assert found.visit.rescheduled_from == found.earlier
        starts = [*found.earlier, found.visit.start]
        assert all(one.utc != then.utc for one, then in pairwise(starts))


@given(st.lists(messages("A"), min_size=1, max_size=6))
def test_where_visits_last_as_long_as_all_do_only_what_says_no_end_ends_so(
    said: list[Said],
) -> None:
    bare, found = fold(said), fold(said, timedelta(minutes=50))
    assert found.lacking == tuple(
        name for name in bare.lacking if name != "end" or not bare.now.start
    )
    if found.visit and not bare.now.end:
        length = datetime.fromisoformat(found.visit.end.utc) - datetime.fromisoformat(
            found.visit.start.utc
        )
        assert length == timedelta(minutes=50)
    elif found.visit:
        assert found.visit == bare.visit
