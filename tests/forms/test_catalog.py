"""Every Questionnaire of the catalogue, typed into LForms, gives what `map` gives.

That is the response with all scores, and by Observation-based extraction the panel and the scores.

Ten seeded sets of answers for each form, three in R5, one after another in the same fields;
`SEED=7` takes others. What LForms leaves out of Observations, and why: docs/reference/fhir.md.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from answering import CATALOG, FORMS, SEED, ByTheCommand, by_version, scores, telling

from . import Forms, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]

pytestmark = pytest.mark.forms

told = by_version({"R4": 10, "R5": 3})


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    with Forms() as forms:
        yield forms


def plain(response: Json) -> dict[str, Any]:
    """Values by linkId with numbers as exact numbers, so that 7 and 7.00 are one."""
    found = values(response).items()
    return {link: v if isinstance(v, str) else Decimal(str(v)) for link, v in found}


def codings(of: Json) -> list[tuple[str, str]]:
    return [(coding["system"], coding["code"]) for coding in of["coding"]]


def facts(observation: Json, members: list[Json]) -> Json:
    """What both say of a score, or of the panel of these members."""
    value = observation.get("valueQuantity")
    return {
        "code": codings(observation["code"]),
        "value": Decimal(str(value["value"])) if value else None,
        "category": [codings(one) for one in observation["category"]],
        "status": observation["status"],
        "members": [codings(one["code"]) for one in members],
    }


def ours(observations: list[Json], form: Json) -> list[Json]:
    """Of what `map` made, what a form filler can extract: scores that the rule gives, and the panel
    with these where there is one. The panel has all codes that the form has."""
    known = {one["identifier"][0]["value"]: one for one in observations}
    given = {key for key, one in known.items() if "valueQuantity" in one}
    found: list[Json] = []
    for key, one in known.items():
        members = [m["identifier"]["value"] for m in one.get("hasMember", [])]
        given_members = [known[member] for member in members if member in given]
        if key in given or given_members:
            assert "dataAbsentReason" not in one
            found.append(facts(one, given_members))
            if members:
                assert set(found[-1]["code"]) <= set(codings({"coding": form["code"]}))
                found[-1]["code"] = codings({"coding": form["code"]})
        else:
            assert "dataAbsentReason" in one or members
    return found


def theirs(extracted: list[Json], response: Json) -> list[Json]:
    """Of what LForms extracted the same; each of it is derived from the response."""
    source = [{"reference": f"QuestionnaireResponse/{response['id']}"}]
    assert all(one["derivedFrom"] == source for one in extracted)
    known = {one["id"]: one for one in extracted if "id" in one}
    return [
        facts(one, [known[member["reference"]] for member in one.get("hasMember", [])])
        for one in extracted
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_filled_in_gives_what_the_command_gives(
    forms: Forms, told: tuple[str, ByTheCommand], form: str
) -> None:
    fhir, by_command = told
    sets = by_command.sets[form]
    expected = [plain(one.outcome.response) for one in sets]
    if fhir == "R4":
        assert telling(form, [scores(one) for one in expected]) == [], f"SEED={SEED}"
    questionnaire = by_command.forms[form]
    typed = forms.type(questionnaire, [one.answers for one in sets], fhir)
    assert [plain(one.response) for one in typed] == expected, f"SEED={SEED}"
    found = [theirs(one.extracted, one.response) for one in typed]
    assert found == [ours(one.outcome.observations, questionnaire) for one in sets], f"SEED={SEED}"


@pytest.mark.parametrize(
    ("form", "highest"),
    [("wai-36", 252), ("wai-s", 84), ("haq-ii", 114), ("tasc-r", 48)],
)
def test_reversed_items_answered_the_other_way_round_give_the_highest_total(
    forms: Forms, told: tuple[str, ByTheCommand], form: str, highest: int
) -> None:
    """By hand, so that LForms and the command are not wrong alike."""
    fhir, by_command = told
    instrument = CATALOG[form]
    answers = {
        f"item_{n}": instrument.run_of(n).scale[0 if n in instrument.reversed else -1].code
        for n in range(1, instrument.size + 1)
    }
    (typed,) = forms.type(by_command.forms[f"{form}-patient"], [answers], fhir)
    assert values(typed.response)["total"] == highest
