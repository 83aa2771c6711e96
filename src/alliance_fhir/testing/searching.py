"""Searches: which resources fit, in what order, and how many pages they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from alliance_fhir.testing.dates import holds
from alliance_fhir.testing.messages import Declined, Json, Params, bundle
from alliance_fhir.testing.parameters import PARAMETERS, alternatives, elements, known
from alliance_fhir.testing.store import Store, Version

Links = Literal["absolute", "relative", "none"]

_CONTROLS = frozenset(
    {"_count", "_sort", "_total", "_summary", "_format", "_pretty", "_elements", "_since"}
)


class Search(NamedTuple):
    """A search in a store. `strays` are parameters that are ignored, for better or worse."""

    store: Store
    base: str
    strays: Callable[[str], bool]

    def hits(self, type_: str, params: Params, *, lagging: bool = True) -> list[Version]:
        """What fits all parameters, in the order asked for."""
        asked = [p for p in params if p[0] not in _CONTROLS and not self.strays(p[0])]
        for name, _ in asked:
            if not known(type_, name):
                raise Declined(400, "not-supported", f"no such parameter for {type_}")
        indexed = [(n, v) for n, v in asked if PARAMETERS[n.partition(":")[0]].kind != "date"]
        if indexed:
            terms = [self._terms(name, value) for name, value in indexed]
            found = self.store.under(type_, terms[0], lagging=lagging)
            found = (hit for hit in found if not any(hit.terms.isdisjoint(t) for t in terms[1:]))
        else:
            found = self.store.everything(type_, lagging=lagging)
        dated = [p for p in asked if p not in indexed]
        fitting = [hit for hit in found if all(_dated(hit, name, value) for name, value in dated)]
        return _sorted(fitting, dict(params).get("_sort", ""))

    def _terms(self, name: str, value: str) -> list[tuple[str, str]]:
        parts = alternatives(value)
        if PARAMETERS[name.partition(":")[0]].kind == "reference":
            parts = [part.removeprefix(f"{self.base}/") for part in parts]
        return [(name, part) for part in parts]


def _dated(hit: Version, name: str, value: str) -> bool:
    values = [v for path in PARAMETERS[name].elements for v in elements(hit.body, path)]
    return any(holds(one, asked) for one in values for asked in value.split(","))


def _sorted(hits: list[Version], order: str) -> list[Version]:
    for told in reversed([part for part in order.split(",") if part]):
        name = told.removeprefix("-")
        if name not in PARAMETERS:
            raise Declined(400, "not-supported", "no such order")
        paths = PARAMETERS[name].elements

        def key(hit: Version, paths: tuple[str, ...] = paths) -> str:
            return next((str(v) for path in paths for v in elements(hit.body, path)), "")

        hits = sorted(hits, key=key, reverse=told.startswith("-"))
    return hits


class Pages:
    """Bundles that are handed out page by page; what they hold is fixed with the first page."""

    def __init__(self) -> None:
        self.size = 0  # entries in a page; 0 is all
        self.links: Links = "absolute"
        self.totals = True
        self._left: dict[str, tuple[list[Json], int, Json, int]] = {}

    def first(self, base: str, entries: list[Json], params: Params, **head: Any) -> Json:
        """The first page, by what the request says of `_count`, `_summary`, `_total`."""
        controls = dict(params)
        if self.totals and controls.get("_total") != "none":
            head["total"] = len(entries)
        count = _number(controls.get("_count", ""))
        if controls.get("_summary") == "count" or count == 0:
            return {"resourceType": "Bundle", **head, "total": len(entries)}
        return self._page(base, entries, 0, head, min(filter(None, (count, self.size)), default=0))

    def following(self, base: str, name: str) -> Json:
        """The page of this name; the name is good for more than once."""
        if name not in self._left:
            raise Declined(410, "expired")
        entries, start, head, size = self._left[name]
        return self._page(base, entries, start, head, size)

    def _page(self, base: str, entries: list[Json], start: int, head: Json, size: int) -> Json:
        end = start + size if size else len(entries)
        made: Json = {**bundle(), **head, "entry": entries[start:end]}
        if end >= len(entries) or self.links == "none":
            return made
        name = f"page-{len(self._left)}"
        self._left[name] = (entries, end, head, size)
        url = f"?_getpages={name}" if self.links == "relative" else f"{base}?_getpages={name}"
        return {**made, "link": [{"relation": "next", "url": url}]}


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise Declined(400, "value", "_count is no number")
    return int(text)


def search_entries(base: str, hits: list[Version]) -> Iterator[Json]:
    """The entries of a searchset."""
    for hit in hits:
        url = f"{base}/{hit.place}"
        yield {"fullUrl": url, "resource": hit.body, "search": {"mode": "match"}}


def history_entries(base: str, versions: list[Version]) -> Iterator[Json]:
    """The entries of a history."""
    statuses = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}
    for version in versions:
        type_ = version.place.partition("/")[0]
        url = type_ if version.method == "POST" else version.place
        response = {"status": statuses[version.method], "lastModified": version.when}
        if version.label:
            response["etag"] = f'W/"{version.label}"'
        told: Json = {"fullUrl": f"{base}/{version.place}"}
        if version.body:
            told["resource"] = version.body
        yield {**told, "request": {"method": version.method, "url": url}, "response": response}
