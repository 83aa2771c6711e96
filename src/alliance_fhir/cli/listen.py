"""`alliance-fhir listen`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from alliance_fhir.cli import options as o

if TYPE_CHECKING:
    from alliance_fhir.listening.service import Tell

NAME = "listen"


def command(
    mllp: Annotated[
        str,
        typer.Option(
            "--mllp", metavar="HOST:PORT", help="Where to listen; without HOST, on 127.0.0.1."
        ),
    ],
    to: o.TO,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    level: o.CHECK = "schema",
    create_people: o.CREATE_PEOPLE = False,
    real_data_to_public_server: o.REAL_DATA = False,
    lanes: o.LANES = 0,
    rate: o.RATE = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: Annotated[
        bool, typer.Option("--json", help="What happens as JSON objects, one a line.")
    ] = False,
) -> None:
    """HL7 v2 scheduling messages as they come (MLLP), kept, acknowledged, and sent on as FHIR.

    A message is acknowledged when it is on disk, and sent on as soon as the target takes it. Ctrl-C
    or SIGTERM ends it; what waits then is sent when it listens again.
    """
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.asking import Options
    from alliance_fhir.ledger.inbox import Inbox
    from alliance_fhir.listening.listener import address_of
    from alliance_fhir.listening.service import Service
    from alliance_fhir.opening import ledger_place, prepare
    from alliance_fhir.story import open_ledger

    address = address_of(mllp)
    settings = o.settings_for(config)
    options = Options(
        check=level,
        create_people=create_people,
        lanes=lanes,
        real_data_to_public_server=real_data_to_public_server,
    )
    target = prepare(to, settings, fhir, rate=o.per_second(rate), insecure=insecure)
    try:
        place = ledger_place(target, settings, ledger)
        with open_ledger(place, target, settings) as book, Inbox(book.name) as inbox:
            book.begin_listening()
            Service(address, inbox, target, book, settings, options, teller(as_json=json)).run()
    finally:
        target.close()


def teller(*, as_json: bool) -> Tell:
    """Says what happens: lines on standard error, or JSON objects on standard output."""
    import json

    from alliance_fhir.domain.records import now

    def tell(what: str, health: dict[str, Any]) -> None:
        at = now()
        if as_json:
            typer.echo(json.dumps({"command": "listen", "at": at, "event": what, **health}))
            return
        shown = {name: _shown(value) for name, value in health.items() if value != {}}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())
        typer.echo(f"{at} {what}: {told}", err=True)

    return tell


def _shown(value: int | str | dict[str, int]) -> str:
    """A number, or the counts of rules."""
    if isinstance(value, dict):
        return " and ".join(f"{rule} {count}" for rule, count in value.items())
    return str(value)
