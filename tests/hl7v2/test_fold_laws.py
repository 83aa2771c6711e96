"""Laws: the order and the doubles of messages change nothing, nor do other appointments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any, get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from alliance_fhir.domain.attendance import Status
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.said import LASTING, Coded, Said
from alliance_fhir.domain.scheduling import fold, fold_each

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
# few of each, so that much falls together
moments = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(hours=30 * n)))
starts = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(days=n)))
ends = st.integers(0, 4).map(lambda n: Moment.of(DAY + timedelta(days=n, hours=1)))
patients = st.sampled_from("ab").map(lambda value: Identifier("urn:p", value))
codes = st.sampled_from([Coded("x"), Coded("y", "Y"), Coded("y", "Y", "urn:y")])


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
        status_code=perhaps(patients),
        event_reason=perhaps(codes),
        appointment_type=perhaps(codes),
        location=perhaps(st.sampled_from("lm")),
        placer=perhaps(patients),
        other_clinicians=perhaps(st.lists(patients, min_size=1, max_size=2).map(tuple)),
        taken_off=st.sampled_from([(), ()]) | st.lists(patients, max_size=2).map(tuple),
        emptied=st.sampled_from(EMPTIED),
    ).map(_as_read)


def _as_read(one: Said) -> Said:
    """A code is said of a status alone."""
    return one if one.status else one._replace(status_code=None)


EMPTIED = [(), (), ("end",), ("reason", "service"), ("appointment_type", "event_reason"),
           ("clinician", "location", "other_clinicians", "placer")]  # fmt: skip


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
        told = getattr(says[0], name) if says else None
        since = newest[: newest.index(says[0]) + 1] if says else []
        if name == "clinician":
            told = None if told in _gone(since) else told
        elif name == "other_clinicians" and told:
            told = tuple(who for who in told if who not in _gone(since)) or None
        assert getattr(found, name) == told


def _gone(since: list[Said]) -> set[Identifier]:
    """Who was taken off by one of these, and not named by the same."""
    named = [{one.clinician, *(one.other_clinicians or ())} for one in since]
    return {
        who for one, names in zip(since, named, strict=True) for who in {*one.taken_off} - names
    }


@given(st.lists(messages("A"), min_size=1, max_size=5))
def test_why_and_by_which_code_it_stands_so_is_of_what_was_said_since_it_does(
    said: list[Said],
) -> None:
    """Written a second time, of those whose time no other has."""
    apart = sorted({one.made.utc: one for one in said}.values(), key=lambda one: one.made.utc)
    assume(_all_differ(apart))
    found = fold(apart).now
    since: list[Said] = []
    status = None
    for one in apart:
        if one.status not in (None, status):
            since, status = [], one.status
        since.append(one)
    assert found.status == status
    codes = [one.status_code for one in since if one.status_code and one.status == status]
    assert found.status_code == (codes[-1] if codes else None)
    says = [one for one in since if one.event_reason or "event_reason" in one.emptied]
    assert found.event_reason == (says[-1].event_reason if says else None)


@given(st.lists(messages("A"), min_size=1, max_size=6))
def test_a_message_that_says_less_takes_nothing_away(said: list[Said]) -> None:
    last = Moment.of(DAY + timedelta(days=60))
    bare = Said("s", "99", last, "S14", Identifier("urn:a", "A"))
    before, after = fold(said), fold([bare, *said])
    assert after.visit == before.visit
    assert (after.missed, after.earlier) == (before.missed, before.earlier)
    of_message = ("sender", "control", "made", "trigger", "sequence", "number_of_asker")
    told = {name: getattr(bare, name) for name in of_message}
    assert after.now == before.now._replace(**told)


absent = st.builds(
    partial(Said, "s"),
    control=st.sampled_from("12345678"),
    made=moments,
    trigger=st.just("S14"),
    appointment=st.just(Identifier("urn:a", "A")),
    start=perhaps(starts),
    status=st.sampled_from([None, "booked", "no-show", "no-show", "cancelled"]),
    by=perhaps(st.just("patient")),
)
"""Of what tells that somebody did not come."""


@given(st.lists(absent | messages("A"), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_order_nor_doubles_change_what_was_missed(said: list[Said], chance: Random) -> None:
    mixed = [*said, *chance.choices(said, k=3)]
    chance.shuffle(mixed)
    assert fold(mixed) == fold(said)


@given(st.lists(absent, min_size=3, max_size=8))
def test_what_was_missed_was_a_start_before_and_was_over(said: list[Said]) -> None:
    found = fold(said)
    assert not found.visit or found.visit.missed == found.missed
    assert _are_of(found.missed, found.earlier)
    assert found.now.start not in found.missed
    for start in found.missed:
        assert any(
            one.status in ("no-show", "cancelled") and one.made.utc[:10] >= _day_before(start)
            for one in said
        )


def _are_of(some: tuple[Moment, ...], every: tuple[Moment, ...]) -> bool:
    """Whether these are among those, each once and in their order."""
    rest = iter(every)
    return all(any(one == other for other in rest) for one in some)


def _day_before(start: Moment) -> str:
    """Somewhere it is the day of the start then."""
    return (datetime.fromisoformat(start.utc) - timedelta(days=1)).date().isoformat()


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
