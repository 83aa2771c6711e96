"""Laws of plan documents: what is written comes back, and whatever else is read is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import RULES, WARNINGS
from alliance_fhir.sources.plans.document import Documents, as_values

from .documents import FULL, values
from .making import plans

SITE = Documents(Settings(source="clinic-east"))
few = settings(max_examples=30)
"""A plan takes its time to be drawn."""
YAML, JSON = Path("a.plan.yaml"), Path("a.plan.json")


def read(path: Path, text: str) -> SharedPlan:
    """The plan of a document in which nothing is wrong."""
    told = SITE.read(path, text)
    assert [one for one in told.findings if one.rule not in WARNINGS] == []
    assert told.plan
    return told.plan


def as_yaml(told: Any, **how: Any) -> str:
    """YAML as PyYAML writes it."""
    return yaml.safe_dump(told, sort_keys=False, **how)


@few
@given(plans(), st.booleans(), st.sampled_from([None, True, False]), st.sampled_from([20, 80]))
def test_yaml_comes_back(plan: SharedPlan, unicode: bool, flow: bool | None, width: int) -> None:
    how = {"allow_unicode": unicode, "default_flow_style": flow, "width": width}
    again = read(YAML, as_yaml(as_values(plan), **how))
    assert again == plan
    assert SITE.content(again) == SITE.content(plan)
    assert SITE.read(YAML, as_yaml(as_values(plan))).key == record_key(
        "clinic-east", plan.natural_key
    )


@few
@given(plans(), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json_comes_back(plan: SharedPlan, ascii_: bool, indent: Any) -> None:
    text = json.dumps(as_values(plan), ensure_ascii=ascii_, indent=indent)
    assert read(JSON, text) == plan


def mixed(draw: Any, told: Any) -> Any:
    """The same with all keys in another order."""
    if isinstance(told, list):
        return [mixed(draw, item) for item in told]
    if not isinstance(told, dict):
        return told
    return {key: mixed(draw, told[key]) for key in draw(st.permutations(list(told)))}


@few
@given(plans(), st.data())
def test_the_order_of_keys_does_not_matter(plan: SharedPlan, data: st.DataObject) -> None:
    again = read(YAML, as_yaml(mixed(data.draw, as_values(plan))))
    assert again == plan
    assert SITE.content(again) == SITE.content(plan)


def places(told: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of everything that stands in a document."""
    found = [before] if before else []
    if isinstance(told, dict | list):
        for key, value in told.items() if isinstance(told, dict) else enumerate(told):
            found += places(value, (*before, key))
    return found


def put(told: Any, place: tuple[Any, ...], value: Any) -> None:
    """Puts something into a place of a document."""
    for part in place[:-1]:
        told = told[part]
    told[place[-1]] = value


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@few
@given(plans(), st.data())
def test_whatever_is_put_anywhere_is_read_or_named(plan: SharedPlan, data: st.DataObject) -> None:
    told = as_values(plan)
    place = data.draw(st.sampled_from(places(told)))
    put(told, place, data.draw(anything))
    for path, text in ((YAML, as_yaml(told)), (JSON, json.dumps(told))):
        found = SITE.read(path, text)
        assert found.plan or found.findings
        assert all(one.rule in RULES and one.row > 0 for one in found.findings)


@settings(max_examples=200)
@given(st.data())
def test_texts_that_are_cut_and_glued_are_read_or_named(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([FULL, json.dumps(values(), indent=1)]))
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 40)))
    text = text[:begin] + data.draw(st.text(max_size=4)) + text[end:]
    for path in (YAML, JSON):
        found = SITE.read(path, text)
        assert found.plan or found.findings
        assert all(one.rule in RULES and one.row > 0 for one in found.findings)


@few
@given(plans(), st.data())
def test_a_key_that_is_spoilt_is_told_with_its_line(plan: SharedPlan, data: st.DataObject) -> None:
    """The line is found by looking for the one word that stands nowhere else."""
    told = as_values(plan)
    named = [place for place in places(told) if isinstance(place[-1], str)]
    place = data.draw(st.sampled_from(named))
    put(told, place, {"unheard-of": "here"})
    for path, text in (
        (YAML, as_yaml(told, default_flow_style=False, width=10**6)),
        (JSON, json.dumps(told, indent=1)),
    ):
        line = next(n for n, one in enumerate(text.split("\n"), 1) if "unheard-of" in one)
        found = [one for one in SITE.read(path, text).findings if one.row in (line - 1, line)]
        assert found, (place, text)
