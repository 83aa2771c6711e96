"""Shared plans as they come back from FHIR: what was sent, what the source gives, and what stands
at a target are alike then wherever they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from alliance_fhir.subjects import moved
from alliance_fhir.targets.base import Target

if TYPE_CHECKING:
    from alliance_fhir.additions import Addition
    from alliance_fhir.fhir.plan.reading import Left as NotCarried

CHANGED = "changed-at-target"
MOVED = (
    "Somebody moved the plan to another patient there (CarePlan.subject): nothing of it is "
    "overwritten or merged. Look at it there, and move it back, or choose --take source."
)
_ENTRY = re.compile(r"(?P<name>\w+)(?:\[(?P<number>\d+)\])?(?:\..*)?", re.ASCII)
"""A path from the top of a resource, and what of it names the element there."""
_ENDINGS = ("ended", "withdrawn")
"""Why a resource is left as a whole, which its status says."""
_KINDS = {
    "Task": "code",
    "ServiceRequest": "category",
    "CommunicationRequest": "category",
    "QuestionnaireResponse": "questionnaire",
}
"""Where a resource says what of a plan it is."""


class Left(NamedTuple):
    """What a document has no place for: the key of the resource, its type, the path in it, and why
    it has none."""

    key: str
    type: str
    element: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.type}.{self.element}" if self.element else self.type

    @property
    def told(self) -> str:
        """Kind and path, as of a difference."""
        return f"changed {self}"

    @property
    def is_status(self) -> bool:
        """Whether it is whether something is still wanted."""
        return self.element == _status_of(self.type)


class Back(NamedTuple):
    """A plan that came back, from what, by key, and what of that a document cannot carry. `added`
    are resources that somebody added as their own, and that were read with it. `kept` are those
    that stay theirs, by where they are, with what of them a document cannot carry. `undated` is how
    much is in it that was said without a day, and has one that was assumed."""

    plan: SharedPlan
    bodies: Mapping[str, Json]
    left: Sequence[Left]
    added: Sequence[Addition] = ()
    kept: Mapping[str, Sequence[Left]] = MappingProxyType({})
    undated: int = 0

    def lost_beside(self, before: Back) -> list[Left]:
        """What of it a document cannot carry, but for what stood `before` in the same resource:
        what was said to the words of then, and the status that comes of it, is left where the words
        have changed, and is known."""
        left = [one for one in self.left if not _stood(one, self.bodies, before.bodies)]
        return [inner for one in left for inner in self.elements_of(one, before)]

    def elements_of(self, left: Left, before: Back) -> Iterable[Left]:
        """The elements of it, where a resource is left as a whole: that for which it is, or else
        all in which it is other than `before`."""
        if left.element:
            return [left]
        if element := _for_which(left):
            return [left._replace(element=element)]
        then, there = before.bodies.get(left.key), self.bodies.get(left.key)
        names = _changed(then, there) if then and there else []
        return [left._replace(element=name) for name in names] or [left]


def _status_of(type_: str) -> str:
    return "lifecycleStatus" if type_ == "Goal" else "status"


def _for_which(left: Left) -> str:
    """The element for which a resource is left as a whole; empty where that is not known."""
    if left.why in _ENDINGS:
        return _status_of(left.type)
    if left.why == "another-patient":
        return "for" if left.type == "Task" else "subject"
    return _KINDS.get(left.type, "") if left.why == "found-twice" else ""


def _element(type_: str, left: NotCarried) -> str:
    """The element that is left, or for which the resource is left as a whole, where it is known."""
    return left.element or _for_which(Left("", type_, "", left.why))


def _changed(before: Json, there: Json) -> list[str]:
    """The names of the elements that are not as they were."""
    was, now = canonical(before), canonical(there)
    return [name for name in {**was, **now} if was.get(name) != now.get(name)]


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
        from alliance_fhir.additions import additions

        ours = {one.resource: self._body(one) for one in decisions}
        bodies = {resource.key: body for resource, body in ours.items() if body}
        added = additions(self._target, self._settings, [*ours], bodies)
        theirs = {**apart}
        while True:  # what leans on one that stays theirs may have to stay so, too
            standing = [one for one in added if one.place not in theirs]
            back = self._back(self._marked(bodies, theirs), standing, sent)
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

    def _marked(self, bodies: Mapping[str, Json], theirs: Collection[str]) -> dict[str, Json]:
        """These resources of a plan, the CarePlan with the mark of what stays `theirs`."""
        from alliance_fhir.additions import kept

        base = self._target.identity
        return {
            key: kept(body, base, theirs) if body["resourceType"] == "CarePlan" else body
            for key, body in bodies.items()
        }

    def lacks_marks_alone(self, key: str, before: Back, there: Back) -> bool:
        """Whether a resource is as `before` but for the marks of what others keep, which somebody
        took off: nothing is lost where they are set again."""
        if key not in before.bodies or key not in there.bodies:
            return False
        marked = self._marked({key: there.bodies[key]}, there.kept)[key]
        return canonical(marked) == canonical(before.bodies[key])

    def is_moved(self, decisions: Iterable[Decision], before: Back, there: Back) -> bool:
        """Whether the plan is another patient's there: its CarePlan names somebody else than
        `before`, or leads to somebody else. Raises ServerError."""
        if there.plan.patient != before.plan.patient:
            return True
        seen = (one.there for one in decisions if one.rule == CHANGED and one.there)
        return bool(moved(self._target, [hit for hit in seen if hit.type == "CarePlan"]))

    def with_statuses(self, there: Back, before: Back, left: Iterable[Left]) -> Back:
        """The same plan, where what is `left` of it has the status of `before`."""
        bodies = self._marked(there.bodies, there.kept)
        for one in left:
            if one.is_status and one.key in before.bodies:
                status = before.bodies[one.key].get(one.element)
                bodies[one.key] = {**bodies[one.key], one.element: status}
        return self._back(bodies, there.added, before.plan) or there

    def _back(
        self,
        bodies: Mapping[str, Json],
        added: Sequence[Addition] = (),
        sent: SharedPlan | None = None,
    ) -> Back | None:
        # imported here, as above
        from alliance_fhir.fhir.plan.back.element import ASSUMED
        from alliance_fhir.fhir.plan.back.pool import Pool
        from alliance_fhir.fhir.plan.reading import plans_in

        all_ = [*bodies.values(), *(one.body for one in added)]
        came = next(iter(plans_in(all_, self._settings, earlier=False, sent=sent)), None)
        if came is None or came.plan is None:
            return None
        keys = {id(body): key for key, body in bodies.items()}
        named = {name: keys[id(body)] for name, body in Pool(bodies.values()).all.items()}
        lost = [one for one in came.left if one.why != ASSUMED]
        theirs = {
            one.place: [_element(one.hit.type, left) for left in lost if left.resource == one.place]
            for one in added
        }
        left = [
            Left(named.get(one.resource, ""), _type(one.resource), one.element, one.why)
            for one in lost
            if one.resource not in theirs
        ]
        read = [
            one.beside(
                theirs[one.place]
                or ([] if one.is_in(came.plan) else [_KINDS.get(one.hit.type, "")])
            )
            for one in added
        ]
        undated = sum(one.why == ASSUMED for one in came.left)
        return Back(came.plan, bodies, left, read, undated=undated)

    def _body(self, decision: Decision) -> Json | None:
        resource, id_ = decision.resource, decision.server_id
        if not id_ and not self._target.all_at_once:
            return None
        return self._target.read(Found(resource.type, resource.key, id_, "", "", ""))


def _type(name: str) -> str:
    """The type of a resource by its name, `Type/id` or `Type[number]`."""
    return re.split(r"[/\[]", name)[0]
