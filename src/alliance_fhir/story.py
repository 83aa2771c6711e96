"""The whole story: read, map, plan, push, receipts; and reading back what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from alliance_fhir.asking import Options, Progress, Watch, asked_for, consistent, unwatched
from alliance_fhir.config import Settings
from alliance_fhir.dead_letters import DeadLetters
from alliance_fhir.domain.keys import fingerprint
from alliance_fhir.domain.receipt import Tally
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.versions import Version
from alliance_fhir.interpreter import attuned
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import Mapping, file_time, site_catalog
from alliance_fhir.ndjson import NdjsonFolder
from alliance_fhir.opening import Identified
from alliance_fhir.paths import PathLike, Paths, several
from alliance_fhir.recollection import Recollection
from alliance_fhir.result import Result
from alliance_fhir.running import CHUNK, Run, new_run
from alliance_fhir.sources.supply import Sources
from alliance_fhir.targets.base import Target
from alliance_fhir.verifying import verify

__all__ = ["check", "map_to", "open_ledger", "plan", "sync", "verify"]

DEFAULTS = Options()


@attuned()
def sync(
    sources: Paths,
    target: Target,
    ledger: Ledger,
    settings: Settings,
    options: Options = DEFAULTS,
    watch: Watch = unwatched,
    letters: DeadLetters | None = None,
) -> Result:
    """Brings a target to what the sources say, and says what became of every record.

    What was delivered stays delivered when a run is cut short; the next run goes on from there.
    What the target refuses is kept in `letters`; without, in the file beside the ledger.
    Raises ConfigError, InputError, InstrumentError and MappingError; what a server did not do is
    told by the result.
    """
    options, run = consistent(options), new_run()
    with Recollection(ledger, settings, run) as before:
        supply = Sources(several(sources), settings, site_catalog(settings), before)
        return Run("sync", supply, target, ledger, settings, options, watch, letters, run=run).go()


@attuned()
def plan(
    sources: Paths,
    target: Target,
    ledger: Ledger,
    settings: Settings,
    options: Options = DEFAULTS,
    watch: Watch = unwatched,
) -> Result:
    """What `sync` would do now, with the same counts; writes neither to target nor to ledger."""
    options = consistent(options)
    with Recollection(ledger, settings) as before:
        supply = Sources(several(sources), settings, site_catalog(settings), before)
        return Run("plan", supply, target, ledger, settings, options, watch).go()


@attuned()
def check(
    sources: Paths,
    settings: Settings,
    version: Version,
    options: Options = DEFAULTS,
    watch: Watch = unwatched,
) -> Result:
    """Reads, scores and maps everything and writes nothing: every bad row is named."""
    began = time.monotonic()
    result = Result("check", fhir_version=version.full)
    catalog = site_catalog(settings)
    files = Sources(several(sources), settings, catalog)
    for _ in files.attempts():
        result.tally = Tally()
        mapping = Mapping(settings, catalog, version, options.check)
        for _ in _watched(mapping, files, options, result.tally, watch):
            pass
    result.seconds = time.monotonic() - began
    return result


@attuned()
def map_to(
    sources: Paths,
    out: PathLike,
    settings: Settings,
    version: Version,
    options: Options = DEFAULTS,
    recorded: str = "",
    watch: Watch = unwatched,
) -> Result:
    """Writes NDJSON to the folder `out`, a file for each type: the same bytes on every run.

    `recorded` is the instant that Provenances bear; without it, each source file's own time.
    """
    began = time.monotonic()
    result = Result("map", target=os.fspath(out), fhir_version=version.full)
    files = Sources(several(sources), settings, catalog := site_catalog(settings))
    provenance = ProvenanceWriter(version, settings)
    with NdjsonFolder(Path(out)) as folder:
        for _ in files.attempts():
            folder.clear()
            result.tally = Tally()
            mapping = Mapping(settings, catalog, version, options.check)
            for group in _watched(mapping, files, options, result.tally, watch):
                when = recorded or file_time(group.origin.path)
                targets = [one for one in group.resources if one.type != "Provenance"]
                proof = provenance.write(group, targets, "create", when)
                mapping.checker.check([proof])
                folder.write([*group.resources, proof])
            folder.write(mapping.shared.values())
        result.files = folder.finish()
    result.seconds = time.monotonic() - began
    return result


def _watched(
    mapping: Mapping,
    files: Sources,
    options: Options,
    tally: Tally,
    watch: Watch,
) -> Iterator[Group]:
    trusting = not options.limit  # with a limit, a double may lie beyond it
    groups = mapping.groups(files, trusting=trusting)
    for group in asked_for(groups, options, tally):
        yield group
        if tally.read % CHUNK == 0:
            watch(Progress(tally.read, files.count))


def open_ledger(
    place: PathLike, target: Identified, settings: Settings, *, create: bool = True
) -> Ledger:
    """The ledger of a target: a file, or a PostgreSQL URL without a password in it.

    Raises ConfigError where it is of another target, of a newer version than this one, in use, or
    not to be reached. Without `create` nothing is made where there is none: for `plan`, which
    leaves no trace.
    """
    at = place if isinstance(place, str) else Path(place)
    return Ledger(at, target.identity, fingerprint(settings.secret), create=create)
