"""Who agreed to which words: the laws, and the cases that a clinic meets."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.agreement import (
    PATIENT,
    Position,
    Voice,
    Wording,
    outcome,
    positions,
    said_to,
    words_digest,
)
from alliance_fhir.domain.records import Identifier

KURTZ = Identifier("urn:example:staff", "kurtz")
MOTHER = Identifier("urn:example:family", "m-1")
BOTH = [PATIENT, KURTZ]
FIRST = words_digest("Sleep at least 7 hours on 5 nights a week")
SECOND = words_digest("Sleep at least 7 hours on 6 nights a week")

days = st.dates(date(2026, 3, 1), date(2026, 3, 9)).map(str)  # few, so that some are the same
digests = st.sampled_from(["a", "b", "c"])
parties = st.sampled_from([PATIENT, KURTZ, MOTHER])
voices = st.builds(Voice, parties, st.sampled_from(["agree", "disagree", "withdrawn"]), days)


@st.composite
def histories(draw: st.DrawFn) -> list[Wording]:
    """Versions of a plan with one goal, the oldest first."""
    written = sorted(draw(st.lists(days, min_size=1, max_size=6)))
    return [Wording(day, {"goal": draw(digests)}) for day in written]


def versions(*told: tuple[str, str]) -> list[Wording]:
    return [Wording(day, {"sleep": words}) for day, words in told]


def test_both_agree_to_what_was_written_that_day() -> None:
    said = [Voice(PATIENT, "agree", "2026-03-02"), Voice(KURTZ, "agree", "2026-03-02")]
    told = positions(BOTH, said, "sleep", versions(("2026-03-02", FIRST)))
    assert told == [
        Position(PATIENT, "agree", "2026-03-02"),
        Position(KURTZ, "agree", "2026-03-02"),
    ]
    assert outcome(told) == "agreed"


def test_other_words_make_everybody_s_agreement_pending() -> None:
    said = [Voice(PATIENT, "agree", "2026-03-02"), Voice(KURTZ, "agree", "2026-03-16")]
    told = positions(BOTH, said, "sleep", versions(("2026-03-02", FIRST), ("2026-03-16", SECOND)))
    assert told == [
        Position(PATIENT, "pending", earlier=said[0]),
        Position(KURTZ, "agree", "2026-03-16"),
    ]
    assert outcome(told) == "pending"


def test_a_new_version_with_the_old_words_changes_nothing() -> None:
    said = [Voice(PATIENT, "agree", "2026-03-02")]
    told = positions(
        [PATIENT], said, "sleep", versions(("2026-03-02", FIRST), ("2026-03-16", FIRST))
    )
    assert told == [Position(PATIENT, "agree", "2026-03-02")]


def test_words_that_come_back_are_agreed_to_again_by_who_agreed_to_them() -> None:
    history = versions(("2026-03-02", FIRST), ("2026-03-09", SECOND), ("2026-03-16", FIRST))
    assert positions([PATIENT], [Voice(PATIENT, "agree", "2026-03-03")], "sleep", history) == [
        Position(PATIENT, "agree", "2026-03-03")
    ]


def test_of_two_versions_of_one_day_nobody_can_tell_which_was_meant() -> None:
    history = versions(("2026-03-02", FIRST), ("2026-03-02", SECOND))
    on_that_day, later = Voice(PATIENT, "agree", "2026-03-02"), Voice(KURTZ, "agree", "2026-03-03")
    assert positions(BOTH, [on_that_day, later], "sleep", history) == [
        Position(PATIENT, "pending", earlier=on_that_day),
        Position(KURTZ, "agree", "2026-03-03"),
    ]
    same = versions(("2026-03-02", FIRST), ("2026-03-02", FIRST))
    assert outcome(positions([PATIENT], [on_that_day], "sleep", same)) == "agreed"


def test_what_was_said_before_it_was_written_down_is_of_the_first_version() -> None:
    said = [Voice(PATIENT, "agree", "2026-02-27")]
    assert positions([PATIENT], said, "sleep", versions(("2026-03-02", FIRST))) == [
        Position(PATIENT, "agree", "2026-02-27")
    ]


def test_what_was_said_before_the_first_known_version_is_of_words_that_nobody_knows() -> None:
    said = [Voice(PATIENT, "agree", "2026-02-27"), Voice(KURTZ, "agree", "2026-03-02")]
    third = [Wording("2026-03-02", {"sleep": FIRST}, version=3)]
    assert said_to("2026-02-27", "sleep", third) == ""
    assert positions(BOTH, said, "sleep", third) == [
        Position(PATIENT, "pending", earlier=said[0]),
        Position(KURTZ, "agree", "2026-03-02"),
    ]


def test_nobody_agreed_to_a_goal_that_came_later() -> None:
    history = [Wording("2026-03-02", {}), Wording("2026-03-16", {"friends": FIRST})]
    said = [Voice(PATIENT, "agree", "2026-03-02")]
    assert said_to("2026-03-02", "friends", history) == ""
    assert positions([PATIENT], said, "friends", history) == [
        Position(PATIENT, "pending", earlier=said[0])
    ]


def test_an_agreement_that_is_taken_back_stays_to_be_seen() -> None:
    said = [Voice(PATIENT, "withdrawn", "2026-03-09"), Voice(PATIENT, "agree", "2026-03-02")]
    told = positions([PATIENT], said, "sleep", versions(("2026-03-02", FIRST)))
    assert told == [Position(PATIENT, "withdrawn", "2026-03-09")]
    assert outcome(told) == "pending"


def test_a_guardian_does_not_speak_for_the_adolescent() -> None:
    said = [Voice(MOTHER, "agree", "2026-03-02"), Voice(KURTZ, "agree", "2026-03-02")]
    told = positions([PATIENT, KURTZ, MOTHER], said, "sleep", versions(("2026-03-02", FIRST)))
    assert [position.standing for position in told] == ["pending", "agree", "agree"]
    assert outcome(told) == "pending"


def test_one_who_disagrees_is_enough() -> None:
    said = [Voice(PATIENT, "disagree", "2026-03-02"), Voice(KURTZ, "agree", "2026-03-02")]
    told = positions(BOTH, said, "sleep", versions(("2026-03-02", FIRST)))
    assert outcome(told) == "disagreed"


def test_nobody_is_not_everybody() -> None:
    assert outcome([]) == "pending"


@given(histories(), st.lists(voices, max_size=8), st.lists(parties, unique=True))
def test_no_agreement_is_made_up(
    history: list[Wording], said: list[Voice], asked: list[str | Identifier]
) -> None:
    for position in positions(asked, said, "goal", history):
        own = [voice for voice in said if voice.party == position.party]
        if position.standing == "pending":
            assert position.on == ""
            assert position.earlier is None or position.earlier in own
        else:
            assert Voice(position.party, position.standing, position.on) in own


@given(histories(), st.lists(voices, max_size=8))
def test_words_that_nobody_ever_heard_are_agreed_to_by_nobody(
    history: list[Wording], said: list[Voice]
) -> None:
    after = [*history, Wording("9999-12-31", {"goal": "new"})]
    told = positions([PATIENT, KURTZ, MOTHER], said, "goal", after)
    heard = [v for v in said if v.on >= "9999-12-31"]
    assert heard or {position.standing for position in told} == {"pending"}


@given(histories(), st.lists(voices, max_size=8))
def test_a_version_that_changes_no_words_changes_no_standing(
    history: list[Wording], said: list[Voice]
) -> None:
    asked = [PATIENT, KURTZ, MOTHER]
    again = [*history, Wording("9999-12-31", history[-1].words)]
    assert positions(asked, said, "goal", history) == positions(asked, said, "goal", again)


@given(histories(), st.lists(voices, max_size=8, unique_by=lambda v: (v.party, v.on)), st.data())
def test_the_order_in_which_they_are_told_does_not_matter(
    history: list[Wording], said: list[Voice], data: st.DataObject
) -> None:
    asked = [PATIENT, KURTZ, MOTHER]
    mixed = data.draw(st.permutations(said))
    assert positions(asked, said, "goal", history) == positions(asked, mixed, "goal", history)


@given(histories(), st.lists(voices, max_size=8))
def test_what_others_say_moves_nobody(history: list[Wording], said: list[Voice]) -> None:
    own = [voice for voice in said if voice.party == PATIENT]
    assert positions([PATIENT], said, "goal", history) == positions([PATIENT], own, "goal", history)


@given(st.text())
def test_how_a_text_is_broken_into_lines_makes_no_other_words(text: str) -> None:
    assert words_digest(text) == words_digest(f"  {' '.join(text.split())}\n")


def test_which_part_says_it_makes_other_words() -> None:
    assert words_digest("a", "b") != words_digest("a b")
    assert words_digest("a", "", "b") != words_digest("a", "b", "")
    assert words_digest("Ko\u0308nnen") == words_digest("K\u00f6nnen")
