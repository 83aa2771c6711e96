"""Elements of a definition as a tree, with slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Node:
    """An element; `definition` is its ElementDefinition."""

    name: str
    definition: Json
    children: dict[str, Node] = field(default_factory=dict[str, "Node"])
    slices: dict[str, Node] = field(default_factory=dict[str, "Node"])
    marking: bool = False
    """Whether of its elements only those that are marked are written; else all."""

    @property
    def least(self) -> int:
        """How often it stands at least."""
        return int(self.definition.get("min", 0))

    @property
    def most(self) -> int | None:
        """How often at most; None for any number."""
        most = self.definition.get("max", "*")
        return None if most == "*" else int(most)

    @property
    def is_list(self) -> bool:
        """Whether it is an array in JSON, which is so where FHIR itself lets it stand twice."""
        base = self.definition.get("base", {}).get("max", self.definition.get("max", "1"))
        return base not in ("0", "1")

    @property
    def is_choice(self) -> bool:
        """Whether its name ends with the name of its type."""
        return self.name.endswith("[x]")

    @property
    def types(self) -> list[Json]:
        """Its types: one, or several of a choice."""
        return self.definition.get("type", [])

    @property
    def is_marked(self) -> bool:
        """Whether it is written: must-support, or it has to be there."""
        marked = self.definition.get("mustSupport", False) or self.least > 0
        return self.most != 0 and marked

    def child(self, name: str) -> Node | None:
        """The element of this name, or the choice of this name."""
        return self.children.get(name) or self.children.get(f"{name}[x]")


def tree(structure: Json, *, marking: bool) -> Node:
    """The elements of a StructureDefinition that has a snapshot."""
    root, *rest = structure["snapshot"]["element"]
    top = Node(structure["type"], root, marking=marking)
    for element in rest:
        _, *way, last = element["id"].split(".")
        parent = top
        for step in way:
            parent = _step(parent, step)
        name, _, slice_name = last.partition(":")
        node = Node(name, element, marking=marking)
        if slice_name:
            parent.children[name].slices[slice_name] = node
        else:
            parent.children[name] = node
    return top


def _step(parent: Node, step: str) -> Node:
    name, _, slice_name = step.partition(":")
    node = parent.children[name]
    return node.slices[slice_name] if slice_name else node
