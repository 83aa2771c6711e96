"""Shared plans as they come back from FHIR: what was sent, what the source gives, and what stands
at a target are alike then wherever they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.deciding import Decision
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.fhir.canonical import canonical
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.mapper import PlanMapper
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import Target

if TYPE_CHECKING:
    from alliance_fhir.additions import Addition

CHANGED = "changed-at-target"
_ENTRY = re.compile(r"(?P<name>\w+)(?:\[(?P<number>\d+)\])?(?:\..*)?", re.ASCII)
"""A path from the top of a resource, and what of it names the element there."""
_CARRIED = "day-assumed"
"""Why something is told of that is in the document all the same."""


class Left(NamedTuple):
    """What a document has no place for: the key of the resource, its type, the path in it."""

    key: str
    type: str
    element: str

    def __str__(self) -> str:
        return f"{self.type} {self.element}".strip()


class Back(NamedTuple):
    """A plan that came back, from what, by key, and what of that a document cannot carry. `added`
    are resources that somebody added as their own, and that were read with it. `kept` are those
    that stay theirs, by where they are, with what of them a document cannot carry."""

    plan: SharedPlan
    bodies: Mapping[str, Json]
    left: Sequence[Left]
    added: Sequence[Addition] = ()
    kept: Mapping[str, Sequence[Left]] = MappingProxyType({})

    def lost_beside(self, before: Back) -> list[Left]:
        """What of it a document cannot carry, but for what stood `before` in the same resource:
        what was said to the words of then, and the status that comes of it, is left where the words
        have changed, and is known."""
        return [one for one in self.left if not _stood(one, self.bodies, before.bodies)]


def _stood(left: Left, bodies: Mapping[str, Json], before: Mapping[str, Json]) -> bool:
    found = _ENTRY.fullmatch(left.element)
    then = before.get(left.key)
    if found is None or then is None:
        return False
    name, number = found["name"], found["number"]
    value: Any = bodies[left.key][name]
    known: Any = canonical(then).get(name, [])
    if number is None:
        return canonical({name: value})[name] == known
    return canonical({name: [value[int(number)]]})[name][0] in known


class ReadBack:
    """Reads plans back, of one target."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._target = target
        self._settings = settings
        self._mapper = PlanMapper(target.version, settings)

    def mapped(self, versions: Iterable[SharedPlan]) -> list[Resource]:
        """What these versions of one plan are at the target, if nobody else is there."""
        return self._mapper.resources(versions)

    def made(self, resources: Iterable[Resource]) -> Back | None:
        """The plan that these make; None where they make none."""
        return self._back({one.key: one.body for one in resources})

    def there(
        self,
        decisions: Iterable[Decision],
        sent: SharedPlan,
        apart: Mapping[str, Sequence[Left]] = MappingProxyType({}),
    ) -> Back | None:
        """The plan as it stands at the target now, with what somebody added to it, held against
        what was `sent` last. What is `apart` stays theirs. Raises ServerError."""
        # imported here, as few runs find that somebody changed a plan
        from alliance_fhir.additions import additions, kept

        ours = {one.resource: self._body(one) for one in decisions}
        bodies = {resource.key: body for resource, body in ours.items() if body}
        added = additions(self._target, self._settings, [*ours], bodies)
        base, theirs = self._target.identity, {**apart}
        while True:  # what leans on one that stays theirs may have to stay so, too
            marked = {
                key: kept(body, base, theirs) if body["resourceType"] == "CarePlan" else body
                for key, body in bodies.items()
            }
            back = self._back(marked, [a for a in added if a.place not in theirs], sent)
            if back is None:
                return None
            lost = {
                one.place: [Left("", one.hit.type, element) for element in one.lost]
                for one in back.added
                if one.lost
            }
            if not lost:
                return back._replace(bodies=bodies, kept=theirs)
            theirs |= lost

    def _back(
        self,
        bodies: Mapping[str, Json],
        added: Sequence[Addition] = (),
        sent: SharedPlan | None = None,
    ) -> Back | None:
        # imported here, as above
        from alliance_fhir.fhir.plan.back.pool import Pool
        from alliance_fhir.fhir.plan.reading import plans_in

        all_ = [*bodies.values(), *(one.body for one in added)]
        came = next(iter(plans_in(all_, self._settings, earlier=False, sent=sent)), None)
        if came is None or came.plan is None:
            return None
        keys = {id(body): key for key, body in bodies.items()}
        named = {name: keys[id(body)] for name, body in Pool(bodies.values()).all.items()}
        lost = [one for one in came.left if one.why != _CARRIED]
        theirs = {
            one.place: [left.element for left in lost if left.resource == one.place]
            for one in added
        }
        left = [
            Left(named.get(one.resource, ""), _type(one.resource), one.element)
            for one in lost
            if one.resource not in theirs
        ]
        read = [
            one.beside(theirs[one.place] or ([] if one.is_in(came.plan) else [""])) for one in added
        ]
        return Back(came.plan, bodies, left, read)

    def _body(self, decision: Decision) -> Json | None:
        resource, id_ = decision.resource, decision.server_id
        if not id_ and not self._target.all_at_once:
            return None
        return self._target.read(Found(resource.type, resource.key, id_, "", "", ""))


def _type(name: str) -> str:
    """The type of a resource by its name, `Type/id` or `Type[number]`."""
    return re.split(r"[/\[]", name)[0]
