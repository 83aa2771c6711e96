"""What tells the slices of an element apart, as a condition on one entry of its array."""

from __future__ import annotations

from .fhirpath import Unknown
from .logic import Schema, both
from .shapes import Json, Shapes, type_of
from .trees import Node
from .values import fixed, in_binding, referring

_RESOLVED = "resolve()"


def condition(element: Node, one: Node, shapes: Shapes) -> Schema:
    """What an entry has to fit to be this slice. Raises Unknown."""
    slicing = element.definition.get("slicing", {})
    told = [_told(by, one, shapes) for by in slicing.get("discriminator", [])]
    found = both(told)
    if isinstance(found, bool):
        raise Unknown("no discriminator")
    return found


def _told(by: Json, one: Node, shapes: Shapes) -> Schema:
    steps = [step for step in by["path"].split(".") if step not in ("$this", "")]
    return _within(one, steps, by["type"], shapes)


def _within(node: Node, steps: list[str], by: str, shapes: Shapes) -> Schema:
    if steps and steps[0] != _RESOLVED:
        name, *rest = steps
        found = shapes.properties(node, name)
        if by == "exists" and not rest:
            return _exists(node, name, shapes)
        if len(found) != 1:
            raise Unknown(f"discriminator {name}")
        [(key, child)] = found
        inner = _within(child, rest, by, shapes)
        if child.is_list:
            inner = {"contains": inner}
        return {"required": [key], "properties": {key: inner}}
    if steps or by in ("type", "profile"):
        return _typed(node, shapes)
    return _identity(node, shapes)


def _exists(node: Node, name: str, shapes: Shapes) -> Schema:
    found = shapes.properties(node, name)
    return {"required": [found[0][0]]} if found else True


def _typed(node: Node, shapes: Shapes) -> Schema:
    told = referring(node, shapes.definitions)
    if isinstance(told, bool):
        raise Unknown("a discriminator by type")
    return {"required": ["type"], "properties": {"type": told["properties"]["type"]}}


def _identity(node: Node, shapes: Shapes) -> Schema:
    """The values by which a slice is known: its own, or those of the elements in it."""
    own = fixed(node.definition)
    if own is not True:
        return own
    code = type_of(node)
    bound = in_binding(node, code or "", shapes.definitions)
    if bound is not True and bound is not None:
        return bound
    told: list[Schema] = []
    for name, child in node.children.items():
        if child.is_choice or name == "extension":
            continue
        inner = _identity(child, shapes) if child.definition.get("min") or child.children else True
        inner = inner if inner is not True else fixed(child.definition)
        if inner is not True:
            inner = {"contains": inner} if child.is_list else inner
            told.append({"required": [name], "properties": {name: inner}})
    return both(told)
