"""The expressions of each Questionnaire, evaluated by fhirpath.js alone, give the scores of `map`.

200 seeded sets of answers for each form, 20 in R5, with items left out; `SEED=7` takes others.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from answering import FORMS, SEED, ByTheCommand, by_version, scores, telling
from forms import values

from . import Expressions, NotEvaluated

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

told = by_version({"R4": 200, "R5": 20})


@pytest.fixture(scope="module")
def expressions() -> Iterator[Expressions]:
    with Expressions() as expressions:
        yield expressions


@pytest.mark.parametrize("form", FORMS)
def test_expressions_give_the_scores_of_the_command(
    expressions: Expressions, told: tuple[str, ByTheCommand], form: str
) -> None:
    fhir, by_command = told
    sets = by_command.sets[form]
    expected = [scores(values(one.outcome.response)) for one in sets]
    assert telling(form, expected) == [], f"SEED={SEED}"
    found = expressions.calculate(by_command.forms[form], [one.answers for one in sets], fhir)
    exact = [{link: Decimal(str(v)) for link, v in of_set.items()} for of_set in found]
    assert exact == expected, f"SEED={SEED}"


def test_a_wrong_expression_is_told_and_the_next_form_works(expressions: Expressions) -> None:
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"

    def form(expression: str) -> dict[str, object]:
        told = {"language": "text/fhirpath", "expression": expression}
        score = {"linkId": "score", "type": "decimal"}
        score["extension"] = [{"url": url, "valueExpression": told}]
        return {"url": "urn:x", "item": [{"linkId": "item_1", "type": "integer"}, score]}

    for wrong, says in (("iif(", "mismatched"), ("(1 | 2)", "has 2 values"), ("1.no()", "no")):
        with pytest.raises(NotEvaluated, match=says):
            expressions.calculate(form(wrong), [{"item_1": 1}], "R4")
    right = form("%resource.item.answer.value + 1")
    assert expressions.calculate(right, [{"item_1": 1}, {"item_1": 2}], "R4") == [
        {"score": 2},
        {"score": 3},
    ]
