"""Who is meant by the identifiers in a run's groups: found at the target, or made there.

A patient who is not there blocks the group; anybody else stays a logical reference, and a warning
says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from alliance_fhir.config import Settings
from alliance_fhir.delivery import Delivery
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.people import CREATABLE, Resolution, made_up, named_in, person_key
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.targets.base import Target, Wanted

_ASKED_AGAIN = 60
"""Seconds after which somebody who was not found is looked for again: it may be mended by then."""


class Register:
    """The people of one run. `send` delivers one resource by itself; without it nothing is made.

    `foreseen`: nothing is written, and who would be made counts as made.
    """

    def __init__(
        self,
        target: Target,
        ledger: Ledger,
        delivery: Delivery,
        settings: Settings,
        send: Callable[[Resource], None] | None,
        *,
        foreseen: bool,
    ) -> None:
        self._target = target
        self._ledger = ledger
        self._delivery = delivery
        self._settings = settings
        self._send = send
        self._foreseen = foreseen
        self._made: dict[Person, Resolution] = {}
        self._missing: dict[Person, tuple[float, Resolution]] = {}
        """Who was not found, and when: not a word for whoever looks before making somebody."""
        self._settled: set[Person] = set()
        self._told: set[tuple[str, str]] = set()

    def find(self, planned: Iterable[Planned]) -> list[Finding]:
        """Who the groups name; blocks those whose patient is not there. Warns of the others."""
        if not self._target.people:
            return []
        named = [(one, named_in(one.group)) for one in planned]
        everybody = set[Person]().union(*(people for _, people in named))
        missing = self._still_missing(everybody)
        resolved = dict(self._target.resolve(everybody - set(self._made) - set(missing)))
        if not self._foreseen:
            self._settle(resolved)
        if self._send:
            for person, resolution in resolved.items():
                if resolution.rule.endswith("not-found") and person.type in CREATABLE:
                    resolved[person] = self._make(person, resolution, self._send)
        now = time.monotonic()
        self._missing |= {one: (now, told) for one, told in resolved.items() if told.rule}
        resolved |= missing
        resolved |= {person: self._made[person] for person in everybody & set(self._made)}
        references = self._delivery.references
        for person, resolution in resolved.items():
            if resolution.reference:
                references[person.type, *person.identifier] = resolution.reference
        return [
            warning
            for one, people in named
            for person in sorted(people)
            if resolved[person].rule
            for warning in self._nobody(one, person, resolved[person].rule)
        ]

    def _still_missing(self, everybody: Iterable[Person]) -> dict[Person, Resolution]:
        """Who was looked for lately, and not found."""
        since = time.monotonic() - _ASKED_AGAIN
        asked = {one: self._missing[one] for one in everybody if one in self._missing}
        return {one: told for one, (when, told) in asked.items() if when > since}

    def _nobody(self, planned: Planned, person: Person, rule: str) -> Iterator[Finding]:
        origin = planned.group.origin
        if person.type == "Patient":
            planned.rule = planned.rule or rule
        elif person.type != "Organization" and (person.identifier.value, rule) not in self._told:
            self._told.add((person.identifier.value, rule))
            clinician = person.type == "Practitioner"
            column = "clinician" if clinician else "rater_id"
            if planned.group.of_plan:
                column = "clinicians" if clinician else "adolescent.guardians"
            yield Finding(origin.path, origin.row_of(column), column, rule)

    def _make(
        self, person: Person, resolution: Resolution, send: Callable[[Resource], None]
    ) -> Resolution:
        """Makes a person who is not there. Whom the target declines is not asked for again."""
        resource = made_up(person, self._settings)
        send(resource)
        key = (person.type, self._delivery.system, resource.key)
        reference = self._delivery.references.get(key, "")
        if self._foreseen:
            reference = f"{person.type}/to-be-made"  # nothing that holds it is ever sent
        self._made[person] = Resolution(reference) if reference else resolution
        return self._made[person]

    def _settle(self, resolved: Mapping[Person, Resolution]) -> None:
        """Those whom an earlier run was making when it was cut off: they are there, or are not."""
        new = [p for p in resolved if p.type in CREATABLE and p not in self._settled]
        self._settled.update(new)
        keys = {person_key(person, self._settings): person for person in new}
        for key, versions in self._ledger.current(keys).items():
            if versions[-1].state == "sent":
                with self._ledger.claim(key):  # another process may be making them right now
                    for latest in self._ledger.current([key]).get(key, [])[-1:]:
                        if latest.state == "sent":
                            self._settle_one(latest, resolved[keys[key]].reference)

    def _settle_one(self, entry: Entry, reference: str) -> None:
        id_ = reference.rpartition("/")[2]
        hits = (
            self._target.find([Wanted(entry.type, entry.key, id_)]).get(entry.key, [])
            if id_
            else []
        )
        made = [hit for hit in hits if hit.digest == entry.digest]
        self._ledger.forget([entry])
        self._ledger.settle(
            [entry.confirmed("created", hit.id, hit.version, hit.digest) for hit in made[:1]]
        )
        self._ledger.commit()
