"""An instrument to a Questionnaire that scores itself in any form filler that knows SDC.

Weights stand on the answer options, totals and subscales are calculated expressions, and the
scores can be extracted as Observations (SDC 4.0.0: calculatedExpression, observationExtract).
Without a site's text pack a licensed item has no wording, only its number.
"""

from __future__ import annotations

from collections.abc import Callable

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Instrument, Option, Perspective, ScoreRule, Wording
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import claims, meta
from alliance_fhir.fhir.versions import Json, Version

PUBLISHER = "The alliance-fhir project"
LICENCE = "Part of alliance-fhir, under the Apache License 2.0."
"""Of our definitions; forms have the terms of their wording."""
_EXTRACT = f"{el.SDC}/sdc-questionnaire-observationExtract"
_CATEGORY: Json = {
    "url": f"{el.SDC}/sdc-questionnaire-observation-extract-category",
    "valueCodeableConcept": {"coding": el.SURVEY[0]["coding"]},
}
FORM = "alliance-questionnaire"
"""The profile of forms, of instruments and of plans."""
SEMVER: Json = {"system": "http://hl7.org/fhir/version-algorithm", "code": "semver"}


def questionnaire(
    instrument: Instrument,
    perspective: Perspective,
    version: Version,
    settings: Settings | None = None,
    wording: Wording | None = None,
    language: str = "",
    licence: str = "",
    home: str = el.IG,
) -> Resource:
    """The Questionnaire of an instrument and perspective; with `wording` a site's own, derived.

    `wording` is what the site has licensed in `language`, under the terms in `licence`. `home` is
    the root of the instrument's canonicals: ours, or the site's for an instrument of its own. The
    key is the canonical with version, by which it is found at a server.
    """
    ours = el.questionnaire_url(instrument, perspective, home)
    url = ours
    if wording and settings and instrument.wording.get(language) is not wording:
        url = f"{settings.root}/Questionnaire/{instrument.id}-{perspective}-{language.lower()}"
    else:
        wording = instrument.wording.get(language or "en", Wording())
        language = (language or "en") if instrument.wording else ""
    labels, extensions = version.questionnaire_labels(SEMVER, instrument.licence.label)
    numbers = range(1, instrument.size + 1)
    items = [_question(instrument, n, version, wording, home) for n in numbers]
    items += [_calculated(instrument, rule, perspective, home) for rule in instrument.scores]
    codes = [
        {"system": el.score_system(home), "code": el.score_code(instrument, "panel", perspective)}
    ]
    if instrument.snomed:
        codes.append({"system": el.SNOMED, "code": instrument.snomed})
    body: Json = {
        "resourceType": "Questionnaire",
        "meta": meta(settings, version, FORM) if settings else claims(version, FORM),
        "extension": [*extensions, _CATEGORY, _extract(True)],
        "url": url,
        "version": instrument.version,
        **labels,
        "name": _name(url.rsplit("/", 1)[1]),
        "title": wording.title or f"{instrument.title}, {perspective} form",
        "status": "active",
        "subjectType": ["Patient"],
        "publisher": PUBLISHER if url.startswith(el.IG) else str(settings and settings.source),
        "description": instrument.about,
        "copyright": licence or instrument.licence.text,
        "code": codes,
        "item": items,
    }
    if language:
        body["language"] = language
    if url != ours:
        body["derivedFrom"] = [f"{ours}|{instrument.version}"]
        how = {"url": el.DERIVATION_TYPE, "valueCoding": el.COMPLIES_WITH}
        body["_derivedFrom"] = [{"extension": [how]}]
    body = {key: value for key, value in body.items() if value}
    return Resource("Questionnaire", f"{url}|{instrument.version}", *sealed(body))


def _name(slug: str) -> str:
    """`wai-sr-patient` -> `WaiSrPatient`, as names of definitions are written."""
    return "".join(part.capitalize() for part in slug.split("-"))


def _question(
    instrument: Instrument, number: int, version: Version, wording: Wording, home: str
) -> Json:
    run = instrument.run_of(number)
    item: Json = {
        "extension": [_extract(False)],
        "linkId": f"item_{number}",
        "text": wording.items.get(str(number)) or f"Item {number}",
        "type": version.choice if run.kind == "code" else run.kind,
    }
    if run.kind == "code":
        item["answerOption"] = [
            _option(el.answer_system(instrument, home), option, version, wording)
            for option in instrument.options_of(number)
        ]
        return item
    value = "valueInteger" if run.kind == "integer" else "valueDecimal"
    for url, bound in (("maxValue", run.high), ("minValue", run.low)):
        if bound is not None:
            exact = int(bound) if run.kind == "integer" else bound
            item["extension"].append({"url": f"{el.SD}/{url}", value: exact})
    return item


def _extract(extracted: bool) -> Json:
    """Whether an Observation is made: of the form, the panel whose members the scores are; of a
    question none. It has no code, and a form filler would make one without a code."""
    return {"url": _EXTRACT, "valueBoolean": extracted}


def _option(system: str, option: Option, version: Version, wording: Wording) -> Json:
    weight = int(option.weight) if option.weight == int(option.weight) else option.weight
    extensions: list[Json] = [{"url": f"{el.SD}/itemWeight", "valueDecimal": weight}]
    if version.ordinal_values:  # retired, and what older form fillers read
        extensions.append({"url": f"{el.SD}/ordinalValue", "valueDecimal": weight})
    coding: Json = {"system": system, "code": option.code}
    if display := wording.answers.get(option.code) or option.label:
        coding["display"] = display
    return {"extension": extensions, "valueCoding": coding}


def _calculated(
    instrument: Instrument, rule: ScoreRule, perspective: Perspective, home: str
) -> Json:
    code = el.score_code(instrument, rule.id, perspective)
    expression = {
        "language": "text/fhirpath",
        "expression": EXPRESSIONS[rule.rule](instrument, rule),
    }
    return {
        "extension": [
            {
                "url": f"{el.SDC}/sdc-questionnaire-calculatedExpression",
                "valueExpression": expression,
            },
            _CATEGORY,
            {"url": _EXTRACT, "valueCode": "member"},
        ],
        "linkId": rule.id,
        "code": [{"system": el.score_system(home), "code": code}],
        "text": rule.title,
        "type": "decimal",
        "readOnly": True,
    }


def _answers(numbers: tuple[int, ...]) -> str:
    tests = " or ".join(f"linkId='item_{n}'" for n in numbers)
    return f"%resource.item.where({tests}).answer.value"


def _weights(instrument: Instrument, numbers: tuple[int, ...]) -> str:
    """Codes have weights; a number weighs what it says, and weight() is empty for it."""
    coded = instrument.run_of(numbers[0]).kind == "code"
    return _answers(numbers) + (".weight()" if coded else "")


def _if_complete(rule: ScoreRule, expression: str) -> str:
    """Complete cases only: no score is better than a sum of what happens to be there."""
    return f"iif({_answers(rule.items)}.count() = {len(rule.items)}, {expression}, {{}})"


def _sum(instrument: Instrument, rule: ScoreRule) -> str:
    decimal = instrument.run_of(rule.items[0]).kind == "decimal"
    exact = ".round(6)" if decimal else ""  # form fillers add decimals as binary fractions
    return _if_complete(rule, f"{_weights(instrument, rule.items)}.sum(){exact}")


def _mean(instrument: Instrument, rule: ScoreRule) -> str:
    total = f"{_weights(instrument, rule.items)}.sum()"
    return _if_complete(rule, f"({total} / {len(rule.items)}).round(2)")


def _value(instrument: Instrument, rule: ScoreRule) -> str:
    return _weights(instrument, rule.items)


def _top(instrument: Instrument, rule: ScoreRule) -> str:
    tests = " and ".join(
        f"{_weights(instrument, (n,))} = {instrument.run_of(n).high}" for n in rule.items
    )
    return _if_complete(rule, f"iif({tests}, 1, 0)")


def _goal_attainment(instrument: Instrument, rule: ScoreRule) -> str:
    """T of Kiresuk and Sherman 1968; without a level a goal counts nothing, without weight 1."""
    levels = [_weights(instrument, (n,)) for n in rule.items]
    weights = [_weights(instrument, (n,)) for n in rule.weight_items]
    pairs = [
        (x, f"iif({x}.exists(), iif({w}.exists(), {w}, 1), 0)", f"iif({x}.exists(), {x}, 0)")
        for x, w in zip(levels, weights, strict=True)
    ]
    plain = "(" + " + ".join(w for _, w, _ in pairs) + ")"
    squares = "(" + " + ".join(f"{w} * {w}" for _, w, _ in pairs) + ")"
    products = "(" + " + ".join(f"{w} * {level}" for _, w, level in pairs) + ")"
    square = f"({1 - rule.r} * {squares} + {rule.r} * {plain} * {plain})"
    return f"iif({square} > 0, (50 + 10 * {products} / {square}.sqrt()).round(2), {{}})"


EXPRESSIONS: dict[str, Callable[[Instrument, ScoreRule], str]] = {
    "sum": _sum,
    "mean": _mean,
    "value": _value,
    "top": _top,
    "goal-attainment": _goal_attainment,
}
"""How each rule of an instrument file reads in FHIRPath."""
