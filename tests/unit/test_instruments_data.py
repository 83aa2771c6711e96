"""The instrument files: laws that every file keeps, and the published facts, entered by hand.

What is parametrised over the catalog tests a new file by the file's being there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.domain.instrument import MARKS, Instrument, ScoreRule
from alliance_fhir.domain.scoring import Scorer
from alliance_fhir.errors import InstrumentError
from alliance_fhir.fhir import elements as el
from alliance_fhir.instruments.catalog import DATA, Catalog, load

if TYPE_CHECKING:
    from pathlib import Path

every_instrument = pytest.mark.parametrize("name", Catalog().ids)

# Facts, entered by hand.
ITEMS_AND_ANSWERS = {  # items, lowest and highest answer
    "wai-sr": (12, 1, 5),
    "wai-36": (36, 1, 7),
    "wai-s": (12, 1, 7),
    "haq-ii": (19, 1, 6),
    "srs": (4, 0, 10),
    "csrs": (4, 0, 10),
    "gsrs": (4, 0, 10),
    "cgsrs": (4, 0, 10),
    "tasc-r": (12, 1, 4),
    "dialog": (11, 1, 7),
    "csq-8": (8, 1, 4),
    "collaborate": (3, 0, 9),
}
REVERSED = {
    "wai-36": {1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34},
    "wai-s": {4, 10},
    "haq-ii": {4, 8, 11, 16, 19},
    "tasc-r": {2, 5, 7, 8, 11},
}
SCORES = {  # rule, items, lowest, highest
    "wai-sr": {
        "total": ("sum", set(range(1, 13)), 12, 60),
        "task": ("sum", {1, 2, 10, 12}, 4, 20),
        "goal": ("sum", {4, 6, 8, 11}, 4, 20),
        "bond": ("sum", {3, 5, 7, 9}, 4, 20),
    },
    "wai-36": {
        "total": ("sum", set(range(1, 37)), 36, 252),
        "task": ("sum", {2, 4, 7, 11, 13, 15, 16, 18, 24, 31, 33, 35}, 12, 84),
        "bond": ("sum", {1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36}, 12, 84),
        "goal": ("sum", {3, 6, 9, 10, 12, 14, 22, 25, 27, 30, 32, 34}, 12, 84),
    },
    "wai-s": {
        "total": ("sum", set(range(1, 13)), 12, 84),
        "task": ("sum", {1, 2, 8, 12}, 4, 28),
        "bond": ("sum", {3, 5, 7, 9}, 4, 28),
        "goal": ("sum", {4, 6, 10, 11}, 4, 28),
    },
    "haq-ii": {"total": ("sum", set(range(1, 20)), 19, 114)},
    "srs": {"total": ("sum", {1, 2, 3, 4}, 0, 40)},
    "csrs": {"total": ("sum", {1, 2, 3, 4}, 0, 40)},
    "gsrs": {"total": ("sum", {1, 2, 3, 4}, 0, 40)},
    "cgsrs": {"total": ("sum", {1, 2, 3, 4}, 0, 40)},
    "tasc-r": {"total": ("sum", set(range(1, 13)), 12, 48)},
    "dialog": {
        "quality-of-life": ("mean", {1, 2, 3, 4, 5, 6, 7, 8}, 1, 7),
        "treatment-satisfaction": ("mean", {9, 10, 11}, 1, 7),
    },
    "csq-8": {"total": ("sum", set(range(1, 9)), 8, 32)},
    "bars": {"adherence": ("value", {4}, 0, 100)},
    "collaborate": {"top": ("top", {1, 2, 3}, 0, 1)},
    "gas": {"t-score": ("goal-attainment", {1, 2, 3, 4, 5, 6}, None, None)},
    "check-in": {
        "satisfaction-treatment": ("value", {1}, 0, 10),
        "satisfaction-relationship": ("value", {2}, 0, 10),
        "satisfaction-communication": ("value", {3}, 0, 10),
        "satisfaction-plan": ("value", {4}, 0, 10),
        "doubt-diagnosis": ("value", {5}, 0, 2),
        "doubt-medication": ("value", {6}, 0, 2),
        "doubt-treatment": ("value", {7}, 0, 2),
    },
}
ALL_HIGHEST_ALL_LOWEST = {
    "wai-36": (168, 120),
    "wai-s": (72, 24),
    "haq-ii": (89, 44),
    "tasc-r": (33, 27),
}
PERSPECTIVES = {
    "wai-sr": {"patient"},
    "wai-36": {"patient", "therapist", "observer"},
    "wai-s": {"patient", "therapist", "observer"},
    "haq-ii": {"patient", "therapist"},
    "tasc-r": {"patient", "caregiver", "therapist"},
}
SNOMED = {
    "srs": "720482000",
    "gsrs": "718441000",
    "csrs": "718762000",
    "cgsrs": "718431003",
}
STATED_ANCHORS = {  # answer labels that a licensed instrument's file may show
    "wai-sr": {"1": "Seldom", "5": "Always"},
    "wai-36": {"1": "Never", "7": "Always"},
}
MARKED = {  # marks as they were established: raising one takes new evidence
    "wai-sr": {"subscales": "S"},
    "wai-36": {"items": "M", "subscales": "M", "reversals": "M"},
    "wai-s": {"subscales": "M", "reversals": "S"},
    "haq-ii": {"items": "M", "scale": "M", "ranges": "M", "reversals": "D"},
    "tasc-r": {"items": "S", "scale": "S", "reversals": "S", "ranges": "S"},
    "dialog": {"items": "P", "scale": "P", "subscales": "P", "rules": "P", "licence": "M"},
    "csq-8": {"ranges": "P", "reversals": "M"},
    "bars": {"items": "P", "rules": "P", "scale": "M"},
    "collaborate": {"items": "P", "scale": "P", "rules": "P", "missing": "P"},
    "gas": {"rules": "S"},
}
NOT_LICENSED = {"bars": "free", "gas": "free", "check-in": "own"}  # all others are
OUTSIDE_EVERY_SCORE = {"bars": {1, 2, 3}}


def codes_of(instrument: Instrument, number: int) -> list[str]:
    return [option.code for option in instrument.run_of(number).scale]


def bounds_of(instrument: Instrument, number: int) -> tuple[Decimal, Decimal]:
    """The lowest and highest weight of an item; reversing leaves them where they are."""
    run = instrument.run_of(number)
    if run.options:
        return min(o.weight for o in run.options), max(o.weight for o in run.options)
    assert run.low is not None
    assert run.high is not None
    return run.low, run.high


def range_of(instrument: Instrument, rule: ScoreRule) -> tuple[Decimal | None, Decimal | None]:
    """What the items and their scales let a score be."""
    if rule.rule == "goal-attainment":
        return None, None
    if rule.rule == "top":
        return Decimal(0), Decimal(1)
    bounds = [bounds_of(instrument, number) for number in rule.items]
    low, high = sum(b[0] for b in bounds), sum(b[1] for b in bounds)
    count = len(bounds) if rule.rule == "mean" else 1
    return Decimal(low) / count, Decimal(high) / count


def totals(name: str, answers: list[int]) -> dict[str, object]:
    """Scores by id, from answers given as codes."""
    instrument = Catalog()[name]
    weights = [
        next(int(o.weight) for o in instrument.options_of(number) if o.code == str(answer))
        for number, answer in enumerate(answers, start=1)
    ]
    return {score.id: score.value for score in Scorer(instrument).score(weights)}


_D5 = (  # multiplication in the dihedral group of the pentagon
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_SHIFT = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def verhoeff_holds(code: str) -> bool:
    """Whether the last digit of `code` is its check digit (Verhoeff 1969)."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(_D5[check][int(_SHIFT[place % 8][int(digit)])])
    return check == 0


# Laws over all files.


@every_instrument
def test_a_file_loads_and_its_id_is_its_name(name: str) -> None:
    assert load(DATA / f"{name}.toml").id == name


@every_instrument
def test_the_version_is_semantic(name: str) -> None:
    assert re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", Catalog()[name].version)


@every_instrument
def test_every_fact_has_a_mark_and_a_note(name: str) -> None:
    for fact, evidence in Catalog()[name].evidence:
        assert evidence.mark in MARKS, fact
        assert evidence.note.strip(), fact


@every_instrument
def test_every_cutoff_names_a_score_and_has_its_evidence(name: str) -> None:
    instrument = Catalog()[name]
    for cutoff in instrument.cutoffs:
        assert cutoff.score in {score.id for score in instrument.scores}
        assert cutoff.text.strip()
        assert cutoff.evidence.note.strip()


@every_instrument
def test_subscales_share_out_the_items_of_the_total(name: str) -> None:
    scores = {score.id: score.items for score in Catalog()[name].scores}
    total = scores.pop("total", None)
    if name.startswith("wai-"):
        assert set(scores) == {"goal", "task", "bond"}
    if total is not None and scores:
        assert sorted(n for items in scores.values() for n in items) == sorted(total)


@every_instrument
def test_every_item_counts_in_a_score(name: str) -> None:
    instrument = Catalog()[name]
    used = {n for score in instrument.scores for n in score.items + score.weight_items}
    assert set(range(1, instrument.size + 1)) - used == OUTSIDE_EVERY_SCORE.get(name, set())


@every_instrument
def test_ranges_are_what_items_and_weights_give(name: str) -> None:
    instrument = Catalog()[name]
    for rule in instrument.scores:
        assert (rule.low, rule.high) == range_of(instrument, rule), rule.id


@every_instrument
def test_a_rule_has_the_items_that_it_can_work_with(name: str) -> None:
    for rule in Catalog()[name].scores:
        if rule.rule == "value":
            assert len(rule.items) == 1, rule.id
        if rule.rule == "goal-attainment":
            assert len(rule.weight_items) == len(rule.items), rule.id
            assert 0 <= rule.r <= 1, rule.id
        else:
            assert not rule.weight_items, rule.id


@every_instrument
def test_only_items_with_options_are_reversed(name: str) -> None:
    instrument = Catalog()[name]
    assert all(codes_of(instrument, number) for number in instrument.reversed)


@every_instrument
def test_answers_of_an_item_are_told_apart_by_code_and_by_label(name: str) -> None:
    for run in Catalog()[name].items:
        codes = [option.code for option in run.scale]
        labels = [option.label for option in run.scale if option.label]
        assert len(set(codes)) == len(codes)
        assert len(set(labels)) == len(labels)
        assert not set(run.not_answered) & set(codes + labels)
        assert set(run.labels) <= set(codes)


@every_instrument
def test_a_snomed_code_passes_its_check_digit(name: str) -> None:
    code = Catalog()[name].snomed
    assert not code or (6 <= len(code) <= 18 and verhoeff_holds(code))


@every_instrument
def test_the_licence_says_what_a_site_must_do(name: str) -> None:
    licence = Catalog()[name].licence
    assert licence.holder.strip()
    assert licence.label.strip()
    assert re.search(r"\b(A|a) site\b|nothing here needs a licence", licence.text)


@pytest.mark.parametrize("name", SCORES)
def test_wording_is_licensed_unless_it_is_known_to_be_free(name: str) -> None:
    assert Catalog()[name].licence.wording == NOT_LICENSED.get(name, "licensed")


@every_instrument
def test_no_wording_is_shipped_where_it_is_licensed(name: str) -> None:
    instrument = Catalog()[name]
    if instrument.licence.wording != "licensed":
        return
    labels = {
        option.code: option.label
        for run in instrument.items
        for option in run.scale
        if option.label
    }
    assert not instrument.wording
    assert labels == STATED_ANCHORS.get(name, {})


@every_instrument
def test_wording_that_is_shipped_is_whole_and_in_a_language_that_the_file_names(name: str) -> None:
    instrument = Catalog()[name]
    numbers = range(1, instrument.size + 1)
    assert instrument.languages
    assert set(instrument.wording) <= set(instrument.languages)
    for words in instrument.wording.values():
        assert words.title.strip()
        assert set(words.items) == {str(number) for number in numbers}
        assert set(words.answers) == {code for n in numbers for code in codes_of(instrument, n)}
        assert all(text.strip() for text in [*words.items.values(), *words.answers.values()])


def test_the_codes_of_plans_pass_it() -> None:
    told = str([*el.PLAN_CATEGORIES, el.PATIENT_ROLE, el.BARRIER])
    codes = re.findall(rf"'{el.SNOMED}', 'code': '(\d+)'", told)
    assert len(codes) == 3
    assert all(map(verhoeff_holds, codes))


def test_the_codes_of_visits_pass_it() -> None:
    codes = ["3457005", "185387006", "185389009", "394913002", "281399006", "185332005"]
    assert {"coding": [{"system": el.SNOMED, "code": codes[0]}]} == el.REFERRAL
    assert all(map(verhoeff_holds, codes))


def test_the_check_digit_is_told_right_from_wrong() -> None:
    # Verhoeff's own example, 236 with the check digit 3; SNOMED CT's root concept; both, spoilt.
    assert verhoeff_holds("2363")
    assert verhoeff_holds("138875005")
    assert not any(verhoeff_holds(f"236{digit}") for digit in "012456789")
    assert not verhoeff_holds("138875050")
    # A long code, and what a spreadsheet of 15 digits makes of it.
    assert verhoeff_holds("811791000000103")
    assert not verhoeff_holds("811791000000100")


# The published facts.


def test_the_facts_entered_here_are_of_files_that_are_there() -> None:
    entered = [ITEMS_AND_ANSWERS, REVERSED, SCORES, PERSPECTIVES, SNOMED, STATED_ANCHORS, MARKED]
    assert {name for table in entered for name in table} <= set(Catalog().ids)
    assert len(SCORES) == 15


@pytest.mark.parametrize(("name", "facts"), ITEMS_AND_ANSWERS.items())
def test_items_and_answers_are_the_published_ones(name: str, facts: tuple[int, int, int]) -> None:
    instrument = Catalog()[name]
    assert instrument.size == facts[0]
    for number in range(1, instrument.size + 1):
        assert bounds_of(instrument, number) == facts[1:]


@pytest.mark.parametrize(("name", "scores"), SCORES.items())
def test_scores_are_the_published_ones(name: str, scores: dict[str, tuple[object, ...]]) -> None:
    assert {
        score.id: (score.rule, set(score.items), score.low, score.high)
        for score in Catalog()[name].scores
    } == scores


@pytest.mark.parametrize("name", SCORES)
def test_reversed_items_are_the_published_ones(name: str) -> None:
    assert set(Catalog()[name].reversed) == REVERSED.get(name, set())


@pytest.mark.parametrize(("name", "who"), PERSPECTIVES.items())
def test_forms_are_there_for_the_published_perspectives(name: str, who: set[str]) -> None:
    assert set(Catalog()[name].perspectives) == who


@pytest.mark.parametrize(("name", "marks"), MARKED.items())
def test_marks_are_no_better_than_their_evidence(name: str, marks: dict[str, str]) -> None:
    evidence = Catalog()[name].evidence
    assert {fact: getattr(evidence, fact).mark for fact in marks} == marks


@pytest.mark.parametrize(("name", "expected"), ALL_HIGHEST_ALL_LOWEST.items())
def test_all_highest_and_all_lowest_answers_give_the_published_totals(
    name: str, expected: tuple[int, int]
) -> None:
    size, lowest, highest = ITEMS_AND_ANSWERS[name]
    assert totals(name, [highest] * size)["total"] == expected[0]
    assert totals(name, [lowest] * size)["total"] == expected[1]


def test_item_1_of_the_wai_sr_is_task_and_item_8_is_goal() -> None:
    # All 1 but one 5: the subscale that the item belongs to has 5 + 1 + 1 + 1 = 8, the others 4.
    ones = [1] * 12
    assert totals("wai-sr", [5, *ones[1:]]) == {"total": 16, "goal": 4, "task": 8, "bond": 4}
    eighth = [*ones[:7], 5, *ones[8:]]
    assert totals("wai-sr", eighth) == {"total": 16, "goal": 8, "task": 4, "bond": 4}


def test_the_wai_sr_is_not_scored_by_the_items_of_the_other_forms() -> None:
    task = {name: set(SCORES[name]["task"][1]) for name in ("wai-sr", "wai-s")}
    assert task["wai-sr"] != task["wai-s"]
    for name, items in task.items():
        assert {n for s in Catalog()[name].scores if s.id == "task" for n in s.items} == items


def test_the_value_8_of_dialog_is_not_answered_and_no_answer() -> None:
    (run,) = Catalog()["dialog"].items
    assert run.not_answered == ("8",)
    assert [option.code for option in run.scale] == ["1", "2", "3", "4", "5", "6", "7"]


def test_the_cutoff_of_the_srs_is_36_and_says_that_sources_disagree() -> None:
    (cutoff,) = Catalog()["srs"].cutoffs
    assert cutoff.score == "total"
    assert cutoff.text.startswith("36 of 40;")
    assert "disagree" in cutoff.text


def test_the_cutoff_of_the_bars_is_below_70_percent() -> None:
    instrument = Catalog()["bars"]
    (cutoff,) = instrument.cutoffs
    assert (cutoff.score, cutoff.text) == ("adherence", "non-adherent below 70 %")
    assert instrument.run_of(4).unit == "%"
    assert instrument.scores[0].unit == "%"
    assert not instrument.wording


def test_only_the_srs_and_the_bars_have_a_published_cutoff() -> None:
    assert {name for name in SCORES if Catalog()[name].cutoffs} == {"srs", "bars"}


@pytest.mark.parametrize("name", SCORES)
def test_snomed_codes_are_the_published_ones(name: str) -> None:
    assert Catalog()[name].snomed == SNOMED.get(name, "")


def test_goal_attainment_has_levels_weights_and_the_published_intercorrelation() -> None:
    instrument = Catalog()["gas"]
    (rule,) = instrument.scores
    assert codes_of(instrument, 1) == ["-2", "-1", "0", "1", "2"]
    assert rule.weight_items == (7, 8, 9, 10, 11, 12)
    assert rule.r == Decimal("0.30")
    assert instrument.missing == "answered-goals"


def test_the_check_in_says_that_it_is_a_conversation_aid() -> None:
    instrument = Catalog()["check-in"]
    aid = "conversation aid, not a psychometric measure"
    assert aid in instrument.about
    assert any(aid in note for note in instrument.notes)
    assert [(o.code, o.weight) for o in instrument.options_of(5)] == [
        ("none", 0),
        ("some", 1),
        ("strong", 2),
    ]
    assert instrument.licence.wording == "own"
    assert "CC0" in instrument.licence.text


def test_collaborate_says_in_what_groups_it_is_reported() -> None:
    assert any("25" in note for note in Catalog()["collaborate"].notes)


# The catalog: a site's own files, and what is wrong with them.

NEW = """
id = "clinic-scale"
version = "2.1.0"
title = "The clinic's own scale"
about = "Two questions."
perspectives = ["patient"]
languages = ["en"]
missing = "complete-cases"
reversed = "2"

[[items]]
numbers = "1-2"
kind = "code"
low = 1
high = 5

[[scores]]
id = "total"
title = "Total"
rule = "sum"
items = "1-2"
low = 2
high = 10

[licence]
holder = "The clinic"
wording = "licensed"
label = "The clinic"
text = "A site asks the clinic."

[evidence]
items = { mark = "P" }
scale = { mark = "P" }
weights = { mark = "P" }
reversals = { mark = "P" }
subscales = { mark = "P" }
rules = { mark = "P" }
ranges = { mark = "P" }
missing = { mark = "P" }
perspectives = { mark = "P" }
languages = { mark = "P" }
licence = { mark = "P" }
"""


def written(folder: Path, text: str, name: str = "clinic-scale.toml") -> Catalog:
    (folder / name).write_text(text, encoding="utf-8")
    return Catalog([folder])


def test_a_new_instrument_is_one_file(tmp_path: Path) -> None:
    catalog = written(tmp_path, NEW)
    assert "clinic-scale" in catalog
    assert set(catalog.ids) - set(Catalog().ids) == {"clinic-scale"}
    # Answers 4 and 2; item 2 is reversed, 6 - 2 = 4; 4 + 4 = 8.
    instrument = catalog.find("clinic-scale@2")
    weights = [int(instrument.options_of(1)[3].weight), int(instrument.options_of(2)[1].weight)]
    assert Scorer(instrument).score(weights)[0].value == 8


def test_a_file_of_a_site_shadows_ours(tmp_path: Path) -> None:
    catalog = written(tmp_path, NEW.replace("clinic-scale", "wai-sr"), "wai-sr.toml")
    assert catalog["wai-sr"].version == "2.1.0"
    assert catalog.ids == Catalog().ids
    assert Catalog()["wai-sr"].size == 12


def test_the_later_folder_of_a_site_wins(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder, version in zip(folders, ["1.0.0", "3.0.0"], strict=True):
        folder.mkdir()
        written(folder, NEW.replace("2.1.0", version))
    assert Catalog(folders)["clinic-scale"].version == "3.0.0"


def test_a_text_pack_is_no_instrument(tmp_path: Path) -> None:
    assert written(tmp_path, "anything", "wai-sr.de.toml").ids == Catalog().ids


@pytest.mark.parametrize("wrong", ["wai-rs", "WAI_SR", "wai_sr", "wai-srx"])
def test_an_unknown_id_gives_the_nearest_names(wrong: str) -> None:
    with pytest.raises(InstrumentError, match=r"nearest: .*\bwai-sr\b"):
        Catalog().find(wrong)


def test_an_id_like_no_other_gives_all_names_and_is_not_repeated() -> None:
    with pytest.raises(InstrumentError) as caught:
        Catalog().find("Qqqq Zzzz 1990")
    assert "known: " in str(caught.value)
    assert all(name in str(caught.value) for name in Catalog().ids)
    assert "Zzzz" not in str(caught.value)


@pytest.mark.parametrize("reference", ["wai-sr", "wai-sr@1", "wai-sr@1.0", "wai-sr@1.0.0"])
def test_a_version_or_its_beginning_is_met(reference: str) -> None:
    assert Catalog().find(reference).id == "wai-sr"


@pytest.mark.parametrize("reference", ["wai-sr@2", "wai-sr@1.1", "wai-sr@10", "wai-sr@1.0.0.0"])
def test_another_version_is_an_error_that_names_ours(reference: str) -> None:
    with pytest.raises(InstrumentError, match=r"wai-sr is here in version 1\.0\.0 only"):
        Catalog().find(reference)


def test_a_beginning_of_a_version_is_met_in_whole_numbers(tmp_path: Path) -> None:
    catalog = written(tmp_path, NEW.replace("2.1.0", "12.0.0"))
    assert catalog.find("clinic-scale@12").version == "12.0.0"
    with pytest.raises(InstrumentError, match=r"12\.0\.0 only"):
        catalog.find("clinic-scale@1")


def changed(old: str, new: str) -> str:
    assert old in NEW
    return NEW.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("id = ", "cannot be read as TOML", id="broken TOML"),
        pytest.param('colour = "red"' + NEW, "colour", id="an unknown key"),
        pytest.param(changed('kind = "code"', 'kind = "coed"'), "items.0.kind", id="a slip"),
        pytest.param(changed("low = 1", 'colour = "red"'), "items.0.colour", id="unknown inside"),
        pytest.param(changed('mark = "P"', 'mark = "Q"'), "evidence.items.mark", id="no such mark"),
        pytest.param(
            changed('licence = { mark = "P" }', ""), "evidence.licence", id="evidence missing"
        ),
        pytest.param(changed("2.1.0", "2.1"), "version", id="no semantic version"),
        pytest.param(changed('numbers = "1-2"', 'numbers = "1, 3"'), "numbered from 1", id="a gap"),
        pytest.param(changed('items = "1-2"', 'items = "1-3"'), "score total", id="no such item"),
        pytest.param(
            changed('reversed = "2"', 'reversed = "7"'), "reversed", id="reversed nothing"
        ),
        pytest.param(changed("low = 1\n", "low = 5\n"), "items.0", id="low not below high"),
        pytest.param(NEW + '[wording.en.items]\n1 = "..."', "wording", id="licensed wording"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_file_and_key(
    tmp_path: Path, text: str, named: str
) -> None:
    catalog = written(tmp_path, text)
    with pytest.raises(InstrumentError) as caught:
        catalog.find("clinic-scale")
    assert "clinic-scale.toml" in str(caught.value)
    assert named in str(caught.value).replace("clinic-scale.toml", "")


def test_a_file_whose_name_is_not_its_id_is_an_error(tmp_path: Path) -> None:
    catalog = written(tmp_path, NEW, "other-scale.toml")
    with pytest.raises(InstrumentError, match=r"other-scale\.toml"):
        catalog.find("other-scale")


def test_a_file_that_is_not_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "clinic-scale.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InstrumentError, match=r"clinic-scale\.toml"):
        Catalog([tmp_path]).find("clinic-scale")


def test_our_other_instruments_outlive_a_broken_file(tmp_path: Path) -> None:
    assert written(tmp_path, "id = ")["wai-sr"].size == 12


def test_a_slip_is_one_line_with_file_place_and_rule(tmp_path: Path) -> None:
    catalog = written(tmp_path, changed('kind = "code"', 'kind = "coed"'))
    with pytest.raises(InstrumentError) as caught:
        catalog.find("clinic-scale")
    told = f"{tmp_path / 'clinic-scale.toml'}: items.0.kind: must be 'code', 'integer' or 'decimal'"
    assert str(caught.value) == told
