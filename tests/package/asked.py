"""What was asked of the little server, in the words of a CapabilityStatement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alliance_fhir.testing.messages import (
    Interaction,
    Request,
    entries_of,
    entry_interaction,
    interaction,
)

PROFILES = Path(__file__).parents[2] / "profiles"
Asked = tuple[str, str]
"""A type, and an interaction or `?` with the name of a search parameter."""
CONTROLS = {"_count", "_sort", "_summary", "_total", "_elements", "_since", "_format"}
"""Which say how an answer is to look; no CapabilityStatement lists them."""


def statement(name: str, build: str = "r4") -> dict[str, Any]:
    """One of the CapabilityStatements."""
    return json.loads((PROFILES / build / f"CapabilityStatement-{name}.json").read_bytes())


def granted(body: dict[str, Any], *expectations: str) -> set[Asked]:
    """What it lists; of one that tells SHALL from SHOULD, what is one of these."""
    return {
        (resource["type"], name)
        for resource in body["rest"][0]["resource"]
        for listed, mark in (("interaction", ""), ("searchParam", "?"))
        for one in resource.get(listed, [])
        if not expectations or one["extension"][0]["valueCode"] in expectations
        for name in [mark + (one["name"] if mark else one["code"])]
    }


def asked(requests: Iterable[Request]) -> set[Asked]:
    """What these ask for, the entries of bundles each for itself."""
    return {told for one in _single(requests) for told in _of_one(one)}


def _single(requests: Iterable[Request]) -> Iterator[Interaction]:
    for one in map(interaction, requests):
        if one.path or one.resource is None:
            yield one
        else:
            yield from map(entry_interaction, entries_of(one.resource))


def _of_one(one: Interaction) -> set[Asked]:
    if one.type == "metadata":
        return set()
    if one.is_search:
        names = {f"?{name}" for name, _ in one.params if name not in CONTROLS}
        return {(one.type, name) for name in {"search-type", *names}}
    if one.method == "GET":
        below = one.path.count("/")
        return {(one.type, {1: "read", 2: "history-instance", 3: "vread"}[below])}
    return {(one.type, {"POST": "create", "PUT": "update"}.get(one.method, one.method.lower()))}
