"""Which appointments wait, as somebody sees it beside a listener, and has them tried again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alliance_fhir.ledger.inbox import Arrived, Inbox
from alliance_fhir.testing import Answer, Request
from ledger.conftest import place

from .messages import message
from .process import TOML

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran
    from ledger.conftest import Place

    from .conftest import Site
    from .messages import Json

__all__ = ["place"]

NEVER_SAID = (
    "None of the appointment's messages that are known says it; give the one that does, too."
)
NO_END = "Fill in when it was to end; or set visit_minutes, where all visits last as long."

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def inbox_of(place: Place) -> Place:
    """Where the inbox of a ledger is."""
    address = str(place.address).replace("ledger.sqlite", "ledger.inbox.sqlite")
    return place._replace(address=address)


def lacking(number: str, control: str) -> bytes:
    """A no-show of an appointment of which it does not say when it is."""
    head = f"MSH|^~\\&|SCHED|EAST|||20260302150000+0000||SIU^S26|{control}|P|2.5.1"
    return f"{head}\rSCH||{number}\r".encode()


def declines(number: str) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """A server that does not take the appointment of this number."""
    named = f'"value":"{number}"'.encode()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        held = request.is_write and b"urn:example:appointment" in request.body
        return Answer(422) if held and named in request.body else proceed()

    return between


def keys(site: Site) -> dict[str, str]:
    """The business key of each Appointment at the server, by the number that its source gave."""
    told: dict[str, str] = {}
    for body in site.server.of_type("Appointment"):
        by_system = {one["system"]: one["value"] for one in body["identifier"]}
        number = by_system.pop("urn:example:appointment")
        (ours,) = by_system.values()
        told[number] = ours.removesuffix("-appointment")
    return told


class Beside(NamedTuple):
    """A site that listens, and the command beside it."""

    site: Site
    waiting: Callable[..., Ran]

    def health(self, **counts: int) -> None:
        """Waits until it says these, in a line that was begun after this was asked for."""
        told = self.site.listening
        seen = len(told.told)
        told.until(
            lambda: (
                len(told.told) > seen + 1 and {name: told.health[name] for name in counts} == counts
            )
        )


@pytest.fixture
def beside(opened: Callable[..., Site], place: Place, command: Callable[..., Ran]) -> Beside:
    """The same with every kind of ledger."""
    site = opened(ledger=place.address)
    site.listening.start()
    config = site.listening.folder / "alliance.toml"
    return Beside(
        site,
        lambda *words: command("waiting", "--config", config, "--ledger", place.address, *words),
    )


def test_one_of_each_kind(beside: Beside, place: Place) -> None:
    site = beside.site
    began = datetime.now(UTC).replace(microsecond=0)
    with site.connect() as engine:
        assert engine.send(lacking("lacking", "C1")).code == "AA"
        beside.health(incomplete=1, waiting=1)
        endless = message("endless", control="C2", end="", patient="4711-SECRET")
        assert engine.send(endless).code == "AA"
        assert engine.send(lacking("lacking", "C3")).code == "AA"
        beside.health(incomplete=1, held=1, waiting=2)
        site.server.between = lambda request, proceed: Answer(503)
        sender = {3: "SC\\X1B\\HED", 4: "^1.2.3^ISO"}  # the character by which terminals are told
        assert engine.send(message("new", "S13", control="C4", head=sender)).code == "AA"
        beside.health(incomplete=1, held=1, waiting=3)
    ran, shown = beside.waiting(), beside.waiting("--json")
    ended = datetime.now(UTC)

    site.server.between = lambda request, proceed: proceed()
    with site.connect() as engine:
        for number, control in (("lacking", "C5"), ("endless", "C6")):
            # the whole of each, whereupon nothing waits any more
            assert engine.send(message(number, control=control)).code == "AA"
    site.listening.idle()
    key = keys(site)
    assert set(key) == {"lacking", "endless", "new"}

    bare = "S26 C3 of SCHED|EAST, T: never-said (PID-3, SCH-11.4, SCH-11.5)"
    ends = "S12 C2 of SCHED|EAST, T: no-end (SCH-11.5)"
    assert (ran.code, ran.err) == (7, "")
    assert MOMENT.sub("T", ran.out).splitlines() == [
        f"T  incomplete    1 try    {key['lacking']}  {bare}. {NEVER_SAID}",
        f"T  held          1 try    {key['endless']}  {ends}. {NO_END}",
        f"T  to be sent    0 tries  {key['new']}  S13 C4 of SC HED|1.2.3, T",
        "waiting 3, to be sent 1, incomplete 1, held 1",
        f"inbox: {inbox_of(place).address}",
    ]
    lacks: Json = {"tries": 1, "state": "incomplete", "rule": "never-said", "remedy": NEVER_SAID}
    holds: Json = {"tries": 1, "state": "held", "rule": "no-end", "remedy": NO_END}
    who = {"sender": "SCHED|EAST"}
    told = shown.json
    moments = [(one.pop("since"), one.pop("came")) for one in told["appointments"]]
    assert (shown.code, shown.err) == (7, "")
    assert told == {
        "command": "waiting",
        "inbox": inbox_of(place).address,
        "appointments": [
            {
                **lacks,
                "lacks": ["PID-3", "SCH-11.4", "SCH-11.5"],
                "key": key["lacking"],
                "control": "C3",
                "event": "S26",
                **who,
            },
            {
                **holds,
                "lacks": ["SCH-11.5"],
                "key": key["endless"],
                "control": "C2",
                "event": "S12",
                **who,
            },
            {
                "tries": 0,
                "state": "to_be_sent",
                "key": key["new"],
                "control": "C4",
                "event": "S13",
                "sender": "SC\x1bHED|1.2.3",
            },
        ],
        "waiting": 3,
        "to_be_sent": 1,
        "incomplete": 1,
        "held": 1,
        "exit_code": 7,
    }
    assert MOMENT.findall(ran.out) == [one for pair in moments for one in pair]
    times = [datetime.fromisoformat(one) for pair in moments for one in pair]
    assert all(began <= one <= ended for one in times)
    assert "SECRET" not in ran.out + shown.out
    assert (beside.waiting().code, site.listening.stop()) == (0, 0)


def test_what_was_mended_is_tried_again_at_once_where_that_is_said(
    beside: Beside, place: Place
) -> None:
    site = beside.site
    site.server.between = declines("held")
    with site.connect() as engine:
        assert engine.send(lacking("lacking", "C1")).code == "AA"
        assert engine.send(message("endless", control="C2", end="")).code == "AA"
        assert engine.send(message("held", control="C3", patient="1002")).code == "AA"
    beside.health(incomplete=1, held=2, waiting=3)
    later = "UPDATE inbox_waiting SET due = due + 3600 WHERE rule = 'refused'"
    inbox_of(place).sql(later)  # as after a day of it
    site.server.between = lambda request, proceed: proceed()

    again = "waiting: 3 are tried again, as soon as a listener runs"
    ran = beside.waiting("--again")
    assert ran == (
        0,
        f"{again}\ninbox: {inbox_of(place).address}\n",
        "",
    )
    beside.health(incomplete=1, held=1, waiting=2)
    assert set(keys(site)) == {"held"}
    told = beside.waiting("--json").json["appointments"]
    assert [(one["state"], one["tries"]) for one in told] == [("incomplete", 2), ("held", 2)]
    assert beside.waiting("--again", "--json").json == {
        "command": "waiting",
        "inbox": inbox_of(place).address,
        "again": 2,
        "exit_code": 0,
    }
    assert site.listening.stop() == 0


def test_nothing_is_made_where_there_is_no_inbox(
    place: Place, tmp_path: Path, command: Callable[..., Ran]
) -> None:
    """As where a ledger's name is misspelt, of which nobody should hear that all is well."""
    (tmp_path / "alliance.toml").write_text(TOML)
    words = ("--config", tmp_path / "alliance.toml", "--ledger", place.address)
    told = (
        f"no message was ever kept: there is no inbox {inbox_of(place).address}. Look whether "
        "--to, --config and --ledger are the ones of the listener"
    )
    for more in ((), ("--again",)):
        assert command("waiting", *words, *more) == (2, "", f"error: {told}\n")
    shown = command("waiting", *words, "--json")
    wrong = {"command": "waiting", "stopped": told, "exit_code": 2, "rejected": [], "blocked": []}
    assert (shown.code, shown.json) == (2, wrong)
    if place.postgres:
        assert place.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    else:
        assert {one.name for one in tmp_path.iterdir()} == {"alliance.toml", "here"}


def test_the_ledger_is_the_one_of_the_target_which_is_not_asked(
    tmp_path: Path, command: Callable[..., Ran]
) -> None:
    """Its token is where the listener runs, and not here."""
    more = """
[targets.live]
url = "https://fhir.example.org/r4/"
[targets.live.auth]
method = "bearer"
token_env = "NOT_SET"
"""
    config = tmp_path / "alliance.toml"
    config.write_text(TOML + more)
    (tmp_path / "one.hl7").write_bytes(message("one"))
    ran = command("sync", tmp_path / "one.hl7", "--to", "out", "--config", config)
    assert (ran.code, ran.err) == (0, "")
    [inbox] = (tmp_path / ".alliance-fhir").glob("out-*.inbox.sqlite")
    none = f"waiting 0, to be sent 0, incomplete 0, held 0\ninbox: {inbox}\n"
    assert command("waiting", "--to", "out", "--config", config) == (0, none, "")
    for name in ("live", "https://fhir.example.org/r4", "http://fhir.example.org/r4"):
        ran = command("waiting", "--to", name, "--config", config)
        assert (ran.code, ran.out) == (2, "")
        assert re.search(r"no inbox \S+/fhir-example-org-r4-\w{8}\.inbox\.sqlite\. ", ran.err)
    ran = command("waiting", "--config", config)
    why = "error: each target has a ledger of its own: name one by --to or --ledger\n"
    assert ran == (2, "", why)


def test_many_of_them(place: Place, tmp_path: Path, command: Callable[..., Ran]) -> None:
    """More than are read at a time; those that began to wait at one moment, by their keys."""
    config = tmp_path / "alliance.toml"
    config.write_text(TOML)
    with Inbox(place.address) as inbox:
        for moment in (300.0, 100.0, 200.0):
            inbox.store([arrived(number, moment) for number in range(1700)], moment)
    words = ("--config", config, "--ledger", place.address)
    told = command("waiting", *words, "--json").json
    shown = [(one["since"], one["key"]) for one in told["appointments"]]
    page = Path(__file__).parents[2] / "docs" / "reference" / "json.md"
    section = page.read_text(encoding="utf-8").partition("\n## waiting\n")[2].partition("\n## ")[0]
    whole = section.partition("\nAn appointment")[0]
    described = re.findall(r"^\| `(\w+)` \|", whole, re.MULTILINE)
    assert list(told) == described
    assert told["waiting"] == told["to_be_sent"] == len(shown) == 5100
    assert shown == [
        (f"1970-01-01T00:0{minute}Z", f"{moment}.0-{number:04}")
        for minute, moment in (("1:40", 100), ("3:20", 200), ("5:00", 300))
        for number in range(1700)
    ]
    lines = command("waiting", *words).out.splitlines()
    assert len(lines) == 5102
    assert [tuple(line.split()[:1]) for line in lines[:-2]] == [one[:1] for one in shown]


def arrived(number: int, moment: float) -> Arrived:
    """A message of one appointment of many."""
    told = message(f"F{number}", control=f"C{moment}").rstrip(b"\r")
    key = f"{moment}-{number:04}"
    return Arrived(key, sha256(told).hexdigest(), "2026-03-02T14:10:00.000Z", told)
