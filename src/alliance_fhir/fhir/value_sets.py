"""The value sets that elements of our profiles are bound to, as far as their codes are in the code
or in the data files. Each lists its codes, so that nobody has to work out what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_args

from alliance_fhir.domain.attendance import Attendance, Rule, Since, Visits
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.outreach_codes import OUTREACH_CODES
from alliance_fhir.fhir.score_concepts import panels, scores
from alliance_fhir.fhir.scores import RULE_TEXTS
from alliance_fhir.fhir.versions import Json

WITHDRAWN = "withdrawn"
"""The word of ours for an agreement that was taken back."""
GOAL_ACCEPTANCE_STATUS = "http://hl7.org/fhir/goal-acceptance-status"


class ValueSet(NamedTuple):
    """A value set: what it is called, what it holds, and its codes by their systems."""

    title: str
    about: str
    codes: dict[str, Iterable[str]]

    def content(self) -> Json:
        """What a ValueSet says beside what all definitions say."""
        include = [
            {"system": system, "concept": [{"code": code} for code in codes]}
            for system, codes in self.codes.items()
        ]
        return {"compose": {"include": include}}


def value_sets(instruments: list[Instrument]) -> dict[str, ValueSet]:
    """Each by the end of its canonical."""
    return _of_visits() | _of_agreement() | _of_ratings(instruments)


def _of_visits() -> dict[str, ValueSet]:
    def listed(title: str, about: str, words: object) -> ValueSet:
        return ValueSet(title, about, {el.ATTENDANCE_CODES: get_args(words)})

    outreach = [code for code in OUTREACH_CODES if code != "outreach-after-no-show"]
    return {
        "attendance-kind": listed(
            "What became of a visit",
            "What became of a visit; each rule by which it is known gives one of them.",
            Attendance,
        ),
        "attendance-rule": listed(
            "How it is known what became of a visit",
            "The rules by which it is known what became of a visit.",
            Rule,
        ),
        "first-or-follow-up-kind": listed(
            "Which visit it is",
            "Whether a visit is the first to a service, a later one, or it is not known.",
            Visits,
        ),
        "first-or-follow-up-rule": listed(
            "How it is known which visit it is",
            "The rules by which a first visit is told from later ones.",
            Since,
        ),
        "outreach-input": ValueSet(
            "What a Task to reach out holds",
            "Which visit was missed, what to ask about it, and how the patient is reached.",
            {el.CONCEPT: [*outreach, "contact-between-visits"]},
        ),
    }


def _of_agreement() -> dict[str, ValueSet]:
    return {
        "earlier-agreement": ValueSet(
            "What was said to other words",
            "What a party said to the words of a goal or a task as they were before.",
            {GOAL_ACCEPTANCE_STATUS: ["agree", "disagree"], el.AGREEMENT_CODES: [WITHDRAWN]},
        ),
    }


def _of_ratings(instruments: list[Instrument]) -> dict[str, ValueSet]:
    return {
        "alliance-score": ValueSet(
            "Scores",
            "The scores of our instruments, each by whose view it is.",
            {el.CONCEPT: [code for one in instruments for code in scores(one)]},
        ),
        "alliance-panel": ValueSet(
            "Panels",
            "All scores of one answering of one of our instruments, each by whose view it is.",
            {el.CONCEPT: [code for one in instruments for code in panels(one)]},
        ),
        "score-method": ValueSet(
            "How scores are found",
            "The methods by which scores are found, of how many answered items.",
            {el.CONCEPT: RULE_TEXTS},
        ),
        "instrument": ValueSet(
            "Instruments",
            "The instruments of which we have the structure and the scoring.",
            {el.INSTRUMENT_CODES: [one.id for one in instruments]},
        ),
        "perspective": ValueSet(
            "Perspectives", "Whose view it is.", {el.PERSPECTIVE_CODES: get_args(Perspective)}
        ),
        "subscale": ValueSet(
            "Scores and subscales",
            "What a score is of, whichever instrument gives it and whose view it is.",
            {el.SUBSCALE_CODES: dict.fromkeys(r.id for one in instruments for r in one.scores)},
        ),
    }
