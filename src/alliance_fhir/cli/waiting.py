"""`alliance-fhir waiting`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from alliance_fhir.cli import options as o

if TYPE_CHECKING:
    from alliance_fhir.listening.waiting import Waits

NAME = "waiting"
_HELD = 7
"""The exit code where something is."""


def command(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="TARGET",
            help="The target of the listener, which is not asked; or name its ledger.",
        ),
    ] = "",
    config: o.CONFIG = None,
    ledger: o.LEDGER = "",
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Have the listener try all that is held or incomplete again now."
        ),
    ] = False,
    json: o.JSON = False,
) -> None:
    """Which appointments wait in the inbox of a listener, and for what."""
    # imported here, so that nobody waits for it who only asks for help
    import time

    from alliance_fhir.errors import ConfigError
    from alliance_fhir.ledger.inbox import Inbox, inbox_of
    from alliance_fhir.listening.waiting import waiting
    from alliance_fhir.opening import named_ledger

    settings = o.settings_for(config)
    place = named_ledger(to, settings, ledger)
    inbox = Inbox.there(place)
    if inbox is None:
        raise ConfigError(
            f"no message was ever kept: there is no inbox {inbox_of(place)}. Look whether --to, "
            "--config and --ledger are the ones of the listener"
        )
    with inbox:
        if again:
            _tried_again(inbox.name, inbox.retry(time.time()), json=json)
            return
        show = _objects if json else _lines
        held = show(inbox.name, waiting(inbox, settings))
    if held:
        raise typer.Exit(_HELD)


def _tried_again(inbox: str, count: int, *, json: bool) -> None:
    from alliance_fhir.cli.show import print_json

    if json:
        print_json({"command": NAME, "inbox": inbox, "again": count, "exit_code": 0})
    else:
        typer.echo(f"waiting: {count:,} are tried again, as soon as a listener runs")
        typer.echo(f"inbox: {inbox}")


def _lines(inbox: str, waits: Iterable[Waits]) -> int:
    """A line for each, then how many there are. How many are held."""
    states: Counter[str] = Counter()
    for one in waits:
        states[one.state] += 1
        state, tries = one.state.replace("_", " "), "try" if one.tries == 1 else "tries"
        control, event, sender = one.message
        line = f"{one.since}  {state:10}  {one.tries:3} {tries:5}  {one.key}  "
        line += f"{event} {control} of {sender}, {one.came}"
        lacks = f" ({', '.join(one.lacks)})" if one.lacks else ""
        line += f": {one.rule}{lacks}. {one.remedy}" if one.rule else ""
        typer.echo("".join(c if c.isprintable() else " " for c in line))  # a terminal obeys some
    counts = _counts(states)
    typer.echo(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()))
    typer.echo(f"inbox: {inbox}")
    return counts["held"]


def _objects(inbox: str, waits: Iterable[Waits]) -> int:
    """One object, piece by piece, as it may be large. How many are held."""
    import orjson

    from alliance_fhir.cli.streams import tell
    from alliance_fhir.paths import shown

    states: Counter[str] = Counter()
    head = orjson.dumps({"command": NAME, "inbox": shown(inbox), "appointments": []})
    tell(head.removesuffix(b"]}"))
    for one in waits:
        tell((b"," if states else b"") + orjson.dumps(one.as_json()))
        states[one.state] += 1
    counts = _counts(states)
    rest = orjson.dumps({**counts, "exit_code": _HELD if counts["held"] else 0})
    tell(b"]," + rest.removeprefix(b"{"))
    return counts["held"]


def _counts(states: Counter[str]) -> dict[str, int]:
    """In the words of the listener's health."""
    names = ("to_be_sent", "incomplete", "held")
    return {"waiting": states.total(), **{name: states[name] for name in names}}
