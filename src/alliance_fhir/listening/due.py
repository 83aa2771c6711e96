"""The appointments of the inbox that are due, as records: each made of all of its messages."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Place
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Origin
from alliance_fhir.domain.said import MessageId
from alliance_fhir.domain.scheduling import Folded, fold, is_told_too_soon, named
from alliance_fhir.domain.visit import Visit
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.ledger.inbox import INCOMPLETE, Inbox, Kept
from alliance_fhir.ledger.visits import Known, Visits
from alliance_fhir.listening.kept import sent_of
from alliance_fhir.sources.history import comer, known, place_after
from alliance_fhir.sources.hl7v2.site import site_of
from alliance_fhir.sources.wide import Read, visit_digest


class _Made(NamedTuple):
    """An appointment that can be sent, and the number of its newest message."""

    key: str
    number: int
    visit: Visit
    messages: tuple[MessageId, ...]


class Due:
    """The records of one batch. `unready` says which of its appointments gave none, and by which
    rule. Others whose place among their patient's visits changes with these are due as well; the
    visits are noted as told by `run`."""

    def __init__(
        self,
        keys: Sequence[str],
        inbox: Inbox,
        visits: Visits,
        settings: Settings,
        catalog: Catalog,
        run: str,
    ) -> None:
        self.catalog = catalog
        self.count = len(keys)
        self.unready: dict[str, str] = {}
        self._keys = keys
        self._inbox = inbox
        self._visits = visits
        self._settings = settings
        self._run = run
        self._site = site_of(settings)
        self._usual = timedelta(minutes=settings.visit_minutes)

    def records(self, *, trusting: bool = False) -> Iterator[Read | Finding]:
        """A record for each appointment of which enough is said."""
        of = self._inbox.of(self._keys)
        made = [one for key in self._keys if (one := self._made(key, of.get(key, [])))]
        self._note(made)
        secret = self._settings.secret
        for key, number, visit, messages in made:
            at = self._place(visit)
            content = digest([visit_digest(visit, secret), *at], secret)
            origin = Origin(self._inbox.name, number)
            yield Read(origin, key, visit, content, place=at, messages=messages)

    def plans(self) -> Iterator[Read]:
        """None: of plans no message tells."""
        yield from ()

    def _made(self, key: str, kept: Sequence[Kept]) -> _Made | None:
        sent = sent_of(kept, self._site)
        if isinstance(sent, str):
            self.unready[key] = sent
            return None
        if not sent:
            return None
        folded = fold([one.said for one in sent], self._usual)
        if rule := _lacks(folded):
            self.unready[key] = rule
        if folded.visit is None or rule:
            return None
        number = kept[[one.said for one in sent].index(folded.newest)].number
        return _Made(key, number, folded.visit, named(folded, sent))

    def _note(self, made: Sequence[_Made]) -> None:
        """Notes the visits; those of which it is thereby known anew which they are, are due.

        That they are is durable before the ledger is, by which nobody would find them again.
        """
        secret = self._settings.secret
        visits = [Known(*known(one.key, one.visit, secret)) for one in made]
        moved = self._visits.moved_by(visits, self._run) - set(self._keys)
        self._inbox.again(sorted(moved), time.time())

    def _place(self, visit: Visit) -> Place:
        first = self._visits.first(comer(visit, self._settings.secret))
        return place_after(first, visit, self._settings)


def _lacks(folded: Folded) -> str:
    """The rule by which it cannot be sent yet; empty where it can."""
    if folded.lacking:
        return "no-end" if folded.lacking == ("end",) else INCOMPLETE
    if is_told_too_soon(folded, datetime.now(UTC)):
        return "known-too-soon"
    return ""
