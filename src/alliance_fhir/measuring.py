"""Engagement measures: the visits of the sources, counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.asking import Options, Progress, Watch, unwatched
from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import NO_SHOW, Place
from alliance_fhir.domain.engagement import Appointed, Engagement, engagement, period_of
from alliance_fhir.domain.receipt import WARNINGS, Finding, Tally
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Visit
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.check import Checker, Level
from alliance_fhir.fhir.measure_report import MeasureMapper
from alliance_fhir.fhir.versions import Version
from alliance_fhir.figures import as_csv, lines
from alliance_fhir.interpreter import attuned
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import site_catalog
from alliance_fhir.ndjson import NdjsonFolder
from alliance_fhir.paths import PathLike, Paths, several
from alliance_fhir.result import Result
from alliance_fhir.room import writing
from alliance_fhir.running import Run
from alliance_fhir.sources.supply import Sources
from alliance_fhir.targets.base import Target

DEFAULTS = Options()
TABLE = "measures.csv"
"""The name of the table of all figures."""
_STEP = 1000
"""Visits between two looks of whoever watches."""


class Measured(NamedTuple):
    """What the visits of the sources tell, and what was wrong with them."""

    engagement: Engagement
    tally: Tally


@attuned()
def measure(
    sources: Paths,
    settings: Settings,
    since: date | None = None,
    until: date | None = None,
    watch: Watch = unwatched,
) -> Measured:
    """Counts the visits from one day to another, both in it; where an end is not named, from the
    first or to the last visit that counts. What else the sources hold is passed over.

    Bad rows are named in the tally, and not counted. Raises ConfigError where no visit counts and
    no period is named, or where all visits that count are on the other side of the only day that
    is, and where the period ends before it begins; InputError for a path that is not there.
    """
    if since and until and until < since:
        raise ConfigError("--until names a day before --from; name them the other way round")
    tally = Tally()
    visits = list(_Roll(settings).called(sources, tally, watch))
    period = period_of(visits, since, until)
    if period is None:
        raise ConfigError(
            "no visit was attended or missed, so that there is no period to measure; name it by "
            "--from and --until, or name files of visits"
        )
    if period.until < period.since:
        raise ConfigError(
            f"no visit was attended or missed {'after --from' if since else 'before --until'}; "
            "name both days, or others"
        )
    return Measured(engagement(visits, period, settings.smallest_group), tally)


def result_of(measured: Measured, settings: Settings) -> Result:
    """What was measured, as the result of a command, beside the published figures."""
    since, until = (day.isoformat() for day in measured.engagement.period)
    told = [line.as_json() for line in lines(measured.engagement, settings)]
    smallest = settings.smallest_group
    measures = {"from": since, "until": until, "smallest_group": smallest, "figures": told}
    return Result("measure", tally=measured.tally, measures=measures)


def write(
    measured: Measured, out: PathLike, settings: Settings, version: Version, level: Level = "schema"
) -> dict[str, int]:
    """Writes Measures and MeasureReports as NDJSON to the folder `out`, and all figures as CSV:
    the same bytes on every run. How many resources there are of each type.

    Raises ConfigError where the folder cannot be written, MappingError where a resource fails its
    check.
    """
    made = MeasureMapper(version, settings).resources(measured.engagement)
    Checker(level, version).check(made)
    table = as_csv(lines(measured.engagement, settings))
    place = Path(out) / TABLE
    with NdjsonFolder(Path(out), frozenset(resource.type for resource in made)) as folder:
        folder.write(made)
        with writing(place, "nothing is lost, and an earlier table is as it was"):
            part = place.with_name(f".{TABLE}.part")
            part.write_text(table, encoding="utf-8")
            files = folder.finish()
            part.replace(place)
    return files


def send(
    measured: Measured,
    target: Target,
    ledger: Ledger,
    settings: Settings,
    options: Options = DEFAULTS,
    watch: Watch = unwatched,
) -> Result:
    """Brings Measures and MeasureReports to a target, as `sync` brings all else there: what is
    there already stays, and the report of a period takes the place of an earlier one of it."""
    made = MeasureMapper(target.version, settings).resources(measured.engagement)
    nothing = Sources([], settings, site_catalog(settings))
    return Run("measure", nothing, target, ledger, settings, options, watch, alone=made).go()


class _Roll:
    """The visits of one run, as they are counted: patients are numbers, and what is told of many is
    kept once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._window = timedelta(hours=settings.late_cancellation_hours)
        self._patients: dict[Identifier, int] = {}
        self._services: dict[str, str] = {}

    def called(self, sources: Paths, tally: Tally, watch: Watch) -> Iterator[Appointed]:
        """All visits; a service by one of its spellings, whichever sorts first."""
        files = Sources(several(sources), self._settings, site_catalog(self._settings))
        visits: list[Appointed] = []
        for read in files.records():
            if isinstance(read, Finding):
                tally.read += read.row > 0 and not read.beside and read.rule != "unknown-column"
                (tally.warnings if read.rule in WARNINGS else tally.rejected).append(read)
            elif isinstance(read.record, Visit):
                tally.read += 1
                tally.accepted += 1
                visits += self._appointed(read.record, read.place, read.missed)
                if tally.read % _STEP == 0:
                    watch(Progress(tally.read, files.count))
        for visit in visits:
            yield visit._replace(service=self._services[visit.service])

    def _appointed(
        self, visit: Visit, place: Place, missed: Iterable[Place]
    ) -> Iterator[Appointed]:
        """A visit; and before it each time at which it was missed, and then booked for another.

        What was entered in error never was to be, at any of its times.
        """
        appointed = Appointed(
            self._patients.setdefault(visit.patient, len(self._patients)),
            self._day(visit.start),
            visit.attendance(self._window),
            place.kind,
            self._service(visit.service or ""),
            _named(visit.referrer),
            _named(visit.clinician),
        )
        before = zip(visit.missed, missed, strict=True)
        for start, then in before if visit.status != "entered-in-error" else ():
            yield appointed._replace(day=self._day(start), told=NO_SHOW, place=then.kind)
        yield appointed

    def _day(self, start: Moment) -> date:
        """The day of a start in the site's zone; where that is not set, in its own."""
        began = datetime.fromisoformat(start.text)
        return began.astimezone(self._settings.tz or began.tzinfo).date()

    def _service(self, words: str) -> str:
        """What a service is known by: as where visits are told to be first or follow-up ones,
        upper and lower case and blanks do not part two."""
        spelt = " ".join(words.split())
        known = spelt.casefold()
        self._services[known] = min(spelt, self._services.get(known, spelt))
        return known


def _named(who: Identifier | None) -> str:
    return "|".join(who) if who else ""
