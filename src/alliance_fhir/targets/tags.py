"""Whether a server takes a condition by tag for what it says, as its answers to a run show.

A Provenance is made on condition that none bears its tag. A server that finds nothing by tags may
decline that, and with it all that is sent together; it may also have declined what is in one of
them. Sent again without the condition it tells which of the two. Or it takes the condition for any
Provenance: where there is one, that is said to be ours, and where there are several, it is a
conflict (412).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from alliance_fhir.errors import AuthFailed, Conflict, Refused
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.reply import Delivered, Found, existing
from alliance_fhir.targets.base import Wanted
from alliance_fhir.targets.finding import UNKNOWN, Finder
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client

_SEVERAL = 412
_NOT_THERE = (404, 410)


class TagConditions:
    """What one run is told of conditions by tag; all lanes tell it."""

    def __init__(self, client: Client, finder: Finder, abilities: Abilities) -> None:
        self._client = client
        self._finder = finder
        self._abilities = abilities
        self._took_one = False
        """Whether the server ever took one: from then on a refusal is not of the condition."""
        self._kept_apart = False
        """Whether it took one when another was there: from then on a conflict is neither."""

    def tried(
        self,
        changes: Sequence[Change],
        outright: set[str],
        send: Callable[[set[str]], list[Delivered]],
    ) -> list[Delivered]:
        """What `send` gives, which is told the keys of what is made without a condition.

        Where that is declined, and a condition by tag may be why, it is sent once more without it;
        where it is taken then, that is how all others go. Raises what `send` raises last.
        """
        by_tag = [one for one in changes if _is_proof(one) and one.resource.key not in outright]
        took_one = self._took_one
        try:
            answers = send(outright)
        except (Conflict, Refused) as error:
            if not by_tag or not self._unclear(error) or self._kept(by_tag, changes):
                raise
            answers = send(outright | {one.resource.key for one in by_tag})
            self._abilities.lacking.add("tags")
            by_tag = []
        if not by_tag:  # nothing was asked that could be taken for something else
            return [a._replace(strange=False) if a.strange else a for a in answers]
        made = not any(answer.existed for answer in answers if _is_proof(answer.change))
        self._took_one = True
        self._kept_apart |= took_one and made
        return answers

    def _unclear(self, error: Conflict | Refused) -> bool:
        """Whether it may be the condition for which something was not taken."""
        if isinstance(error, Conflict):
            clear, meant = self._kept_apart, error.status == _SEVERAL
        else:
            clear, meant = self._took_one, error.status in UNKNOWN
        return meant and (not clear or "tags" in self._abilities.lacking)  # by another lane

    def _kept(self, proofs: Sequence[Change], changes: Sequence[Change]) -> bool:
        """Whether the server has such a Provenance, of a transaction that it declined and did not
        roll back. That a search by tag is declined as well the finder learns by this."""
        about = [f"{one.resource.type}/{one.id}" for one in changes if one.id]
        return any(self._found(proof, about) for proof in proofs)

    def ours(self, answer: Delivered, about: Iterable[str]) -> Delivered | None:
        """Where our Provenance is, of which the server says that it has it, and which is about
        these places. None where it has another one: then all go without the condition."""
        if not answer.digest:
            answer = self._read(answer)
        if not answer.strange:
            return answer
        self._abilities.lacking.add("tags")
        for hit in self._found(answer.change, about):
            return Delivered(answer.change, hit.id, hit.version, hit.digest, existed=True)
        return None

    def _read(self, answer: Delivered) -> Delivered:
        try:
            body = self._client.get(f"Provenance/{answer.id}").body
        except Refused as refused:
            if refused.status in _NOT_THERE:
                return answer
            raise
        return existing(answer.change, body)

    def _found(self, proof: Change, about: Iterable[str]) -> list[Found]:
        one = proof.resource
        wanted = Wanted(one.type, one.key, about=tuple(about), digest=one.digest)
        try:
            return self._finder.find([wanted]).get(one.key, [])
        except (AuthFailed, Refused):  # it may be written and not read: then nobody knows better
            return []


def _is_proof(change: Change) -> bool:
    return change.resource.type == "Provenance" and change.state == "created"
