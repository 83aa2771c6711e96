"""`alliance-fhir plan`."""

from __future__ import annotations

from alliance_fhir.cli import options as o

NAME = "plan"


def command(
    sources: o.SOURCES,
    to: o.TO,
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
    rate: o.RATE = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Say what sync would do: create, update, unchanged, conflict, blocked. Nothing is sent."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.asking import Options
    from alliance_fhir.cli.running import run
    from alliance_fhir.story import plan

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
        real_data_to_public_server=real_data_to_public_server,
    )
    settings = o.settings_for(config, sources)
    run(
        plan,
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
