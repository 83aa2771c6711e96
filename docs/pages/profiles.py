"""A page for each profile."""

from __future__ import annotations

from collections.abc import Iterator

from pages import elements
from pages.links import link
from pages.markdown import block, bullets, code, folded, page, section, table
from pages.sources import Json, example_of, profiles

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_MARKS = (
    "What the columns say, and how to read the words of FHIR in them, is told in "
    "[how to read these pages](README.md#how-to-read-these-pages)."
)

_LONG = 500
"""Lines of an example that nobody reads through."""


def pages() -> dict[str, str]:
    """All of them."""
    return {f"profiles/{id_}.md": _page(id_, body) for id_, body in profiles().items()}


def _page(id_: str, body: Json) -> str:
    return page(
        "profiles/",
        f"{body['title']} ({id_})",
        body["description"],
        _facts(body),
        section("Why", body.get("purpose", "")),
        section("What stands in it", _MARKS, elements.element_table(id_)),
        section("Rules between its elements", bullets(_rules(id_))),
        section("In R5", _in_r5(id_)),
        section("An example", *_example(id_, body)),
    )


def _facts(body: Json) -> str:
    base = str(body["baseDefinition"])
    on = f"FHIR's {body['type']}" if base.startswith(_HL7) else f"our {link(base)}"
    if base.startswith(_HL7):
        on += f" (<https://hl7.org/fhir/R4/{body['type'].lower()}.html>)"
    lines = [f"Its address: {code(body['url'])}", f"It builds on {on}."]
    if body.get("abstract"):
        names = [link(b["url"]) for b in profiles().values() if b["baseDefinition"] == body["url"]]
        lines.append(f"No resource is of it alone; these build on it: {', '.join(names)}.")
    return bullets(lines)


def _rules(id_: str) -> Iterator[str]:
    for element in elements.of(id_).values():
        for rule in element.body["constraint"]:
            where = f" of {code(element.name)}" if element.name else ""
            yield f"**{rule['key']}**{where}: {rule['human']}  \n  {code(rule['expression'])}"


def _in_r5(id_: str) -> str:
    if id_ not in profiles("r5"):
        return "There is no such profile."
    old, new = (
        {name: e for name, e in elements.of(id_, build).items() if e.shown}
        for build in ("r4", "r5")
    )
    gone = {name: old[name] for name in old if name not in new}
    come = {name: new[name] for name in new if name not in old}
    if not gone and not come:
        return "All elements have the same names as in R4."
    rows = []
    for name in [*gone]:
        means = elements.meaning(gone[name].body)
        same = next((n for n in come if means and elements.meaning(come[n].body) == means), None)
        other = code(come.pop(same).name) if same else "nothing of its own"
        rows.append((code(gone[name].name), other, means))
    rows += [("nothing of its own", code(e.name), elements.meaning(e.body)) for e in come.values()]
    told = "What has another name, or is not there in both:"
    return f"{told}\n\n{table(('R4', 'R5', 'what it means'), rows)}"


def _example(id_: str, body: Json) -> list[str]:
    if body.get("abstract"):
        return []
    found = example_of(id_)
    if found is None:
        return ["Nothing in the package says that it fits this profile."]
    example, file = found
    shown, lines = block("json", example), len(example.splitlines())
    if lines > _LONG:
        shown = folded(f"All {lines:,} lines", shown)
    return [f"Of the package: `{file}`. Nobody in it is real.", shown]
