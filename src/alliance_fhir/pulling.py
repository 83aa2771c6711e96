"""Reading back: what is at a target, by type, page by page, with a proof that it is all of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from alliance_fhir.asking import Progress as Far
from alliance_fhir.asking import Watch
from alliance_fhir.config import Settings
from alliance_fhir.documenting import PLANS, free, write_documents
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.receipt import Tally
from alliance_fhir.domain.records import in_utc
from alliance_fhir.errors import BadReply, ConfigError, Refused, ServerError
from alliance_fhir.fhir.canonical import claimed_digest, dumps
from alliance_fhir.fhir.provenance import tag_system
from alliance_fhir.fhir.reply import Ours, own_key, version_of
from alliance_fhir.fhir.versions import Json
from alliance_fhir.mirror import Copy, Mirror, Progress
from alliance_fhir.paths import PathLike, is_text, shown
from alliance_fhir.received import part, text
from alliance_fhir.result import Pulled, Result
from alliance_fhir.tabulating import tabulate
from alliance_fhir.targets.base import Target
from alliance_fhir.targets.reading import BY_DIGEST, TABLE, VISITS, Pages, Source, Wish, source_of
from alliance_fhir.timetable import list_visits
from alliance_fhir.transport.paging import Page, Spot

OVERLAP = timedelta(minutes=10)
"""So much before the last change that was seen a pull of changes begins: what was being written
then may have got an earlier time, and was not to be seen yet."""


EVERYTHING_OURS = Wish()
EVERY_PLAN_OF_OURS = Wish(PLANS)
EVERY_VISIT_OF_OURS = Wish(VISITS)


def pull_table(
    target: Target,
    table: PathLike,
    settings: Settings,
    wish: Wish = EVERYTHING_OURS,
    out: PathLike | None = None,
    watch: Watch = lambda _: None,
) -> Result:
    """Reads the assessments at a target into the file `table`, in the wide layout.

    What they are made from goes to the folder `out`, or to one that is gone in the end.
    Raises ConfigError where `wish` lacks a type that they are made from, or the file's path is no
    text.
    """
    if missing := set(TABLE) - set(wish.types):
        raise ConfigError(f"assessments are made from {' and '.join(TABLE)}: add {missing.pop()}")
    table = _named(table)
    return _made(tabulate, table, table.stem, target, settings, wish, out, watch)


def pull_plans(
    target: Target,
    documents: PathLike,
    settings: Settings,
    wish: Wish = EVERY_PLAN_OF_OURS,
    out: PathLike | None = None,
    watch: Watch = lambda _: None,
) -> Result:
    """Reads the shared plans at a target into the folder `documents`, a YAML file for each.

    What they are made from goes to the folder `out`, or to one that is gone in the end. Raises
    ConfigError where the folder holds documents already, or its path is no text.
    """
    if set(PLANS) - set(wish.types):
        raise ConfigError("plans are made from CarePlan, and others: leave out --type")
    documents = free(_named(documents))
    return _made(write_documents, documents, documents.name, target, settings, wish, out, watch)


def pull_appointments(
    target: Target,
    table: PathLike,
    settings: Settings,
    wish: Wish = EVERY_VISIT_OF_OURS,
    out: PathLike | None = None,
    watch: Watch = lambda _: None,
) -> Result:
    """Reads the Appointments at a target into the file `table`, as a table of visits.

    What they are made from goes to the folder `out`, or to one that is gone in the end. Raises
    ConfigError where `wish` lacks a type that they are made from, or the file's path is no text.
    """
    if set(VISITS) - set(wish.types):
        raise ConfigError(f"visits are made from {' and '.join(VISITS)}: leave out --type")
    table = _named(table)
    return _made(list_visits, table, table.stem, target, settings, wish, out, watch)


def _named(place: PathLike) -> Path:
    """Where something is to be written that is read again, as any source. Raises ConfigError."""
    if not is_text(place):
        raise ConfigError(f"{shown(place)}: its name, or a folder's in its path, is not UTF-8")
    return Path(place)


def _made(
    make: Callable[[Path, Path, Settings, Tally], object],
    place: Path,
    name: str,
    target: Target,
    settings: Settings,
    wish: Wish,
    out: PathLike | None,
    watch: Watch,
) -> Result:
    """Pulls to `out`, or to a folder beside `place` that is gone in the end, and makes of it what
    is to be at `place`."""
    folder = Path(out) if out else place.with_name(f".{name}.pull")
    began = time.monotonic()
    result = pull(target, folder, settings, wish, watch)
    if not result.stopped:
        try:
            make(folder, place, settings, result.tally)
        finally:  # it would be pulled anew, and takes the room that a next run may need
            if out is None:
                shutil.rmtree(folder)
    result.seconds = time.monotonic() - began
    return result


def pull(
    target: Target,
    out: PathLike,
    settings: Settings,
    wish: Wish = EVERYTHING_OURS,
    watch: Watch = lambda _: None,
) -> Result:
    """Reads what is at a target into the folder `out`: NDJSON, a file for each type.

    A pull that was cut off is gone on with where it was, and one of changes brings the files of an
    earlier one up to date. Raises ConfigError; what a server did not do is told by the result.
    """
    began = time.monotonic()
    result = Result("pull", target=target.name, fhir_version=target.version.full)
    ours = Ours(identifier_system(settings.root), tag_system(settings.root))
    source = source_of(target, ours)
    request = {"types": sorted(wish.types), "everybody": wish.everybody, "all": not wish.since_last}
    mirror = Mirror(Path(out), target.identity, request)
    try:
        run = _Run(source, mirror, ours, wish, watch)
        try:
            for type_ in wish.types:
                told = run.one(type_)
                if type_ in wish.spare and told.is_nothing and not mirror.file(type_).exists():
                    run.later.pop(type_, None)
                else:
                    result.pull[type_] = told
        except ServerError as error:
            result.stopped, result.stop_code = f"{error}; run again to go on", error.exit_code
        else:
            changed = {type_ for type_, told in result.pull.items() if told.since}
            result.files = mirror.finish(run.later, changed, everybody=wish.everybody)
    finally:
        mirror.close()
    result.requests = target.requests()
    result.seconds = time.monotonic() - began
    return result


class _Run:
    """One pull. `later` has, for each type, from when on the next one is to ask for changes."""

    def __init__(
        self, source: Source, mirror: Mirror, ours: Ours, wish: Wish, watch: Watch
    ) -> None:
        self._source = source
        self._mirror = mirror
        self._ours = ours
        self._wish = wish
        self._watch = watch
        self._done = 0
        self.later: dict[str, str] = {}

    def one(self, type_: str) -> Pulled:
        """All of one type. Raises ServerError; what came until then is kept."""
        asked = self._since(type_)
        progress = self._mirror.progress(type_)
        try:
            if not progress.done:
                self._whole(type_, asked, progress)
        except Refused as error:
            if progress.asked:
                raise
            return Pulled(complete=False, why=str(error))
        way = self._source.ways(type_, self._wish, asked)[progress.way]
        since = asked if "_lastUpdated" in way else ""
        found = self._proof(type_, progress, since)
        ends = [end for end in (progress.updated, progress.started) if end]
        certain = found.complete is not False and progress.updated
        self.later[type_] = _before(min(ends)) if certain else since
        return found

    def _whole(self, type_: str, since: str, progress: Progress) -> None:
        resumed = progress.asked > 0
        params = self._walked(type_, since, progress)
        if resumed and progress.started:  # what changed there while nobody was reading
            again = {**params, "_lastUpdated": f"ge{_before(progress.started)}"}
            self._pages(type_, again, progress, None)
        self._counted(type_, params, progress)
        if sum(self._mirror.count(type_)) < min(progress.counted, default=0):
            self._pages(type_, params, progress, None)  # pages may have shifted: a second look
            self._counted(type_, params, progress)
        progress.done = True
        self._mirror.note(type_, progress)

    def _since(self, type_: str) -> str:
        state = self._mirror.state
        if not self._wish.since_last or state.get("everybody") is not self._wish.everybody:
            return ""
        return text(part(state, "types"), type_)

    def _walked(self, type_: str, since: str, progress: Progress) -> dict[str, str]:
        """Goes through the pages, asked for in the first way that finds something."""
        ways = self._source.ways(type_, self._wish, since)
        while True:
            params, last = ways[progress.way], progress.way == len(ways) - 1
            try:
                if not progress.counted:
                    self._counted(type_, params, progress)
                spot = Spot(**progress.spot) if progress.spot else None
                self._pages(type_, params, progress, spot)
            except Refused:
                if progress.asked or last:
                    raise
            if progress.asked or last:
                return params
            progress.way += 1
            progress.counted.clear()
            progress.spot = None

    def _counted(self, type_: str, params: dict[str, str], progress: Progress) -> None:
        count = self._source.count(type_, params)
        if count is not None:
            progress.counted.append(count)

    def _pages(
        self, type_: str, params: dict[str, str], progress: Progress, spot: Spot | None
    ) -> None:
        walk = self._source.walk(type_, params, spot)
        while walk.spot:
            page = walk.page()
            with self._mirror.page():
                self._take(type_, page, walk, progress)
                progress.spot = asdict(walk.spot) if walk.spot else None
                self._mirror.note(type_, progress)
            self._done += len(page.hits)
            self._watch(Far(self._done, 0))

    def _take(self, type_: str, page: Page, walk: Pages, progress: Progress) -> None:
        fresh = 0
        for body in page.hits:
            copy = self._copy(type_, body)
            came = self._mirror.put(type_, copy)
            fresh += came == "new"
            progress.doubled += came != "new"
            progress.updated = max(progress.updated, copy.updated)
        progress.asked += len(page.hits)
        progress.started = progress.started or page.at

        def enough() -> bool:  # it is counted where that matters, as it takes a while
            counted = progress.counted
            return bool(counted) and sum(self._mirror.count(type_)) >= max(counted)

        walk.turn(page, fresh, progress.updated, enough=enough)

    def _copy(self, type_: str, body: Json) -> Copy:
        id_ = text(body, "id") or own_key(body, self._ours)
        if not id_:
            raise BadReply(f"a search for {type_} gave one without an id")
        wanted = self._wish.everybody or self._is_ours(type_, body)
        updated = _instant(text(part(body, "meta"), "lastUpdated"))
        return Copy(id_, version_of(body), updated, dumps(body) if wanted else None)

    def _is_ours(self, type_: str, body: Json) -> bool:
        if type_ in BY_DIGEST:
            return bool(claimed_digest(body))
        return bool(own_key(body, self._ours))

    def _proof(self, type_: str, progress: Progress, since: str) -> Pulled:
        """What was counted against what came."""
        found, left_out = self._mirror.count(type_)
        told = Pulled(
            asked=progress.asked,
            found=found,
            doubled=progress.doubled,
            left_out=left_out,
            since=since,
        )
        came = found + left_out
        if not progress.counted:
            told.why = "the server does not say how many there are"
            return told
        low, high = min(progress.counted), max(progress.counted)
        told.counted = progress.counted[-1]
        told.complete = low <= came <= high
        if came < low:
            told.why = f"{low - came:,} that the server counts were in none of its pages"
        elif came > high:
            told.why = f"the server counts {came - high:,} fewer than it gave"
        return told


def _instant(told: str) -> str:
    """An instant in UTC, always of one length so that they can be compared; nothing for others."""
    try:
        when = datetime.fromisoformat(told)
    except ValueError:
        return ""
    if when.tzinfo is None:
        return ""
    return in_utc(when, "milliseconds")


def _before(instant: str) -> str:
    return in_utc(datetime.fromisoformat(instant) - OVERLAP, "milliseconds")
