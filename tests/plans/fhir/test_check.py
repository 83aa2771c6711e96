"""The run-time check takes all that comes of plans, whatever stands in them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.plan.concepts import CONCEPTS
from alliance_fhir.fhir.plan.forms import FIRST_CONVERSATION, PLAN_REVIEW
from alliance_fhir.fhir.plan.signoff import sign_offs
from alliance_fhir.fhir.versions import VERSIONS
from plans.making import plans as any_plan

from .making import EXAMPLES, IG, JONES, SITE, example, mapped
from .test_laws import documents
from .test_laws import plans as read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_fhir.domain.plan.document import SharedPlan

    from .making import Json

CHECKERS = [Checker("schema", version) for version in VERSIONS.values()]
RATER = SITE.model_copy(
    update={"score_performer": "rater", "confidentiality": None, "sensitivity": ()}
)


def checked(versions: list[SharedPlan]) -> None:
    """Nothing that comes of these versions is refused, in any version of FHIR, at any site."""
    for version, checker in zip(VERSIONS.values(), CHECKERS, strict=True):
        for site in (SITE, RATER):
            made = [*mapped(versions, version, site), *sign_offs(versions, version, site)]
            checker.check(made, of_plan=True)


@pytest.mark.long
@given(any_plan())
def test_any_plan_passes(plan: SharedPlan) -> None:
    checked([plan])


@pytest.mark.long
@given(documents)
def test_any_versions_pass(told: list[Any]) -> None:
    checked(read(told))


@pytest.mark.parametrize("names", [JONES[:1], JONES[:2], JONES, ("adolescent-1",)])
def test_the_examples_pass(names: tuple[str, ...]) -> None:
    checked(example(*names))


def test_no_example_is_left_out() -> None:
    assert {f"{name}.plan.yaml" for name in (*JONES, "adolescent-1")} == {
        file.name for file in EXAMPLES.glob("*.plan.*")
    }


# --- lists that the schema has, too ---------------------------------------------------------------


def _told(value: Any) -> Iterator[Json]:
    """All tables of a schema."""
    if isinstance(value, list):
        for one in value:
            yield from _told(one)
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _told(one)


DEFS = json.loads((files("alliance_fhir.fhir") / "schema" / "r4.json").read_bytes())["$defs"]
SCHEMA = [
    *_told([told for name, told in DEFS.items() if name.startswith(("plan-", "written-plan"))])
]
SCHEMA += [
    *_told([DEFS[name] for name in DEFS if name.startswith(("CodeableConcept", "Annotation"))])
]
"""The tables of what comes of plans, and of what is said of concepts."""


def _values(told: Json) -> list[str]:
    return [told["const"]] if "const" in told else told.get("enum", [])


def test_it_knows_the_questions_of_the_forms() -> None:
    known = [one["linkId"] for one in SCHEMA if isinstance(one.get("linkId"), dict)]
    allowed = {link for one in known for link in _values(one)}
    asked = [*FIRST_CONVERSATION.questions, *PLAN_REVIEW.questions]
    assert allowed == {one.link for top in asked for one in (top, *top.parts)}


def test_it_knows_our_codes() -> None:
    ours = {"const": f"{IG}/CodeSystem/concept"}
    known = {code for one in SCHEMA if one.get("system") == ours for code in _values(one["code"])}
    others = {code for code in known if code.startswith("check-in-")} | {"value-complete-cases"}
    assert known - others - {"outreach-after-no-show"} == set(CONCEPTS)
