"""What a plan document says: one version of a plan, in the words of those who wrote it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from alliance_fhir.domain.agreement import PATIENT, Word, words_digest
from alliance_fhir.domain.plan.values import (
    MOST_ENTRIES,
    WHOLE,
    Addresses,
    Clinician,
    Day,
    Guardian,
    Key,
    Keys,
    Line,
    Named,
    Patient,
    Somebody,
    Text,
    Texts,
    Truth,
    When,
)

Status = Literal["draft", "active", "on-hold", "completed", "revoked"]
Kind = Literal["medication", "psychotherapy", "self-care", "social", "visit", "contact", "other"]
ENDED: tuple[Status, ...] = ("completed", "revoked")
"""A plan of such a status is over."""
Priority = Literal["high", "medium", "low"]
About = Literal["treatment", "care-experience"]
"""What a preference is about: which treatment somebody gets, or how they are cared for."""
Doubt = Literal["none", "some", "strong"]
Progress = Literal[
    "in-progress",
    "improving",
    "worsening",
    "no-change",
    "achieved",
    "sustaining",
    "not-achieved",
    "no-progress",
    "not-attainable",
]
"""All codes of http://terminology.hl7.org/CodeSystem/goal-achievement."""
LAST_VERSION = 100_000
Version = Annotated[int, Field(ge=1, le=LAST_VERSION), WHOLE]
Degree = Annotated[int, Field(ge=0, le=10), WHOLE]
"""From 0, not at all, to 10, completely: as in the check-in."""


class Part(BaseModel):
    """A part of a plan document. Unknown keys are errors, so that a typing slip is seen."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Barrier(Part):
    """What stands in the way of coming or of going on, and what is planned about it."""

    text: Text
    plan: Text | None = None


class Preference(Part):
    """What somebody wants, or does not, as whoever treats the patient should know it."""

    text: Text
    about: About
    said_by: Somebody = PATIENT

    @property
    def key(self) -> str:
        """By what it goes in all versions: a digest of its words, and of who said them where that
        is not the patient. What it is about may be put right."""
        who = () if isinstance(self.said_by, str) else ("|".join(self.said_by),)
        return words_digest(self.text, *who)


class Measure(Part):
    """By what one will see that a goal is reached."""

    code: Line
    target: Line | None = None
    unit: Line | None = None
    due: Day | None = None


class Agreement(Part):
    """What a party said, and on which day. Who has said nothing has no entry."""

    party: Somebody
    status: Word
    on: Day


Identifiers = Annotated[tuple[Named, ...], Field(max_length=MOST_ENTRIES)]
Agreements = Annotated[tuple[Agreement, ...], Field(max_length=MOST_ENTRIES)]


class Goal(Part):
    """What somebody wants to reach."""

    goal: Key
    text: Text
    proposed_by: Somebody | None = None
    priority: Priority | None = None
    measure: Measure | None = None
    identifiers: Identifiers = ()
    agreement: Agreements = ()


class Task(Part):
    """What is to be done for it, of which kind, by whom and when."""

    task: Key
    kind: Kind
    text: Text
    proposed_by: Somebody | None = None
    who: Somebody | None = None
    when: Text | None = None
    goals: Keys = ()
    options_considered: Texts = ()
    identifiers: Identifiers = ()
    agreement: Agreements = ()


class Contact(Part):
    """How the two reach each other between visits."""

    between_visits: Text | None = None
    urgent: Text | None = None


class Achievement(Part):
    """How far a goal has come, as those see it who look back. `words` are the patient's own."""

    achievement: Progress
    words: Text | None = None


class Satisfaction(Part):
    """How content the patient is; what was not asked for is absent."""

    treatment: Degree | None = None
    relationship: Degree | None = None
    communication: Degree | None = None
    plan: Degree | None = None


class Doubts(Part):
    """What the patient doubts; what was not asked for is absent."""

    diagnosis: Doubt | None = None
    medication: Doubt | None = None
    treatment: Doubt | None = None


class Adherence(Part):
    """On how many of so many days a medicine was taken as agreed, as somebody said it.

    No score is computed from it, and it is held against nobody. `words` are the patient's own.
    """

    taken_as_agreed: Annotated[int, Field(ge=0, le=366), WHOLE]
    of_days: Annotated[int, Field(ge=1, le=366), WHOLE]
    said_by: Somebody
    words: Text | None = None


class Review(Part):
    """A look back at the plan, written in the version that it led to."""

    on: When
    works: Texts = ()
    does_not: Texts = ()
    changes: Texts = ()
    goals: Annotated[dict[Key, Achievement], Field(max_length=MOST_ENTRIES)] = {}
    satisfaction: Satisfaction | None = None
    doubts: Doubts | None = None
    adherence: Annotated[dict[Key, Adherence], Field(max_length=MOST_ENTRIES)] = {}


class Adolescent(Part):
    """What matters where the patient is an adolescent, and may have been sent by others."""

    pressured_to_attend: Truth | None = None
    guardians: Annotated[tuple[Guardian, ...], Field(max_length=MOST_ENTRIES)] = ()
    options_offered: Texts = ()


class SharedPlan(Part):
    """One version of a plan.

    People are `Identifier`s, or `PATIENT`; times are `Moment`s, days ISO 8601. From text they are
    read where pydantic's context is a `Reading`.

    Raises pydantic.ValidationError, whose messages hold no values. What two places of a document
    say of each other is looked at by `alliance_fhir.domain.plan.rules`.
    """

    plan: Line
    patient: Patient
    clinicians: Annotated[tuple[Clinician, ...], Field(min_length=1, max_length=MOST_ENTRIES)]
    written: When
    version: Version
    status: Status
    replaces: Line | None = None
    reason: Text | None = None
    hopes: Texts = ()
    concerns: Texts = ()
    outcome_sought: Text | None = None
    preferences: Annotated[tuple[Preference, ...], Field(max_length=MOST_ENTRIES)] = ()
    barriers: Annotated[tuple[Barrier, ...], Field(max_length=MOST_ENTRIES)] = ()
    background: Texts = ()
    goals: Annotated[tuple[Goal, ...], Field(max_length=MOST_ENTRIES)] = ()
    tasks: Annotated[tuple[Task, ...], Field(max_length=MOST_ENTRIES)] = ()
    kept_by_others: Addresses = ()
    contact: Contact | None = None
    next_review: When | None = None
    reviews: Annotated[tuple[Review, ...], Field(max_length=MOST_ENTRIES)] = ()
    adolescent: Adolescent | None = None

    @property
    def guardians(self) -> tuple[Guardian, ...]:
        """Who speaks beside an adolescent, and never for them."""
        return self.adolescent.guardians if self.adolescent else ()

    @property
    def natural_key(self) -> tuple[str, ...]:
        """What makes this version of this plan this record."""
        return plan_key(self.plan, self.version)


def whole_key(plan: str) -> tuple[str, ...]:
    """The natural key of a plan with all of its versions."""
    return ("plan", plan)


def plan_key(plan: str, version: int) -> tuple[str, ...]:
    """The natural key of a version of a plan."""
    return (*whole_key(plan), str(version))
