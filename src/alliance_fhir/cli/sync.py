"""`alliance-fhir sync`."""

from __future__ import annotations

from alliance_fhir.cli import options as o

NAME = "sync"


def command(
    to: o.TO,
    sources: o.MAYBE_SOURCES = None,
    dead_letters: o.DEAD_LETTERS = None,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    level: o.CHECK = "schema",
    patient: o.PATIENT = None,
    since: o.SINCE = "",
    limit: o.LIMIT = 0,
    create_people: o.CREATE_PEOPLE = False,
    reread: o.REREAD = False,
    accept_older: o.ACCEPT_OLDER = False,
    rescore: o.RESCORE = False,
    complete: o.COMPLETE = False,
    take: o.TAKE = None,
    merge: o.MERGE = False,
    recreate: o.RECREATE = False,
    adopt: o.ADOPT = False,
    reinstate: o.REINSTATE = False,
    validate: o.VALIDATE = False,
    real_data_to_public_server: o.REAL_DATA = False,
    lanes: o.LANES = 0,
    rate: o.RATE = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Bring a target to what the sources say; run it again after any failure."""
    # imported here, so that nobody waits for it who only asks for help
    from functools import partial

    from alliance_fhir.asking import Options
    from alliance_fhir.cli.running import run
    from alliance_fhir.dead_letters import DeadLetters
    from alliance_fhir.errors import ConfigError
    from alliance_fhir.story import sync

    options = Options(
        check=level,
        patients=frozenset(patient or ()),
        since=o.day(since),
        limit=limit,
        create_people=create_people,
        reread=reread,
        accept_older=accept_older,
        rescore=rescore,
        complete=complete,
        take=take or "",
        merge=merge,
        recreate=recreate,
        adopt=adopt,
        reinstate=reinstate,
        validate=validate,
        lanes=lanes,
        real_data_to_public_server=real_data_to_public_server,
    )
    letters = None
    if dead_letters:
        if sources:
            raise ConfigError("--dead-letters names the sources; leave SOURCE out, or the option")
        letters = DeadLetters(dead_letters)
        sources = letters.sources()
        options = options._replace(only=letters.keys)
    if not sources:
        raise ConfigError("name a SOURCE, or the file of --dead-letters")
    settings = o.settings_for(config, sources)
    run(
        partial(sync, letters=letters),
        NAME,
        sources,
        to,
        settings,
        options,
        fhir,
        ledger,
        rate=o.per_second(rate),
        insecure=insecure,
        json=json,
    )
