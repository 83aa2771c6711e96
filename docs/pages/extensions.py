"""The page of the extensions: what FHIR has no element for."""

from __future__ import annotations

from pages import words
from pages.markdown import bullets, code, page, section, table
from pages.sources import Json, extensions, profiles

_ABOUT = """\
An extension is how FHIR takes what it has no element for: a named addition, at an element
where it is allowed. We have one only where neither FHIR nor HL7's own extensions have a place
for what has to be said. Whoever does not know an extension can leave it, and understands the
rest."""


def pages() -> dict[str, str]:
    """The page."""
    told = [section(id_, *_parts(body)) for id_, body in sorted(extensions().items())]
    made_of = "profiles/input"
    return {"profiles/extensions.md": page(made_of, "Extensions", _ABOUT, *told)}


def _parts(body: Json) -> list[str]:
    elements = {e["id"]: e for e in body["differential"]["element"]}
    parts = [e for id_, e in elements.items() if id_.count(":") == 1 and id_.count(".") == 1]
    where = ", ".join(code(one["expression"]) for one in body["context"])
    facts = [f"Its address: {code(body['url'])}", f"It stands at: {where}"]
    if used := [f"[{p['title']}]({id_}.md)" for id_, p in profiles().items() if _uses(p, body)]:
        facts.append(f"Used by: {', '.join(used)}")
    if not parts:
        value = elements["Extension.value[x]"]
        facts.append(f"Its value: {_value(value)}")
    rows = [_row(part, elements) for part in parts]
    rules = [
        f"**{rule['key']}**: {rule['human']}  \n  {code(rule['expression'])}"
        for element in elements.values()
        for rule in element.get("constraint", [])
    ]
    return [
        f"**{body['title']}.** {body['description']}",
        bullets(facts),
        table(("part", "how many", "type", "what it says"), rows),
        bullets(rules),
    ]


def _row(part: Json, elements: dict[str, Json]) -> tuple[str, ...]:
    value = elements[f"{part['id']}.value[x]"]
    many = words.how_many(part.get("min", 0), part.get("max", "1"))
    return code(part["sliceName"]), many, _value(value), part.get("short", "")


def _value(value: Json) -> str:
    told = [words.type_of(value.get("type", []))]
    if "binding" in value:
        told.append(words.binding(value["binding"]))
    return ", ".join(one for one in (*told, words.fixed(value)) if one)


def _uses(profile: Json, extension: Json) -> bool:
    return any(
        extension["url"] in one.get("profile", [])
        for element in profile["differential"]["element"]
        for one in element.get("type", [])
    )
