"""Whether a server takes a condition by tag, as its answers to a run show.

A Provenance is made on condition that none bears its tag. A server that finds nothing by tags may
decline that, and with it all that is sent together; it may also have declined what is in one of
them. Sent again without the condition it tells which of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from alliance_fhir.errors import AuthFailed, Refused
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.targets.base import Wanted
from alliance_fhir.targets.finding import UNKNOWN, Finder
from alliance_fhir.transport.capabilities import Abilities

Answer = TypeVar("Answer")


class TagConditions:
    """What one run is told of conditions by tag; all lanes tell it."""

    def __init__(self, finder: Finder, abilities: Abilities) -> None:
        self._finder = finder
        self._abilities = abilities
        self._took_one = False
        """Whether the server ever took one: from then on a refusal is not of the condition."""

    def tried(
        self, changes: Sequence[Change], outright: set[str], send: Callable[[set[str]], Answer]
    ) -> Answer:
        """What `send` gives, which is told the keys of what is made without a condition.

        Where that is declined, and a condition by tag may be why, it is sent once more without it;
        where it is taken then, that is how all others go. Raises what `send` raises last.
        """
        by_tag = [one for one in changes if _is_proof(one) and one.resource.key not in outright]
        try:
            answer = send(outright)
        except Refused as refused:
            unclear = bool(by_tag) and not self._took_one and refused.status in UNKNOWN
            if not unclear or self._kept(by_tag, changes):
                raise
            answer = send(outright | {one.resource.key for one in by_tag})
            self._abilities.lacking.add("tags")
            return answer
        self._took_one |= bool(by_tag)
        return answer

    def _kept(self, proofs: Sequence[Change], changes: Sequence[Change]) -> bool:
        """Whether the server has such a Provenance, of a transaction that it declined and did not
        roll back. That a search by tag is declined as well the finder learns by this."""
        about = tuple(f"{one.resource.type}/{one.id}" for one in changes if one.id)
        wanted = [
            Wanted(one.resource.type, one.resource.key, about=about, digest=one.resource.digest)
            for one in proofs
        ]
        try:
            return bool(self._finder.find(wanted))
        except (AuthFailed, Refused):  # it may be written and not read: then nobody knows better
            return False


def _is_proof(change: Change) -> bool:
    return change.resource.type == "Provenance" and change.state == "created"
