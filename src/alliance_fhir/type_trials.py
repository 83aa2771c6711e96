"""Trying out which of the types that we write a server takes, new and changed.

A server may say nothing of its types, or claim one that it does not take, or not from us. What it
declines for the type is learnt as if its statement had said it; what it declines for what is in it
says nothing of the type.
"""

from __future__ import annotations

from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused
from alliance_fhir.fhir.versions import Version
from alliance_fhir.marked import SYSTEM, Marked
from alliance_fhir.received import Json
from alliance_fhir.targets.closed import is_of_the_type
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.statement import WRITTEN

_WANTS_A_VERSION = 428
_NO_SUCH_TYPE = 404
_ELEMENTS: dict[str, Json] = {
    "QuestionnaireResponse": {"status": "completed", "questionnaire": f"{SYSTEM}/questionnaire"},
    "Observation": {"status": "final", "code": {"text": "alliance-fhir probe: test data"}},
    "Questionnaire": {"status": "draft"},
    "Device": {"status": "inactive"},
}
"""What each has to have in R4, R4B and R5; a Provenance is of another of them."""


def try_types(made: Marked, version: Version, abilities: Abilities) -> None:
    """Makes and changes one of each type that is not known to be closed. Raises Unavailable."""
    for type_ in WRITTEN:
        if not abilities.takes(type_, "create"):
            continue
        body = _body(type_, made, version)
        if not body:
            continue
        try:
            place = made.create(body)
        except (AuthFailed, BadReply, Conflict, Refused) as error:
            if is_of_the_type(error):
                abilities.learn(type_, "create")
                if isinstance(error, Refused) and error.status == _NO_SUCH_TYPE:
                    abilities.learn(type_, "update")
            continue
        abilities.found_open(type_, "create")
        if abilities.takes(type_, "update"):
            _try_update(made, place, body, abilities)


def _body(type_: str, made: Marked, version: Version) -> Json:
    """The least that is valid; empty where there is nothing to be about."""
    if type_ == "Provenance":
        return made.provenance(made.places[0]) if made.places else {}
    body = made.body(type_, **_ELEMENTS[type_])
    if type_ == "QuestionnaireResponse":
        body["identifier"] = version.response_identifier(body["identifier"][0])
    return body


def _try_update(made: Marked, place: str, body: Json, abilities: Abilities) -> None:
    type_, _, id_ = place.partition("/")
    changed = {**body, "id": id_, "language": "en"}
    try:
        try:
            made.put(place, changed)
        except (Conflict, Refused) as error:  # some servers want to be told which version
            if isinstance(error, Refused) and error.status != _WANTS_A_VERSION:
                raise
            made.put(place, changed, made.version(place))
    except (AuthFailed, BadReply, Conflict, Refused) as error:
        if is_of_the_type(error):
            abilities.learn(type_, "update")
        return
    abilities.found_open(type_, "update")
