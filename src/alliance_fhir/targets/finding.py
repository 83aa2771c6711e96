"""Finding our resources at a server, however it can be searched.

By the identifier of each; where a type cannot be searched so, by its patient and day, every hit
compared. Every hit is held against what was asked for: servers are known that return others too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import groupby

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import BadReply, Refused
from alliance_fhir.fhir.bundle import escaped, own_identifiers
from alliance_fhir.fhir.defined import DEFINED, parted
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.plan import OWN
from alliance_fhir.fhir.reply import Found, Ours, found
from alliance_fhir.received import text
from alliance_fhir.targets.base import There, Wanted
from alliance_fhir.targets.portions import Portions
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client

Search = Mapping[str, str]

_BY_ID = frozenset({"Provenance", "Patient", "Practitioner"})
"""Types without a business identifier of ours: found again by the id that the server gave."""
UNKNOWN = (400, 404, 422, 501)
"""What a search is declined with whose parameter is not known."""
_OF_PATIENTS = ("Appointment", *OWN)
"""Types that are looked for by their patient alone: an Appointment may have been put off."""
_OF_NOBODY = frozenset({"Device", "MeasureReport", *DEFINED})
"""Types that belong to no patient."""
_DATES = {"QuestionnaireResponse": "authored", "Observation": "date"}
"""By what the day of a record is searched; a Provenance bears another day, that of the write."""


class Finder:
    """Finds what is ours at one server. `resolve` says who somebody is there."""

    def __init__(
        self,
        client: Client,
        ours: Ours,
        abilities: Abilities,
        resolve: Callable[[Iterable[Person]], Mapping[Person, Resolution]],
        portions: Portions,
    ) -> None:
        self._client = client
        self._ours = ours
        self._abilities = abilities
        self._resolve = resolve
        self._portions = portions

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What is there under these keys; absent where nothing is."""
        answer: dict[str, list[Found]] = {}
        for type_, some in groupby(sorted(wanted), lambda one: one.type):
            for key, hit in self._portions.asked(list(some), partial(self._hits, type_)):
                answer.setdefault(key, []).append(hit)
        return answer

    def _hits(self, type_: str, wanted: list[Wanted]) -> Iterator[tuple[str, Found]]:
        by_id = {one.id: one.key for one in wanted if one.id and self._by_id(one)}
        keys = {one.key for one in wanted}
        by_content = {one.digest: one.key for one in wanted if one.digest}
        seen: set[str] = set()
        for body in self._bodies(type_, wanted, by_id):
            hit = found(body, self._ours)
            if not hit.id:
                raise BadReply(f"a search for {type_} gave one without an id")
            key = by_id.get(hit.id) or hit.key or by_content.get(hit.digest, "")
            if key in keys and hit.id not in seen:
                seen.add(hit.id)
                yield key, hit

    def _by_id(self, one: Wanted) -> bool:
        """Whether what the server has given an id is looked for by that: where nothing else helps,
        as a double under another id is not seen by it."""
        return one.foreign or one.type in _BY_ID or not self.by_key(one.type)

    def others(self, visits: Mapping[Identifier, Identifier]) -> Mapping[Identifier, list[There]]:
        """The Appointments that are not ours, by number: `visits` are numbers, each with its
        patient, by whom they are found where the server does not find them by number. Of nobody
        (`NOBODY`) there is nothing to find then."""
        there: dict[Identifier, dict[str, There]] = {}
        for body in self._of_visits(visits):
            hit = found(body, self._ours)
            for one in own_identifiers(body):
                number = Identifier(text(one, "system"), text(one, "value"))
                if number in visits and hit.id and not hit.key:
                    there.setdefault(number, {})[hit.id] = There(hit, body)
        return {number: [*hits.values()] for number, hits in there.items()}

    def _of_visits(self, visits: Mapping[Identifier, Identifier]) -> Iterator[dict[str, object]]:
        if self._abilities.searches("Appointment", "identifier"):
            try:
                yield from self._portions.asked(list(visits), self._numbered)
                return
            except Refused as refused:
                if not self._cannot("Appointment", refused):
                    raise
        patients = dict.fromkeys(visits.values())
        for search in self._by_patient("Appointment", [_of(one) for one in patients]):
            yield from self._search("Appointment", search)

    def _numbered(self, numbers: list[Identifier]) -> Iterator[dict[str, object]]:
        told = ",".join(f"{escaped(system)}|{escaped(value)}" for system, value in numbers)
        return self._search("Appointment", {"identifier": told})

    def people(self, type_: str, key: str, identifier: Identifier) -> list[Wanted]:
        """Somebody of ours, who bears no identifier of ours, as what is to be looked for."""
        person = Person(type_, identifier)
        places = self._resolve([person])[person].places
        return [Wanted(type_, key, place.rpartition("/")[2]) for place in sorted(places)]

    def by_key(self, type_: str) -> bool:
        """Whether the server finds resources of this type by what they are known by."""
        if type_ in DEFINED:
            return self._abilities.searches(type_, "url")
        name = "_tag" if type_ == "Provenance" else "identifier"
        return self._abilities.searches(type_, name)

    def _bodies(
        self, type_: str, wanted: list[Wanted], by_id: Mapping[str, str]
    ) -> Iterator[dict[str, object]]:
        if by_id:
            yield from self._search(type_, {"_id": ",".join(by_id)})
        unseen = [one for one in wanted if one.id not in by_id or one.patient.value]
        if not unseen:
            return
        if self.by_key(type_):
            try:
                yield from self._search(type_, self._by_key(type_, [one.key for one in unseen]))
                return
            except Refused as refused:
                if not self._cannot(type_, refused):
                    raise
        if type_ == "Provenance" and self._abilities.searches(type_, "target"):
            try:
                yield from self._about(unseen)
                return
            except Refused as refused:  # then there is one way left
                if refused.status not in UNKNOWN:
                    raise
        for search in self._by_patient(type_, unseen):
            yield from self._search(type_, search)

    def _about(self, wanted: list[Wanted]) -> Iterator[dict[str, object]]:
        """The Provenances of these places; each is about several."""
        places = sorted({place for one in wanted for place in one.about})
        yield from self._portions.asked(
            places, lambda some: self._search("Provenance", {"target": ",".join(some)})
        )

    def _cannot(self, type_: str, refused: Refused) -> bool:
        """Whether a search was declined because of its parameter; from now on we know."""
        if refused.status not in UNKNOWN or type_ not in (*_DATES, *_OF_PATIENTS, "Provenance"):
            return False
        self._abilities.lacking.add("tags" if type_ == "Provenance" else "identifier-search")
        return True

    def _search(self, type_: str, search: Search) -> Iterator[dict[str, object]]:
        return self._client.search(type_, {**search, "_count": "200"})

    def _by_key(self, type_: str, keys: list[str]) -> Search:
        if type_ in DEFINED:  # url alone: some servers find nothing by url and version
            return {"url": ",".join(sorted({escaped(parted(key)[0]) for key in keys}))}
        name, system = ("identifier", self._ours.identifiers)
        if type_ == "Provenance":
            name, system = ("_tag", self._ours.tags)
        return {name: ",".join(f"{escaped(system)}|{escaped(key)}" for key in keys)}

    def _by_patient(self, type_: str, wanted: list[Wanted]) -> Iterator[Search]:
        """One search a patient, between the first and the last of the days; all there are of a type
        that belongs to no patient."""
        if type_ in _OF_NOBODY:
            yield {}
            return
        days: dict[Identifier, list[str]] = {}
        for one in wanted:
            if one.patient.value:
                days.setdefault(one.patient, []).append(one.day)
        places = self._resolve([Person("Patient", patient) for patient in days])
        for patient, told in days.items():
            for place in sorted(places[Person("Patient", patient)].places):
                search = {"patient": place}
                if type_ in _DATES and all(told):
                    search[_DATES[type_]] = _since(min(told))
                yield search


def _of(patient: Identifier) -> Wanted:
    return Wanted("Appointment", "", patient=patient)


def _since(day: str) -> str:
    """From a day on: one before it, as servers read a day in their own zone."""
    return f"ge{date.fromisoformat(day) - timedelta(days=1)}"
