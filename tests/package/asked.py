"""What was asked of the little server, in the words of a CapabilityStatement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from alliance_fhir.testing.messages import Request

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
    told: set[Asked] = set()
    for method, path, params, body in _single(requests):
        told |= _of_one(method, path, dict(params), body)
    return told


_One = tuple[str, str, Iterable[tuple[str, str]], bytes]


def _single(requests: Iterable[Request]) -> Iterator[_One]:
    for one in requests:
        if one.path or one.method != "POST":
            yield one.method, one.path, one.params, one.body
            continue
        for entry in json.loads(one.body)["entry"]:
            path, _, query = entry["request"]["url"].partition("?")
            yield entry["request"]["method"], path, parse_qsl(query), b""


def _of_one(method: str, path: str, params: dict[str, str], body: bytes) -> set[Asked]:
    type_, *rest = path.split("/")
    if type_ == "metadata":
        return set()
    if rest == ["_search"]:
        params = {**params, **dict(parse_qsl(body.decode()))}
    if rest == ["_search"] or (method == "GET" and not rest):
        names = {f"?{name}" for name in params if name not in CONTROLS}
        return {(type_, name) for name in {"search-type", *names}}
    if method == "GET":
        return {(type_, {1: "read", 2: "history-instance", 3: "vread"}[len(rest)])}
    return {(type_, {"POST": "create", "PUT": "update"}.get(method, method.lower()))}
