"""What a ledger knows of visits from earlier runs, for the sources of this one: the messages of
their appointments, and which were attended."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.records import now
from alliance_fhir.domain.said import Sent
from alliance_fhir.domain.visit import visit_key
from alliance_fhir.ledger.inbox import Arrived, Inbox
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.ledger.visits import Known
from alliance_fhir.sources.before import KnownVisit

_AT_ONCE = 500
"""Messages that are written to the inbox together."""


class Recollection:
    """What `ledger` knows. Where it is given the id of a `run`, what that run hears is kept, too;
    without one, as for `plan`, nothing is written anywhere."""

    def __init__(self, ledger: Ledger, settings: Settings, run: str = "") -> None:
        self._ledger = ledger
        self._settings = settings
        self._run = run
        self._inbox: Inbox | None = None
        self._looked = False
        self._waiting: list[Arrived] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._inbox:
            self._inbox.close()

    def sent(self, key: str, but: Collection[str]) -> Iterator[Sent]:
        """The messages of an appointment that are kept. One that the settings of today do not let
        us read, or take for another's, counts no more."""
        self._write()
        inbox = self._opened()
        if inbox is None:
            return
        # imported here, so that nobody waits for it who has no messages
        from alliance_fhir.sources.hl7v2.appointment import read
        from alliance_fhir.sources.hl7v2.site import site_of

        site = site_of(self._settings)
        source, secret = self._settings.named_source, self._settings.secret
        for one in inbox.of([key], but).get(key, []):
            heard = read(one.told, site)
            if heard.said and key == visit_key(heard.said.appointment, source, secret):
                yield Sent(heard.said, one.digest)

    def hear(self, key: str, digest: str, told: bytes) -> None:
        """A message of this run, which is kept."""
        if not self._run:
            return
        came = now("milliseconds")
        self._waiting.append(Arrived(key, digest, came, told, self._run))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def attended(self, who: str) -> Iterable[tuple[str, str]]:
        """Keys and starts of the visits that were attended."""
        return self._ledger.visits.attended(who)

    def know(self, visits: Iterable[KnownVisit]) -> None:
        """The visits of this run, which are noted in the ledger. What messages brought, and is
        thereby known to be another visit of its patient's, waits to be made anew by a listener."""
        if not self._run:
            return
        inbox, book = self._opened(), self._ledger.visits
        if inbox is None:
            book.note(visits, self._run)
        else:
            every = map(Known._make, visits)
            while some := list(islice(every, _AT_ONCE)):
                inbox.again(sorted(book.moved_by(some, self._run)), time.time())
        self._ledger.commit()  # nobody is to wait with the same ones for our first group

    def _opened(self) -> Inbox | None:
        """The inbox, where there is one."""
        if not self._looked:
            self._looked = True
            self._inbox = Inbox.there(self._ledger.name)
        return self._inbox

    def _write(self) -> None:
        if not self._waiting:
            return
        inbox = self._opened()
        if inbox is None:
            inbox = self._inbox = Inbox(self._ledger.name)
        inbox.store(self._waiting, 0, wait=False)
        self._waiting = []
