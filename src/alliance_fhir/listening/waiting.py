"""Which appointments wait, for whoever looks for the message that is to be mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal, NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.domain.records import in_utc
from alliance_fhir.domain.scheduling import fold
from alliance_fhir.ledger.inbox import INCOMPLETE, Inbox, Kept
from alliance_fhir.listening.kept import sent_of
from alliance_fhir.sources.hl7v2.appointment import Sign, sign_of
from alliance_fhir.sources.hl7v2.lacking import lacking
from alliance_fhir.sources.hl7v2.site import Site, site_of

Standing = Literal["to_be_sent", "incomplete", "held"]
"""How an appointment stands that waits: to be sent; for a message that says more; or it was tried,
and the target did not take it, or it cannot be sent yet."""

_TOO_LITTLE = (INCOMPLETE, "no-end")
"""The rules for what waits as too little is said of it."""
_AT_ONCE = 200
"""Appointments of which all messages are read together."""


class Waits(NamedTuple):
    """An appointment that waits: since when, how often it was tried, by which rule it is held or
    incomplete, its business key, its newest message with when that came, and where a message says
    what none of its messages does. Times are ISO 8601, UTC."""

    since: str
    tries: int
    rule: str
    key: str
    message: Sign
    came: str
    lacks: Sequence[str] = ()

    @property
    def state(self) -> Standing:
        """How it stands."""
        if not self.rule:
            return "to_be_sent"
        return "incomplete" if self.rule == INCOMPLETE else "held"

    @property
    def remedy(self) -> str:
        """What to do about it; a rule of an older version may be none any more."""
        return RULES.get(self.rule, "")

    def as_json(self) -> dict[str, Any]:
        """The shape in `--json`; what is empty is absent."""
        told = {
            "since": self.since,
            "tries": self.tries,
            "state": self.state,
            "rule": self.rule,
            "lacks": self.lacks,
            "remedy": self.remedy,
            "key": self.key,
            **self.message._asdict(),
            "came": self.came,
        }
        return {name: value for name, value in told.items() if value not in ("", ())}


def waiting(inbox: Inbox, settings: Settings) -> Iterator[Waits]:
    """The appointments that wait, those that wait longest first, one at a time."""
    site, usual = site_of(settings), timedelta(minutes=settings.visit_minutes)
    listed = inbox.listed()
    while some := list(islice(listed, _AT_ONCE)):
        kept = inbox.of([one.key for one, *_ in some if one.rule in _TOO_LITTLE])
        for one, came, told in some:
            since = in_utc(datetime.fromtimestamp(one.since, UTC), "seconds")
            came = in_utc(datetime.fromisoformat(came), "seconds")
            lacks = _lacks(kept.get(one.key, ()), site, usual)
            yield Waits(since, one.tries, one.rule, one.key, sign_of(told, site), came, lacks)


def _lacks(kept: Sequence[Kept], site: Site, usual: timedelta) -> tuple[str, ...]:
    """Where a message says what none of these does; nothing where nobody can tell."""
    sent = sent_of(kept, site)
    if isinstance(sent, str) or not sent:
        return ()
    folded = fold([one.said for one in sent], usual)
    return tuple(one.place for one in lacking(folded, usual))
