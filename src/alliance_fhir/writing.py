"""What is written for what was decided: each resource as its history has it, and the Provenance."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.dead_letters import Letter, Sent
from alliance_fhir.deciding import Decision
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.receipt import AS_ASKED, MERGED, NOT_VALID, RULES
from alliance_fhir.errors import Refused
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import run_created, run_touched, tagged
from alliance_fhir.fhir.provenance import Activity, ProvenanceWriter
from alliance_fhir.fhir.versions import Json
from alliance_fhir.planned import Planned
from alliance_fhir.targets.base import Target


class Marks(NamedTuple):
    """The tags by which a server's resources tell which run of ours made them, and changed them.

    Not `on` at a folder: nobody else writes there, and its ledger knows.
    """

    created: str
    touched: str
    run: str
    on: bool

    def mark(self, resource: Resource, made_by: str, *, new: bool) -> Resource:
        """The resource with the tags of this write; `made_by` is the run that made it."""
        if not self.on:
            return resource
        tags: list[Json] = [{"system": self.created, "code": made_by}] if made_by else []
        if not new:
            tags.append({"system": self.touched, "code": self.run})
        return tagged(resource, tags)


def marks_of(settings: Settings, target: Target, run: str) -> Marks:
    """The tags of one run."""
    root = settings.root
    return Marks(run_created(root), run_touched(root), run, not target.all_at_once)


def to_prove(planned: Planned) -> list[Decision]:
    """What is sent of a group, but for Provenances: those are about others themselves."""
    return [one for one in planned.changes if one.resource.type != "Provenance"]


def provenance_of(planned: Planned, writer: ProvenanceWriter, recorded: str) -> Resource:
    """The Provenance of all that is written of a group, and of what was and is not told of yet."""
    told = [*planned.unproven, *to_prove(planned)]
    states = [d.known.state if d.state == "unchanged" and d.known else d.state for d in told]
    activity: Activity = "update" if any(state == "updated" for state in states) else "create"
    if all(decision.rule == "server-kept" for decision in told):
        activity = "keep"
    versions = [_version_after(decision) for decision in told]
    return writer.write(
        planned.group,
        [decision.resource for decision in told],
        activity,
        recorded,
        versions if any(version > 1 for version in versions) else (),
        _reason(told, merged=bool(planned.group.seen)),
    )


def letter_of(
    planned: Planned, refused: Refused, remedy: str, target: str, run: str, when: str
) -> Letter:
    """What the dead letters keep of a group that a target refused."""
    origin = planned.group.origin
    tried = [decision.resource for decision in planned.changes]
    return Letter(
        key=key_of(planned.group),
        path=_whole(origin.path),
        beside=tuple(map(_whole, planned.group.beside)),
        row=origin.row,
        rule=rule_of(refused),
        remedy=remedy,
        status=refused.status,
        resources=tuple(Sent(type=resource.type, key=resource.key) for resource in tried),
        digest=digest([resource.digest for resource in tried]),
        target=target,
        run=run,
        when=when,
        outcome=refused.outcome,
    )


class NotValid(Refused):
    """A target's validation, which was asked for, finds errors in a group; nothing of it was sent.

    `element` is where the first of them is, `place` the resource whose that is, and `told` what the
    target calls it. It is for whoever delivers, and reaches no user.
    """

    def __init__(self, place: str, element: str, told: str, *, status: int, outcome: Json) -> None:
        super().__init__(f"{place} is not valid", status=status, outcome=outcome)
        self.place = place
        self.element = element
        self.told = told


def rule_of(refused: Refused) -> str:
    """The rule by which something did not arrive."""
    return NOT_VALID if isinstance(refused, NotValid) else "refused"


def validation_says(rule: str, told: str) -> str:
    """What a target's validation said, by code and message, and what to do."""
    return f"{RULES[rule]} It says: {told or 'no code'}."


def remedy_of(refused: Refused) -> str:
    """What a target said to what it declined, and what to do."""
    if isinstance(refused, NotValid):
        return validation_says(NOT_VALID, refused.told)
    said = ", ".join([str(refused.status), *refused.issues])
    return f"The target declined it ({said}); change the data, or the target's rules."


def _whole(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def key_of(group: Group) -> str:
    """By what a group is found again among the dead letters: what is of no record, by its own."""
    return group.key or group.resources[0].key


def change_of(decision: Decision, group: Group, marks: Marks) -> Change:
    """What is sent for a decision about something of a group."""
    known = decision.known
    if decision.state == "created" or known is None:
        return Change(marks.mark(decision.resource, marks.run, new=True), "created")
    status = "corrected" if decision.rule == "rule-changed" else "amended"
    resource = marks.mark(amended(decision.resource, status), known.made_by, new=False)
    was = (known.server_id, known.server_version, known.server_digest)
    return Change(resource, "updated", *was, foreign=bool(group.added_at(resource.key)))


def _version_after(decision: Decision) -> int:
    """The ledger's version of a resource after what was decided of it."""
    known = decision.known
    if known is None:
        return 1
    return known.version + (decision.state != "unchanged")


def _reason(told: Iterable[Decision], *, merged: bool) -> str:
    """Why somebody's work at the target was dealt with, in the words of the rules."""
    asked = {decision.rule for decision in told if decision.rule in AS_ASKED}
    return " ".join(RULES[rule] for rule in sorted(asked | ({MERGED} if merged else set())))


_AMENDABLE = {"Observation": ("amended", "corrected"), "QuestionnaireResponse": ("amended",)}


def amended(resource: Resource, status: str) -> Resource:
    """The resource with the status that its history gives it; its digest leaves that out."""
    allowed = _AMENDABLE.get(resource.type)
    if not allowed:
        return resource
    body = {**resource.body, "status": status if status in allowed else allowed[0]}
    return Resource(resource.type, resource.key, body, resource.digest)
