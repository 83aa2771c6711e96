"""How a patient and a clinician reach each other between visits, as their shared plan said it when
a visit was missed: of the plans of this run, and of those that were sent by earlier ones.

What counts is the version that stood at that time. A later one changes nothing of what was told
then, so that the same visit gives the same whenever it is mapped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import subject_digest
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.room import Spool
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.sources.plans.files import PlanFile
from alliance_fhir.sources.supply import Supply
from alliance_fhir.sources.wide import Read

Sent = Callable[[], Iterable[tuple[str, str]]]
"""The plans that were sent before: `subject_digest` of the patient, and the key of each."""


def none_sent() -> Iterable[tuple[str, str]]:
    """No plan was sent before."""
    return ()


class Contacts:
    """What the plans say of it; `known` gives the documents of a plan that were sent before.

    All plans are gone through when the first is asked for. Where each lies is kept in SQLite's
    temporary file, patients as digests, so that memory stays flat and nothing readable is laid
    down.
    """

    def __init__(
        self,
        sources: Supply,
        settings: Settings,
        known: Callable[[str], Mapping[int, str]],
        sent: Sent,
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._documents = Documents(settings)
        self._known = known
        self._sent = sent
        self._database: Spool | None = None
        self._last: tuple[Identifier, list[list[SharedPlan]]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._database:
            self._database.close()

    def told_at(self, patient: Identifier, when: Moment) -> str:
        """What the patient's plan said of it at this time; empty where that is not known. Of
        several plans, the one that was written last."""
        if not self._last or self._last[0] != patient:  # visits of one patient come together
            self._last = patient, list(self._plans(patient))
        standing = [
            max(before, key=lambda plan: plan.version)
            for plans in self._last[1]
            if (before := [plan for plan in plans if not when.comes_before(plan.written)])
        ]
        told = [
            (plan.written.utc, plan.contact.between_visits)
            for plan in standing
            if plan.status == "active" and plan.contact and plan.contact.between_visits
        ]
        return max(told, default=("", ""))[1]

    def _plans(self, patient: Identifier) -> Iterator[list[SharedPlan]]:
        """The versions of each plan of the patient."""
        if self._database is None:
            self._database = self._gone_through()
        found = "SELECT plan, path FROM places WHERE who = ? ORDER BY plan, path"
        paths: dict[str, list[str]] = {}
        for plan, path in self._database.execute(found, (self._digest(patient),)):
            paths.setdefault(plan, []).append(path)
        for key, some in paths.items():
            kept = {v: self._documents.again(text) for v, text in self._known(key).items()}
            came = {plan.version: plan for path in some if path for plan in self._read(path)}
            yield [plan for plan in (kept | came).values() if plan.patient == patient]

    def _gone_through(self) -> Spool:
        """Where the plans of each patient are: in which files, and some in the ledger alone."""
        database = Spool(cache=4000)
        database.execute("CREATE TABLE places (who TEXT, plan TEXT, path TEXT)")
        database.executemany("INSERT INTO places VALUES (?, ?, '')", self._sent())
        database.executemany("INSERT INTO places VALUES (?, ?, ?)", self._came())
        database.execute("CREATE INDEX of_whom ON places (who)")
        return database

    def _came(self) -> Iterator[tuple[str, str, str]]:
        for read in self._sources.plans():
            if isinstance(read.record, SharedPlan):
                yield self._digest(read.record.patient), read.group, read.origin.path

    def _read(self, path: str) -> Iterator[SharedPlan]:
        for read in PlanFile(Path(path), self._settings, None).records():
            if isinstance(read, Read) and isinstance(read.record, SharedPlan):
                yield read.record

    def _digest(self, patient: Identifier) -> str:
        return subject_digest(patient, self._settings.secret)
