"""What the resources of one plan have in common: who is meant, which keys they have, since when."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self, TypeVar

from alliance_fhir.config import Settings
from alliance_fhir.domain.agreement import Party, Position, Wording
from alliance_fhir.domain.instrument import Perspective
from alliance_fhir.domain.keys import digest, identifier_system, record_key
from alliance_fhir.domain.plan.document import ENDED, Kind, Review, SharedPlan, whole_key
from alliance_fhir.domain.plan.history import in_order, standing_on, wording
from alliance_fhir.domain.plan.lookback import Reached, held, reached
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed, sealed_as_built
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.plan import PROFILES
from alliance_fhir.fhir.plan.statuses import Course
from alliance_fhir.fhir.versions import Json, Version

_T = TypeVar("_T")
Metas = dict[tuple[str, Perspective | None], Json]
"""The meta of resources of one site and version of FHIR, by what they claim and whose words they
hold."""


@dataclass(frozen=True)
class Facts:
    """One plan, for one version of FHIR and one site.

    `plans` are its versions, the oldest first, and `wordings` what they say as what is agreed to.
    `key` is the digest that all versions of the plan share. `left` is for what only earlier
    versions have: the first that does not have it any more, after those in `plans`; None where it
    had ended with the plan before.
    """

    version: Version
    settings: Settings
    plans: tuple[SharedPlan, ...]
    wordings: tuple[Wording, ...]
    guardians: frozenset[Identifier]
    key: str
    left: SharedPlan | None = None
    called: dict[Party, str] = field(default_factory=dict[Party, str])
    """How the text calls people, as far as it has named them."""
    stand: dict[tuple[Position, ...], list[str]] = field(
        default_factory=dict[tuple[Position, ...], "list[str]"]
    )
    """How it tells where people stand, as far as it has told that."""
    agreed: dict[Hashable, tuple[list[list[Json]], list[tuple[str, bytes]]]] = field(
        default_factory=dict, init=False
    )
    """What `alliance_fhir.fhir.plan.agreements` has made ready."""
    metas: Metas = field(default_factory=Metas)
    """As far as they are made; all plans may share them."""
    _people: dict[Party, Json] = field(default_factory=dict[Party, Json])
    _first: dict[Callable[[SharedPlan], Iterable[Hashable]], dict[Hashable, SharedPlan]] = field(
        default_factory=dict, init=False
    )
    _until: dict[int, Facts] = field(default_factory=dict[int, "Facts"], init=False)

    @classmethod
    def of(
        cls,
        versions: Iterable[SharedPlan],
        version: Version,
        settings: Settings,
        metas: Metas | None = None,
    ) -> Self:
        """From the versions of one plan, in any order. `metas` are those that other plans have
        made, and get what this one makes. Raises ValueError where there are none, or where they
        are of two plans or two patients; ConfigError where the source has no name."""
        plans = tuple(in_order(versions))
        if len({(plan.plan, plan.patient) for plan in plans}) != 1:
            raise ValueError("the versions of one plan and one patient, and one version at least")
        key = _plan_key(settings, plans[0].plan)
        wordings = tuple(map(wording, plans))
        known = {} if metas is None else metas
        return cls(version, settings, plans, wordings, _guardians(plans), key, metas=known)

    def up_to(self, number: int) -> Facts:
        """The facts when no more than so many versions were known, as `of` has them."""
        plans, wordings = self.plans[:number], self.wordings[:number]
        return Facts(self.version, self.settings, plans, wordings, _guardians(plans), self.key)

    @property
    def plan(self) -> SharedPlan:
        """The newest version."""
        return self.plans[-1]

    @cached_property
    def positions(self) -> dict[str, list[Position]]:
        """Where each party stands on the goals and tasks of the newest version, by their keys in
        the history."""
        return standing_on(self.wordings, self.plans)

    @property
    def words(self) -> Mapping[str, str]:
        """The digests of what these say."""
        return self.wordings[-1].words

    @property
    def course(self) -> Course:
        """What the statuses follow: that of the plan, or that the plan went on without it."""
        return "left" if self.left else self.plan.status

    @cached_property
    def status_since(self) -> SharedPlan:
        """The version since which the plan has had its status."""
        return self.unchanged_since(lambda plan: plan.status)

    @cached_property
    def reviews(self) -> list[Review]:
        """The reviews of all versions, as `held` has them."""
        return held(self.plans)

    @cached_property
    def reached(self) -> dict[str, Reached]:
        """How far goals have come, by their names, where a review says so."""
        return reached(self.plans, self.wordings)

    @cached_property
    def first_kinds(self) -> dict[str, Kind]:
        """Of which kind each task was at first, by its name."""
        return {task.task: task.kind for plan in reversed(self.plans) for task in plan.tasks}

    @cached_property
    def everywhere(self) -> list[Position]:
        """Where everybody stands on everything."""
        return [position for told in self.positions.values() for position in told]

    @cached_property
    def system(self) -> str:
        """The system of all identifiers of the site."""
        return identifier_system(self.settings.root)

    @cached_property
    def patient(self) -> Json:
        """A reference to the patient."""
        return el.person("Patient", self.plan.patient)

    def who(self, party: Party) -> Json:
        """A reference to a party: the patient, a clinician, or a guardian."""
        if isinstance(party, str):
            return self.patient
        if party not in self._people:
            type_ = "RelatedPerson" if party in self.guardians else "Practitioner"
            self._people[party] = el.person(type_, party)
        return self._people[party]

    def given(self, name: str, party: Party | None) -> Json:
        """An element that holds a reference to a party, where there is one."""
        return {} if party is None else {name: self.who(party)}

    def side(self, party: Party) -> Perspective:
        """Whose view it is when this party says something."""
        if isinstance(party, str):
            return "patient"
        return "caregiver" if party in self.guardians else "therapist"

    def ref(self, type_: str, suffix: str) -> Json:
        """A reference to another resource of this plan."""
        return el.logical(type_, self.system, f"{self.key}-{suffix}")

    def by_words(self, what: str, words: str) -> str:
        """The suffix of a resource that is known by the digest of its words. With a secret key they
        cannot be guessed from it by trying."""
        return f"{what}-{digest([self.key, words], self.settings.secret)[:16]}"

    def other_plan(self, name: str, suffix: str) -> Json:
        """A reference to a resource of another plan of the same source."""
        key = _plan_key(self.settings, name)
        return el.logical("CarePlan", self.system, f"{key}-{suffix}")

    def since(self, told: Callable[[SharedPlan], Iterable[Hashable]], name: Hashable) -> SharedPlan:
        """The first version that has something of this name; one of them has it. `told` is what a
        version has, by any name."""
        if told not in self._first:
            self._first[told] = {one: plan for plan in reversed(self.plans) for one in told(plan)}
        return self._first[told][name]

    def unchanged_since(self, what: Callable[[SharedPlan], object]) -> SharedPlan:
        """The version since which something has been as it is in the newest."""
        since = self.plan
        for plan in reversed(self.plans):
            if what(plan) != what(self.plan):
                break
            since = plan
        return since

    def former(
        self, told: Callable[[SharedPlan], Mapping[Hashable, _T]]
    ) -> Iterator[tuple[Facts, _T]]:
        """What only earlier versions have, by any name: each as the last of them has it, with the
        facts of that time."""
        if len(self.plans) == 1:
            return
        last = {
            name: (number, one)
            for number, plan in enumerate(self.plans, 1)
            for name, one in told(plan).items()
        }
        for number, one in last.values():
            if number < len(self.plans):
                yield self._at(number), one

    def _at(self, number: int) -> Facts:
        """For what so many versions have, and the next has not: who people are is as it is now."""
        if number not in self._until:
            plans, wordings = self.plans[:number], self.wordings[:number]
            left = None if plans[-1].status in ENDED else self.plans[number]
            self._until[number] = replace(self, plans=plans, wordings=wordings, left=left)
        return self._until[number]

    def made(
        self,
        type_: str,
        suffix: str,
        body: Json,
        said_by: Perspective | None = None,
        agreed: Sequence[tuple[str, bytes]] = (),
        also: Iterable[Identifier] = (),
        profile: str = "",
    ) -> Resource:
        """A resource of this plan, sealed; elements that are empty are left out.

        `said_by` is whose words it holds, where they are somebody's. `agreed` are its first
        extensions, where these are of `alliance_fhir.fhir.plan.agreements`, as text. `also` is by
        what others know it. `profile` is what it claims, where others of its type claim another.
        """
        key = f"{self.key}-{suffix}"
        identifier: Json | Sequence[Json] = [
            el.identifier(self.system, key),
            *(el.identifier(*one) for one in also),
        ]
        if type_ == "QuestionnaireResponse":
            identifier = self.version.response_identifier(identifier[0])
        whole: Json = {"resourceType": type_, "identifier": identifier}
        if about := self._meta(profile or PROFILES.get(type_, ""), said_by):
            whole = {"resourceType": type_, "meta": about, "identifier": identifier}
        for name, value in body.items():
            if value:
                whole[name] = value
        if type_ == "CarePlan" and self.plan.kept_by_others:  # it refers by more than identifiers
            return Resource(type_, key, *sealed(whole))
        return Resource(type_, key, *sealed_as_built(whole, agreed))

    def _meta(self, profile: str, said_by: Perspective | None) -> Json:
        made = self.metas.get((profile, said_by))
        if made is None:
            profiles = [profile] if profile else []
            made = meta(self.settings, self.version, *profiles, perspective=said_by)
            self.metas[profile, said_by] = made
        return made


def _plan_key(settings: Settings, name: str) -> str:
    return record_key(settings.named_source, whole_key(name), settings.secret)


def _guardians(plans: Sequence[SharedPlan]) -> frozenset[Identifier]:
    """Who was a guardian in any version, and is no clinician now."""
    everybody = frozenset(one for plan in plans for one in plan.guardians)
    return everybody.difference(plans[-1].clinicians)
