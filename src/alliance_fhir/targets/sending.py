"""Sending a group to a server, by the highest rung of the ladder that the server has.

A transaction; else a batch for each wave, or single requests. A conditional create; else a look
right before. If-Match; else read and compare right before.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Sequence
from typing import cast

from alliance_fhir.errors import AuthFailed, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import (
    Change,
    batch,
    body_of,
    condition,
    entity_tag,
    transaction,
)
from alliance_fhir.fhir.logical import Reference, References
from alliance_fhir.fhir.reply import Declined, Delivered, Ours, answered, single
from alliance_fhir.fhir.waves import waves
from alliance_fhir.targets.base import Partly
from alliance_fhir.targets.closed import ClosedTypes
from alliance_fhir.targets.finding import Finder
from alliance_fhir.targets.looking import Looks
from alliance_fhir.targets.tags import TagConditions
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.outcomes import Reply, error_of, names_an_entry
from alliance_fhir.transport.retry import Waited, patiently

_Places = dict[Reference, str]
_NO_SUCH_PLACE = (404, 501)
_NO_SUCH_THING = (*_NO_SUCH_PLACE, 405)
_CLOSED = (403, *_NO_SUCH_THING)
_TOO_LARGE = 413
_NOT_NOW = (429, 503)


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
        self._tags = TagConditions(finder, abilities)

    def send(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """One answer a change, in their order. Raises Partly where a part of them arrived."""
        together = "transactions" in self._abilities
        if not together or "if-match" not in self._abilities:
            self._looks.compare([change for change in changes if change.state == "updated"])
        there = self._looks.there(changes)
        left = [change for change in changes if change.resource.key not in there]
        if there:
            references = ChainMap(self._places(there.values()), cast("_Places", references))
        if "if-match" in self._abilities.lacking:
            left = [change._replace(version="") for change in left]
        try:
            answers = self._sent(left, references) if left else []
        except Partly as partly:
            raise Partly([*there.values(), *partly.answers], partly.error) from None
        told = {answer.change.resource.key: answer for answer in answers} | there
        return [told[change.resource.key] for change in changes]

    def _sent(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        if "transactions" not in self._abilities:
            return self._in_waves(changes, references)
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
        if refused.status == _TOO_LARGE:
            return self._in_waves(changes, references)
        if not self._took_one and _is_of_transactions(refused):
            return self._without_transactions(refused, changes, references)
        if refused.status in _CLOSED and _is_proven(changes):
            try:
                return self._proof_apart(changes, references)
            except Refused as again:
                refused = again
        if self._closed.to_be_found(changes, refused.status):
            return self._in_waves(changes, references)
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
        if refused.status in _NO_SUCH_PLACE:
            self._abilities.lacking.add("transactions")
        done = self._in_waves(changes, references)
        self._abilities.lacking.add("transactions")
        return done

    def _proof_apart(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """A group of which it may be the Provenance alone that is declined, which records can be
        without. By itself that tells: one odd answer says nothing of all that are to come."""
        rest = [change for change in changes if change.resource.type != "Provenance"]
        proof = [change for change in changes if change.resource.type == "Provenance"]
        done = self._transaction(rest, references)
        known = ChainMap(self._places(done), cast("_Places", references))
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
            raise self._forbidden(error, changes) from None
        answers = answered(changes, reply.body)
        self._took_one = True
        done = [self._looks.placed(answer) for answer in answers if isinstance(answer, Delivered)]
        self._closed.took(answer.change for answer in done)
        if len(done) == len(answers):
            return done
        self._abilities.lacking.add("rollback")
        raise Partly(done, self._first_error(answers))

    def _in_waves(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """What is pointed to first, so that what points to it can say where it is."""
        done: list[Delivered] = []
        known = ChainMap(_Places(), cast("_Places", references))  # people may be many: no copy
        for wave in waves(changes, self._ours.identifiers):
            together = len(wave) > 1 and "batches" in self._abilities
            send = self._batch if together else self._one_by_one
            try:
                done += send(wave, known)
            except Partly as partly:
                raise Partly([*done, *partly.answers], partly.error) from None
            except ServerError as error:
                if not done:
                    raise
                raise Partly(done, error) from None
            known.update(self._places(done))
        return done

    def _places(self, answers: Iterable[Delivered]) -> _Places:
        """Where everything is, for what points to it."""
        system = self._ours.identifiers
        types = ((answer.change.resource, answer.id) for answer in answers)
        return {(one.type, system, one.key): f"{one.type}/{id_}" for one, id_ in types}

    def _one_by_one(self, wave: Sequence[Change], known: References) -> list[Delivered]:
        done: list[Delivered] = []
        for change in wave:
            try:
                done.append(self._single(change, known))
            except ServerError as error:
                if not done:
                    raise
                raise Partly(done, error) from None
        return done

    def _single(self, change: Change, known: References) -> Delivered:
        resource, body = change.resource, body_of(change, known)

        def send(outright: set[str]) -> Reply:
            if change.state == "created":
                asked = "" if outright else condition(resource)
                return self._client.post(resource.type, body, if_none_exist=asked)
            tag = entity_tag(change.version) if change.version else ""
            return self._client.put(f"{resource.type}/{change.id}", body, if_match=tag)

        try:
            reply = self._tags.tried([change], self._looks.outright([change]), send)
        except Refused as refused:
            if refused.status == 501 and change.version:
                self._abilities.lacking.add("if-match")
                return self._single(change._replace(version=""), known)
            if refused.status == 405:
                self._closed.declined([change], refused.status)
            raise
        except AuthFailed as error:
            raise self._forbidden(error, [change]) from None
        self._closed.took([change])
        return self._looks.placed(single(change, reply.status, reply.body, reply.headers))

    def _batch(self, wave: Sequence[Change], known: References) -> list[Delivered]:
        """A wave in one batch; what the server puts off of it is sent again, and nothing else."""
        answers: dict[str, Delivered | Declined] = {}
        try:
            self._in_batches(wave, known, answers)
        except Refused as refused:
            if answers or refused.status not in (*_NO_SUCH_THING, _TOO_LARGE):
                raise
            if refused.status != _TOO_LARGE:
                self._abilities.lacking.add("batches")
            return self._one_by_one(wave, known)
        except ServerError as error:
            done = [a for a in answers.values() if isinstance(a, Delivered)]
            if done:
                raise Partly([self._looks.placed(a) for a in done], error) from None
            raise
        return self._of_batch([answers[change.resource.key] for change in wave])

    def _in_batches(
        self, wave: Sequence[Change], known: References, answers: dict[str, Delivered | Declined]
    ) -> None:
        """Sends batches until there is an answer to everything, or patience is at its end."""
        outright = self._looks.outright(wave)
        failed: list[ServerError] = []

        def once() -> None:
            left = [c for c in wave if _again(answers.get(c.resource.key))]
            bundle = batch(left, known, outright)
            try:
                reply = self._client.post("", bundle)
            except ServerError as error:  # after patience of its own
                failed.append(error)
                return
            answers.update({a.change.resource.key: a for a in answered(left, reply.body)})
            if any(_again(answer) for answer in answers.values()):
                raise Waited(f"{self._client.base} puts off", sent=False, seconds=None)

        patiently(once, self._client.patience, harmless=False, pace=self._client.pace)
        if failed:
            raise failed[0]

    def _of_batch(self, answers: list[Delivered | Declined]) -> list[Delivered]:
        done = [self._looks.placed(answer) for answer in answers if isinstance(answer, Delivered)]
        self._closed.took(answer.change for answer in done)
        if len(done) == len(answers):
            return done
        for answer in answers:
            if isinstance(answer, Declined) and answer.status in (403, 405):
                self._closed.declined([answer.change], answer.status)
        error = self._first_error(answers)
        if done:
            raise Partly(done, error)
        raise error

    def _first_error(self, answers: Sequence[Delivered | Declined]) -> ServerError:
        """What the others of a group are declined for; an entry is no reason to stop a run."""
        first = next(answer for answer in answers if isinstance(answer, Declined))
        place = f"{self._client.base} ({first.change.resource.type})"
        error = error_of(first.status, place, first.outcome)
        if isinstance(error, AuthFailed):
            return Refused(str(error), status=first.status, outcome=first.outcome)
        if isinstance(error, Unavailable):  # it may have been taken, and a look tells
            return Unavailable(str(error), sent=True)
        return error

    def _forbidden(self, error: AuthFailed, changes: Sequence[Change]) -> ServerError:
        """What a 403 means: not that the run is to stop, as with other credentials that fail."""
        if error.status != 403:
            return error
        self._closed.declined(changes, error.status)
        return Refused(str(error), status=403)


def _again(answer: Delivered | Declined | None) -> bool:
    """Whether an entry is still to be sent."""
    return answer is None or (isinstance(answer, Declined) and answer.status in _NOT_NOW)


def _is_proven(changes: Sequence[Change]) -> bool:
    """Whether there is a Provenance, and something else that it is about."""
    return len({change.resource.type == "Provenance" for change in changes}) > 1


def _is_of_transactions(refused: Refused) -> bool:
    """Whether a transaction may have been declined because it is one, and not for what is in it."""
    if refused.status in _NO_SUCH_THING:
        return True
    return "not-supported" in refused.issues and not names_an_entry(refused.outcome)
