"""What we write of each thing: the elements in an element, with what holds of them by its type and
by the profile that it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .definitions import Definitions
from .fhirpath import NoElement
from .overlay import overlaid
from .trees import Node, tree

Json = dict[str, Any]
SYSTEM = "http://hl7.org/fhirpath/System."
"""What the types of values are called that are strings, numbers or true and false in JSON."""
_BACKBONE = ("BackboneElement", "Element")
_NEVER = ("id", "implicitRules", "contained", "modifierExtension")
"""What nearly every type has, and is written only where a profile marks it."""


def type_of(node: Node) -> str | None:
    """The name of its type, or of the first of several."""
    return node.types[0]["code"] if node.types else None


def held(one: Node, other: Node) -> Json:
    """The definition of the second, with the invariants of both."""
    told = {
        told["key"]: told for node in (one, other) for told in node.definition.get("constraint", [])
    }
    return {**other.definition, "constraint": [*told.values()]}


class Shapes:
    """The trees of types, profiles and extensions. A profile's own tree is `root` until the next
    one is read."""

    def __init__(self, definitions: Definitions, written: dict[str, Json]) -> None:
        """`written`: profiles of data types, by the type: what of it we write."""
        self.definitions = definitions
        self._written = written
        self._trees: dict[str, Node] = {}
        self._root = Node("", {})

    def profile(self, structure: Json) -> Node:
        """The tree of a profile of a resource."""
        self._root = tree(structure, marking=True)
        return self._root

    def of(self, type_or_url: str) -> Node:
        """What we write of a data type; an extension as it is. Raises KeyError."""
        if type_or_url not in self._written:
            return self._plain(type_or_url)
        key = f"written {type_or_url}"
        if key not in self._trees:
            self._trees[key] = tree(self._written[type_or_url], marking=True)
        return self._trees[key]

    def _plain(self, type_or_url: str) -> Node:
        if type_or_url not in self._trees:
            found = self.definitions.structure(type_or_url)
            self._trees[type_or_url] = tree(found, marking=False)
        return self._trees[type_or_url]

    def is_primitive(self, node: Node) -> bool:
        """Whether it is a value in JSON, and no object."""
        code = type_of(node)
        if code is None or code.startswith(SYSTEM):
            return code is not None
        return self.definitions.structure(code)["kind"] == "primitive-type"

    def unfolded(self, node: Node) -> Node:
        """With the elements of its type, and with what the profile says of these."""
        if (reference := node.definition.get("contentReference")) and not node.children:
            return replace(self.referred(reference), definition=node.definition)
        code = type_of(node)
        if code is None or code in _BACKBONE or code.startswith(SYSTEM):
            return node
        if code == "Extension":
            return self._extension(node)
        base = self.of(code)
        told = held(base, node)
        if not node.children:
            return replace(node, definition=told, children=base.children, marking=base.marking)
        laid = overlaid(base, self._plain(code), node, (self.unfolded, self._core))
        return replace(node, definition=told, children=laid.children, marking=base.marking)

    def referred(self, reference: str) -> Node:
        """The element of the same profile that has the same content."""
        node = self._root
        for step in reference.rpartition("#")[2].split(".")[1:]:
            node = node.children[step]
        return node

    def _core(self, node: Node) -> Node:
        code = type_of(node)
        if node.children or code is None or code.startswith(SYSTEM):
            return node
        return replace(node, children=self._plain(code).children)

    def _extension(self, node: Node) -> Node:
        profiles = node.types[0].get("profile", [])
        if not profiles:
            return replace(node, marking=False)
        whole = self.of(profiles[0])
        children = node.children or whole.children
        return replace(node, definition=held(whole, node), children=children, marking=False)

    def written(self, node: Node) -> Iterator[Node]:
        """The elements that we write of an element; `extension` where it has one that we write."""
        for name, child in self.unfolded(node).children.items():
            if name == "extension":
                if any(self.extensions(node)):
                    yield child
            elif self._is_written(node, child):
                yield child

    def _is_written(self, node: Node, child: Node) -> bool:
        if child.most == 0:
            return False
        whole = self.unfolded(node)
        if whole.marking:
            return child.is_marked or any(one.is_marked for one in child.slices.values())
        return child.name not in _NEVER

    def extensions(self, node: Node) -> Iterator[tuple[str, Node]]:
        """The extensions that an element may have, by their URLs."""
        whole = self.unfolded(node)
        listed = whole.children.get("extension")
        if listed is None or listed.most == 0:
            return
        for one in listed.slices.values():
            if one.most != 0 and (one.is_marked or not whole.marking):
                yield self._url(one), one

    def _url(self, extension: Node) -> str:
        url = self.unfolded(extension).children["url"].definition
        return url.get("fixedUri") or extension.types[0]["profile"][0]

    def extension(self, node: Node, url: str) -> Node | None:
        """The extension of this URL that an element may have."""
        return dict(self.extensions(node)).get(url)

    def properties(self, node: Node, name: str) -> list[tuple[str, Node]]:
        """The properties in JSON for an element or a choice of this name, and what they hold: none
        where it is never written. Raises NoElement for a name that the type does not have."""
        whole = self.unfolded(node)
        child = whole.child(name)
        if child is None:
            if self._is_narrowed_away(node, name):
                return []
            raise NoElement(f"`{name}`")
        if name == "extension":
            return [(name, child)] if any(self.extensions(node)) else []
        return list(self.keys(child)) if self._is_written(node, child) else []

    def _is_narrowed_away(self, node: Node, name: str) -> bool:
        code = type_of(node)
        known = code is not None and code not in _BACKBONE and not code.startswith(SYSTEM)
        return known and self._plain(code).child(name) is not None

    def keys(self, child: Node) -> Iterator[tuple[str, Node]]:
        """The properties of an element that is written: one for each type of a choice."""
        if not child.is_choice:
            yield child.name, child
            return
        stem = child.name.removesuffix("[x]")
        for type_ in child.types:
            key = stem + type_["code"][0].upper() + type_["code"][1:]
            one = child.slices.get(key)
            own = {**child.definition, **(one.definition if one else {}), "type": [type_]}
            children = one.children if one else child.children if len(child.types) == 1 else {}
            yield key, Node(key, own, children, marking=child.marking)
