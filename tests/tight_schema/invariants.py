"""Invariants as JSON Schema: what FHIRPath says of an element, said of its JSON.

Collections are told apart from single values by the tree: `some` finds a value that fits, wherever
an array is on the way. An expression that has no value (FHIRPath's empty) counts as false, as
validators take it. What is not translated raises Unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from .conditions import bounded, choices, fits, has, is_boolean, is_of, pattern, plain
from .fhirpath import Binary, Call, Expression, Literal, Member, NoElement, Unknown, parsed
from .logic import Schema, both, either, implies, negated, same
from .trees import Node


class Elements(Protocol):
    """What is known of the elements in an element."""

    def properties(self, node: Node, name: str) -> list[tuple[str, Node]]:
        """The JSON properties that an element, or choice, of this name can have, and what each
        holds: none where it is never written. Raises Unknown for a name that does not exist."""
        ...

    def extension(self, node: Node, url: str) -> Node | None:
        """The extension of this URL that an element may have."""
        ...

    def is_primitive(self, node: Node) -> bool:
        """Whether it is a value in JSON, and no object."""
        ...


_BESIDE = "beside"
"""Marks what has to be said of the element beside a value, until its name is known."""
Inner = Callable[[Node], Schema]
"""What has to hold of a value that was found."""
_BOUNDS = {"<": "exclusiveMaximum", "<=": "maximum", ">": "exclusiveMinimum", ">=": "minimum"}
_OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def translated(expression: str, node: Node, elements: Elements) -> Schema:
    """What the JSON of this element has to fit. Raises Unknown."""
    return _Translation(elements).holds(parsed(expression), node)


class _Translation:
    def __init__(self, elements: Elements) -> None:
        self._elements = elements
        self._arrays = 0
        """How many arrays are on the way of the path that is being read."""
        self._counting = False

    def holds(self, told: Expression, node: Node) -> Schema:
        match told:
            case Literal(bool() as value):
                return value
            case Binary("and", left, right):
                return both((self.holds(left, node), self.holds(right, node)))
            case Binary("or", left, right):
                return either((self.holds(left, node), self.holds(right, node)))
            case Binary("implies", left, right):
                return implies(self.holds(left, node), self.holds(right, node))
            case Binary("xor", left, right):
                return same(self.holds(left, node), negated(self.holds(right, node)))
            case Binary(operator, left, right):
                return self._compared(operator, left, right, node)
            case Call():
                return self._called(told, node)
            case Member():
                return self._some(told, node, lambda _: {"const": True})
            case _:
                raise Unknown("a literal")

    def _called(self, told: Call, node: Node) -> Schema:
        of = told.of
        match told.name, told.arguments:
            case "not", () if of is not None:
                return negated(self.holds(of, node))
            case "exists", ():
                return self._some(of, node, lambda _: True)
            case "exists", (condition,):
                return self._some(of, node, lambda found: self.holds(condition, found))
            case "empty", ():
                return negated(self._some(of, node, lambda _: True))
            case "hasValue", ():
                return self._some(of, node, lambda _: True, values=True)
            case "all", (condition,):
                return negated(
                    self._some(of, node, lambda found: negated(self.holds(condition, found)))
                )
            case (("matches" | "startsWith" | "endsWith" | "contains"), (Literal(str() as text),)):
                return self._some(of, node, lambda _: {"pattern": pattern(told.name, text)})
            case _:
                raise Unknown(f"{told.name}()")

    def _compared(self, operator: str, left: Expression, right: Expression, node: Node) -> Schema:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            return self._compared(_OPPOSITE.get(operator, operator), right, left, node)
        if isinstance(left, Call) and left.name == "count" and isinstance(right, Literal):
            return self._counted(operator, left, right.value, node)
        match operator, right:
            case "=", Literal(value) if not (isinstance(value, bool) and is_boolean(left)):
                return self._some(left, node, lambda _: {"const": plain(value)})
            case "!=", Literal(value) if not (isinstance(value, bool) and is_boolean(left)):
                return self._some(left, node, lambda _: {"not": {"const": plain(value)}})
            case (("<" | "<=" | ">" | ">="), Literal(value)) if not isinstance(value, str | bool):
                return self._some(left, node, lambda _: {_BOUNDS[operator]: plain(value)})
            case "in", _:
                listed = choices(right)
                return self._some(left, node, lambda _: {"enum": listed})
            case (("=" | "!="), _) if is_boolean(left) and is_boolean(right):
                sides = self.holds(left, node), self.holds(right, node)
                return same(sides[0], sides[1] if operator == "=" else negated(sides[1]))
            case _:
                raise Unknown(f"`{operator}` of two elements")

    def _counted(self, operator: str, count: Call, value: object, node: Node) -> Schema:
        """How many there are: said of the one array on the way."""
        if operator == "!=":
            return negated(self._counted("=", count, value, node))
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unknown("count() of no whole number")
        least, most = {
            "=": (value, value),
            ">=": (value, None),
            ">": (value + 1, None),
            "<=": (0, value),
            "<": (0, value - 1),
        }.get(operator, (None, None))
        if least is None:
            raise Unknown(f"count() {operator}")
        if (highest := self._highest(count.of, node)) is not None and highest < max(least, 1):
            return least == 0
        self._arrays, self._counting = 0, True
        found = self._some(count.of, node, lambda _: True)
        self._counting = False
        if self._arrays != 1:
            raise Unknown("count() over arrays in arrays, or of no array")
        told = bounded(found, least, most)
        return told if least else either((negated(found), told))

    def _highest(self, path: Expression | None, node: Node) -> int | None:
        """How often an element can stand at most, where that is known."""
        if not isinstance(path, Member) or path.of is not None:
            return None
        known = [one.most for _, one in self._elements.properties(node, path.name)]
        return None if None in known else sum(one for one in known if one)

    def _some(
        self, path: Expression | None, node: Node, inner: Inner, *, values: bool = False
    ) -> Schema:
        """That something is where the path leads and that `inner` holds of it; `values`: that it
        is more than an extension of a primitive."""
        match path:
            case None | Member(None, "$this"):
                return inner(node)
            case Call(of, "toString", ()):
                return self._some(of, node, inner, values=values)
            case Member(of, name):
                return self._some(of, node, lambda at: self._member(at, name, inner, values))
            case Call(of, "extension", (Literal(str() as url),)):
                return self._some(of, node, lambda at: self._extended(at, url, inner))
            case Call(of, "where", (condition,)):
                return self._some(of, node, lambda at: self._where(condition, at, inner))
            case Call(of, "ofType" | "as", (Member(None, name),)) | Binary(
                "as", of, Member(None, name)
            ):
                return self._some(of, node, lambda at: inner(at) if is_of(at, name) else False)
            case Binary("|", left, right):
                return either(self._some(one, node, inner, values=values) for one in (left, right))
            case Call(_, name, _):
                raise Unknown(f"{name}()")
            case _:
                raise Unknown("a path of operators")

    def _where(self, condition: Expression, node: Node, inner: Inner) -> Schema:
        arrays = self._arrays
        holds = self.holds(condition, node)
        self._arrays = arrays
        return both((holds, inner(node)))

    def _member(self, node: Node, name: str, inner: Inner, values: bool) -> Schema:
        if name.startswith(("%", "$")):
            raise Unknown(name)
        if name == node.definition.get("path"):
            return inner(node)
        if name == "extension" and self._elements.is_primitive(node):
            return self._beside(node, inner)
        known = self._elements.properties(node, name)
        found: list[Schema] = []
        absent: list[Unknown] = []
        for key, child in known:
            self._arrays += child.is_list
            try:
                found += self._property(key, child, inner(child), values, len(known) == 1)
            except NoElement as why:  # of a choice this one type may not have what is asked for
                absent.append(why)
        if absent and len(absent) == len(known):
            raise absent[0]
        return either(found)

    def _property(
        self, key: str, child: Node, holds: Schema, values: bool, alone: bool
    ) -> Iterator[Schema]:
        """That this property is there and fits; `alone`: no other one could be in its place."""
        if isinstance(holds, dict) and _BESIDE in holds:
            key, holds = f"_{key}", holds[_BESIDE]
        elif holds is True and not values and self._extended_value(child):
            yield {"required": [f"_{key}"]}
        if child.is_list and holds is not True:
            holds = {"contains": holds} if holds else False
        if holds is not False:
            yield fits(key, holds) if alone and self._is_needed(child) else has(key, holds)

    def _is_needed(self, node: Node) -> bool:
        """Whether it is there in any case, so that this need not be said again."""
        return node.least > 0 and not self._counting and not self._extended_value(node)

    def _extended_value(self, node: Node) -> bool:
        return self._elements.is_primitive(node) and bool(
            self._elements.properties(node, "extension")
        )

    def _beside(self, node: Node, inner: Inner) -> Schema:
        """That a value has an extension: in JSON the extension stands in an element beside it."""
        found = self._elements.properties(node, "extension")
        holds = inner(found[0][1]) if found else False
        if not isinstance(holds, bool):
            raise Unknown("what an extension of a value holds")
        return {_BESIDE: {"required": ["extension"]}} if holds else False

    def _extended(self, node: Node, url: str, inner: Inner) -> Schema:
        extension = self._elements.extension(node, url)
        if extension is None:
            return False
        self._arrays += 1
        holds = both(({"properties": {"url": {"const": url}}}, inner(extension)))
        return has("extension", {"contains": holds}) if holds else False
