"""Tasks, and contact between visits, back from requests, in the order in which the CarePlan lists
them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, get_args

from alliance_fhir.domain.plan.document import Contact, Kind, Status, Task
from alliance_fhir.domain.plan.history import task_words
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan import REQUESTS
from alliance_fhir.fhir.plan.back.agreements import Day, said, settled
from alliance_fhir.fhir.plan.back.element import TEXT, Element
from alliance_fhir.fhir.plan.back.goals import has_ended
from alliance_fhir.fhir.plan.back.kept import is_kept, planned
from alliance_fhir.fhir.plan.back.keys import also, key_of
from alliance_fhir.fhir.plan.back.scope import Found, Scope
from alliance_fhir.fhir.plan.statuses import request_status
from alliance_fhir.fhir.plan.tasks import TASK

_KINDS: tuple[Kind, ...] = get_args(Kind)
_CONTACTS = {"contact-between-visits": "between_visits", "contact-urgent": "urgent"}
_NOTES = ("when", "option-considered")
_NEXT_REVIEW = "plan-review"


class Requests(NamedTuple):
    """The tasks by the names of their resources; how the two reach each other; and when they look
    at the plan next."""

    tasks: dict[str, Task]
    contact: Contact | None
    next_review: Moment | None


def requests(scope: Scope, status: Status, day: Day, goals: Mapping[str, str]) -> Requests:
    """What the activities of the CarePlan lead to; `goals` are the names of the plan's goals by
    those of their resources."""
    made: dict[str, Task] = {}
    contact: dict[str, str] = {}
    review: list[Moment] = []
    listed = (_found(scope, activity) for activity in scope.careplan.parts("activity"))
    for found in {found.name: found for found in listed if found}.values():
        if has_ended(found.element.text("status"), status):
            found.element.refuse("ended")
        elif _contact(found.element, contact) or _review(scope, found.element, day, review):
            _of_the_plan(found.element, status)
        elif len(made) == MOST_ENTRIES:
            found.element.refuse("no-place")
        elif task := _task(scope, found, status, day, goals, made):
            made[found.name] = task
    reach = Contact.model_validate(contact) if contact else None
    return Requests(made, reach, next(iter(review), None))


def _found(scope: Scope, activity: Element) -> Found | None:
    """The request that an activity refers to; R5 calls that otherwise."""
    reference = planned(activity)
    if not reference.value or is_kept(reference):
        return None
    return scope.resource(reference, *REQUESTS)


def _of_the_plan(element: Element, status: Status) -> None:
    """What nobody is asked to agree to has the status of the plan."""
    if not element.why:
        element.word("status", (status,))
        element.word("intent", ("plan",))
        element.drop("authoredOn")


def _review(scope: Scope, element: Element, day: Day, review: list[Moment]) -> bool:
    """Whether it is the next review, which then is carried, or says why not."""
    if not _concept(element, "code").code(el.CONCEPT, (_NEXT_REVIEW,)):
        return False
    _concept(element, "code").drop("text")
    when = scope.moment(element, "occurrenceDateTime")
    if review or when is None:
        element.refuse("found-twice" if review else "no-day")
    elif when.comes_before(day.written):
        element.refuse("past")
    else:
        review.append(when)
    return True


def _contact(element: Element, contact: dict[str, str]) -> bool:
    """Whether it is the plan's own contact, which then is carried, or says why not."""
    codes = [one.code(el.CONCEPT, _CONTACTS) for one in element.parts("category")]
    code = next(filter(None, codes), "")
    if not code:
        return False
    if _CONTACTS[code] in contact:
        element.refuse("found-twice")
        return True
    if text := _message(element):
        contact[_CONTACTS[code]] = text
    return True


def _task(
    scope: Scope,
    found: Found,
    status: Status,
    day: Day,
    goals: Mapping[str, str],
    made: Mapping[str, Task],
) -> Task | None:
    element = found.element
    shape = _SHAPES[element.text("resourceType")]
    text = shape.text(scope, element)
    if not text:
        element.refuse("no-words")
        return None
    notes = [*_notes(element)]
    when = shape.when(element) or next((told for about, told in notes if about == "when"), None)
    task = Task(
        task=key_of(found, TASK, {task.task for task in made.values()}),
        kind=_kind(element, shape),
        text=text,
        proposed_by=scope.party_in(element, "requester"),
        who=scope.party_in(element, *shape.who),
        when=when,
        goals=_goals(scope, element, goals),
        options_considered=tuple(told for about, told in notes if about != "when")[:MOST_ENTRIES],
        identifiers=also(scope, found),
    )
    agreed = settled(scope, said(scope, element), task_words(task), day)
    element.word("status", (request_status(element.text("resourceType"), status, agreed.outcome),))
    element.word("intent", ("plan",))
    if found.suffix:  # a day that follows from the versions of the plan
        element.drop("authoredOn")
    return task.model_copy(update={"agreement": agreed.agreement})


def _kind(element: Element, shape: _Shape) -> Kind:
    if shape.kind:
        for concept in element.parts(shape.kind):
            code = concept.code(el.CONCEPT, _KINDS)
            for kind in _KINDS:
                if kind == code:
                    return kind
    return shape.otherwise


def _goals(scope: Scope, element: Element, goals: Mapping[str, str]) -> tuple[str, ...]:
    """The goals that it serves, in the order of the plan: servers change that of extensions."""
    named: set[str] = set()
    for extension in element.extensions(el.PERTAINS_TO_GOAL):
        name = scope.name_of(extension.part("valueReference"))
        if name in goals:
            extension.done()
            named.add(name)
        else:
            extension.refuse("not-found")
    return tuple(goal for name, goal in goals.items() if name in named)


def _notes(element: Element) -> Iterator[tuple[str, str]]:
    """What notes say, and about what, as far as they are of ours."""
    for note in element.parts("note"):
        about = note.extension(el.ANNOTATION_TYPE)
        code = about.part("valueCodeableConcept").code(el.CONCEPT, _NOTES)
        if code and (text := note.take("text", TEXT)):
            about.done()
            yield code, text


# --- what differs by type -------------------------------------------------------------------------


class _Shape(NamedTuple):
    """What a task is called in a type of requests: its words, who does it, when, of which kind."""

    text: Callable[[Scope, Element], str]
    who: tuple[str, ...]
    when: Callable[[Element], str | None]
    otherwise: Kind
    kind: str = ""


def _untimed(element: Element) -> str | None:
    return None


def _concept(element: Element, name: str) -> Element:
    """A CodeableConcept, which R5 has within a CodeableReference."""
    told = element.part(name)
    return told.part("concept") if "concept" in told.value else told


def _medicine(scope: Scope, element: Element) -> str:
    for name in ("medicationCodeableConcept", "medication"):
        if words := _concept(element, name).words(TEXT):
            return words
    reference = element.part("medicationReference")
    if not reference.value:
        reference = element.part("medication").part("reference")
    medication = scope.resource(reference, "Medication") if reference.value else None
    return medication.element.part("code").words(TEXT) if medication else ""


def _dosage(element: Element) -> str | None:
    return element.part("dosageInstruction").part("timing").part("code").words(TEXT) or None


def _service(scope: Scope, element: Element) -> str:
    return _concept(element, "code").words(TEXT)


def _occurrence(element: Element) -> str | None:
    told = element.part("occurrenceTiming").part("code").words(TEXT)
    return told or element.take("occurrenceDateTime", TEXT)


def _own(scope: Scope, element: Element) -> str:
    return element.take("description", TEXT) or element.part("code").words(TEXT)


def _communication(scope: Scope, element: Element) -> str:
    return _message(element)


def _message(element: Element) -> str:
    payload = element.part("payload")
    told = payload.take("contentString", TEXT)
    return told or payload.part("contentCodeableConcept").words(TEXT)


_SHAPES = {
    "MedicationRequest": _Shape(_medicine, ("performer",), _dosage, "medication"),
    "ServiceRequest": _Shape(_service, ("performer",), _occurrence, "other", "category"),
    "Task": _Shape(_own, ("owner",), _untimed, "other", "code"),
    "CommunicationRequest": _Shape(
        _communication, ("sender", "informationProvider"), _untimed, "contact", "category"
    ),
}
