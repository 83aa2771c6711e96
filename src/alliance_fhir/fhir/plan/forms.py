"""Two forms of ours, CC0: what was said in the first conversation, and the look back at a plan.

Their questions have the names of the document's keys.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from alliance_fhir.domain.plan.document import Progress
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import claims
from alliance_fhir.fhir.questionnaire import FORM, PUBLISHER, SEMVER
from alliance_fhir.fhir.versions import Json, Version

VERSION = "1.0.0"
DOUBTS = f"{el.IG}/CodeSystem/check-in-answer"
"""Doubts are answered as in our check-in."""
DOUBT_WEIGHTS = {"none": 0, "some": 1, "strong": 2}
"""And count the same."""
ACHIEVEMENTS: dict[Progress, str] = {
    "in-progress": "In Progress",
    "improving": "Improving",
    "worsening": "Worsening",
    "no-change": "No Change",
    "achieved": "Achieved",
    "sustaining": "Sustaining",
    "not-achieved": "Not Achieved",
    "no-progress": "No Progress",
    "not-attainable": "Not Attainable",
}
"""As HL7's code system shows them."""

_LICENCE = "Dedicated to the public domain under CC0 1.0."
_REFERS_TO = f"{el.SD}/questionnaire-referenceResource"


class _Question(NamedTuple):
    """A question, or a group of them."""

    link: str
    text: str
    type: Literal["text", "group", "boolean", "integer", "reference", "choice"] = "text"
    repeats: bool = False
    parts: tuple[_Question, ...] = ()
    bounds: tuple[int, int] | None = None
    refers_to: tuple[str, ...] = ()
    options: tuple[Json, ...] = ()


class Form(NamedTuple):
    """A form: the end of its URL, what it is called, what it is for, its questions."""

    slug: str
    title: str
    about: str
    questions: tuple[_Question, ...]

    @property
    def url(self) -> str:
        """Its canonical, without a version."""
        return f"{el.IG}/Questionnaire/{self.slug}"

    @property
    def canonical(self) -> str:
        """Its canonical, with the version."""
        return f"{self.url}|{VERSION}"


def _degree(link: str, about: str) -> _Question:
    text = f"How content are you with {about}? 0 is not at all, 10 is completely."
    return _Question(link, text, "integer", bounds=(0, 10))


def _coding(system: str, code: str, display: str) -> Json:
    return {"valueCoding": {"system": system, "code": code, "display": display}}


def _doubt(link: str, text: str) -> _Question:
    options = (_coding(DOUBTS, code, code.capitalize()) for code in DOUBT_WEIGHTS)
    return _Question(link, text, "choice", options=tuple(options))


FIRST_CONVERSATION = Form(
    "first-conversation",
    "First conversation",
    "What patient and clinician speak about before they make a plan: hopes, concerns, what is "
    "sought, what stands in the way. It is not scored.",
    (
        _Question("reason", "What brings you here?"),
        _Question("hopes", "What do you hope for?", repeats=True),
        _Question("concerns", "What worries you about coming here?", repeats=True),
        _Question("outcome_sought", "What should be different in the end?"),
        _Question(
            "barriers",
            "What could keep you from coming, or from going on?",
            "group",
            repeats=True,
            parts=(
                _Question("barriers.text", "What is it?"),
                _Question("barriers.plan", "What could be done about it?"),
            ),
        ),
        _Question("background", "What should we know of you and your life?", repeats=True),
        _Question(
            "adolescent",
            "For adolescents",
            "group",
            parts=(
                _Question(
                    "adolescent.pressured_to_attend", "Did others press you to come?", "boolean"
                ),
                _Question(
                    "adolescent.options_offered", "What could you choose from?", repeats=True
                ),
            ),
        ),
    ),
)
PLAN_REVIEW = Form(
    "plan-review",
    "Plan review",
    "The look of patient and clinician back at their plan: what works, what does not, what "
    "changes. A conversation aid, not a psychometric measure.",
    (
        _Question("works", "What works?", repeats=True),
        _Question("does_not", "What does not?", repeats=True),
        _Question("changes", "What do we change?", repeats=True),
        _Question(
            "goals",
            "The goals, and how far you have come",
            "group",
            repeats=True,
            parts=(
                _Question("goals.goal", "Which goal?", "reference", refers_to=("Goal",)),
                _Question(
                    "goals.achievement",
                    "How far have you come?",
                    "choice",
                    options=tuple(
                        _coding(el.GOAL_ACHIEVEMENT, *told) for told in ACHIEVEMENTS.items()
                    ),
                ),
                _Question("goals.words", "In your own words"),
            ),
        ),
        _Question(
            "satisfaction",
            "How content are you?",
            "group",
            parts=(
                _degree("satisfaction.treatment", "your treatment so far"),
                _degree("satisfaction.relationship", "how you and your clinician get along"),
                _degree("satisfaction.communication", "how you talk and listen to each other"),
                _degree("satisfaction.plan", "the plan that you made together"),
            ),
        ),
        _Question(
            "doubts",
            "Do you have doubts?",
            "group",
            parts=(
                _doubt("doubts.diagnosis", "About your diagnosis?"),
                _doubt("doubts.medication", "About your medicine?"),
                _doubt("doubts.treatment", "About the rest of your treatment?"),
            ),
        ),
        _Question(
            "adherence",
            "The medicines, as they were taken",
            "group",
            repeats=True,
            parts=(
                _Question(
                    "adherence.medicine",
                    "Which medicine?",
                    "reference",
                    refers_to=("MedicationRequest",),
                ),
                _Question(
                    "adherence.taken_as_agreed",
                    "On how many days was it taken as agreed?",
                    "integer",
                    bounds=(0, 366),
                ),
                _Question("adherence.of_days", "Of how many days?", "integer", bounds=(1, 366)),
                _Question(
                    "adherence.said_by",
                    "Who says so?",
                    "reference",
                    refers_to=("Patient", "Practitioner", "RelatedPerson"),
                ),
                _Question("adherence.words", "In their own words"),
            ),
        ),
    ),
)


def forms(version: Version, *, claimed: bool = True) -> list[Resource]:
    """The Questionnaires that the responses of plans refer to, each known by its canonical;
    `claimed`: they claim their profile, where the version of FHIR has one."""
    meta = claims(version, FORM) if claimed else {}
    return [_questionnaire(form, version, meta) for form in (FIRST_CONVERSATION, PLAN_REVIEW)]


def _questionnaire(form: Form, version: Version, meta: Json) -> Resource:
    labels, extensions = version.questionnaire_labels(SEMVER, "CC0 1.0")
    body: Json = {
        "resourceType": "Questionnaire",
        **({"meta": meta} if meta else {}),
        "language": "en",
        "extension": extensions,
        "url": form.url,
        "version": VERSION,
        **labels,
        "name": "".join(part.capitalize() for part in form.slug.split("-")),
        "title": form.title,
        "status": "active",
        "subjectType": ["Patient"],
        "publisher": PUBLISHER,
        "description": form.about,
        "copyright": _LICENCE,
        "item": [_item(question, version) for question in form.questions],
    }
    return Resource("Questionnaire", form.canonical, *sealed(body))


def _item(question: _Question, version: Version) -> Json:
    extensions: list[Json] = [
        {"url": _REFERS_TO, "valueCode": type_} for type_ in question.refers_to
    ]
    if question.bounds:
        low, high = question.bounds
        extensions.append({"url": f"{el.SD}/minValue", "valueInteger": low})
        extensions.append({"url": f"{el.SD}/maxValue", "valueInteger": high})
    item: Json = {
        "extension": extensions,
        "linkId": question.link,
        "text": question.text,
        "type": version.choice if question.type == "choice" else question.type,
        "repeats": question.repeats,
        "answerOption": list(question.options),
        "item": [_item(part, version) for part in question.parts],
    }
    return {name: value for name, value in item.items() if value}
