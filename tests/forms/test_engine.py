"""LForms evaluates each kind of expression that our Questionnaires use, and evaluates it right.

It tells which FHIRPath our Questionnaires may hold; test_catalog tells whether they hold that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from . import FormFailed, Forms, ToolMissing, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.forms

SD = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
OURS = "https://alliance-fhir.invalid"
VERSIONS = ("R4", "R4B", "R5")

Answers = dict[str, str | int | float]


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    with Forms() as forms:
        yield forms


def questionnaire(*items: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Questionnaire",
        "url": f"{OURS}/Questionnaire/x",
        "version": "1.0.0",
        "status": "active",
        "item": list(items),
    }


def choice(fhir: str, link: str, weights: dict[str, float]) -> dict[str, Any]:
    """An item with weighted answers: code -> weight."""
    kinds = ["itemWeight"] if fhir == "R5" else ["itemWeight", "ordinalValue"]
    options = [
        {
            "extension": [{"url": f"{SD}/{kind}", "valueDecimal": weight} for kind in kinds],
            "valueCoding": {"system": f"{OURS}/CodeSystem/x", "code": code},
        }
        for code, weight in weights.items()
    ]
    kind = "coding" if fhir == "R5" else "choice"
    return {"linkId": link, "text": link, "type": kind, "answerOption": options}


def number(link: str, kind: str = "decimal") -> dict[str, Any]:
    return {"linkId": link, "text": link, "type": kind}


def score(
    expression: str, variables: dict[str, str] | None = None, kind: str = "decimal"
) -> dict[str, Any]:
    """The item `score`, calculated; each variable may use those before it."""
    extensions: list[dict[str, Any]] = [
        {"url": f"{SD}/variable", "valueExpression": fhirpath(each, name=name)}
        for name, each in (variables or {}).items()
    ]
    extensions.append(
        {
            "url": f"{SDC}/sdc-questionnaire-calculatedExpression",
            "valueExpression": fhirpath(expression),
        }
    )
    return number("score", kind) | {"extension": extensions, "readOnly": True}


def fhirpath(expression: str, **more: str) -> dict[str, str]:
    return {**more, "language": "text/fhirpath", "expression": expression}


def items(links: Sequence[str]) -> str:
    """The path of the answers to these items."""
    either = " or ".join(f"linkId='{link}'" for link in links)
    return f"%resource.item.where({either}).answer"


def complete(links: Sequence[str], expression: str) -> str:
    """The expression where all items are answered, else nothing."""
    return f"iif({items(links)}.count() = {len(links)}, {expression}, {{}})"


def half_up(value: float) -> float:
    return math.floor(round(value * 100, 6) + 0.5) / 100


LINKS = [f"item_{n}" for n in range(1, 9)]
SEVEN = {str(n): n for n in range(1, 8)}


@pytest.mark.parametrize("fhir", VERSIONS)
def test_a_sum_of_weights_over_complete_cases(forms: Forms, fhir: str) -> None:
    links = LINKS[:2]
    # The second item is reversed, and equal weights count each for itself.
    options = [choice(fhir, links[0], {"a": 0, "b": 3}), choice(fhir, links[1], {"a": 3, "b": 0})]
    form = questionnaire(*options, score(complete(links, f"{items(links)}.value.weight().sum()")))
    for given, expected in (("ab", 0), ("ba", 6), ("aa", 3), ("a", None), ("", None)):
        answers: Answers = dict(zip(links, given, strict=False))
        assert values(forms.fill(form, answers, fhir)).get("score") == expected, given


@pytest.mark.parametrize("fhir", VERSIONS)
def test_a_mean_of_weights_half_up(forms: Forms, fhir: str) -> None:
    mean = f"({items(LINKS)}.value.weight().sum() / 8).round(2)"
    form = questionnaire(
        *(choice(fhir, link, SEVEN) for link in LINKS), score(complete(LINKS, mean))
    )
    for total, expected in ((17, 2.13), (19, 2.38), (21, 2.63), (23, 2.88), (24, 3), (56, 7)):
        answers: Answers = {link: str(total // 8 + (n < total % 8)) for n, link in enumerate(LINKS)}
        assert values(forms.fill(form, answers, fhir))["score"] == expected


@pytest.mark.parametrize("fhir", VERSIONS)
def test_decimals_are_doubles_and_must_be_rounded(forms: Forms, fhir: str) -> None:
    links = LINKS[:4]
    total = f"{items(links)}.value.sum()"
    numbers = [number(link) for link in links]

    def scored(expression: str, given: Sequence[float]) -> float:
        form = questionnaire(*numbers, score(complete(links, expression)))
        return values(forms.fill(form, dict(zip(links, given, strict=True)), fhir))["score"]

    assert scored(total, [0.1, 0.2, 0.3, 0.1]) == 0.7000000000000001
    assert scored(f"{total}.round(1)", [0.1, 0.2, 0.3, 0.1]) == 0.7
    assert scored(f"{total}.round(1)", [9.1, 8.7, 9.9, 7.6]) == 35.3
    # 35.3 / 4 = 8.825, but not as a double; in tenths, the mean is exact
    assert scored(f"({total} / 4).round(2)", [9.1, 8.7, 9.9, 7.6]) == 8.82
    assert scored(f"(({total} * 10).round(0) * 10 / 4).round(0) / 100", [9.1, 8.7, 9.9, 7.6]) == (
        8.83
    )


@pytest.mark.parametrize("fhir", VERSIONS)
def test_a_top_score(forms: Forms, fhir: str) -> None:
    links = LINKS[:3]
    top = f"iif({items(links)}.value.where($this = 9).count() = 3, 1, 0)"
    form = questionnaire(
        *(number(link, "integer") for link in links), score(complete(links, top), kind="integer")
    )
    for given, expected in (((9, 9, 9), 1), ((9, 9, 8), 0), ((0, 0, 0), 0), ((9, 9), None)):
        answers: Answers = dict(zip(links, given, strict=False))
        assert values(forms.fill(form, answers, fhir)).get("score") == expected, given


GOALS = range(1, 7)
ATTAINED: list[tuple[list[int | None], list[float | None]]] = [
    # the level of each goal, its weight
    ([], []),
    ([0], []),
    ([2], []),
    ([-1] * 6, []),
    ([1, -2], [3, 1.5]),
    ([None, 2, None, None, 1], [None, 0, None, None, 2]),
    ([None, 2], [None, 0]),
    ([None], [2]),
    ([-2], [None, 5]),
    ([-2, None, -2, 1, 0], [None, 2, 7.5, 0, 0]),
    ([-1, -2, -1, -1, 2, -1], [0, 2, 1.25, None, 0.5, 1.25]),
]


def attainment(levels: Sequence[int | None], weights: Sequence[float | None]) -> float | None:
    """Goal attainment scaling by the book (Kiresuk and Sherman, r = .30)."""
    padded = [*weights, *([None] * 6)]
    goals = [
        (1 if weight is None else weight, level)
        for level, weight in zip(levels, padded, strict=False)
        if level is not None
    ]
    spread = 0.7 * sum(w * w for w, _ in goals) + 0.3 * sum(w for w, _ in goals) ** 2
    if spread == 0:
        return None
    return half_up(50 + 10 * sum(w * x for w, x in goals) / math.sqrt(spread))


@pytest.mark.parametrize("fhir", VERSIONS)
@pytest.mark.parametrize("kind", ["choice", "integer"])
def test_goal_attainment(forms: Forms, fhir: str, kind: str) -> None:
    variables: dict[str, str] = {}
    for goal in GOALS:
        level = f"{items([f'item_{goal}'])}.value"
        weight = f"{items([f'item_{goal + 6}'])}.value"
        variables[f"x{goal}"] = f"{level}.weight()" if kind == "choice" else level
        variables[f"w{goal}"] = f"iif(%x{goal}.exists(), iif({weight}.exists(), {weight}, 1), {{}})"

    def total(term: str) -> str:
        first, *others = [term.replace("#", str(goal)) for goal in GOALS]
        return f"({first})" + "".join(f".combine({each})" for each in others) + ".sum()"

    variables["sw"] = total("%w#")
    variables["sww"] = total("%w# * %w#")
    variables["swx"] = total("%w# * %x#")
    spread = "(0.7 * %sww + 0.3 * %sw * %sw)"
    levels = {str(n): n for n in range(-2, 3)}
    form = questionnaire(
        *(
            choice(fhir, f"item_{goal}", levels)
            if kind == "choice"
            else number(f"item_{goal}", "integer")
            for goal in GOALS
        ),
        *(number(f"item_{goal + 6}") for goal in GOALS),
        score(f"iif(%sww > 0, (50 + 10 * %swx / {spread}.sqrt()).round(2), {{}})", variables),
    )
    for attained, weights in ATTAINED:
        answers: Answers = {
            f"item_{n}": str(level) if kind == "choice" else level
            for n, level in enumerate(attained, 1)
            if level is not None
        }
        answers |= {
            f"item_{n}": weight for n, weight in enumerate(weights, 7) if weight is not None
        }
        expected = attainment(attained, weights)
        assert values(forms.fill(form, answers, fhir)).get("score") == expected, answers


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("iif(", "mismatched input"),
        ("1.nosuch()", "Not implemented: nosuch"),
        ("%nothere", "undefined environment variable: nothere"),
        ("1 | 2", "MultipleValues"),
        ("'a'", "Invalid data"),
        ("%resource.item.answer.value.sum()", "do not come to an end"),
    ],
)
def test_a_wrong_expression_fails_and_the_next_form_works(
    forms: Forms, expression: str, says: str
) -> None:
    with pytest.raises(FormFailed, match=says):
        forms.fill(questionnaire(number("item_1"), score(expression)), {"item_1": 1.5})
    fine = questionnaire(number("item_1"), score(f"{items(['item_1'])}.value"))
    assert values(forms.fill(fine, {"item_1": 1.5})) == {"item_1": 1.5, "score": 1.5}


def test_answers_must_fit_the_questionnaire(forms: Forms) -> None:
    group = {"linkId": "g", "type": "group", "item": [choice("R4", "item_1", SEVEN)]}
    form = questionnaire(group)
    assert values(forms.fill(form, {"item_1": "7"})) == {"item_1": "7"}
    with pytest.raises(FormFailed, match="8 is no option of item_1"):
        forms.fill(form, {"item_1": "8"})
    with pytest.raises(FormFailed, match="the Questionnaire lacks item_2"):
        forms.fill(form, {"item_2": "1"})


@pytest.mark.parametrize("missing", ["node", "npm", "chromium"])
def test_a_missing_tool_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    for name in {"node", "npm", "chromium"} - {missing}:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=f"^{missing} is missing") as error, Forms():
        pass
    assert error.value.tool == missing
