"""What can be read of a target: all of a type, ours or everybody's, page by page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from alliance_fhir.errors import BadReply, ConfigError, Refused
from alliance_fhir.fhir.defined import DEFINED
from alliance_fhir.fhir.plan import OWN
from alliance_fhir.fhir.reply import Ours
from alliance_fhir.received import parsed
from alliance_fhir.targets import manifest
from alliance_fhir.targets.base import Target
from alliance_fhir.targets.folder import FolderTarget
from alliance_fhir.transport.paging import Page, Searcher, Spot, Walk

SPARE = ("Appointment", *OWN, "Measure", "MeasureReport")
"""What many targets have none of."""
TYPES = ("Device", "Questionnaire", "QuestionnaireResponse", "Observation", *SPARE, "Provenance")
"""What is read unless something else is asked for: what we write."""
TABLE = ("QuestionnaireResponse", "Observation")
"""What assessments are made from."""
VISITS = ("Appointment", "ServiceRequest")
"""What visits are made from; of others' also those whom they name."""
BY_DIGEST = (*DEFINED, "Patient", "Practitioner")
"""Types whose identifiers are not ours: the digest in them says that we wrote them."""
_SIZE = 200
"""Resources in a page, as far as the server allows."""


class Wish(NamedTuple):
    """What is asked for: which types, ours alone or everybody's, and all or what changed. Of the
    `spare` ones nothing is said where there are none, or where the target does not know them."""

    types: tuple[str, ...] = TYPES
    everybody: bool = False
    since_last: bool = False
    spare: tuple[str, ...] = SPARE


class Pages(Protocol):
    """A way through pages; `spot` is where the next one is, None at the end."""

    spot: Spot | None

    def page(self) -> Page:
        """The page at `spot`."""
        ...

    def turn(self, page: Page, fresh: int, updated: str, *, enough: Callable[[], bool]) -> None:
        """Sets `spot` to what comes after a page."""
        ...


class Source(Protocol):
    """A target as something to read from."""

    def ways(self, type_: str, wish: Wish, since: str) -> list[dict[str, str]]:
        """How to ask for a type, the narrowest way first: a later one may find what none did."""
        ...

    def count(self, type_: str, params: dict[str, str]) -> int | None:
        """How many it says there are; None where it does not say."""
        ...

    def walk(self, type_: str, params: dict[str, str], spot: Spot | None) -> Pages:
        """The pages, from `spot` on."""
        ...


def source_of(target: Target, ours: Ours) -> Source:
    """A target as something to read from. Raises ConfigError where nothing is there."""
    if isinstance(target, FolderTarget):
        return FolderSource(Path(target.identity))
    from alliance_fhir.targets.server import ServerTarget

    if not isinstance(target, ServerTarget):
        raise ConfigError(f"{target.name} is nothing to read from")
    return ServerSource(target.client, ours)


class ServerSource:
    """A FHIR server."""

    def __init__(self, client: Searcher, ours: Ours) -> None:
        self._client = client
        self._ours = ours

    def ways(self, type_: str, wish: Wish, since: str) -> list[dict[str, str]]:
        """With all that a server may understand, and then with less and less of it.

        Servers find nothing by a parameter that they do not know, decline it, or pass over it.
        """
        narrow: dict[str, str] = {}
        if not wish.everybody and type_ not in BY_DIGEST:
            tagged = type_ == "Provenance"
            name, system = (
                ("_tag", self._ours.tags) if tagged else ("identifier", self._ours.identifiers)
            )
            narrow = {name: f"{system}|"}
        changed = {"_lastUpdated": f"ge{since}"} if since else {}
        size, order = {"_count": str(_SIZE)}, {"_sort": "_lastUpdated"}
        ways = [
            {**size, **order, **narrow, **changed},
            {**size, **narrow, **changed},
            {**size, **order, **changed},
            {**size, **order},
            size,
        ]
        return [way for place, way in enumerate(ways) if way not in ways[:place]]

    def count(self, type_: str, params: dict[str, str]) -> int | None:
        """By `_summary=count`, else by `_total=accurate`."""
        bare = {name: value for name, value in params.items() if name not in ("_count", "_sort")}
        for more in ({"_summary": "count"}, {"_total": "accurate", "_count": "1"}):
            try:
                total = self._client.get(type_, {**bare, **more}).body.get("total")
            except Refused:
                continue
            if isinstance(total, int) and not isinstance(total, bool) and total >= 0:
                return total
        return None

    def walk(self, type_: str, params: dict[str, str], spot: Spot | None) -> Walk:
        """The pages of a search."""
        return Walk(self._client, type_, params, spot)


class FolderSource:
    """A folder that `sync` has written to; its manifest says how many resources there are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = manifest.read(folder)
        if not self._manifest.generation:
            raise ConfigError(f"{folder} holds nothing that was synced to it")

    def ways(self, type_: str, wish: Wish, since: str) -> list[dict[str, str]]:
        """All of it: a folder has no times of changes."""
        return [{}]

    def count(self, type_: str, params: dict[str, str]) -> int | None:
        """As the manifest says."""
        told = self._manifest.files.get(type_)
        return told.lines if told else 0

    def walk(self, type_: str, params: dict[str, str], spot: Spot | None) -> Pages:
        """The lines of a file."""
        told = self._manifest.files.get(type_)
        return _Lines(self._folder / told.path if told else None, spot)


class _Lines:
    """The lines of a file, which need not be there, in portions."""

    def __init__(self, path: Path | None, spot: Spot | None) -> None:
        self._path = path
        self._at = 0
        self.spot: Spot | None = spot or Spot(how="offset")

    def page(self) -> Page:
        """The next lines. Raises BadReply for one that is no resource, or no file any more."""
        hits: list[dict[str, object]] = []
        if self._path and self.spot:
            try:
                with self._path.open("rb") as file:
                    file.seek(self.spot.offset)
                    hits = [parsed(line) for line in islice(file, _SIZE) if line.strip()]
                    self._at = file.tell()
            except OSError as error:
                raise BadReply(f"{self._path} cannot be read: {error.strerror}") from None
        return Page(hits)

    def turn(self, page: Page, fresh: int, updated: str, *, enough: Callable[[], bool]) -> None:
        """To the lines after these; `offset` is in bytes here."""
        self.spot = Spot("offset", offset=self._at) if page.hits else None
