"""What a test server holds: every version of every resource, an index, a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.messages import Declined, Json
from alliance_fhir.testing.parameters import Term, terms_of


class Clock:
    """A clock that stands still until somebody sets it, or moves it by `advance`.

    >>> clock = Clock("2026-03-01T08:00:00+00:00")
    >>> clock.advance(90)
    >>> clock().isoformat()
    '2026-03-01T08:01:30+00:00'
    """

    def __init__(self, now: datetime | str) -> None:
        self.now = datetime.fromisoformat(now) if isinstance(now, str) else now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Moves it; backwards where negative."""
        self.now += timedelta(seconds=seconds)


class Version(NamedTuple):
    """A version of a resource, or its deletion where there is no body.

    `sequence` numbers all versions of a server; `moment` is the request that it came by.
    """

    place: str
    body: Json | None
    label: str
    when: str
    method: str
    sequence: int
    moment: int
    terms: frozenset[Term]


def system_clock() -> datetime:
    """The time as it is."""
    return datetime.now(UTC)


def instant(when: datetime) -> str:
    """A time as FHIR's instant, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """Every version of every resource by its place, such as `Patient/1000`; no lock of its own."""

    def __init__(self) -> None:
        self.clock: Callable[[], datetime] = system_clock
        self.lag = 0  # so many requests later a search sees what was written
        self.moment = 0
        self._versions: dict[str, list[Version]] = {}
        self._journal: list[Version] = []
        self._index: dict[tuple[str, Term], dict[str, None]] = {}  # places, in order
        self._last_id = 999

    def new_id(self) -> str:
        """An id that no resource has had."""
        self._last_id += 1
        return str(self._last_id)

    def versions(self, place: str) -> list[Version]:
        """All versions of a resource, the oldest first."""
        return self._versions.get(place, [])

    def last(self, place: str) -> Version | None:
        """The last version, a deletion too."""
        versions = self.versions(place)
        return versions[-1] if versions else None

    def current(self, place: str) -> Version:
        """The version that counts; Declined where there is none (404) or it was deleted (410)."""
        last = self.last(place)
        if last is None:
            raise Declined(404, "not-found")
        if last.body is None:
            raise Declined(410, "deleted")
        return last

    def exists(self, place: str) -> bool:
        """Whether there is something, and it is not deleted."""
        last = self.last(place)
        return last is not None and last.body is not None

    def write(self, body: Json, id_: str, method: str, *, label: str | None = None) -> Version:
        """A new version, or the last one where nothing is new in it. `label`: its versionId."""
        place = f"{body['resourceType']}/{id_}"
        last = self.last(place)
        number = len(self.versions(place)) + 1
        told = str(number) if label is None else label
        when = instant(self.clock())
        server = ("versionId", "lastUpdated")
        meta = {k: v for k, v in body.get("meta", {}).items() if k not in server}
        if last and last.body and _content(last.body) == _content({**body, "id": id_}):
            return last
        stamped = {**({"versionId": told} if told else {}), "lastUpdated": when}
        body = {**body, "id": id_, "meta": {**stamped, **meta}}
        return self._append(place, body, told, when, method)

    def remove(self, place: str, *, label: str | None = None) -> Version:
        """A deletion."""
        told = str(len(self.versions(place)) + 1) if label is None else label
        return self._append(place, None, told, instant(self.clock()), "DELETE")

    def _append(self, place: str, body: Json | None, label: str, when: str, method: str) -> Version:
        terms = terms_of(body) if body else frozenset[Term]()
        sequence = len(self._journal)
        version = Version(place, body, label, when, method, sequence, self.moment, terms)
        self._journal.append(version)
        self._versions.setdefault(place, []).append(version)
        for term in terms:
            self._index.setdefault((place.partition("/")[0], term), {})[place] = None
        return version

    def mark(self) -> int:
        """Where `roll_back` goes back to."""
        return len(self._journal)

    def roll_back(self, mark: int) -> None:
        """Takes back everything since a mark."""
        for version in reversed(self._journal[mark:]):
            self._versions[version.place].pop()
        del self._journal[mark:]

    def settle(self) -> None:
        """From here on searches see what was written so far."""
        self.moment += self.lag

    def everything(self, type_: str = "", *, lagging: bool = False) -> Iterator[Version]:
        """The versions that count, of a type or all; where `lagging`, as searches see them."""
        start = f"{type_}/" if type_ else ""
        for place in list(self._versions):
            if place.startswith(start) and (seen := self._seen(place, lagging=lagging)):
                yield seen

    def under(self, type_: str, terms: list[Term], *, lagging: bool) -> Iterator[Version]:
        """The versions that count and have one of these terms."""
        places = {place: None for t in terms for place in self._index.get((type_, t), ())}
        for place in places:
            seen = self._seen(place, lagging=lagging)
            if seen and not seen.terms.isdisjoint(terms):  # the index keeps what was once
                yield seen

    def _seen(self, place: str, *, lagging: bool) -> Version | None:
        for version in reversed(self.versions(place)):
            if not lagging or not self.lag or version.moment + self.lag <= self.moment:
                return version if version.body else None
        return None

    def history(self, start: str) -> list[Version]:
        """All versions whose place begins so, the newest first."""
        return [version for version in reversed(self._journal) if version.place.startswith(start)]


def _content(body: Json) -> bytes:
    server = ("versionId", "lastUpdated")
    meta = {k: v for k, v in body.get("meta", {}).items() if k not in server}
    return dumps({**body, "meta": meta})
