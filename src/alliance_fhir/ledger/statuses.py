"""Which statuses of Appointments of an EHR's own were set: by which run, in the place of which, and
in which version there. Nothing else of these Appointments is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select

from alliance_fhir.ledger.database import Database, portions
from alliance_fhir.ledger.tables import status

SENT, SET, PROVEN = "sent", "set", "proven"
"""On its way; arrived, its Provenance is owed; both arrived."""


class StatusSet(NamedTuple):
    """A status that was set: `key` is the visit's, `server_id` and `server_version` are those of
    their Appointment after it, `digest` is of its content then. `number` is 0 of what is new."""

    key: str
    server_id: str
    server_version: str
    digest: str
    before: str
    after: str
    run: str
    state: str = SENT
    number: int = 0


class Statuses:
    """The statuses of a ledger. Nothing is durable before the ledger's next commit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, keys: Sequence[str]) -> dict[str, StatusSet]:
        """The one that was set last, by visit."""
        found: dict[str, StatusSet] = {}
        for some in portions(keys):
            query = select(status).where(status.c.key.in_(some)).order_by(status.c.number)
            found |= {one.key: one for one in self._rows(query)}
        return found

    def of_run(self, run: str) -> list[StatusSet]:
        """Those that a run set, in their order."""
        return self._rows(select(status).where(status.c.run == run).order_by(status.c.number))

    def begin(self, new: StatusSet) -> StatusSet:
        """One is about to be set. What was on its way before, and did not arrive, is forgotten."""
        with self._database.together(commit=False):
            self._database.write(
                status.delete().where(status.c.key == new.key, status.c.state == SENT)
            )
            self._database.write(status.insert(), [_values(new)])
            return self.last([new.key])[new.key]

    def note(self, known: StatusSet) -> None:
        """What became of it."""
        row = status.update().where(status.c.number == known.number)
        self._database.write(row.values(**_values(known)))

    def forget(self, gone: Iterable[StatusSet]) -> None:
        """They were not set after all, or not any more."""
        numbers = [one.number for one in gone]
        self._database.write(status.delete().where(status.c.number.in_(numbers)))

    def _rows(self, query: object) -> list[StatusSet]:
        return [StatusSet(**row._mapping) for row in self._database.read(query)]


def _values(one: StatusSet) -> dict[str, str]:
    return {name: value for name, value in one._asdict().items() if name != "number"}
