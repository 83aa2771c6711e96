"""Sending a group to a server, by the highest rung of the ladder that the server has.

A transaction; else a batch for each wave, or single requests. A conditional create; else a look
right before. If-Match; else read and compare right before.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Sequence
from typing import Any, cast

from alliance_fhir.errors import AuthFailed, Refused, ServerError
from alliance_fhir.fhir.bundle import Change, transaction
from alliance_fhir.fhir.elements import KEPT_BY_OTHERS
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.logical import References
from alliance_fhir.fhir.reply import Delivered, Ours, answered
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import Partly, arrived
from alliance_fhir.targets.closed import ClosedTypes
from alliance_fhir.targets.finding import Finder
from alliance_fhir.targets.looking import Looks
from alliance_fhir.targets.pieces import (
    NO_SUCH_PLACE,
    NO_SUCH_THING,
    TOO_LARGE,
    Pieces,
    Places,
    first_error,
    places_about,
    places_of,
)
from alliance_fhir.targets.tags import TagConditions
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.outcomes import is_too_large, names_an_entry

_CLOSED = (403, *NO_SUCH_THING)


class Sender:
    """Sends groups to one server, and learns on the way what it cannot do."""

    def __init__(self, client: Client, ours: Ours, abilities: Abilities, finder: Finder) -> None:
        self._client = client
        self._ours = ours
        self._abilities = abilities
        self._looks = Looks(client.base, finder, abilities)
        self._took_one = False
        """Whether the server ever took a transaction: from then on a refusal is of its content."""
        self._closed = ClosedTypes(abilities)
        self._tags = TagConditions(client, finder, abilities)
        self._pieces = Pieces(
            client, ours.identifiers, abilities, self._looks, self._closed, self._tags
        )

    def send(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """One answer a change, in their order. Raises Partly where a part of them arrived."""
        changes = [at_home(change, self._client.base) for change in changes]
        together = "transactions" in self._abilities
        if not together or "if-match" not in self._abilities:
            self._looks.compare([change for change in changes if change.state == "updated"])
        there = self._looks.there(changes)
        left = [change for change in changes if change.resource.key not in there]
        if there:
            references = self._with(there.values(), references)
        if "if-match" in self._abilities.lacking:
            left = [change._replace(version="") for change in left]
        try:
            answers = self._proven(self._sent(left, references), references) if left else []
        except Partly as partly:
            arrived = [answer for answer in partly.answers if not answer.strange]
            raise Partly([*there.values(), *arrived], partly.error) from None
        told = {answer.change.resource.key: answer for answer in answers} | there
        return [told[change.resource.key] for change in changes]

    def _proven(self, answers: Sequence[Delivered], references: References) -> list[Delivered]:
        """The answers, with our own Provenance where the server says that it had one already and
        means another one."""
        done = [answer for answer in answers if not answer.strange]
        if len(done) == len(answers):
            return done
        known = self._with(done, references)
        with arrived(done):
            for answer in answers:
                if answer.strange:
                    about = places_about(answer.change.resource, known, self._ours.identifiers)
                    there = self._tags.ours(answer, about)
                    done += [there] if there else self._sent([answer.change], known)
        return done

    def _with(self, done: Iterable[Delivered], references: References) -> References:
        """Where everything is, with these."""
        return ChainMap(places_of(done, self._ours.identifiers), cast("Places", references))

    def _sent(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        if "transactions" not in self._abilities:
            return self._pieces.send(changes, references)
        try:
            return self._transaction(changes, references)
        except Refused as refused:
            if self._without_if_match(refused, changes):
                return self._sent([c._replace(version="") for c in changes], references)
            return self._otherwise(refused, changes, references)

    def _otherwise(
        self, refused: Refused, changes: Sequence[Change], references: References
    ) -> list[Delivered]:
        """A group whose transaction was declined, in another way, where there is one."""
        if refused.status == TOO_LARGE or is_too_large(refused.outcome):
            return self._pieces.send(changes, references)
        if not self._took_one and _is_of_transactions(refused):
            return self._without_transactions(refused, changes, references)
        if refused.status in _CLOSED and _is_proven(changes):
            try:
                return self._proof_apart(changes, references)
            except Refused as again:
                refused = again
        if self._closed.to_be_found(changes, refused.status):
            return self._pieces.send(changes, references)
        raise refused

    def _without_if_match(self, refused: Refused, changes: Sequence[Change]) -> bool:
        """Whether it was declined because of If-Match. Raises Conflict as the look instead does."""
        if refused.status != 501 or not any(change.version for change in changes):
            return False
        if "if-match" in self._abilities:
            self._looks.compare([change for change in changes if change.state == "updated"])
        self._abilities.lacking.add("if-match")
        return True

    def _without_transactions(
        self, refused: Refused, changes: Sequence[Change], references: References
    ) -> list[Delivered]:
        """The group in pieces, and from now on every one: at once where the status says that, else
        when they were taken. Where they are declined as well, it was about one of them."""
        # what is to be changed may be what is not there: that is a conflict, and no lack
        self._looks.compare([change for change in changes if change.state == "updated"])
        if refused.status in NO_SUCH_PLACE:
            self._abilities.lacking.add("transactions")
        done = self._pieces.send(changes, references)
        self._abilities.lacking.add("transactions")
        return done

    def _proof_apart(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """A group of which it may be the Provenance alone that is declined, which records can be
        without. By itself that tells: one odd answer says nothing of all that are to come."""
        rest = [change for change in changes if change.resource.type != "Provenance"]
        proof = [change for change in changes if change.resource.type == "Provenance"]
        done = self._transaction(rest, references)
        known = self._with(done, references)
        try:
            return [*done, *self._transaction(proof, known)]
        except Refused as refused:
            if refused.status in _CLOSED:
                self._abilities.learn("Provenance", "create")
            raise Partly(done, refused) from None
        except ServerError as error:
            raise Partly(done, error) from None

    def _transaction(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        return self._tags.tried(
            changes,
            self._looks.outright(changes),
            lambda outright: self._at_once(changes, references, outright),
        )

    def _at_once(
        self, changes: Sequence[Change], references: References, outright: set[str]
    ) -> list[Delivered]:
        bundle = transaction(changes, references, self._ours.identifiers, outright)
        try:
            reply = self._client.post("", bundle)
        except AuthFailed as error:
            raise self._closed.forbidden(error, changes) from None
        answers = answered(changes, reply.body)
        self._took_one = True
        done = [self._looks.placed(answer) for answer in answers if isinstance(answer, Delivered)]
        self._closed.took(answer.change for answer in done)
        if len(done) == len(answers):
            return done
        self._abilities.lacking.add("rollback")
        raise Partly(done, first_error(answers, self._client.base))


def at_home(change: Change, base: str) -> Change:
    """The same; what others keep, and a plan lists, is referred to at its own server without the
    server's address. Elsewhere its mark alone says where it is: servers may take no reference that
    leads out of them."""
    one = change.resource
    if one.type != "CarePlan" or KEPT_BY_OTHERS.encode() not in one.json():
        return change
    body = _referring(one.body, f"{base}/")
    return change._replace(resource=Resource(one.type, one.key, body, one.digest))


def _referring(value: Any, home: str) -> Any:
    if isinstance(value, list):
        return [_referring(one, home) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    told = {name: _referring(one, home) for name, one in cast("Json", value).items()}
    marks = told.get("extension", [])
    if any(one.get("url") == KEPT_BY_OTHERS for one in marks) and "reference" in told:
        where = told.pop("reference")
        if where.startswith(home):
            told["reference"] = where.removeprefix(home)
    return told


def _is_proven(changes: Sequence[Change]) -> bool:
    """Whether there is a Provenance, and something else that it is about."""
    return len({change.resource.type == "Provenance" for change in changes}) > 1


def _is_of_transactions(refused: Refused) -> bool:
    """Whether a transaction may have been declined because it is one, and not for what is in it."""
    if refused.status in NO_SUCH_THING:
        return True
    return "not-supported" in refused.issues and not names_an_entry(refused.outcome)
