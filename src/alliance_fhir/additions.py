"""What somebody added to a plan at a server: goals and requests that are resources of their own,
and that the plan's CarePlan lists.

Each is read where the CarePlan says that it is, at this server alone, if it is of the same patient
and nothing of ours. It is given the identifier that our resource of it has, so that it is read like
one of ours, and so that ours takes its place and does not come to stand beside it. What says more
than a document can carry stays theirs, as it is, and the plan lists it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import AuthFailed, BadReply, Refused
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.bundle import own_identifiers
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import is_our_claim, meta
from alliance_fhir.fhir.logical import named
from alliance_fhir.fhir.plan import REQUESTS
from alliance_fhir.fhir.plan.back.element import DAY, Element
from alliance_fhir.fhir.plan.back.kept import is_kept
from alliance_fhir.fhir.plan.back.keys import fit_key
from alliance_fhir.fhir.plan.careplan import kept_by_others
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.tasks import TASK, request_type
from alliance_fhir.fhir.provenance import tag_system
from alliance_fhir.fhir.reply import Found, Ours, found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import Target
from alliance_fhir.targets.looking import patient_of

_PLACE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/.*)?")
_LISTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("goal", (), ("Goal",)),
    ("activity", ("reference", "plannedActivityReference"), REQUESTS),
)
"""Where a CarePlan lists what belongs to it, how R4 and R5 call the reference there, and the types
of which it is."""
_DAYS = ("startDate", "statusDate", "authoredOn")
"""Of what is ours these follow from the versions of the plan."""
_TIME = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)T.+", re.ASCII)
"""A time, and the day that it is where it was written down."""
_UNDER_WAY = {
    "Goal": {"lifecycleStatus": ("planned", "accepted", "active")},
    "Task": {"status": ("requested", "received", "accepted", "ready"), "intent": ("proposal",)},
}
"""What says that somebody goes about it. It is nobody's word of agreement, and of what is ours it
follows from these. A request of another type may be an order, which no plan takes the place of."""
_OF_THE_STATUS = ("achievementStatus", "statusDate")
"""What goes with the status of a goal."""


class Addition(NamedTuple):
    """A resource that somebody added: `hit` is what stands there, `key` the business key of ours
    that takes its place, and `body` is as if it had that already. `days` are those that ours has to
    have as well, and `lost` the other elements that are not seen to be left when `body` is read.
    `put` are those that ours has otherwise, so that they are told: nothing is said by them that the
    plan does not say."""

    key: str
    hit: Found
    body: Json
    days: Mapping[str, str]
    lost: tuple[str, ...]
    put: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it is at its server."""
        return f"{self.hit.type}/{self.hit.id}"

    def beside(self, left: Collection[str]) -> Addition:
        """The same, where reading it has `left` these elements: a status that does not follow from
        who agreed is put as it does, and all else is lost."""
        status = _UNDER_WAY.get(self.hit.type, {})
        put = [name for name in left if self.body.get(name) in status.get(name, ())]
        days = self.days
        if "lifecycleStatus" in put:
            put += [name for name in _OF_THE_STATUS if name in self.body and name not in left]
            days = {name: day for name, day in days.items() if name not in put}
        lost = [name for name in (*self.lost, *left) if name not in put]
        return self._replace(days=days, lost=tuple(lost), put=(*self.put, *put))

    def is_in(self, plan: SharedPlan) -> bool:
        """Whether the plan has it, as something that becomes a resource of the same type."""
        _, _, name = self.key.partition("-")
        goals = {goal_suffix(goal.goal): "Goal" for goal in plan.goals}
        tasks = {f"{TASK}{task.task}": request_type(task) for task in plan.tasks}
        return (goals | tasks).get(name) == self.hit.type


def additions(
    target: Target, settings: Settings, ours: Sequence[Resource], bodies: Mapping[str, Json]
) -> list[Addition]:
    """What somebody added to a plan at the target, in the order of the CarePlan there. `ours` are
    the plan's resources, and `bodies` what is there of them by key. A folder has no ids by which
    anything could be referred to.

    Raises ServerError where the target cannot be read.
    """
    careplan = next((b for b in bodies.values() if b.get("resourceType") == "CarePlan"), None)
    if target.all_at_once or careplan is None:
        return []
    known = {f"{body['resourceType']}/{body.get('id')}" for body in bodies.values()}
    places = [place for place in _listed(careplan, target.identity) if place not in known]
    if not places:
        return []
    return [*_Reading(target, settings, ours, bodies).of(places)]


def _listed(careplan: Json, base: str) -> Iterator[str]:
    """The places at this server to which a CarePlan refers, each once."""
    told: dict[str, None] = {}
    for name, within, types in _LISTS:
        for one in Element(careplan).parts(name)[:MOST_ENTRIES]:
            for reference in [one.part(inner) for inner in within] or [one]:
                place = _place(reference.text("reference"), base)
                if not is_kept(reference) and place.partition("/")[0] in types:
                    told[place] = None
    yield from told


def _place(reference: str, base: str) -> str:
    """`Type/id` of what a reference leads to at this server, without a version; else nothing."""
    at = _PLACE.fullmatch(reference.removeprefix(f"{base}/"))
    return f"{at['type']}/{at['id']}" if at else ""


def _day(told: Element, name: str) -> str | None:
    """The day that an element says, or that its time is on where it was written down."""
    time = _TIME.fullmatch(told.text(name))
    return time["day"] if time else told.look(name, DAY)


def kept(careplan: Json, base: str, places: Collection[str]) -> Json:
    """The CarePlan, with the mark of what others keep beside what it lists in these places."""

    def marked(value: Any) -> Any:
        if isinstance(value, list):
            return [marked(one) for one in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        told = cast("Json", value)
        place = _place(Element(told).text("reference"), base)
        if place in places:
            return kept_by_others(f"{base}/{place}", place)
        return {name: marked(one) for name, one in told.items()}

    lists = {name: marked(careplan[name]) for name, _, _ in _LISTS if name in careplan}
    return {**careplan, **lists}


class _Reading:
    """Reads what was added to one plan. The arguments are those of `additions`."""

    def __init__(
        self,
        target: Target,
        settings: Settings,
        ours: Sequence[Resource],
        bodies: Mapping[str, Json],
    ) -> None:
        self._target = target
        self._ours = Ours(identifier_system(settings.root), tag_system(settings.root))
        self._root = f"{settings.root}/"
        about = meta(settings)
        self._labels: list[Json] = about.get("security", [])
        self._tags: list[Json] = about.get("tag", [])
        self._taken = {key.partition("-")[2].partition(":")[0] for key in bodies}
        people = {
            el.Person(type_, Identifier(system, value))
            for type_, system, value in named(b"".join(one.json() for one in ours))
        }
        self._people = {
            place: person for person, who in target.resolve(people).items() for place in who.places
        }
        careplan = next(one for one in ours if one.type == "CarePlan")
        self._plan = careplan.key.partition("-")[0]
        self._patient = el.Person("Patient", patient_of(careplan))

    def of(self, places: Iterable[str]) -> Iterator[Addition]:
        """What was added, of what is in these places."""
        for place in places:
            try:
                if added := self._read(place):
                    yield added
            except (AuthFailed, BadReply, Refused):
                continue  # somebody's own: it may be nothing that we may see, or of any shape

    def _read(self, place: str) -> Addition | None:
        type_, _, id_ = place.partition("/")
        body = self._target.read(Found(type_, "", id_, "", "", ""))
        if body is None or not self._is_the_patients(body):
            return None
        hit = found(body, self._ours)
        ours = hit.claimed or hit.key  # of another plan perhaps
        return None if ours else self._as_ours(hit, body)

    def _is_the_patients(self, body: Json) -> bool:
        """Whether it says that it is of the plan's patient, by identifier or by where that is, and
        by neither that it is another's."""
        whose = Element(body).part("for" if body.get("resourceType") == "Task" else "subject")
        where, named = whose.text("reference"), whose.part("identifier")
        said: list[el.Person | None] = []
        if where:
            said.append(self._people.get(_place(where, self._target.identity)))
        if named.value:
            identifier = Identifier(named.text("system"), named.text("value"))
            said.append(el.Person("Patient", identifier))
        return {*said} == {self._patient}

    def _as_ours(self, hit: Found, body: Json) -> Addition:
        start = goal_suffix("") if hit.type == "Goal" else TASK
        names = {one.removeprefix(start) for one in self._taken if one.startswith(start)}
        suffix = start + fit_key("", hit.id, names)
        self._taken.add(suffix)
        key = f"{self._plan}-{suffix}"
        told = Element(body)
        days = {name: day for name in _DAYS if (day := _day(told, name))}
        put = tuple(name for name, day in days.items() if body[name] != day)
        lost = [name for name in _DAYS if name in body.keys() - days]
        about = told.part("meta")
        if any(label.value not in self._labels for label in about.parts("security")):
            lost.append("meta.security")
        # what a server keeps of ours when we give something back says nothing of theirs
        if not all(map(self._is_our_tag, about.parts("tag"))):
            lost.append("meta.tag")
        claimed: Any = about.value.get("profile", [])
        if not isinstance(claimed, list) or not all(map(is_our_claim, cast("list[Any]", claimed))):
            put = (*put, "meta.profile")
        identifier = [*own_identifiers(body), el.identifier(self._ours.identifiers, key)]
        whole = {**self._with_people(body), "identifier": identifier}
        return Addition(key, hit, whole, days, tuple(lost), put)

    def _is_our_tag(self, tag: Element) -> bool:
        return tag.value in self._tags or tag.text("system").startswith(self._root)

    def _with_people(self, value: Any) -> Any:
        """The same, with the identifier of each person of the plan beside where they are."""
        if isinstance(value, list):
            return [self._with_people(one) for one in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        told = {key: self._with_people(one) for key, one in cast("Json", value).items()}
        where = told.get("reference")
        if not isinstance(where, str) or "identifier" in told:
            return told
        person = self._people.get(_place(where, self._target.identity))
        return {**told, **el.person(*person)} if person else told
