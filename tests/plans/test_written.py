"""Plans as the text of documents: what a person reads, and what our own reader reads back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import WARNINGS
from alliance_fhir.sources.plans.document import Documents, as_values
from alliance_fhir.sources.plans.schema import published
from alliance_fhir.sources.plans.written import as_json, as_yaml

from .documents import FULL, SECRET, SHORT
from .making import lines, plans, words

YAML, JSON = Path("a.plan.yaml"), Path("a.plan.json")
few = settings(max_examples=50)


def read(path: Path, text: str) -> SharedPlan:
    told = Documents(Settings(source="clinic-east")).read(path, text)
    assert [one for one in told.findings if one.rule not in WARNINGS] == []
    assert told.plan
    return told.plan


def test_a_document_with_everything() -> None:
    told = FULL.replace(SECRET, "She").replace(
        '"She sleeps badly"', '"Line one\\n  and: two\\n\\n- three"'
    )
    told = told.replace('"She walks"', f'"{"Walks in the morning, " * 6}and not at night"')
    told = told.replace('"She writes"', '"yes"').replace('"She calls"', '"12:30"')
    assert as_yaml(read(YAML, told)) == (Path(__file__).parent / "written.plan.yaml").read_text()


def test_the_least_document() -> None:
    assert as_yaml(read(YAML, SHORT)) == (
        "plan: short\n"
        "patient: urn:example:mrn|1001\n"
        "clinicians:\n"
        "  - urn:example:staff|kurtz\n"
        "written: 2026-03-02\n"
        "version: 1\n"
        "status: draft\n"
    )
    assert as_json(read(YAML, SHORT)) == (
        "{\n"
        '  "plan": "short",\n'
        '  "patient": "urn:example:mrn|1001",\n'
        '  "clinicians": [\n'
        '    "urn:example:staff|kurtz"\n'
        "  ],\n"
        '  "written": "2026-03-02",\n'
        '  "version": 1,\n'
        '  "status": "draft"\n'
        "}\n"
    )


def with_text(text: str) -> SharedPlan:
    """A plan that has the text wherever a text may stand."""
    told = {
        **as_values(read(YAML, SHORT)),
        "reason": text,
        "hopes": [text, text],
        "barriers": [{"text": text, "plan": text}],
        "goals": [{"goal": "a", "text": text}],
    }
    return read(JSON, json.dumps(told))


ODD = ["'", '"', "a: b", "- a", "# a", "a # b", "? a", "| a", "> a", "@a", "`a", "%a", "&a", "*a",
       "!a", "[a", "{a", "a,", "a:", ":a", "null", "~", "No", "on", "y", "=", "<<", "---", "...",
       "1", "-1", "+1", "1_000", "0x1F", "0o17", "017", "1e3", "1.", ".5", ".inf", ".NaN", "12:30",
       "2026-03-02", "2026-03-02T10:00:00Z", "a\nb", "a\n\nb", "a\n  b\nc", "a \nb", "a\n b\n- c",
       "a\tb", "\\n", "\u00e4\u00df", "\U0001f600 b", "a\u00a0b", "x" * 300, "a b " * 99,
       "a  b   " * 40, "- a " * 60, "# " * 90, "a\n" + "b " * 90, "a: " * 60]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_come_back(text: str) -> None:
    plan = with_text(text)
    assert read(YAML, as_yaml(plan)) == plan
    assert read(JSON, as_json(plan)) == plan


@pytest.mark.long
@few
@given(plans())
def test_any_plan_comes_back(plan: SharedPlan) -> None:
    assert read(YAML, as_yaml(plan)) == plan
    assert read(JSON, as_json(plan)) == plan
    assert as_yaml(read(YAML, as_yaml(plan))) == as_yaml(plan)


long = st.lists(words, min_size=12, max_size=40).map(" ".join)


@few
@given(st.lists(words, max_size=4).map("\n".join).map(str.strip).filter(bool) | long | lines)
@example("a\n \nb")
def test_any_text_comes_back(text: str) -> None:
    plan = with_text(text)
    assert read(YAML, as_yaml(plan)) == plan
    assert read(JSON, as_json(plan)) == plan


class _Core(yaml.SafeLoader):
    """YAML 1.2 by its core schema, of a hand other than ours."""


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _Core.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [*_first, ""]
    )


@few
@given(plans())
def test_whoever_reads_it_by_yaml_1_2_reads_the_same(plan: SharedPlan) -> None:
    assert yaml.load(as_yaml(plan), _Core) == json.loads(as_json(plan))  # noqa: S506


@few
@given(plans())
def test_whoever_reads_it_by_yaml_1_1_reads_the_same_texts(plan: SharedPlan) -> None:
    """Days are dates to it, and the key `on` is a truth: people write them so."""
    told: Any = yaml.safe_load(as_yaml(plan))
    assert _texts(told) == _texts(as_values(plan))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        dated = ("on", "due", "written", "next_review", True)
        return [one for key, inner in value.items() if key not in dated for one in _texts(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_the_keys_are_in_the_order_of_the_schema() -> None:
    order = list(json.loads(published())["properties"])
    keys = re.findall(r"^([a-z_]+):", as_yaml(read(YAML, FULL)), re.MULTILINE)
    assert keys == [name for name in order if name in keys] == order
