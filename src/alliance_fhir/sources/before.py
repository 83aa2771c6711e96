"""What the runs before this one knew of visits, and what is told to those to come."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from alliance_fhir.domain.said import Sent


class KnownVisit(NamedTuple):
    """A visit: its business key, a digest of its patient and service, its start in UTC without a
    Z, and whether it was attended (1 or 0)."""

    key: str
    who: str
    start: str
    attended: int


class Before(Protocol):
    """What is known over all runs, where there is a ledger that keeps it."""

    def sent(self, key: str, but: Collection[str]) -> Iterable[Sent]:
        """The messages of an appointment, by its business key, without those of these digests."""
        ...

    def hear(self, key: str, digest: str, told: bytes) -> None:
        """A message of this run: its appointment's key, the SHA-256 that `Sent` has, its bytes."""
        ...

    def attended(self, who: str) -> Iterable[tuple[str, str]]:
        """Keys and starts of the visits that were attended, by the digest of patient and
        service."""
        ...

    def know(self, visits: Iterable[KnownVisit]) -> None:
        """All visits of this run, once they are known."""
        ...


class Nothing:
    """No run was before, and none is to come."""

    def sent(self, key: str, but: Collection[str]) -> Iterable[Sent]:
        """None."""
        return ()

    def hear(self, key: str, digest: str, told: bytes) -> None:
        """Is forgotten."""

    def attended(self, who: str) -> Iterable[tuple[str, str]]:
        """None."""
        return ()

    def know(self, visits: Iterable[KnownVisit]) -> None:
        """Are forgotten."""


NOTHING = Nothing()
