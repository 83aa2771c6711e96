"""The forms: valid in every version, with weights and without wording that is not ours to ship."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from making import (
    ALL_VERSIONS,
    CATALOG,
    FORM_IDS,
    FORMS,
    JONES,
    R4,
    R5,
    SETTINGS,
    lowest,
    mapped,
    record,
)

from alliance_fhir.domain.instrument import Wording
from alliance_fhir.errors import InstrumentError
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.questionnaire import EXPRESSIONS, questionnaire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alliance_fhir.config import Settings
    from alliance_fhir.domain.instrument import Instrument, Perspective
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Json, Version
    from conftest import Official

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)
every_form = pytest.mark.parametrize(("instrument", "rater"), FORMS, ids=FORM_IDS)

WEIGHT = f"{el.SD}/itemWeight"
ORDINAL = f"{el.SD}/ordinalValue"
CALCULATED = f"{el.SDC}/sdc-questionnaire-calculatedExpression"


def form(name: str, rater: Perspective, version: Version = R4) -> Json:
    return questionnaire(CATALOG[name], rater, version).body


def item(form: Json, link: str) -> Json:
    return next(each for each in form["item"] if each["linkId"] == link)


def extended(element: Json, url: str) -> Any:
    """The value of an element's extension."""
    (found,) = [e for e in element["extension"] if e["url"] == url]
    (value,) = [v for key, v in found.items() if key != "url"]
    return value


def weights(form: Json, link: str, url: str = WEIGHT) -> dict[str, Any]:
    options = item(form, link)["answerOption"]
    return {each["valueCoding"]["code"]: extended(each, url) for each in options}


# Valid, whatever the version.


@every_version
@every_form
def test_a_form_passes_our_own_checks(
    instrument: Instrument, rater: Perspective, version: Version
) -> None:
    Checker("models", version).check([questionnaire(instrument, rater, version, SETTINGS)])
    Checker("models", version).check([questionnaire(instrument, rater, version)])


@pytest.mark.server
@every_form
def test_a_form_passes_the_official_validator(
    official: Official, instrument: Instrument, rater: Perspective
) -> None:
    made = questionnaire(instrument, rater, official.version, SETTINGS)
    assert official.refused([made]) == {}


@every_version
@every_form
def test_a_form_is_found_by_its_canonical(
    instrument: Instrument, rater: Perspective, version: Version
) -> None:
    made = questionnaire(instrument, rater, version)
    assert made.key == f"{made.body['url']}|{made.body['version']}"
    assert made.body["url"] == f"{el.IG}/Questionnaire/{instrument.id}-{rater}"
    assert made.body["version"] == instrument.version
    assert made.body["code"][0]["code"] == f"{instrument.id}-panel-{rater}"


def test_the_versions_differ_only_where_they_must() -> None:
    old, new = form("wai-sr", "patient", R4), form("wai-sr", "patient", R5)
    assert (item(old, "item_1")["type"], item(new, "item_1")["type"]) == ("choice", "coding")
    assert new["versionAlgorithmCoding"]["code"] == "semver"
    assert extended(old, f"{el.SD}/artifact-versionAlgorithm") == new["versionAlgorithmCoding"]
    assert extended(old, f"{el.SD}/artifact-copyrightLabel") == new["copyrightLabel"]
    assert {key for key in new if key not in old} == {"versionAlgorithmCoding", "copyrightLabel"}
    assert [each["linkId"] for each in old["item"]] == [each["linkId"] for each in new["item"]]


# No wording.


@every_form
def test_a_form_has_no_wording_that_is_not_ours(instrument: Instrument, rater: Perspective) -> None:
    questions = questionnaire(instrument, rater, R4).body["item"][: instrument.size]
    texts = [each["text"] for each in questions]
    numbers = [f"Item {n}" for n in range(1, instrument.size + 1)]
    if instrument.licence.wording == "own":
        assert not set(texts) & set(numbers)
    else:
        assert texts == numbers


@every_form
def test_an_option_shows_what_the_instrument_file_says(
    instrument: Instrument, rater: Perspective
) -> None:
    told = questionnaire(instrument, rater, R4).body
    if instrument.licence.wording == "own":
        return
    for number in range(1, instrument.size + 1):
        labels = {o.code: o.label for o in instrument.options_of(number)}
        shown = {
            option["valueCoding"]["code"]: option["valueCoding"].get("display", "")
            for option in item(told, f"item_{number}").get("answerOption", [])
        }
        assert shown == labels


def test_our_own_form_has_its_words() -> None:
    told = form("check-in", "patient")
    assert told["title"] == "How are we doing?"
    assert told["language"] == "en"
    assert item(told, "item_5")["text"] == "Do you have doubts about your diagnosis?"
    shown = [o["valueCoding"]["display"] for o in item(told, "item_5")["answerOption"]]
    assert shown == ["No doubts", "Some doubts", "Strong doubts"]
    assert "derivedFrom" not in told


@every_form
def test_a_form_says_whose_words_they_are(instrument: Instrument, rater: Perspective) -> None:
    assert questionnaire(instrument, rater, R4).body["copyright"] == instrument.licence.text
    assert questionnaire(instrument, rater, R5).body["copyrightLabel"] == instrument.licence.label


# Weights, by hand.


@pytest.mark.parametrize("version", [R4, R5], ids=lambda v: v.label)
@pytest.mark.parametrize(
    ("name", "rater", "link", "expected"),
    [
        ("wai-36", "patient", "item_1", {"1": 7, "2": 6, "3": 5, "4": 4, "5": 3, "6": 2, "7": 1}),
        ("wai-36", "observer", "item_2", {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7}),
        ("tasc-r", "caregiver", "item_2", {"1": 4, "2": 3, "3": 2, "4": 1}),
        ("tasc-r", "caregiver", "item_1", {"1": 1, "2": 2, "3": 3, "4": 4}),
        ("wai-sr", "patient", "item_4", {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}),
        ("gas", "therapist", "item_6", {"-2": -2, "-1": -1, "0": 0, "1": 1, "2": 2}),
        ("check-in", "patient", "item_7", {"none": 0, "some": 1, "strong": 2}),
        ("collaborate", "patient", "item_3", {str(n): n for n in range(10)}),
    ],
)
def test_weights_by_hand(
    name: str, rater: Perspective, link: str, expected: dict[str, int], version: Version
) -> None:
    told = form(name, rater, version)
    assert weights(told, link) == expected
    if version is R4:
        assert weights(told, link, ORDINAL) == expected
    else:
        assert ORDINAL not in str(told)


@every_form
def test_a_number_has_its_bounds(instrument: Instrument, rater: Perspective) -> None:
    told = questionnaire(instrument, rater, R4).body
    for run in instrument.items:
        if run.kind == "code":
            continue
        for number in run.numbers:
            question = item(told, f"item_{number}")
            assert question["type"] == run.kind
            assert extended(question, f"{el.SD}/minValue") == run.low
            assert extended(question, f"{el.SD}/maxValue") == run.high


# Scores that calculate themselves. That they give the right numbers: see tests/forms and
# tests/expressions.


@every_form
def test_every_score_is_a_calculated_item(instrument: Instrument, rater: Perspective) -> None:
    told = questionnaire(instrument, rater, R4).body
    for rule in instrument.scores:
        score = item(told, rule.id)
        assert score["readOnly"] is True
        assert score["type"] == "decimal"
        assert score["code"][0]["code"] == f"{instrument.id}-{rule.id}-{rater}"
        assert extended(score, CALCULATED)["language"] == "text/fhirpath"
        assert extended(score, f"{el.SDC}/sdc-questionnaire-observationExtract") == "member"


@every_form
def test_the_panel_and_its_scores_are_extracted_and_no_question(
    instrument: Instrument, rater: Perspective
) -> None:
    told = questionnaire(instrument, rater, R4).body
    extract = f"{el.SDC}/sdc-questionnaire-observationExtract"
    assert extended(told, extract) is True
    found = [extended(each, extract) for each in told["item"]]
    assert found == [False] * instrument.size + ["member"] * len(instrument.scores)


def test_every_rule_has_an_expression() -> None:
    rules = {rule.rule for instrument in CATALOG for rule in instrument.scores}
    assert set(EXPRESSIONS) == rules


def test_an_expression_by_hand() -> None:
    goal = extended(item(form("wai-sr", "patient"), "goal"), CALCULATED)["expression"]
    items = "linkId='item_4' or linkId='item_6' or linkId='item_8' or linkId='item_11'"
    answers = f"%resource.item.where({items}).answer.value"
    assert goal == f"iif({answers}.count() = 4, {answers}.weight().sum(), {{}})"


# Text packs: the wording that a site has licensed, in its own form.

PACK = """
title = "Fragebogen zur Zusammenarbeit"
licence = "Licence 12 of the holder, 2026"
holder = "The holder"

[items]
1 = "Erste Frage"
12 = "Letzte Frage"

[answers]
1 = "Selten"
5 = "Immer"
"""


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Settings]:
    """The settings of a site with text packs, given as `name=text`."""

    def make(**packs: str) -> Settings:
        folder = tmp_path / "instruments"
        folder.mkdir()
        for name, text in packs.items():
            (folder / name.replace("__", ".").replace("_", "-")).write_text(text, encoding="utf-8")
        return SETTINGS.model_copy(
            update={"folder": tmp_path, "base": "https://clinic-east.invalid/alliance/"}
        )

    return make


def answered(settings: Settings, version: Version, language: str | None) -> list[Resource]:
    """The forms that one answered WAI-SR in this language brings, and its response."""
    told = record("wai-sr", "patient", answers=lowest(CATALOG["wai-sr"]), language=language)
    made = mapped([told], version, settings)
    return [r for r in made if r.type in ("Questionnaire", "QuestionnaireResponse")]


@every_version
def test_a_text_pack_puts_the_wording_in(site: Callable[..., Settings], version: Version) -> None:
    settings = site(wai_sr__de__toml=PACK)
    ours, theirs, response = answered(settings, version, "de")
    url = "https://clinic-east.invalid/alliance/Questionnaire/wai-sr-patient-de"
    assert ours.body["url"] == f"{el.IG}/Questionnaire/wai-sr-patient"
    assert theirs.body["url"] == url
    assert theirs.body["derivedFrom"] == [f"{el.IG}/Questionnaire/wai-sr-patient|1.0.0"]
    assert response.body["questionnaire"] == f"{url}|1.0.0" == theirs.key
    assert response.body["language"] == theirs.body["language"] == "de"
    assert theirs.body["title"] == "Fragebogen zur Zusammenarbeit"
    assert theirs.body["name"] == "WaiSrPatientDe"
    assert theirs.body["publisher"] == "clinic-east"
    assert theirs.body["copyright"] == "Licence 12 of the holder, 2026 (The holder)"
    texts = [item(theirs.body, f"item_{n}")["text"] for n in (1, 2, 12)]
    assert texts == ["Erste Frage", "Item 2", "Letzte Frage"]
    shown = [o["valueCoding"].get("display") for o in item(theirs.body, "item_1")["answerOption"]]
    assert (shown[0], shown[4]) == ("Selten", "Immer")
    Checker("models", version).check([theirs])


def test_a_text_pack_changes_nothing_but_words(site: Callable[..., Settings]) -> None:
    ours, theirs, response = answered(site(wai_sr__de__toml=PACK), R4, "de")
    for number in range(1, 13):
        link = f"item_{number}"
        assert weights(theirs.body, link) == weights(ours.body, link)
        systems = {o["valueCoding"]["system"] for o in item(theirs.body, link)["answerOption"]}
        assert systems == {f"{el.IG}/CodeSystem/wai-sr-answer"}
    assert theirs.body["item"][12:] == ours.body["item"][12:]
    assert "Erste Frage" not in str(ours.body)
    assert "Selten" not in str(response.body)


@pytest.mark.parametrize("language", [None, "en"])
def test_another_language_takes_our_own_form(
    site: Callable[..., Settings], language: str | None
) -> None:
    ours, response = answered(site(wai_sr__de__toml=PACK), R4, language)
    assert response.body["questionnaire"] == f"{el.IG}/Questionnaire/wai-sr-patient|1.0.0"
    assert ours.key == response.body["questionnaire"]


def test_the_site_words_our_own_form_anew() -> None:
    told = CATALOG["check-in"]
    words = Wording(title="Wie geht es uns?", items={"1": "Wie zufrieden sind Sie?"})
    made = questionnaire(told, "patient", R4, SETTINGS, words, "de", "CC0 1.0").body
    assert made["url"].endswith("/Questionnaire/check-in-patient-de")
    assert not made["url"].startswith(el.IG)
    assert made["language"] == "de"
    assert item(made, "item_1")["text"] == "Wie zufrieden sind Sie?"
    assert "happy" not in str(made["item"])


def test_a_text_pack_for_items_that_are_not_there_is_refused(site: Callable[..., Settings]) -> None:
    settings = site(wai_sr__de__toml=PACK.replace("12 =", "13 ="))
    with pytest.raises(InstrumentError, match=r"wai-sr\.de\.toml: items: .* no 13"):
        answered(settings, R4, "de")


@pytest.mark.server
def test_a_worded_form_passes_the_official_validator(
    official: Official, site: Callable[..., Settings], tmp_path: Path
) -> None:
    made = answered(site(wai_sr__de__toml=PACK), official.version, "de")
    form = tmp_path / "theirs.json"
    form.write_bytes(made[1].json())
    official.validator.define(form)
    assert official.refused(made[1:]) == {}


def test_an_answer_is_the_code_whatever_the_words(site: Callable[..., Settings]) -> None:
    *_, response = answered(site(wai_sr__de__toml=PACK), R4, "de")
    coding = response.body["item"][0]["answer"][0]["valueCoding"]
    assert coding == {"system": f"{el.IG}/CodeSystem/wai-sr-answer", "code": "1"}
    assert response.body["subject"]["identifier"]["value"] == JONES.value
    assert Decimal(response.body["item"][12]["answer"][0]["valueDecimal"]) == 12
