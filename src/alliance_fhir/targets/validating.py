"""Asking a server's `$validate` what it thinks of resources, before they are sent.

Each goes by itself, as the body, with the mode on the URL, which FHIR allows of an operation that
takes one resource (operations, 3.2.0.1) and which servers without a reading of Parameters take as
well. Never in a batch: HAPI FHIR JPA 8.8.0 takes an entry `POST Observation/$validate` for one that
makes an Observation, and makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from alliance_fhir.errors import BadReply, ConfigError, Conflict, Refused, Unavailable
from alliance_fhir.fhir.bundle import Change, body_of, within
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import is_our_claim
from alliance_fhir.fhir.logical import References
from alliance_fhir.received import Json
from alliance_fhir.targets.base import Validated
from alliance_fhir.targets.sending import at_home
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.issues import Issue, issues_of

NAME = "$validate"
_LACKING = (404, 405, 501)
_SAID = (400, 412, 422)
"""Statuses of servers that do not answer an invalid resource with 200, as FHIR has it: HAPI says
400 of what it cannot parse, such as a code that FHIR does not have, and older ones 412 or 422."""
_REMEDY = "leave --validate out, or have it switched on there; `check` needs no server"

_INSTALL = (
    "put our profiles there with `profiles install` (a HAPI that was asked about them before then "
    "takes ten minutes to see them), or claim none, with claim_profiles = false in alliance.toml"
)


class ServerValidator:
    """Asks one server. `system` is that of our identifiers."""

    def __init__(self, client: Client, system: str, abilities: Abilities) -> None:
        self._client = client
        self._system = system
        self._abilities = abilities

    def begin(self) -> None:
        """Raises ConfigError where the server lists its operations, and this is none of them: then
        it is not to be tried, as nobody knows what is made of such a POST."""
        params = {
            "_elements": "fhirVersion,rest.operation,rest.resource.type,rest.resource.operation"
        }
        try:
            statement = self._client.get("metadata", params, fresh=False).body
        except Refused:
            return  # it may be that it takes no parameters there; what it can do is seen then
        listed = [told for told in _operations(statement) if told]
        if listed and not any(map(_is_validate, listed)):
            raise ConfigError(
                f"{self._client.base} lists no {NAME} among its operations: {_REMEDY}"
            )

    def validate(self, changes: Sequence[Change], references: References) -> list[Validated]:
        """What the server says of each, as it would be sent."""
        changes = [at_home(change, self._client.base) for change in changes]
        if "transactions" in self._abilities:
            references = within(changes, references, self._system)
        return [self._one(change, body_of(change, references)) for change in changes]

    def _one(self, change: Change, body: bytes) -> Validated:
        resource = change.resource
        mode = "create" if change.state == "created" else "update"
        try:
            reply = self._client.ask(f"{resource.type}/{NAME}", {"mode": mode}, body)
        except Refused as refused:
            if refused.status in _LACKING or "not-supported" in refused.issues:
                raise ConfigError(
                    f"{self._client.base} has no {NAME} of a {resource.type} ({refused.status}): "
                    f"{_REMEDY}"
                ) from None
            return self._declined(change, refused)
        except Conflict as conflict:
            return self._declined(change, conflict)
        except Unavailable as error:  # nothing was sent that would have to be looked for
            raise Unavailable(str(error)) from None
        if reply.status != 200:
            raise BadReply(f"{self._place(change)} answered {reply.status}, and 200 is expected")
        issues = self._issues(change, reply.body)
        return Validated(resource, issues, reply.body, reply.status)

    def _declined(self, change: Change, error: Refused | Conflict) -> Validated:
        """A refusal that says what is wrong with the resource. Raises what it is otherwise."""
        if error.status in _SAID and error.outcome.get("resourceType") == "OperationOutcome":
            issues = self._issues(change, error.outcome)
            if any(issue.severity == "error" for issue in issues):
                return Validated(change.resource, issues, error.outcome, error.status)
        if isinstance(error, Conflict):
            raise BadReply(f"{self._place(change)} answered {error.status}, and changes nothing")
        raise error

    def _issues(self, change: Change, outcome: Json) -> tuple[Issue, ...]:
        try:
            issues = tuple(issues_of(outcome, change.resource.type))
        except BadReply as error:
            raise BadReply(f"{self._place(change)}: {error}") from None
        self._have_profiles(change.resource, issues)
        return issues

    def _have_profiles(self, resource: Resource, issues: Sequence[Issue]) -> None:
        """Raises ConfigError where the server says that it does not have a profile of ours that is
        claimed: it says so of every resource, and it is no fault of theirs. HAPI FHIR JPA 8.8.0 has
        an error for each, at the claim."""
        claimed: Sequence[object] = resource.body.get("meta", {}).get("profile", [])
        places = {f"{resource.type}.meta.profile[{n}]": one for n, one in enumerate(claimed)}
        for issue in issues:
            profile = places.get(issue.element) if issue.severity == "error" else None
            if is_our_claim(profile):
                raise ConfigError(f"{self._client.base} does not have {profile}: {_INSTALL}")

    def _place(self, change: Change) -> str:
        return f"POST {self._client.base}/{change.resource.type}/{NAME}"


def _operations(statement: Json) -> list[Json]:
    """All that a statement lists. What has not its shape counts as not said."""
    if statement.get("resourceType") != "CapabilityStatement":
        return []
    rests = _objects(statement.get("rest"))
    places = [*rests, *(one for rest in rests for one in _objects(rest.get("resource")))]
    return [operation for place in places for operation in _objects(place.get("operation"))]


def _objects(value: Any) -> list[Json]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Json", one) for one in items if isinstance(one, dict)]


def _is_validate(operation: Json) -> bool:
    """By its name, or by FHIR's own definition of it where a server calls it otherwise."""
    name, definition = operation.get("name"), operation.get("definition")
    return name in ("validate", NAME) or str(definition).endswith("/Resource-validate")
