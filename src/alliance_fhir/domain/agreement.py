"""Who agreed to which words of a shared plan.

An agreement is to words, and not to a name: it counts for as long as a goal or task says what it
said on the day on which it was given. Nobody's word is ever made up: whoever has said nothing to
the words of today is pending, and what they said to earlier ones stays to be seen beside that.
Nobody speaks for somebody else: a guardian's word is the guardian's.

That goals and tasks are agreed upon by both sides is what the alliance consists of in good part
(Stubbe 2018, doi 10.1176/appi.focus.20180022); that an agreement is to a version is our own rule.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.records import Identifier

PATIENT = "patient"
Party = str | Identifier
"""`PATIENT`, or who else by identifier."""

Word = Literal["agree", "disagree", "withdrawn"]
"""What somebody may say. `withdrawn` takes an agreement back, and is no disagreement."""
Standing = Literal["agree", "disagree", "withdrawn", "pending"]
Outcome = Literal["agreed", "pending", "disagreed"]
"""What comes of all parties' standing."""


class Voice(NamedTuple):
    """What a party said, and on which day (ISO 8601)."""

    party: Party
    word: Word
    on: str


_ON = attrgetter("on")


class Wording(NamedTuple):
    """What a version of the plan says: the day on which it was written (ISO 8601), by the key of
    each goal or task the digest of its words, as `words_digest` makes it, and its number."""

    written: str
    words: Mapping[str, str]
    version: int = 1


class Position(NamedTuple):
    """Where a party stands on the words of today.

    `on` is the day on which it was said; empty where nothing was. `earlier` is what the party said
    last to other words, where it has said nothing to these.
    """

    party: Party
    standing: Standing
    on: str = ""
    earlier: Voice | None = None


def words_digest(*words: str) -> str:
    """The digest of what is agreed to: a text, and whatever else of a goal or task binds somebody.

    How a text is broken into lines, and how its characters are composed (Unicode's NFC), makes no
    other words.
    """
    return digest([" ".join(unicodedata.normalize("NFC", text).split()) for text in words])


def said_to(on: str, key: str, wordings: Sequence[Wording]) -> str:
    """The digest of the words to which something was said on a day, of a goal or task; empty where
    it was not there yet, or where nobody can tell.

    `wordings` are the versions of the plan, the oldest first. What is said on the day on which a
    version is written is said to that one; of two of one day with other words nobody can tell.
    What was said before version 1 was written was said when it was made; before a later one that
    is the first of those that are known, others may have had other words.
    """
    last = wordings[-1]
    if on < last.written:  # of most nothing else is to be looked for
        last = next((one for one in reversed(wordings) if one.written <= on), None)
    if last is None:
        return wordings[0].words.get(key, "") if wordings[0].version == 1 else ""
    words = last.words.get(key, "")
    if on > last.written or len(wordings) == 1:
        return words
    of_that_day = (one.words.get(key, "") for one in wordings if one.written == on)
    return words if all(one == words for one in of_that_day) else ""


def positions(
    parties: Iterable[Party],
    voices: Sequence[Voice],
    key: str,
    wordings: Sequence[Wording],
    beside: Collection[Voice] | None = None,
) -> list[Position]:
    """Where each party stands on the words that the last of the `wordings` has for a goal or task.

    Of a party's voices the last in time counts; of several on one day the last in order. A party
    that is not among the `parties` is not asked. `beside` are the voices that stand in a version
    which has these words, None for all: what was written down beside other words alone, on the day
    on which they changed, was not said to these.
    """
    words = wordings[-1].words[key]
    spoken: dict[Party, Voice] = {}
    for voice in sorted(voices, key=_ON):
        spoken[voice.party] = voice
    told: list[Position] = []
    for party in parties:
        if (voice := spoken.get(party)) is None:
            told.append(Position(party, "pending"))
        elif (beside is None or voice in beside) and said_to(voice.on, key, wordings) == words:
            told.append(Position(party, voice.word, voice.on))
        else:
            told.append(Position(party, "pending", earlier=voice))
    return told


def outcome(told: Sequence[Position]) -> Outcome:
    """All have to agree, and there has to be somebody who does; one who disagrees is enough."""
    standings = {position.standing for position in told}
    if "disagree" in standings:
        return "disagreed"
    return "agreed" if standings == {"agree"} else "pending"
