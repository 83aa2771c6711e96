"""What a target has of the record that somebody names: by the source's record id, by the name of a
plan or the number of an appointment, by a business key, or by where it is at the target."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system, record_key
from alliance_fhir.domain.plan.document import whole_key
from alliance_fhir.domain.records import Identifier, by_record_id
from alliance_fhir.domain.visit import visit_key
from alliance_fhir.fhir.appointment import APPOINTMENT, REFERRAL
from alliance_fhir.fhir.outreach import OUTREACH
from alliance_fhir.fhir.plan import OWN
from alliance_fhir.fhir.reply import Found, Ours, own_key
from alliance_fhir.handed_over import is_open, is_taken_up
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.subjects import moved
from alliance_fhir.targets.base import Target, Wanted

TYPES = ("QuestionnaireResponse", "Observation", "Appointment", *OWN)
"""What a record becomes, and what can be retracted."""
_KEY = re.compile(r"([0-9a-f]{32})(-.+)?")
_PLACE = re.compile(rf"({'|'.join(TYPES)})/([A-Za-z0-9\-.]{{1,64}})")


@dataclass
class Record:
    """What one target has of a record: `hits` there, and by key what the ledger says of them.

    `theirs` are what was handed over to others, who are at it: that is none of the record any more.
    `in_the_way` are those that are not as we left them, each with the rule for it.
    """

    key: str
    hits: list[Found]
    known: dict[str, Entry]
    theirs: list[Found]
    in_the_way: list[tuple[Found, str]] = field(default_factory=list[tuple[Found, str]])

    @property
    def left(self) -> list[Found]:
        """What still counts there."""
        return [hit for hit in self.hits if not hit.retracted]

    @property
    def open(self) -> bool:
        """Whether the ledger does not know all of it to be retracted."""
        known = [self.known.get(hit.key) for hit in self.hits]
        return any(entry is None or entry.state != RETRACTED for entry in known)


class Names:
    """Finds records by name at one target. `only`: the resource that is named, and nothing else."""

    def __init__(
        self, target: Target, ledger: Ledger, settings: Settings, catalog: Catalog, *, only: bool
    ) -> None:
        self._target = target
        self._ledger = ledger
        self._settings = settings
        self._ours = Ours(identifier_system(settings.root), "")
        self._only = only
        scores = {score.id for instrument in catalog for score in instrument.scores}
        told = ("panel", *sorted(scores))
        self._suffixes = {"qr": "QuestionnaireResponse", "plan": "CarePlan", "team": "CareTeam"}
        self._suffixes |= {APPOINTMENT: "Appointment", REFERRAL: "ServiceRequest"}
        self._suffixes |= {OUTREACH: "Task"}
        self._suffixes |= dict.fromkeys(told, "Observation")

    def find(self, name: str) -> Record | None:
        """What is there under a name, or None where nothing is."""
        found = (self._record(group, one) for group, one in self._meant(name))
        return next((record for record in found if record), None)

    def _meant(self, name: str) -> Iterator[tuple[str, str]]:
        """The keys of the records that may be meant, each with that of the resource, if one was
        named."""
        if key := _KEY.fullmatch(name):
            yield key[1], name if key[2] else ""
        if place := _PLACE.fullmatch(name):
            yield from self._at(place[1], place[2])
        source, secret = self._settings.named_source, self._settings.secret
        yield record_key(source, by_record_id(name), secret), ""
        yield record_key(source, whole_key(name), secret), ""
        system, _, value = name.rpartition("|")
        if system := system or self._settings.appointment_system or "":
            yield visit_key(Identifier(system, value), source, secret), ""

    def _at(self, type_: str, id_: str) -> Iterator[tuple[str, str]]:
        for entry in self._ledger.at(type_, id_):
            yield entry.group_key, entry.key
        if self._target.all_at_once:  # a folder gives no ids
            return
        body = self._target.read(Found(type_, "", id_, "", "", ""))
        if body and (key := _KEY.fullmatch(own_key(body, self._ours))):
            yield key[1], key[0]

    def _record(self, group: str, one: str) -> Record | None:
        rows = [row for row in self._ledger.of_groups([group]) if row.type in TYPES]
        known = {row.key: row for row in rows}
        there = dict(self._target.find(self._wanted(group, one, known)))
        if not (self._only or rows):
            there |= self._target.find(_belonging(group, there))
        hits = [hit for found in there.values() for hit in found]
        theirs = [] if self._only else [hit for hit in hits if is_taken_up(hit, known.get(hit.key))]
        hits = [hit for hit in hits if hit not in theirs]
        digests: dict[str, set[str]] = {}
        for row in rows:
            digests.setdefault(row.key, set()).update((row.digest, row.server_digest))
        record = Record(group, hits, known, [hit for hit in theirs if is_open(hit)])
        record.in_the_way = self._in_the_way(record, digests)
        return record if hits else None

    def _wanted(self, group: str, one: str, known: Mapping[str, Entry]) -> list[Wanted]:
        """All that a record can have become, and what the ledger says that it became: a ledger that
        was lost once knows no more what an earlier version left behind."""
        wanted = {(e.type, e.key): Wanted(e.type, e.key, e.server_id) for e in known.values()}
        for suffix, type_ in self._suffixes.items():
            wanted.setdefault((type_, f"{group}-{suffix}"), Wanted(type_, f"{group}-{suffix}"))
        if one and not any(key == one for _, key in wanted):
            wanted |= {(type_, one): Wanted(type_, one) for type_ in TYPES}
        return [asked for (_, key), asked in wanted.items() if not self._only or key == one]

    def _in_the_way(
        self, record: Record, digests: Mapping[str, set[str]]
    ) -> list[tuple[Found, str]]:
        elsewhere = moved(self._target, record.hits)
        several = Counter(hit.key for hit in record.hits)
        told: list[tuple[Found, str]] = []
        for hit in record.left:
            if several[hit.key] > 1:
                told.append((hit, "found-twice"))
            elif not hit.claimed:
                told.append((hit, "not-ours"))
            elif hit in elsewhere or hit.digest not in {hit.claimed, *digests.get(hit.key, ())}:
                told.append((hit, "changed-at-target"))
        return told


def _belonging(group: str, there: Mapping[str, list[Found]]) -> list[Wanted]:
    """What a plan lists as its own, where no ledger knows what belongs to it."""
    links = {link for hits in there.values() for hit in hits for link in hit.links}
    return [
        Wanted(place.split("/")[-2], key, place.rpartition("/")[2])
        for key, place in sorted(links)
        if key.startswith(f"{group}-") and key not in there and place.count("/")
    ]
