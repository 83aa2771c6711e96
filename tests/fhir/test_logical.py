"""References by identifier are found in the text as a walk through the resource finds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import ALL_VERSIONS, everything

from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.logical import located, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_fhir.fhir.versions import Version


def walked(value: Any) -> Iterator[tuple[str, str, str]]:
    """The same by the shape alone: an object with a type, and an identifier that is one object."""
    if isinstance(value, list):
        for item in value:
            yield from walked(item)
    elif isinstance(value, dict):
        whose = value.get("identifier")
        if isinstance(whose, dict) and "type" in value and "resourceType" not in value:
            yield value["type"], whose["system"], whose["value"]
        for inner in value.values():
            yield from walked(inner)


def placed(value: Any, places: dict[tuple[str, str, str], str]) -> Any:
    """The value with the places of what is known beside each reference."""
    if isinstance(value, list):
        return [placed(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    told = {key: placed(inner, places) for key, inner in value.items()}
    for reference in list(walked(value))[:1]:
        whose = value.get("identifier")
        if isinstance(whose, dict) and reference[1:] == (whose["system"], whose["value"]):
            told |= {"reference": places[reference]} if reference in places else {}
    return told


@pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)
def test_of_all_that_we_write(version: Version) -> None:
    resources = everything(version)
    found = [list(named(one.json())) for one in resources]
    assert found == [list(dict.fromkeys(walked(one.body))) for one in resources]
    assert sum(map(len, found)) > len(resources)  # each names its patient, and more
    everybody = sorted({reference for some in found for reference in some})
    places = {one: f"{one[0]}/{n}" for n, one in enumerate(everybody) if n % 3}
    for one in resources:
        body = json.loads(one.json())
        assert json.loads(located(one.json(), places)) == placed(body, places)


names = st.sampled_from(["Patient", "Observation", "Device"])
anything = st.text() | st.sampled_from(
    ['"', "\\", '\\"', "é\n", '{"identifier":{"system":"s","value":"v"},"type":"Patient"}', "a|b"]
)
references = st.builds(el.logical, names, anything, anything)
fields = st.sampled_from(["text", "subject", "code", "type", "value"])
trees = st.recursive(
    anything | references,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=3),
    max_leaves=12,
)


@given(trees, st.data())
def test_of_any_words(tree: Any, data: st.DataObject) -> None:
    text = orjson.dumps({"resourceType": "Basic", "extension": tree})
    everybody = list(walked(tree))
    assert list(named(text)) == list(dict.fromkeys(everybody))
    known = data.draw(st.sets(st.sampled_from(everybody))) if everybody else set()
    places = {one: f"{one[0]}/7" for one in known}
    assert json.loads(located(text, places))["extension"] == placed(tree, places)


def test_a_place_that_is_there_stays_and_what_has_no_type_is_nobody() -> None:
    identifier = {"system": "s", "value": "v"}
    there = {"reference": "Patient/1", "type": "Patient", "identifier": identifier}
    row = {"identifier": identifier, "display": "a.csv row 3"}
    text = orjson.dumps({"subject": there, "what": row})
    assert located(text, {("Patient", "s", "v"): "Patient/2"}) == text
    in_front = orjson.dumps({"subject": {"type": "Patient", "identifier": identifier}})
    assert list(named(in_front)) == [("Patient", "s", "v")]
