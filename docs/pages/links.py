"""Where a canonical URL is told of: a page of ours, or HL7's own name for it."""

from __future__ import annotations

from pages.markdown import anchor, code
from pages.sources import IG, definitions, extensions, profiles

_TERMINOLOGY = {"CodeSystem": "Code system", "ValueSet": "Value set", "ConceptMap": "Map"}


def heading(kind: str, id_: str) -> str:
    """The heading under which a code system, value set or map is told of."""
    return f"{_TERMINOLOGY[kind]}: {id_}"


def link(canonical: str) -> str:
    """A link within docs/profiles to what has this URL; what is not ours stays as it is."""
    url = canonical.partition("|")[0]
    if not url.startswith(f"{IG}/"):
        return code(url)
    kind, _, id_ = url.removeprefix(f"{IG}/").partition("/")
    if kind in _TERMINOLOGY:
        if id_ not in definitions(kind):
            return code(url)
        title = definitions(kind)[id_].get("title", id_)
        return f"[{title}](terminology.md#{anchor(heading(kind, id_))})"
    if id_ in extensions():
        return f"[{id_}](extensions.md#{id_})"
    if id_ in profiles():
        return f"[{profiles()[id_]['title']}]({id_}.md)"
    return code(url)
