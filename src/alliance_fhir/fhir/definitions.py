"""The code systems, value sets, Questionnaires and Measures that our resources refer to, made from
the data files and the code that uses them.

A new instrument, score or method is defined by being there; profiles/ holds the result as files,
beside what is made of FHIR Shorthand: profiles, extensions, concept maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alliance_fhir._version import __version__
from alliance_fhir.domain.instrument import Instrument
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import claims
from alliance_fhir.fhir.measure import CODES, MEASURE, measures
from alliance_fhir.fhir.outreach_codes import OUTREACH_CODES
from alliance_fhir.fhir.plan.concepts import CONCEPTS
from alliance_fhir.fhir.plan.forms import forms
from alliance_fhir.fhir.questionnaire import LICENCE, PUBLISHER, questionnaire
from alliance_fhir.fhir.score_concepts import (
    PERSPECTIVES,
    PROPERTIES,
    score_concepts,
    short_name,
    subscales,
)
from alliance_fhir.fhir.scores import RULE_TEXTS
from alliance_fhir.fhir.value_sets import WITHDRAWN, ValueSet, value_sets
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.fhir.visit_codes import CODES as VISIT_CODES

_NAMES = (
    "The names of instruments belong to their holders; they stand here only to say which score is "
    "meant. No wording of any instrument is part of this resource."
)


def definitions(catalog: Iterable[Instrument], version: Version) -> dict[str, Json]:
    """All definitions for one version of FHIR, each by the name of its file."""
    instruments = sorted(catalog, key=lambda instrument: instrument.id)
    made: list[Json] = [
        _concepts(instruments),
        *_of_scores(instruments),
        _agreement(),
        _attendance(),
        _engagement(),
        *(_answers(instrument) for instrument in instruments if _coded(instrument)),
        *(_value_set(id_, told) for id_, told in value_sets(instruments).items()),
        *(_form(form.body) for form in _asked(instruments, version)),
        *(_form(sealed(measure | _claim(version))[0]) for measure in measures(version)),
    ]
    return {f"{each['resourceType']}-{each['id']}.json": each for each in made}


def _start(url: str, title: str, about: str, copyright_: str) -> Json:
    """What all definitions have in common."""
    type_, slug = url.split("/")[-2:]
    return {
        "resourceType": type_,
        "id": slug,
        "url": url,
        "version": __version__,
        "name": "Alliance" + "".join(part.capitalize() for part in slug.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "description": about,
        "copyright": copyright_,
    }


def _code_system(start: Json, concepts: Iterable[Json]) -> Json:
    listed = list(concepts)
    return {
        **start,
        "caseSensitive": True,
        "content": "complete",
        "count": len(listed),
        "concept": listed,
    }


def _concepts(instruments: Iterable[Instrument]) -> Json:
    start = _start(
        el.CONCEPT,
        "Scores, their methods, and what plans hold",
        "The scores of all instruments, each by whose view it is, the methods by which scores are "
        "found, the kinds of tasks, notes and figures in shared plans, and what Tasks to reach out "
        "to a patient hold.",
        f"{LICENCE} {_NAMES}",
    )
    told = [concept for instrument in instruments for concept in score_concepts(instrument)]
    system = _code_system(start, [*told, *_methods(), *_plan_concepts()])
    return {**system, "property": PROPERTIES}


def _of_scores(instruments: list[Instrument]) -> Iterator[Json]:
    """The systems to which the properties of a score's code refer."""
    yield _code_system(
        _start(
            el.INSTRUMENT_CODES,
            "Instruments",
            "The instruments of which we have the structure and the scoring.",
            f"{LICENCE} {_NAMES}",
        ),
        ({"code": one.id, "display": one.title, "definition": one.about} for one in instruments),
    )
    yield _code_system(
        _start(el.PERSPECTIVE_CODES, "Perspective", "Whose view of a relationship it is.", LICENCE),
        (
            {"code": code, "display": display, "definition": about}
            for code, (display, about) in PERSPECTIVES.items()
        ),
    )
    yield _code_system(
        _start(
            el.SUBSCALE_CODES,
            "Scores and subscales",
            "What a score is of, whichever instrument gives it and whose view it is.",
            f"{LICENCE} {_NAMES}",
        ),
        subscales(instruments),
    )


def _agreement() -> Json:
    start = _start(
        el.AGREEMENT_CODES,
        "Agreement",
        "What parties say to the words of a goal or a task that FHIR's own codes of acceptance "
        "have no word for.",
        LICENCE,
    )
    taken_back = "An agreement to these words was taken back, which is no disagreement."
    told = {"code": WITHDRAWN, "display": "Withdrawn", "definition": taken_back}
    return _code_system(start, [told])


def _value_set(id_: str, told: ValueSet) -> Json:
    url = f"{el.IG}/ValueSet/{id_}"
    return {**_start(url, told.title, told.about, LICENCE), **told.content()}


def _attendance() -> Json:
    start = _start(
        el.ATTENDANCE_CODES,
        "Attendance",
        "What became of a visit, and whether it was a first or a follow-up one; by which rule each "
        "is known.",
        LICENCE,
    )
    told = ({"code": code, **concept._asdict()} for code, concept in VISIT_CODES.items())
    return _code_system(start, told)


def _engagement() -> Json:
    start = _start(
        el.ENGAGEMENT_CODES,
        "Engagement",
        "What is measured of visits, what groups are told apart by, and the method of intervals.",
        LICENCE,
    )
    return _code_system(start, ({"code": code, **told._asdict()} for code, told in CODES.items()))


def _methods() -> Iterator[Json]:
    for code, told in RULE_TEXTS.items():
        text = told.format(answered="n", of="N")
        display = text[0].upper() + text[1:]
        yield {"code": code, "display": display, "definition": f"How a score was found: {text}."}


def _plan_concepts() -> Iterator[Json]:
    for code, concept in (CONCEPTS | OUTREACH_CODES).items():
        yield {"code": code, **concept._asdict()}


def _coded(instrument: Instrument) -> bool:
    return any(run.kind == "code" for run in instrument.items)


def _answers(instrument: Instrument) -> Json:
    start = _start(
        el.answer_system(instrument),
        f"Answers of the {short_name(instrument)}",
        f"The answers that items of the {instrument.title} can have. A code without a label that "
        "is free to show is shown as it is.",
        instrument.licence.text,
    )
    labels = {option.code: option.label for run in instrument.items for option in run.scale}
    return _code_system(start, (_answer(instrument, *pair) for pair in labels.items()))


def _answer(instrument: Instrument, code: str, label: str) -> Json:
    """A code; the words that our own forms have for it are as good as its label."""
    designations = [
        {"language": language, "value": wording.answers[code]}
        for language, wording in instrument.wording.items()
        if code in wording.answers
    ]
    return {
        "code": code,
        "display": label or code,
        **({"designation": designations} if designations else {}),
    }


def _asked(instruments: list[Instrument], version: Version) -> Iterator[Resource]:
    """The forms of instruments, each for one perspective, and those of plans."""
    for instrument in instruments:
        for perspective in instrument.perspectives:
            yield questionnaire(instrument, perspective, version)
    yield from forms(version)


def _claim(version: Version) -> Json:
    meta = claims(version, MEASURE)
    return {"meta": meta} if meta else {}


def _form(body: Json) -> Json:
    """A form as it is sent, with the digest of its content: where it was installed from a file, a
    sync finds it there as it is; and so does `measure` with a Measure."""
    id_ = body["url"].rpartition("/")[2]
    return {"resourceType": body["resourceType"], "id": id_, **body}
