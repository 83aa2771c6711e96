"""Which appointments wait, for whoever looks for the message that is to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.domain.records import in_utc
from alliance_fhir.ledger.inbox import INCOMPLETE, Inbox
from alliance_fhir.sources.hl7v2.appointment import Sign, sign_of
from alliance_fhir.sources.hl7v2.site import site_of

Standing = Literal["to_be_sent", "incomplete", "held"]
"""How an appointment stands that waits: to be sent; for a message that says more; or it was tried,
and the target did not take it, or it cannot be sent yet."""


class Waits(NamedTuple):
    """An appointment that waits: since when, how often it was tried, by which rule it is held or
    incomplete, its business key, and its newest message with when that came. Times are ISO 8601,
    UTC."""

    since: str
    tries: int
    rule: str
    key: str
    message: Sign
    came: str

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
            "remedy": self.remedy,
            "key": self.key,
            **self.message._asdict(),
            "came": self.came,
        }
        return {name: value for name, value in told.items() if value != ""}


def waiting(inbox: Inbox, settings: Settings) -> Iterator[Waits]:
    """The appointments that wait, those that wait longest first, one at a time."""
    site = site_of(settings)
    for one, came, told in inbox.listed():
        since = in_utc(datetime.fromtimestamp(one.since, UTC), "seconds")
        came = in_utc(datetime.fromisoformat(came), "seconds")
        yield Waits(since, one.tries, one.rule, one.key, sign_of(told, site), came)
