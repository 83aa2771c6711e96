"""What the files of a run hold of visits. Each of them is read once: which visit of its patient's
one is, is known only when all were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.visit import Visit
from alliance_fhir.sources.before import Before
from alliance_fhir.sources.history import History
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.kept import Kept
from alliance_fhir.sources.wide import Read


class VisitFiles:
    """Records and findings of the files that hold visits, by their numbers among all files; those
    of messages, which are in no one file, come last. `gathered` is whether all were read.

    `pile` takes what the messages say, and `before` is what earlier runs knew.
    """

    def __init__(self, settings: Settings, before: Before) -> None:
        self.gathered = False
        self.pile = Pile(settings, before)
        self._secret = settings.secret
        self._kept = Kept()
        self._history = History(settings, before)
        self._numbers: set[int] = set()
        self._closing = ExitStack()
        for one in (self.pile, self._kept, self._history):
            self._closing.enter_context(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def take(self, number: int, items: Iterable[Read | Finding]) -> None:
        """All of a file."""
        self._numbers.add(number)
        self._kept.add(number, self._noted(items))

    def finish(self) -> None:
        """When all files were taken."""
        self.gathered = True
        self._kept.add(_MESSAGES, self._noted(self.pile.records()))
        self._history.finish()

    def _noted(self, items: Iterable[Read | Finding]) -> Iterator[Read | Finding]:
        for one in items:
            if isinstance(one, Read) and isinstance(one.record, Visit):
                self._history.add(one.key, one.record)
            yield one

    def of(self, number: int) -> Iterator[Read | Finding]:
        """All of a file."""
        return self._kept.of(number)

    def of_messages(self) -> Iterator[Read | Finding]:
        """The visits that all messages come to, and what is wrong with them."""
        return self._kept.of(_MESSAGES)

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each record."""
        for number in sorted({*self._numbers, _MESSAGES}):
            for one in self._kept.of(number):
                if isinstance(one, Read):
                    yield one.key, one.content

    def forget(self, keys: Iterable[str]) -> None:
        """Visits of which the sources say several things are no history of others."""
        self._history.drop(keys)

    def placed(self, read: Read) -> Read:
        """A visit with its place; what the source says of it is that, too."""
        if not isinstance(read.record, Visit):
            return read
        visit = read.record
        place = self._history.place(visit)
        missed = tuple([self._history.place(visit, start) for start in visit.missed])
        content = digest((read.content, *place), self._secret)
        origin, key, whole, messages = read.origin, read.key, read.whole, read.messages
        # not by _replace, which takes three times as long
        return Read(origin, key, visit, content, whole, place, messages, missed)


_MESSAGES = -1
"""The number under which the visits of messages are kept."""
