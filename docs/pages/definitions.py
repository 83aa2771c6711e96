"""Pages of what is neither profile nor code: measures, forms of plans, what servers have to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pages.markdown import bullets, code, page, section, table
from pages.sources import Json, definitions

FORMS = ("first-conversation", "plan-review")
"""The forms that are of no instrument."""
_EXPECTED = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"
_KINDS = {"boolean": "yes or no", "reference": "what is meant", "integer": "a whole number"}
_LEVELS = {"SHALL": "must", "SHOULD": "should", "MAY": "may"}


def pages() -> dict[str, str]:
    """All of them."""
    return {
        "profiles/measures.md": _all(
            "Measures", "src/alliance_fhir/fhir/measure.py", _MEASURES, "Measure", _measure
        ),
        "profiles/forms.md": _forms(),
        "profiles/servers.md": _all(
            "What servers have to do", "profiles/input", _SERVERS, "CapabilityStatement", _server
        ),
    }


_MEASURES = """\
What is counted of visits, so that two services that give the same figure mean the same. Each
measure is a part of a whole: how many of those below the line are above it, too. How they are
run is in [measure who comes and who stays away](../how-to/measure-engagement.md), and what is
not shown of few people in [engagement measures](../reference/measures.md)."""
_SERVERS = """\
In FHIR a CapabilityStatement says what a program can do. These two say what we ask of a
server, and what we use of it. Which servers were tried is in
[servers](../reference/servers.md)."""


def _all(
    title: str, made_of: str, about: str, kind: str, content: Callable[[Json], Iterator[str]]
) -> str:
    told = [
        section(
            id_,
            f"**{b['title']}.** {b['description']}",
            f"Its address: {code(b['url'])}",
            *content(b),
        )
        for id_, b in definitions(kind).items()
    ]
    return page(made_of, title, about, *told)


def _measure(body: Json) -> Iterator[str]:
    rows = []
    for group in body["group"]:
        for part in (*group["population"], *group.get("stratifier", [])):
            name = part["code"]["coding"][0]["code"]
            criteria = part["criteria"]
            rows.append((code(name), criteria["description"], code(criteria["expression"])))
    yield table(("part", "what belongs to it", "the same for a program (FHIRPath)"), rows)


def _server(body: Json) -> Iterator[str]:
    for rest in body["rest"]:
        yield rest.get("documentation", "")
        yield bullets(f"{code(i['code'])}{_level(i)}" for i in rest.get("interaction", []))
        rows = (
            (
                code(one["type"]),
                ", ".join(f"{code(i['code'])}{_level(i)}" for i in one.get("interaction", [])),
                ", ".join(f"{code(p['name'])}{_level(p)}" for p in one.get("searchParam", [])),
            )
            for one in rest.get("resource", [])
        )
        yield table(("type", "what is done", "what is searched by"), rows)


def _level(part: Json) -> str:
    levels = [e["valueCode"] for e in part.get("extension", []) if e["url"] == _EXPECTED]
    return f" ({_LEVELS[levels[0]]})" if levels else ""


def _forms() -> str:
    about = """\
The two forms of shared plans. They are ours and free (CC0), so that their words are here. What
becomes of the answers is in [shared plans in FHIR](../reference/plans-in-fhir.md)."""
    told = []
    for id_ in FORMS:
        body = definitions("Questionnaire")[id_]
        rows = (_question(item, depth) for item, depth in _items(body["item"], 0))
        told.append(
            section(
                f"{body['title']} ({id_})",
                body["description"],
                f"Its address: {code(body['url'])}, version {body['version']}",
                table(("question", "what is asked", "what is answered"), rows),
            )
        )
    return page("src/alliance_fhir/fhir/plan", "Forms of shared plans", about, *told)


def _items(items: list[Json], depth: int) -> Iterator[tuple[Json, int]]:
    for item in items:
        yield item, depth
        yield from _items(item.get("item", []), depth + 1)


def _question(item: Json, depth: int) -> tuple[str, str, str]:
    options = [o["valueCoding"] for o in item.get("answerOption", [])]
    answers = ", ".join(o.get("display", code(o["code"])) for o in options)
    kind = "" if item["type"] == "group" else answers or _KINDS.get(item["type"], item["type"])
    many = "more than once" if item.get("repeats") else ""
    told = ", ".join(one for one in (kind, many) if one)
    return code(item["linkId"]), f"{'· ' * depth}{item.get('text', '')}", told
