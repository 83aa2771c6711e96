"""`alliance-fhir verify`."""

from __future__ import annotations

from alliance_fhir.cli import options as o

NAME = "verify"


def command(
    to: o.TO,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Read back everything that was sent: expected = found = equal, or where not."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.progress import watching
    from alliance_fhir.cli.running import opened
    from alliance_fhir.cli.show import show
    from alliance_fhir.story import verify

    settings = o.settings_for(config)
    with (
        opened(to, settings, fhir, ledger, insecure=insecure, there=True) as (target, book),
        watching("verify", quiet=json) as watch,
    ):
        result = verify(target, book, watch)
    show(result, as_json=json)
