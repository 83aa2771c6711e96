"""The story of a plan: its lines are those of the documents, its JSON is what comes of them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from alliance_fhir.fhir.plan.signoff import sign_offs
from plans.fhir.making import EXAMPLES, JONES, R4, SITE, example, key, mapped

from .pages import ROOT, Block, blocks, holds

PAGE = ROOT / "docs" / "explanation" / "a-shared-plan.md"
BLOCKS = blocks(PAGE)


def named(block: Block) -> str:
    return f"line-{block.line}"


@cache
def made(newest: str) -> dict[str, Any]:
    """What comes of the versions up to this one, by the ends of their keys."""
    versions = example(*JONES[: JONES.index(newest) + 1])
    signed = sign_offs(versions, R4, SITE)[-1]
    start = f"{key(versions[0].plan)}-"
    found = {one.key.removeprefix(start): json.loads(one.json()) for one in mapped(versions)}
    return found | {"signed": json.loads(signed.json())}


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_what_is_shown_is_in_the_documents_or_comes_of_them(block: Block) -> None:
    if block.kind == "yaml":
        name = block.mark.removeprefix("of ")
        text = (EXAMPLES / f"{name}.plan.yaml").read_text(encoding="utf-8")
        assert f"\n{block.text}" in text
    else:
        told = re.fullmatch(r"comes of (jones-\d): ([\w-]+)", block.mark)
        assert told
        assert block.kind == "json"
        shown, resources = json.loads(block.text), made(told[1]).items()
        assert any(
            holds(one, shown) for end, one in resources if f"{end}-".startswith(f"{told[2]}-")
        )


def test_every_agent_of_a_sign_off_is_shown() -> None:
    shown = [b for b in BLOCKS if b.mark.endswith(": signed")]
    assert [len(json.loads(b.text)["agent"]) for b in shown] == [
        len(made(b.mark[9:16])["signed"]["agent"]) for b in shown
    ]


def test_concerns_are_not_in_the_text_of_the_plan() -> None:
    """As the page says."""
    div = made("jones-1")["plan"]["text"]["div"]
    assert "Sleep through the night" in div
    assert "Having to talk about problems" not in div


def test_a_fragment_is_told_from_what_is_none() -> None:
    whole = {"a": [1, {"b": 2, "c": 3}, 4], "d": None}
    assert holds(whole, {"a": [{"c": 3}, 4]})
    for other in (
        {"a": [4, 1]},
        {"a": [{"b": 3}]},
        {"e": None},
        {"a": {"b": 2}},
        {"d": []} | {"a": [5]},
    ):
        assert not holds(whole, other)
