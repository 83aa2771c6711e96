"""The code systems, extensions and forms of plans that our resources refer to, made from the code
that uses them.

A new instrument, score or method is defined by being there; profiles/ holds the result as files.
The forms of instruments are none of them: a site may have its own, and `instruments export` prints
ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import orjson

from alliance_fhir._version import __version__
from alliance_fhir.domain.instrument import Instrument, Perspective, ScoreRule
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.extensions import Extension, extensions, structure
from alliance_fhir.fhir.measure import CODES, measures
from alliance_fhir.fhir.outreach_codes import OUTREACH_CODES
from alliance_fhir.fhir.plan.concepts import CONCEPTS
from alliance_fhir.fhir.plan.forms import forms
from alliance_fhir.fhir.questionnaire import LICENCE, PUBLISHER
from alliance_fhir.fhir.scores import RULE_TEXTS
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.fhir.visit_codes import CODES as VISIT_CODES

_NAMES = (
    "The names of instruments belong to their holders; they stand here only to say which score is "
    "meant. No wording of any instrument is part of this resource."
)
_RULES = {
    "sum": "the sum of the weights of {items}",
    "mean": "the mean of the weights of {items}",
    "value": "the value of {items}",
    "top": "1 where {items} all have their highest answer, else 0",
    "goal-attainment": "the T of Kiresuk and Sherman over the levels in {items}, their weights in "
    "{weights} and the correlation {r}",
}
"""How a score comes from its items, in words; one for each rule of an instrument file."""


def definitions(catalog: Iterable[Instrument], version: Version) -> dict[str, Json]:
    """All definitions for one version of FHIR, each by the name of its file."""
    instruments = sorted(catalog, key=lambda instrument: instrument.id)
    made = [
        _concepts(instruments),
        _attendance(),
        _engagement(),
        *(_answers(instrument) for instrument in instruments if _coded(instrument)),
        *(_extension(url, what, version) for url, what in extensions().items()),
        *(_form(form.body) for form in forms(version)),
        *(_form(measure) for measure in measures(version)),
    ]
    return {f"{each['resourceType']}-{each['id']}.json": each for each in made}


def file_content(resource: Json) -> bytes:
    """A definition as it stands in its file: indented, keys sorted, the same at any time."""
    return orjson.dumps(
        resource, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    )


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
    scores = [
        _score(instrument, rule, perspective)
        for instrument in instruments
        for perspective in instrument.perspectives
        for rule in _rules(instrument)
    ]
    return _code_system(start, [*scores, *_methods(), *_plan_concepts()])


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


def _rules(instrument: Instrument) -> Iterator[tuple[str, str, str]]:
    """The name of each score code of an instrument, what it is called, and how it is found."""
    yield "panel", "scores", "they are the members, without a value beside them"
    for rule in instrument.scores:
        title = rule.title[0].lower() + rule.title[1:]
        yield rule.id, title, _rule(rule)
        if rule.mean:
            how = "the mean of the weights of those of its items that are answered"
            yield f"{rule.id}-mean", f"{title}, mean of items", how


def _rule(rule: ScoreRule) -> str:
    told = _RULES[rule.rule].format(
        items=_items(rule.items), weights=_items(rule.weight_items), r=rule.r
    )
    unit = " %" if rule.unit == "%" else ""
    return told if rule.low is None else f"{told}; from {rule.low} to {rule.high}{unit}"


def _items(numbers: tuple[int, ...]) -> str:
    """`item 4`, `items 1, 2 and 9`, `items 1 to 12`."""
    if len(numbers) < 2:
        return "".join(f"item {n}" for n in numbers)
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"items {numbers[0]} to {numbers[-1]}"
    *most, last = map(str, numbers)
    return f"items {', '.join(most)} and {last}"


def _score(instrument: Instrument, told: tuple[str, str, str], perspective: Perspective) -> Json:
    name, title, how = told
    return {
        "code": el.score_code(instrument, name, perspective),
        "display": f"{_short(instrument)} {title}, {perspective}-rated",
        "definition": f"{instrument.title}: {title}, as rated by the {perspective}; {how}.",
    }


def _short(instrument: Instrument) -> str:
    """What an instrument is called: the short name that its title has in brackets, if any."""
    found = re.search(r"\(([^()]+)\)$", instrument.title)
    return found[1] if found else instrument.title


def _coded(instrument: Instrument) -> bool:
    return any(run.kind == "code" for run in instrument.items)


def _answers(instrument: Instrument) -> Json:
    start = _start(
        el.answer_system(instrument),
        f"Answers of the {_short(instrument)}",
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


def _extension(url: str, what: Extension, version: Version) -> Json:
    start = _start(url, what.title, what.about, LICENCE)
    return {**start, "fhirVersion": version.full, **structure(url, what)}


def _form(body: Json) -> Json:
    """A form as it is sent, with the digest of its content: where it was installed from a file, a
    sync finds it there as it is. A Measure is sent with the site's own identifier besides."""
    return {**body, "id": body["url"].rpartition("/")[2]}
