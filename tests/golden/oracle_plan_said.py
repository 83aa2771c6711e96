"""What was said in the first conversation and in reviews: responses to the forms, Observations."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from .oracle import IG, THO, concept
from .oracle_plan_words import digest, words_digest

if TYPE_CHECKING:
    from .oracle_plan_words import Json, Who
    from .oracle_plans import Writer

_FIRST = ("reason", "hopes", "concerns", "outcome_sought", "barriers", "background", "adolescent")
_SATISFACTION = ("treatment", "relationship", "communication", "plan")
_DOUBTS = ("diagnosis", "medication", "treatment")
_WEIGHTS = {"none": 0, "some": 1, "strong": 2}
_BARRIER = {"coding": [{"system": "http://snomed.info/sct", "code": "811791000000103"}]}
_US_CORE = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
_WANTED = {
    "treatment": (
        "75773-2",
        "Treatment intervention preference",
        "treatment-intervention-preference",
    ),
    "care-experience": (
        "95541-9",
        "Care experience preference",
        "care-experience-preference",
    ),
}
_UCUM = "http://unitsofmeasure.org"


def said(write: Writer) -> Iterator[Json]:
    """All of it, in the order of the files."""
    yield from _first(write)
    for suffix, review in _reviews(write):
        yield from _review(write, suffix, review)


# --- the first conversation -----------------------------------------------------------------------


def _first(write: Writer) -> Iterator[Json]:
    told = [v for v in write.plan.versions if _conversation(v)]
    if not told:
        return
    since = told[-1]
    for version in reversed(told):
        if _conversation(version) != _conversation(told[-1]):
            break
        since = version
    items = _conversation(told[-1])
    yield _response(write, "first", "first-conversation", since["written"], items)
    yield from _barriers(write, told)


def _conversation(version: Json) -> list[Json]:
    """Each question once, in the order of the form; a group of answers for each barrier."""
    items: list[Json] = []
    for key in _FIRST:
        told = version.get(key)
        if key == "barriers":
            for barrier in told or []:
                parts = [*_text("barriers.text", barrier["text"])]
                items.append(_group(key, parts + _text("barriers.plan", barrier.get("plan"))))
        elif key == "adolescent" and told:
            assert not set(told) - {"pressured_to_attend", "guardians", "options_offered"}
            pressed = told.get("pressured_to_attend")
            parts = (
                [_item(f"{key}.pressured_to_attend", {"valueBoolean": pressed == "true"})]
                if pressed
                else []
            )
            items.append(
                _group(key, parts + _text(f"{key}.options_offered", *told["options_offered"]))
            )
        elif told:
            items += _text(key, *([told] if isinstance(told, str) else told))
    return items


def _barriers(write: Writer, versions: list[Json]) -> Iterator[Json]:
    """One for each wording, since the version from which on it has been said without a gap."""
    said_in: dict[str, list[int]] = {}
    for number, version in enumerate(versions):
        for barrier in version.get("barriers", []):
            said_in.setdefault(barrier["text"], []).append(number)
    for text, numbers in said_in.items():
        assert len(numbers) == len(set(numbers)), "the same words twice in one version"
        since = max(n for n in numbers if n - 1 not in numbers)
        last = versions[numbers[-1]]
        (barrier,) = [one for one in last["barriers"] if one["text"] == text]
        name = digest([write.plan.key, words_digest(text)])[:16]
        when = versions[since]["written"]
        found = _observation(write, f"barrier-{name}", when, "patient", "plan-barrier")
        found["code"] = {**_BARRIER, "text": "Barrier"}
        found["valueString"] = text
        if last is versions[-1]:
            found["derivedFrom"] = [write.own("QuestionnaireResponse", "first")]
        if "plan" in barrier:
            found["note"] = [{"text": barrier["plan"]}]
        yield found


def wanted(write: Writer) -> Iterator[Json]:
    """The preferences of the newest version, each since the version from which on it has been said
    without a gap. Those that were left out the oracle does not know."""
    names = [_preferences(version) for version in write.plan.versions]
    assert not [name for told in names for name in told if name not in names[-1]]
    for name, one in names[-1].items():
        since = max(n for n in range(len(names)) if n == 0 or name not in names[n - 1])
        party = write.plan.party(one.get("said_by", "patient"))
        code, text, category = _WANTED[one["about"]]
        key = digest([write.plan.key, name])[:16]
        when = write.plan.versions[since]["written"]
        found = _observation(write, f"preference-{key}", when, _side(party), "plan-preference")
        found["category"] = [{"coding": [{"system": _US_CORE, "code": category}]}]
        found["code"] = {"coding": [{"system": "http://loinc.org", "code": code}], "text": text}
        found["performer"] = [write.who(one.get("said_by", "patient"))]
        found["valueString"] = one["text"]
        yield found


def _preferences(version: Json) -> dict[str, Json]:
    """By the digest of the words and, where that is not the patient, of who said them."""
    told: dict[str, Json] = {}
    for one in version.get("preferences", []):
        assert not set(one) - {"text", "about", "said_by"}
        assert one.get("said_by", "patient") == "patient", "the oracle does not know"
        told[words_digest(one["text"])] = one
    return told


# --- reviews --------------------------------------------------------------------------------------


def _reviews(write: Writer) -> Iterator[tuple[str, Json]]:
    """By their days; each stands in one version alone."""
    days: list[str] = []
    for version in write.plan.versions:
        for review in version.get("reviews", []):
            day = review["on"][:10]
            assert day not in days, "two reviews of one day: the oracle does not know"
            days.append(day)
            yield f"review-{day}", _in_order(version, review)


def _in_order(version: Json, review: Json) -> Json:
    """Goals and medicines in the order of the version: a table of YAML has none."""
    told = dict(review)
    for name, list_ in (("goals", "goals"), ("adherence", "tasks")):
        if name in review:
            order = [one[list_[:-1]] for one in version[list_]]
            told[name] = dict(sorted(review[name].items(), key=lambda one: order.index(one[0])))
    return told


def _review(write: Writer, suffix: str, review: Json) -> Iterator[Json]:
    known = {"on", "works", "does_not", "changes", "goals", "satisfaction", "doubts", "adherence"}
    assert not set(review) - known
    items: list[Json] = []
    for key in ("works", "does_not", "changes"):
        items += _text(key, *review.get(key, []))
    for goal, told in review.get("goals", {}).items():
        code = {"system": f"{THO}/goal-achievement", "code": told["achievement"]}
        which = {"valueReference": write.own("Goal", f"goal-{goal}")}
        parts = [_item("goals.goal", which), _item("goals.achievement", {"valueCoding": code})]
        items.append(_group("goals", parts + _text("goals.words", told.get("words"))))
    items += _ratings(review)
    for task, told in review.get("adherence", {}).items():
        items.append(_group("adherence", _taken(write, task, told)))
    yield _response(write, suffix, "plan-review", review["on"], items)
    yield from _seen(write, suffix, review)


def _ratings(review: Json) -> Iterator[Json]:
    satisfied, doubts = review.get("satisfaction", {}), review.get("doubts", {})
    if satisfied:
        degrees = {name: int(satisfied[name]) for name in _SATISFACTION if name in satisfied}
        parts = [_item(f"satisfaction.{n}", {"valueInteger": d}) for n, d in degrees.items()]
        yield _group("satisfaction", parts)
    if doubts:
        system = f"{IG}/CodeSystem/check-in-answer"
        codes = {n: {"system": system, "code": doubts[n]} for n in _DOUBTS if n in doubts}
        parts = [_item(f"doubts.{n}", {"valueCoding": code}) for n, code in codes.items()]
        yield _group("doubts", parts)


def _taken(write: Writer, task: str, told: Json) -> list[Json]:
    return [
        _item("adherence.medicine", {"valueReference": _medicine(write, task)}),
        _item("adherence.taken_as_agreed", {"valueInteger": int(told["taken_as_agreed"])}),
        _item("adherence.of_days", {"valueInteger": int(told["of_days"])}),
        _item("adherence.said_by", {"valueReference": write.who(told["said_by"])}),
        *_text("adherence.words", told.get("words")),
    ]


def _medicine(write: Writer, task: str) -> Json:
    return write.own("MedicationRequest", f"task-{task}")


def _seen(write: Writer, suffix: str, review: Json) -> Iterator[Json]:
    satisfied, doubts = review.get("satisfaction", {}), review.get("doubts", {})
    scores = {f"satisfaction-{n}": int(satisfied[n]) for n in _SATISFACTION if n in satisfied}
    scores |= {f"doubt-{n}": _WEIGHTS[doubts[n]] for n in _DOUBTS if n in doubts}
    response = [write.own("QuestionnaireResponse", suffix)]
    for name, value in scores.items():
        found = _observation(write, f"{suffix}-{name}", review["on"], "patient", "plan-score")
        found["derivedFrom"] = response
        found["code"] = concept(f"check-in-{name}-patient")
        found["method"] = {**concept("value-complete-cases"), "text": "value of the item"}
        found["valueQuantity"] = _quantity(value, "{score}", "score")
        yield found
    for task, told in review.get("adherence", {}).items():
        party = write.plan.party(told["said_by"])
        name = f"{suffix}-adherence-{task}"
        side = _side(party)
        found = _observation(write, name, review["on"], side, "plan-adherence")
        taken, days = told["taken_as_agreed"], told["of_days"]
        found["derivedFrom"] = response
        found["code"] = {"coding": [{"system": "http://loinc.org", "code": "71799-1"}]}
        found["focus"] = [_medicine(write, task)]
        found["performer"] = [write.who(told["said_by"])]
        found["valueCodeableConcept"] = {"text": f"Taken as agreed on {taken} of {days} days"}
        found["component"] = [
            {"code": concept("days-taken-as-agreed"), "valueQuantity": _quantity(taken, "d")},
            {"code": concept("days-asked-about"), "valueQuantity": _quantity(days, "d")},
        ]
        if "words" in told:
            found["note"] = [{"text": told["words"]}]
        yield found


# --- their shapes ---------------------------------------------------------------------------------


def _response(write: Writer, suffix: str, form: str, when: str, items: list[Json]) -> Json:
    response = write.start("QuestionnaireResponse", suffix, said_by="patient")
    return {
        **response,
        "questionnaire": f"{IG}/Questionnaire/{form}|1.0.0",
        "status": "completed",
        "subject": write.patient,
        "authored": when,
        "source": write.patient,
        "item": items,
    }


def _observation(write: Writer, suffix: str, when: str, side: str, profile: str) -> Json:
    survey = {"system": f"{THO}/observation-category", "code": "survey"}
    return {
        **write.start("Observation", suffix, said_by=side, profile=profile),
        "status": "final",
        "category": [{"coding": [survey]}],
        "subject": write.patient,
        "effectiveDateTime": when,
    }


def _side(party: Who) -> str:
    return {"Patient": "patient", "RelatedPerson": "caregiver"}.get(party.type, "therapist")


def _quantity(value: int | str, code: str, unit: str = "") -> Json:
    return {"value": Decimal(value), "unit": unit or code, "system": _UCUM, "code": code}


def _item(link: str, *answers: Json) -> Json:
    return {"linkId": link, "answer": list(answers)}


def _text(link: str, *texts: str | None) -> list[Json]:
    answers = [{"valueString": text} for text in texts if text]
    return [_item(link, *answers)] if answers else []


def _group(link: str, items: list[Json]) -> Json:
    return {"linkId": link, "item": items}
