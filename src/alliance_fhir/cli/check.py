"""`alliance-fhir check`."""

from __future__ import annotations

from alliance_fhir.cli import options as o

NAME = "check"


def command(
    sources: o.SOURCES,
    config: o.CONFIG = None,
    fhir: o.FHIR = "R4",
    level: o.CHECK = "schema",
    patient: o.PATIENT = None,
    since: o.SINCE = "",
    limit: o.LIMIT = 0,
    json: o.JSON = False,
) -> None:
    """Read, score and map everything, write nothing: every bad row is named, and why."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.asking import Options
    from alliance_fhir.cli.progress import watching
    from alliance_fhir.cli.show import show
    from alliance_fhir.fhir.versions import version
    from alliance_fhir.story import check

    settings = o.settings_for(config, sources)
    options = Options(level, frozenset(patient or ()), o.day(since), limit)
    with watching("check", quiet=json) as watch:
        result = check(sources, settings, version(fhir), options, watch)
    show(result, as_json=json)
