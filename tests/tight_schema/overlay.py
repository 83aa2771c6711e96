"""What a profile says of an element, laid over what we write of its data type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .trees import Node

Json = dict[str, Any]
Unfold = Callable[[Node], Node]
_REPLACED = ("max", "type", "binding", "slicing", "mustSupport")
_PREFIXES = ("fixed", "pattern", "minValue", "maxValue", "maxLength")


def overlaid(base: Node, core: Node, over: Node, unfolds: tuple[Unfold, Unfold]) -> Node:
    """What holds of an element by `base`, and by what `over` says that `core` does not say.

    `base` (what we write of a data type) and `over` (what a profile says of it) both narrow `core`.
    `unfolds`: of an element without children that of its type, as we write it and as it is.
    """
    told = _told(core.definition, over.definition)
    constraints = _constraints(base.definition, core.definition, over.definition)
    definition = {**base.definition, **told, "constraint": constraints}
    definition["min"] = max(base.least, over.least)
    children, slices = base.children, over.slices or base.slices
    if over.children:
        whole, plain = unfolds[0](base), unfolds[1](core)
        children = _children(whole, plain, over, unfolds)
    return replace(base, definition=definition, children=children, slices=slices)


def _told(core: Json, over: Json) -> Json:
    return {
        key: value
        for key, value in over.items()
        if (key in _REPLACED or key.startswith(_PREFIXES)) and value != core.get(key)
    }


def _constraints(*definitions: Json) -> list[Json]:
    base, core, over = (one.get("constraint", []) for one in definitions)
    known = {one["key"] for one in (*base, *core)}
    return [*base, *(one for one in over if one["key"] not in known)]


def _children(
    base: Node, core: Node, over: Node, unfolds: tuple[Unfold, Unfold]
) -> dict[str, Node]:
    laid = dict(base.children)
    for name, one in over.children.items():
        if name in laid and name in core.children:
            laid[name] = overlaid(laid[name], core.children[name], one, unfolds)
    marked = {name for name, one in over.children.items() if one.definition.get("mustSupport")}
    if marked - {"extension"}:  # the profile says which parts of the data type we write here
        kept = marked | {"extension"} | {name for name, one in laid.items() if one.least > 0}
        laid = {name: one for name, one in laid.items() if name in kept}
    return laid
