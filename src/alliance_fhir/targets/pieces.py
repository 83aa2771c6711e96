"""A group in pieces, where it cannot be sent as a whole: wave after wave, what is pointed to first.

Each wave goes in one batch, or as single requests where the server takes no batches.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Sequence
from typing import cast

from alliance_fhir.errors import AuthFailed, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import Change, batch, body_of, condition, entity_tag
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.logical import Reference, References
from alliance_fhir.fhir.reply import Declined, Delivered, answered, single
from alliance_fhir.fhir.waves import waves
from alliance_fhir.targets.base import Partly, arrived
from alliance_fhir.targets.closed import ClosedTypes
from alliance_fhir.targets.looking import Looks
from alliance_fhir.targets.tags import TagConditions
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.outcomes import error_of
from alliance_fhir.transport.retry import Waited, patiently

Places = dict[Reference, str]
NO_SUCH_PLACE = (404, 501)
NO_SUCH_THING = (*NO_SUCH_PLACE, 405)
TOO_LARGE = 413
_NOT_NOW = (429, 503)


class Pieces:
    """Sends groups in pieces. `system` is that of our identifiers; what is learnt of the server on
    the way goes to the same places as what is learnt of transactions."""

    def __init__(
        self,
        client: Client,
        system: str,
        abilities: Abilities,
        looks: Looks,
        closed: ClosedTypes,
        tags: TagConditions,
    ) -> None:
        self._client = client
        self._system = system
        self._abilities = abilities
        self._looks = looks
        self._closed = closed
        self._tags = tags

    def send(self, changes: Sequence[Change], references: References) -> list[Delivered]:
        """What is pointed to first, so that what points to it can say where it is."""
        done: list[Delivered] = []
        known = ChainMap(Places(), cast("Places", references))  # people may be many: no copy
        for wave in waves(changes, self._system):
            together = len(wave) > 1 and "batches" in self._abilities
            send = self._batch if together else self._one_by_one
            with arrived(done):
                done += send(wave, known)
            known.update(places_of(done, self._system))
        return done

    def _one_by_one(self, wave: Sequence[Change], known: References) -> list[Delivered]:
        done: list[Delivered] = []
        with arrived(done):
            for change in wave:
                done.append(self._single(change, known))
        return done

    def _single(self, change: Change, known: References) -> Delivered:
        resource, body = change.resource, body_of(change, known)

        def send(outright: set[str]) -> list[Delivered]:
            if change.state == "created":
                asked = "" if outright else condition(resource)
                reply = self._client.post(resource.type, body, if_none_exist=asked)
            else:
                tag = entity_tag(change.version) if change.version else ""
                reply = self._client.put(f"{resource.type}/{change.id}", body, if_match=tag)
            return [single(change, reply.status, reply.body, reply.headers)]

        try:
            [answer] = self._tags.tried([change], self._looks.outright([change]), send)
        except Refused as refused:
            if refused.status == 501 and change.version:
                self._abilities.lacking.add("if-match")
                return self._single(change._replace(version=""), known)
            if refused.status == 405:
                self._closed.declined([change], refused.status)
            raise
        except AuthFailed as error:
            raise self._closed.forbidden(error, [change]) from None
        self._closed.took([change])
        return self._looks.placed(answer)

    def _batch(self, wave: Sequence[Change], known: References) -> list[Delivered]:
        """A wave in one batch; what the server puts off of it is sent again, and nothing else."""
        answers: dict[str, Delivered | Declined] = {}
        try:
            self._in_batches(wave, known, answers)
        except Refused as refused:
            if answers or refused.status not in (*NO_SUCH_THING, TOO_LARGE):
                raise
            if refused.status != TOO_LARGE:
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
        error = first_error(answers, self._client.base)
        if done:
            raise Partly(done, error)
        raise error


def _again(answer: Delivered | Declined | None) -> bool:
    """Whether an entry is still to be sent."""
    return answer is None or (isinstance(answer, Declined) and answer.status in _NOT_NOW)


def places_of(answers: Iterable[Delivered], system: str) -> Places:
    """Where everything is, for what points to it."""
    types = ((answer.change.resource, answer.id) for answer in answers)
    return {(one.type, system, one.key): f"{one.type}/{id_}" for one, id_ in types}


def first_error(answers: Sequence[Delivered | Declined], name: str) -> ServerError:
    """What the others of a group are declined for, by the server called `name`; an entry is no
    reason to stop a run."""
    first = next(answer for answer in answers if isinstance(answer, Declined))
    place = f"{name} ({first.change.resource.type})"
    error = error_of(first.status, place, first.outcome)
    if isinstance(error, AuthFailed):
        return Refused(str(error), status=first.status, outcome=first.outcome)
    if isinstance(error, Unavailable):  # it may have been taken, and a look tells
        return Unavailable(str(error), sent=True)
    return error


def places_about(proof: Resource, known: References, system: str) -> list[str]:
    """Where that is which a Provenance is about, as far as it is known."""
    named = ((one["type"], system, one["identifier"]["value"]) for one in proof.body["target"])
    return [known[one] for one in named if one in known]
