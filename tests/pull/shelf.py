"""Searches as servers answer them: paged in the form that a test chooses, with its faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from alliance_fhir.testing import Answer, Request, bundle, outcome
from alliance_fhir.testing import FhirServer as LittleServer

Json = dict[str, Any]
BEGAN = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
Links = Literal["absolute", "relative", "opaque", "none"]


def stamp(minute: float) -> str:
    """An instant so many minutes after the beginning."""
    when = BEGAN + timedelta(minutes=minute)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Shelf:
    """Stands between a request and the little server, and answers searches from its resources.

    Each version of a resource is a minute later than what was before it. `knows` are the parameters
    that it understands: others find nothing where `strict`, and are passed over else. `told` may
    change the bundle of each page before it goes out.
    """

    little: LittleServer
    links: Links = "absolute"
    most: int = 1000
    knows: frozenset[str] = frozenset(
        {"_count", "_sort", "_lastUpdated", "_summary", "_total", "identifier", "_tag", "_offset"}
    )
    strict: bool = False
    declines: frozenset[str] = frozenset()
    counts: Callable[[int], int | None] = lambda number: number
    told: Callable[[Request, Json], Json | Answer] = lambda request, page: page
    stamps: dict[str, str] = field(default_factory=dict[str, str])
    searches: list[Request] = field(default_factory=list[Request])
    _opaque: dict[str, tuple[str, list[str], int]] = field(
        default_factory=dict[str, tuple[str, list[str], int]]
    )

    def __post_init__(self) -> None:
        self.little.between = self

    def __call__(self, request: Request, proceed: Callable[[], Answer]) -> Answer:
        """A search by GET, or the server's own answer to anything else."""
        paging = request.path == "" and "page" in request.query
        plain = "/" not in request.path and request.path not in ("", "metadata")
        if request.method != "GET" or not (paging or plain):
            return proceed()
        self.searches.append(request)
        page = self._opened(request) if paging else self._search(request)
        return page if isinstance(page, Answer) else _answer(self.told(request, page))

    @property
    def pages(self) -> list[Request]:
        """The searches that were for pages, not for counts."""
        return [r for r in self.searches if "_summary" not in r.query and "_total" not in r.query]

    def stamped(self, body: Json) -> Json:
        """A resource with the time of its last change."""
        place = f"{body['resourceType']}/{body['id']}/{body['meta']['versionId']}"
        updated = self.stamps.setdefault(place, stamp(len(self.stamps)))
        return {**body, "meta": {**body["meta"], "lastUpdated": updated}}

    def _search(self, request: Request) -> Json | Answer:
        asked = request.query
        if self.declines & asked.keys():
            return Answer(400, outcome("invalid"))
        known = {name: value for name, value in asked.items() if name in self.knows}
        hits = [self.stamped(body) for body in self.little.of_type(request.path)]
        if self.strict and known.keys() != asked.keys():
            hits = []
        hits = [body for body in hits if self._fits(body, known)]
        if known.get("_summary") == "count" or "_total" in known:
            total = self.counts(len(hits))
            return bundle(**({} if total is None else {"total": total}))
        if "_sort" in known:
            hits.sort(key=lambda body: body["meta"]["lastUpdated"])
        start = int(known.get("_offset", 0))
        size = min(int(known.get("_count", self.most)), self.most)
        ids = [body["id"] for body in hits]
        return self._page(request.path, ids, start, size)

    def _fits(self, body: Json, known: dict[str, str]) -> bool:
        since = known.get("_lastUpdated", "ge").removeprefix("ge")
        told = body.get("identifier", [])
        identifiers = told if isinstance(told, list) else [told]
        systems = {f"{i.get('system')}|" for i in identifiers}
        tags = {f"{tag.get('system')}|" for tag in body["meta"].get("tag", [])}
        return (
            body["meta"]["lastUpdated"] >= since
            and known.get("identifier", next(iter(systems), None)) in (systems or {None})
            and ("_tag" not in known or known["_tag"] in tags)
        )

    def _page(self, type_: str, ids: list[str], start: int, size: int) -> Json:
        there = {body["id"]: self.stamped(body) for body in self.little.of_type(type_)}
        hits = [there[id_] for id_ in ids[start : start + size] if id_ in there]
        if self.links == "none" or start + size >= len(ids):
            return bundle(*hits)
        name = f"p{len(self._opaque)}"
        self._opaque[name] = type_, ids, start + size
        self._sizes = size
        return bundle(*hits, link=[{"relation": "next", "url": self._link(name)}])

    def _link(self, name: str) -> str:
        path = {"absolute": self.little.url, "opaque": f"{self.little.url}/", "relative": ""}
        return f"{path[self.links]}?page={name}"

    def _opened(self, request: Request) -> Json | Answer:
        """A page of a search that was: gone where somebody made it expire."""
        if request.query["page"] not in self._opaque:
            return Answer(410, outcome("expired"))
        type_, ids, start = self._opaque[request.query["page"]]
        return self._page(type_, ids, start, self._sizes)

    def expire(self) -> None:
        """No link that was given leads anywhere any more."""
        self._opaque.clear()


def _answer(page: Json | Answer) -> Answer:
    return page if isinstance(page, Answer) else Answer(200, page)
