"""The page of the codes: code systems, value sets, and maps from the codes of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pages.links import heading, link
from pages.markdown import bullets, code, page, section, table
from pages.sources import Json, definitions
from pages.words import system

_ABOUT = """\
A **code system** says what codes there are and what each means. A **value set** says which
codes may stand at a place. A **map** says what a code of somebody else's becomes here. The
codes of SNOMED CT and LOINC are given without their texts, which are not ours to show."""
_MAPPED = {
    "equivalent": "says the same",
    "equal": "says the same",
    "wider": "says less",
    "narrower": "says more",
    "relatedto": "is near it",
    "unmatched": "says nothing of a visit",
}


def pages() -> dict[str, str]:
    """The page."""
    parts = [
        section("Code systems", _ABOUT_SYSTEMS),
        *_told("CodeSystem", _codes),
        section("Value sets", _ABOUT_SETS),
        *_told("ValueSet", _members),
        section("Maps", _ABOUT_MAPS),
        *_told("ConceptMap", _map),
    ]
    made_of = "src/alliance_fhir/fhir and profiles/input"
    return {"profiles/terminology.md": page(made_of, "Codes", _ABOUT, *parts)}


_ABOUT_SYSTEMS = "Our own, where no standard code was found for what has to be said."
_ABOUT_SETS = "Each place in a profile that takes codes names one of these."
_ABOUT_MAPS = "How the words of scheduling systems become ours."


def _told(kind: str, content: Callable[[Json], str]) -> Iterator[str]:
    for id_, body in definitions(kind).items():
        about = f"**{body.get('title', id_)}.** {body.get('description', '')}"
        address = f"Its address: {code(body['url'])}"
        yield section(heading(kind, id_), about, address, content(body), level=3)


def _codes(body: Json) -> str:
    rows = (
        (code(c["code"]), c.get("display", ""), c.get("definition", "")) for c in body["concept"]
    )
    return table(("code", "shown as", "what it means"), rows)


def _members(body: Json) -> str:
    lines = []
    for part in body["compose"]["include"]:
        of = system(part["system"]) if "system" in part else ""
        codes = ", ".join(code(c["code"]) for c in part.get("concept", []))
        sets = ", ".join(link(url) for url in part.get("valueSet", []))
        lines.append(f"of {of}: {codes or 'all codes'}" if of else f"all of {sets}")
    return bullets(lines)


def _map(body: Json) -> str:
    rows = []
    for group in body["group"]:
        for element in group["element"]:
            for target in element.get("target", []):
                becomes = code(target["code"]) if "code" in target else ""
                how = _MAPPED[target["equivalence"]]
                rows.append((code(element["code"]), becomes, how, target.get("comment", "")))
    of = [f"from {system(g['source'])} to {system(g['target'])}" for g in body["group"]]
    return f"{'; '.join(of)}\n\n{table(('code', 'becomes', 'which', 'why'), rows)}"
