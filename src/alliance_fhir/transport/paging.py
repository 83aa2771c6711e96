"""Pages of a search, in whatever form servers give them.

A server may link to the next page by an absolute, a relative or an opaque URL, or not at all; it
may bound the size of a page, send one twice, or link for ever. Where there are no links, `_offset`
is tried, and then windows of `_lastUpdated`; each counts only where it brings what was not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple, Protocol

import httpx

from alliance_fhir.domain.records import in_utc
from alliance_fhir.errors import BadReply, Refused
from alliance_fhir.received import Json, part, parts, text
from alliance_fhir.transport.outcomes import Reply

_BARREN = 10
"""So many pages in a row without anything new: the links have no end."""


class Page(NamedTuple):
    """One page: its hits of the type that was asked for; how many entries there were of it, the
    link to the next one or nothing, and the server's own time, an instant in UTC or nothing."""

    hits: list[Json]
    following: str = ""
    at: str = ""


class Searcher(Protocol):
    """Who sends the requests."""

    base: str

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """A read, relative to the base."""
        ...

    def follow(self, link: str) -> Reply:
        """The page that a link leads to, on the same host."""
        ...


def page_of(reply: Reply, type_: str) -> Page:
    """What a reply to a search holds; outcomes and other entries are left out. Raises BadReply."""
    body = reply.body
    if body.get("resourceType") != "Bundle":
        raise BadReply(f"a search for {type_} gave no Bundle")
    resources = (part(entry, "resource") for entry in parts(body, "entry"))
    hits = [resource for resource in resources if resource.get("resourceType") == type_]
    return Page(hits, next_link(body), _date(reply.headers))


def next_link(bundle: Json) -> str:
    """Where the next page is; nothing where this is the last. Raises BadReply for an empty link."""
    links = [link for link in parts(bundle, "link") if link.get("relation") == "next"]
    if not links:
        return ""
    if not (url := text(links[0], "url")):
        raise BadReply("a paging link leads nowhere")
    return url


def same_host(base: str, link: str) -> str:
    """A link as an absolute URL. Raises BadReply where it leads to another host."""
    ours = httpx.URL(base)
    try:
        url = httpx.URL(f"{base}/").join(link)
    except httpx.InvalidURL:
        raise BadReply("a paging link is no URL") from None
    if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
        raise BadReply("a paging link leads to another host; it was not followed")
    return str(url)


def _date(headers: httpx.Headers) -> str:
    try:
        when = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return ""
    return in_utc(when)


@dataclass(frozen=True)
class Spot:
    """Where a walk through pages is: what it asks for next.

    `how` it goes on: by the link `url`, from the `offset`, or from the instant `updated` on.
    """

    how: Literal["link", "offset", "window"] = "link"
    url: str = ""
    offset: int = 0
    updated: str = ""


class Walk:
    """Goes from page to page of one search for `type_` by `params`.

    `spot` is where the next page is, for whoever wants to go on there another day; None at the end.
    """

    def __init__(
        self, client: Searcher, type_: str, params: Mapping[str, str], spot: Spot | None = None
    ) -> None:
        self._client = client
        self._type = type_
        self._params = dict(params)
        self._linked = False
        self._barren = 0
        self._lost = False
        self.spot: Spot | None = spot or Spot()

    def page(self) -> Page:
        """The page at `spot`.

        Where the server declines one that it linked to, or an offset, the walk goes on in another
        way. Raises the errors of the client.
        """
        while self.spot:
            try:
                return self._at(self.spot)
            except Refused as error:
                self._go_round(self.spot, error)
        return Page([])

    def _at(self, spot: Spot) -> Page:
        if spot.how == "link" and spot.url:
            return page_of(self._client.follow(spot.url), self._type)
        more: dict[str, str] = {}
        if spot.how == "offset":
            more = {"_offset": str(spot.offset)}
        elif spot.how == "window":
            more = {"_lastUpdated": f"ge{spot.updated}"}
        return page_of(self._client.get(self._type, {**self._params, **more}), self._type)

    def _go_round(self, spot: Spot, error: Refused) -> None:
        """Another way to what was declined; raises the error where there is none.

        A link that was kept for another day may have expired.
        """
        if spot.how == "window" or (spot.how == "link" and (self._lost or not spot.url)):
            raise error
        self._lost = spot.how == "link"
        self.spot = self._window(spot) or (Spot() if spot.how == "link" else None)

    def turn(self, page: Page, fresh: int, updated: str, *, enough: Callable[[], bool]) -> None:
        """Sets `spot` to what comes after a page.

        `fresh` of its hits had not been there before; `updated` is when the latest of all hits was
        changed; `enough` tells whether all that the server counted is there.
        """
        spot = replace(self.spot or Spot(), updated=updated)
        spot = replace(spot, offset=spot.offset + len(page.hits))
        self._barren = 0 if fresh else self._barren + 1
        if page.following:
            url = same_host(self._client.base, page.following)
            self._linked = True
            self.spot = replace(spot, how="link", url=url) if self._barren < _BARREN else None
        elif self._linked or not (page.hits or spot.how == "offset") or enough():
            self.spot = None
        elif spot.how == "link":  # the only page, or a server that does not link
            self.spot = replace(spot, how="offset", url="")
        elif fresh:
            self.spot = spot
        else:  # nothing, or the same again: no offsets here; or no more within one instant
            self.spot = self._window(spot) if spot.how == "offset" else None

    def _window(self, spot: Spot) -> Spot | None:
        """All from the latest change on, where hits come in the order of their changes."""
        if "_sort" not in self._params or not spot.updated:
            return None
        return replace(spot, how="window", url="")
