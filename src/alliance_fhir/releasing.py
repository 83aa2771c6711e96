"""A retracted resource gives up its identifier, so that another can bear it.

What was retracted at the wrong patient stays there, entered in error. Its record is then made at
the right one under the identifier that it always has; two resources must not share that. So the old
one is first given another: the same with `-retracted-` and its id behind it, marked as an old one.
"""

from __future__ import annotations

from collections.abc import Callable

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.errors import Conflict
from alliance_fhir.fhir.bundle import Change, own_identifiers
from alliance_fhir.fhir.canonical import resealed
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.targets.base import Target, Wanted
from alliance_fhir.writing import Marks

_REASON = "The identifier was given up: the record is another patient's."


class Releaser:
    """Takes identifiers off what one run finds to be retracted. The arguments are the run's."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        settings: Settings,
        run: str,
        marks: Marks,
        clock: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._system = identifier_system(settings.root)
        self._writer = ProvenanceWriter(target.version, settings)
        self._run = run
        self._marks = marks
        self._clock = clock

    def release(self, entry: Entry) -> None:
        """Once the ledger knows it under its new key, nothing of ours bears the old one.

        It may be done already, and the ledger was not told. Raises Conflict where somebody
        changed it since it was looked at, and what `deliver` raises.
        """
        key = released_key(entry)
        wanted = [Wanted(entry.type, name, entry.server_id) for name in (entry.key, key)]
        found = [hit for hits in self._target.find(wanted).values() for hit in hits]
        mine = {hit.key: hit for hit in found if hit.id == entry.server_id}
        if key not in mine and entry.key in mine:
            self._give_up(entry, mine[entry.key], key)
            return
        with self._ledger.together():
            self._moved(entry, key, mine.get(key))

    def _give_up(self, entry: Entry, hit: Found, key: str) -> None:
        body = self._target.read(hit)
        if body is None or hit.digest not in (entry.digest, entry.server_digest):
            raise Conflict(f"{self._target.name} has another {hit.type} than it had")
        resource = _under_another_key(body, self._system, entry.key, key)
        marked = self._marks.mark(resource, entry.made_by, new=False)
        version = entry.version + 1
        proof = self._writer.write(
            _group(entry), [resource], "update", self._clock(), [version], _REASON
        )
        proof = self._marks.mark(proof, self._run, new=True)
        change = Change(marked, "updated", hit.id, hit.version, hit.digest, was=entry.key)
        changes = [change]
        if self._target.takes("Provenance", "created"):
            changes.append(Change(proof, "created"))
        answers = self._target.deliver(changes, {})
        with self._ledger.together():
            self._ledger.rename(entry.key, key)
            for answer in answers:
                written = answer.change.resource
                new = entry._replace(
                    key=written.key,
                    version=version if written is marked else 1,
                    type=written.type,
                    digest=written.digest,
                    run=self._run,
                    made_by=entry.made_by if written is marked else self._run,
                )
                state = RETRACTED if written is marked else "created"
                digest = answer.digest or written.digest
                settled = new.confirmed(state, answer.id, answer.version, digest)
                self._ledger.settle([settled])

    def _moved(self, entry: Entry, key: str, hit: Found | None) -> None:
        """Tells the ledger what had been done before; or that somebody deleted it."""
        self._ledger.rename(entry.key, key)
        if hit is None:
            self._ledger.drop([key])
            return
        new = entry._replace(key=key, version=entry.version + 1, digest=hit.digest, run=self._run)
        self._ledger.settle([new.confirmed(RETRACTED, hit.id, hit.version, hit.digest)])


def released_key(entry: Entry) -> str:
    """The business key of a retracted resource that has given up its own."""
    return f"{entry.key}-retracted-{entry.server_id}"


def _under_another_key(body: Json, system: str, key: str, new: str) -> Resource:
    """A resource as it was read, with another business identifier, and sealed anew."""
    renamed = [
        {**told, "use": "old", "value": new}
        if (told.get("system"), told.get("value")) == (system, key)
        else told
        for told in own_identifiers(body)
    ]
    many = isinstance(body.get("identifier"), list)
    whole, content = resealed({**body, "identifier": renamed if many else renamed[0]})
    return Resource(whole["resourceType"], new, whole, content)


def _group(entry: Entry) -> Group:
    origin = Origin(entry.path, entry.row)
    nobody = Identifier("", "")
    return Group(entry.group_key, origin, nobody, "", None, entry.source_digest, [])
