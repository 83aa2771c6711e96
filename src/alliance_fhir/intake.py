"""The records of the sources as they come, and what is told when all have come: which of those that
were sent once, or that are asked for, did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alliance_fhir.asking import Options, asked_for, keys_of
from alliance_fhir.dead_letters import DeadLetters
from alliance_fhir.domain.receipt import WARNINGS, Finding, Tally
from alliance_fhir.fhir.group import Group
from alliance_fhir.ledger.inbox import inbox_of
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.seen import Seen


class Intake:
    """The records of one run; what is read and what is wrong with it goes to the tally, and the
    keys of all that there are to `seen`, where that is asked for."""

    def __init__(self, options: Options, tally: Tally, seen: Seen) -> None:
        self._options = options
        self._tally = tally
        self._seen = seen
        self._met: set[str] = set()
        self._unread: dict[str, int] = {}
        """The files of which a row's key could not be read, and that row; 0 where nothing of it."""

    def of(self, everything: Iterator[Group | Finding]) -> Iterator[Group]:
        """The groups that are asked for."""
        noted = self._noted(everything)
        yield from asked_for(noted, self._options, self._tally)
        if self._options.complete:  # what was not asked for is there all the same
            for _ in noted:
                pass

    def _noted(self, everything: Iterable[Group | Finding]) -> Iterator[Group | Finding]:
        for one in everything:
            for key in keys_of(one):
                if self._options.complete and key:
                    self._seen.add(key)
                if self._options.only and key in self._options.only:
                    self._met.add(key)
            if isinstance(one, Finding) and not one.key and one.rule not in WARNINGS:
                self._unread[one.path] = min(one.row, self._unread.get(one.path, one.row))
            yield one

    def disappeared(self, ledger: Ledger, source: str) -> list[Finding]:
        """What was sent once and did not come now.

        Where a whole file could not be read nothing is known; where the key of a row could not be
        read, nothing of its file: `not_compared` tells. What came by messages that were listened
        for is in no source.
        """
        if self._lacks_a_file:
            return []
        heard = inbox_of(ledger.name)
        return [
            Finding(entry.path, entry.row, "", "disappeared")
            for entry in ledger.groups(source)
            if entry.group_key not in self._seen and entry.path not in (*self._unread, heard)
        ]

    def not_compared(self) -> list[Finding]:
        """The files of which it is not known what is gone from them, and why."""
        whole = "The file could not be read: what is gone from the sources is not known. Mend it."
        return [
            Finding(path, row, "", "not-compared", "" if row else whole)
            for path, row in self._unread.items()
        ]

    @property
    def _lacks_a_file(self) -> bool:
        return 0 in self._unread.values()

    def without_row(self, letters: DeadLetters) -> list[Finding]:
        """The letters that are asked for, and whose records did not come."""
        if not self._options.only or self._lacks_a_file:
            return []
        return letters.findings(self._options.only - self._met)
