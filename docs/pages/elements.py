"""The table of a profile's elements: all that we write, and what never stands there."""

from __future__ import annotations

from typing import NamedTuple

from pages import words
from pages.links import link
from pages.markdown import code, table
from pages.sources import IG, Json, definitions, extensions, profiles, snapshots

HEAD = ("element", "how many", "type", "what stands there", "must-support", "what it means")


class Element(NamedTuple):
    """An element of a profile, with what was said of it by the profiles that it builds on."""

    id: str
    body: Json

    @property
    def name(self) -> str:
        """The way to it, without the type of the resource."""
        return self.id.partition(".")[2]

    @property
    def shown(self) -> bool:
        """Whether it has a row of its own: what we write, and what never stands there."""
        return bool(self.body.get("mustSupport")) or ("." not in self.name and self.never)

    @property
    def never(self) -> bool:
        """Whether it may not be there."""
        return self.body.get("max") == "0"


def of(profile: str, build: str = "r4") -> dict[str, Element]:
    """The elements of a profile, by their ids, with those of the profiles of ours below it."""
    body = definitions("StructureDefinition", build)[profile]
    base = str(body["baseDefinition"]).removeprefix(f"{IG}/StructureDefinition/")
    found = dict(of(base, build)) if base in profiles(build) else {}
    for one in body["differential"]["element"]:
        before = found[one["id"]].body if one["id"] in found else {}
        both = {**before, **one}
        both["constraint"] = [*before.get("constraint", []), *one.get("constraint", [])]
        found[one["id"]] = Element(one["id"], both)
    return found


def element_table(profile: str) -> str:
    """The table."""
    elements = of(profile)
    order = {id_: place for place, id_ in enumerate(snapshots()[profile])}
    rows = [e for e in elements.values() if e.shown]
    rows.sort(key=lambda e: order.get(e.id, len(order)))
    return table(HEAD, (_row(profile, e, elements) for e in rows))


def _row(profile: str, element: Element, elements: dict[str, Element]) -> tuple[str, ...]:
    known = snapshots()[profile].get(element.id, {"many": "", "type": []})
    if element.never:
        return code(element.name), "0", "", "never", "", element.body.get("short", "")
    return (
        code(element.name),
        known["many"],
        words.type_of(known["type"]),
        "; ".join(_held(element, elements)),
        "yes",
        meaning(element.body),
    )


def meaning(body: Json) -> str:
    """What an element means: our own words, and of an extension of ours what it says itself."""
    if told := body.get("short"):
        return told
    slice_ = body.get("sliceName", "")
    for url in _urls(body):
        name = url.removeprefix(f"{IG}/StructureDefinition/")
        if name in extensions():
            return extensions()[name]["description"]
    return words.HL7.get(slice_, "")


def _urls(body: Json) -> list[str]:
    return [url for one in body.get("type", []) for url in one.get("profile", [])]


def _held(element: Element, elements: dict[str, Element]) -> list[str]:
    """What an element is held to, and what its parts are that have no row."""
    told = [link(url) for url in _urls(element.body)]
    told += _content(element.body)
    parts = [e for e in elements.values() if _part_of(e, element, elements)]
    if musts := [e for e in parts if e.body.get("min", 0) > 0 and not _content(e.body)]:
        told.append(f"with {', '.join(code(_below(e, element)) for e in musts)}")
    told += [f"{code(_below(e, element))} {c}" for e in parts for c in _content(e.body)]
    if nots := [e for e in parts if e.never]:
        told.append(f"without {', '.join(code(_below(e, element)) for e in nots)}")
    return told


def _content(body: Json) -> list[str]:
    bound = words.binding(body["binding"]) if "binding" in body else ""
    ends = [
        f"{word} {value}"
        for word, key in (("at least", "minValue"), ("at most", "maxValue"))
        for name, value in body.items()
        if name.startswith(key)
    ]
    return [one for one in (bound, words.fixed(body), " and ".join(ends)) if one]


def _below(part: Element, element: Element) -> str:
    return part.id.removeprefix(f"{element.id}.")


def _part_of(part: Element, element: Element, elements: dict[str, Element]) -> bool:
    """Whether something without a row belongs to the row of this element: the nearest above it."""
    if part.shown or not part.id.startswith(f"{element.id}."):
        return False
    if part.id.endswith(".extension"):  # their names have rows
        return False
    way = part.id.rpartition(".")[0]
    while way != element.id:
        if way in elements and elements[way].shown:
            return False
        way = way.rpartition(".")[0]
    return True
