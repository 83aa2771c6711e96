"""JSON Schemas of profiles: closed objects of the elements that we write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from . import slices
from .fhirpath import Unknown
from .invariants import translated
from .logic import Schema
from .parts import closed, count, joined
from .shapes import SYSTEM, Json, Shapes, held, type_of
from .trees import Node
from .values import bounds, fixed, in_binding, primitive, referring

_REF = "#/$defs/"
_BACKBONE = ("BackboneElement", "Element")


class Schemas:
    """Makes `defs`: a schema for each profile, and for each type and extension in them. `left_out`
    says of what there is none."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.defs: Json = {}
        self._left_out: dict[str, str] = {}
        self._where = ""
        self._narrowed: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def add(self, structure: Json) -> None:
        """A profile of a resource, under its id."""
        self._where = structure["id"]
        root = self._shapes.profile(structure)
        self.defs[structure["id"]] = self._object(root, structure["type"])

    # objects

    def _object(self, node: Node, resource_type: str = "") -> Json:
        properties: Json = {}
        required: list[str] = []
        conditions: list[Schema] = []
        if resource_type:
            properties["resourceType"] = {"const": resource_type}
            required.append("resourceType")
        for child in self._shapes.written(node):
            if child.name == "extension":
                properties["extension"], least = self._extensions(node)
                required += ["extension"] if least else []
                continue
            made = self._properties(child)
            properties |= made
            conditions += self._needed(child, made, required)
        conditions += self._invariants(self._shapes.unfolded(node))
        return closed(properties, required, conditions)

    def _properties(self, child: Node) -> Json:
        """What an element is in JSON: itself, one for each type of a choice, and `_name` for
        extensions of a value."""
        made: Json = {}
        for key, one in self._shapes.keys(child):
            made[key] = self._element(one)
            if self._shapes.is_primitive(one) and any(self._shapes.extensions(one)):
                listed, least = self._extensions(one)
                beside = closed({"extension": listed}, ["extension"], [])
                each = beside if least else {"anyOf": [beside, {"type": "null"}]}
                many = {"type": "array", "items": each}
                made[f"_{key}"] = many if one.is_list else beside
        return made

    def _needed(self, child: Node, made: Json, required: list[str]) -> Iterator[Schema]:
        """That it is there, if it must be, and only one of a choice."""
        if child.least > 0:
            if len(made) == 1:
                required += made
            else:
                yield {"anyOf": [{"required": [key]} for key in made]}
        for key, one in self._shapes.keys(child):
            if f"_{key}" in made and any(ext.least for _, ext in self._shapes.extensions(one)):
                yield {"dependentRequired": {key: [f"_{key}"]}}
        choice = [key for key in made if not key.startswith("_")]
        if len(choice) > 1:
            others = {key: {k: False for k in choice if k != key} for key in choice}
            yield {"dependentSchemas": {k: {"properties": told} for k, told in others.items()}}

    # elements

    def _element(self, node: Node) -> Json:
        if not node.is_list:
            return self._value(node)
        told: Json = {"type": "array", "minItems": max(node.least, 1)}
        if node.most is not None:
            told["maxItems"] = node.most
        listed = {name: one for name, one in node.slices.items() if one.most != 0}
        if not listed:
            return {**told, "items": self._value(node)}
        needed = [one for one in listed.values() if one.least > 0]
        if node.most == 1 and needed:  # the one that there is
            return {**told, "items": self._value(_as_slice(node, needed[0]))}
        return told | self._sliced(node, listed)

    def _sliced(self, node: Node, listed: dict[str, Node]) -> Json:
        is_closed = node.definition.get("slicing", {}).get("rules") == "closed"
        items: Schema = False if is_closed else self._value(node)
        counts: list[Schema] = []
        for name, one in reversed(listed.items()):
            one = _as_slice(node, one)
            try:
                told = slices.condition(node, one, self._shapes)
            except Unknown as why:
                self._leave_out(_path(node), f"slice {name} ({why})")
                items = self._value(node) if items is False else items
                continue
            items = {"if": told, "then": self._value(one), "else": items}
            counts = [*count(told, one), *counts]
        return {"items": items} | ({"allOf": counts} if counts else {})

    def _value(self, node: Node) -> Json:
        """One value of an element."""
        code = type_of(node)
        definitions = self._shapes.definitions
        told: list[Schema] = [fixed(node.definition), bounds(node.definition)]
        if code and not code.startswith(SYSTEM):
            bound = in_binding(node, code, definitions)
            if bound is None:
                url = node.definition["binding"]["valueSet"]
                self._leave_out(_path(node), f"binding to {url}")
            told += [bound or True, referring(node, definitions)]
        return joined([self._typed(node, code), *told])

    def _typed(self, node: Node, code: str | None) -> Json:
        if code is None or code in _BACKBONE:
            return self._backbone(node)
        if code.startswith(SYSTEM):
            return {"type": "string"}
        if code == "Extension":
            return self._extension(node)
        if self._shapes.is_primitive(node):
            self._define(code, node)
            return joined([{"$ref": _REF + code}, *self._invariants(node, self._type_keys(code))])
        if not node.children:
            self._define(code, node)
            return joined([{"$ref": _REF + code}, *self._invariants(node, self._type_keys(code))])
        return self._named(code, self._object(node))

    def _named(self, code: str, told: Json) -> Json:
        """What a profile narrows of a data type, once for all places where it is the same."""
        text = json.dumps(told, sort_keys=True)
        if text not in self._narrowed:
            self._counts[code] += 1
            self._narrowed[text] = f"{code}-{self._counts[code]}"
            self.defs[self._narrowed[text]] = told
        return {"$ref": _REF + self._narrowed[text]}

    def _backbone(self, node: Node) -> Json:
        reference = node.definition.get("contentReference")
        if reference is None or node.children:
            return self._object(node)
        name = f"{self._where}.{reference.rpartition('#')[2].partition('.')[2]}"
        if name not in self.defs:
            self.defs[name] = True  # it contains itself
            self.defs[name] = self._object(self._shapes.referred(reference))
        return {"$ref": _REF + name}

    def _define(self, code: str, node: Node) -> None:
        if code in self.defs:
            return
        self.defs[code] = True
        root = self._shapes.of(code)
        if self._shapes.is_primitive(node):
            told = primitive(self._shapes.definitions.structure(code))
            self.defs[code] = joined([told, *self._invariants(root)])
        else:
            self.defs[code] = self._object(root)

    def _type_keys(self, code: str) -> set[str]:
        return {one["key"] for one in self._shapes.of(code).definition.get("constraint", [])}

    # extensions

    def _extensions(self, node: Node) -> tuple[Json, int]:
        """The array of the extensions that it may have; and how many it has at least."""
        listed = list(self._shapes.extensions(node))
        whole = self._shapes.unfolded(node).children["extension"]
        least = max(whole.least, sum(one.least for _, one in listed))
        told: Json = {"type": "array", "minItems": max(least, 1)}
        if len(listed) == 1:
            [(_, one)] = listed
            most = {} if one.most is None else {"maxItems": one.most}
            return {**told, **most, "items": self._extension(one)}, least
        items: Schema = {"properties": {"url": {"enum": sorted(url for url, _ in listed)}}}
        counts: list[Schema] = []
        for url, one in reversed(listed):
            by_url = {"properties": {"url": {"const": url}}}
            items = {"if": by_url, "then": self._extension(one), "else": items}
            counts = [*count(by_url, one), *counts]
        return {**told, "items": items, **({"allOf": counts} if counts else {})}, least

    def _extension(self, node: Node) -> Json:
        if node.children:
            return self._object(node)
        structure = self._shapes.definitions.structure(node.types[0]["profile"][0])
        name = structure["id"]
        if name not in self.defs:
            self.defs[name] = True
            self.defs[name] = self._object(self._shapes.of(structure["url"]))
        return {"$ref": _REF + name}

    # invariants

    def _invariants(self, node: Node, known: Iterable[str] = ()) -> list[Schema]:
        """What the invariants of an element ask for, without those that hold of its type."""
        made: list[Schema] = []
        for one in node.definition.get("constraint", []):
            if one["key"] in known or one.get("severity") != "error" or one["key"] in _CORE:
                continue
            try:
                told = translated(one["expression"], node, self._shapes)
            except Unknown as why:
                place = one.get("source", "").rpartition("/")[2] or _path(node)
                self._leave_out(place, f"{one['key']} ({why})")
                continue
            made += [] if told is True else [told]
        return made

    def _leave_out(self, place: str, what: str) -> None:
        """Said once, of the place that is highest up: a rule of a type is met wherever it is."""
        known = self._left_out.get(what, place)
        self._left_out[what] = min(known, place, key=lambda one: (one.count("."), one))

    @property
    def left_out(self) -> list[str]:
        """What there is no schema of: the element, and what of it."""
        return sorted(f"{place}: {what}" for what, place in self._left_out.items())


_CORE = {"ele-1"}
"""What closed objects say by themselves: an element has a value, or elements."""


def _path(node: Node) -> str:
    return node.definition.get("id") or node.name


def _as_slice(node: Node, one: Node) -> Node:
    """A slice, with what holds of every entry."""
    return replace(one, definition=held(node, one), children=one.children or node.children)
