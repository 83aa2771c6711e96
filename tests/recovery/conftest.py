"""A clinic that takes back what it sent, by command, at servers of every kind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import AbilityProxy, FhirServer
from contract.clinic import MRN, ROW, Row, patient, rows_of, write_rows
from contract.kinds import HELIOS, MEDPLUM, R4, R4B, R5, UNSAID
from contract.places import ServerPlace, name_of, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

Json = dict[str, Any]
FIRST, SECOND = ROW, Row(record_id="r-2", patient="1002")
CREATED, TOUCHED = (f"https://clinic.example/run-{word}" for word in ("created", "touched"))
TOML = (
    f'source = "clinic-east"\nbase = "https://clinic.example"\npatient_system = "{MRN}"\n'
    "synthetic = true\n"
)
RUNGS: dict[str, frozenset[str]] = {
    "right": frozenset(),
    "batches": frozenset({"transactions"}),
    "single": frozenset({"transactions", "batches", "conditional-create"}),
    "read-and-compare": frozenset({"if-match"}),
    "no-versions": frozenset({"if-match", "versions"}),
    "by-patient": frozenset({"identifier-search"}),
}
LESS: dict[str, frozenset[str]] = {
    "no-delete": frozenset({"delete"}),
    "no-history": frozenset({"if-match", "versions", "history"}),
    "no-tags": frozenset({"tags"}),
}
"""What a proxy takes away from HAPI: what taking back is done by."""
EVERY = [*RUNGS, R4]
OTHERS = [R4B, R5, MEDPLUM, HELIOS]
"""The other real servers: the main tests."""


def everywhere(*, but: tuple[str, ...] = (), main: bool = False) -> pytest.MarkDecorator:
    """On every rung of the ladder, and on HAPI; the main tests on every real server."""
    kinds = [kind for kind in EVERY if kind not in but]
    return pytest.mark.parametrize("kind", [*kinds, *(OTHERS if main else [])])


class Site(NamedTuple):
    """A clinic with two records of two patients, and its server as somebody else sees it."""

    folder: Path
    there: ServerPlace
    little: FhirServer | None
    run: Callable[..., Ran]

    @property
    def ledger(self) -> Path:
        """Where its ledger lies."""
        return self.folder / "ledger.sqlite"

    @property
    def letters(self) -> Path:
        """Where its dead letters lie."""
        return self.folder / "ledger.sqlite.dead-letters.jsonl"

    @property
    def server(self) -> FhirServer:
        """The test server that it is."""
        assert self.little
        return self.little

    def write(self, *rows: Row) -> None:
        """The rows of its file."""
        write_rows(self.folder / "assessments.csv", rows)

    def command(self, name: str, *words: object) -> Ran:
        """A command about its server, with its settings and ledger."""
        to = ("--to", self.there.address, "--ledger", self.ledger, "--json")
        fhir = ("--fhir", self.there.fhir) if self.there.fhir else ()
        return self.run(name, *words, *to, *fhir, "--config", self.folder / "alliance.toml")

    def sync(self, *words: object) -> Ran:
        """The sync of its file."""
        return self.command("sync", self.folder / "assessments.csv", *words)

    def retract(self, *words: object) -> Ran:
        """A retraction."""
        return self.command("retract", *words, "--reason", "It was the wrong patient.")

    def forget(self) -> None:
        """The ledger is lost."""
        for file in self.folder.glob("ledger.sqlite*"):
            file.unlink()

    def verified(self) -> int:
        """How many resources are there and equal; that is all of them."""
        ran = self.command("verify")
        found = ran.json["verify"]
        lists = {name: told for name, told in found.items() if isinstance(told, list) and told}
        assert (ran.code, lists) == (0, {})
        assert found["expected"] == found["found"] == found["equal"]
        return int(found["equal"])

    def of_record(self, row: Row) -> dict[str, Json]:
        """What is there of a row by short names, Provenances left out."""
        key = record_key("clinic-east", ("record", row.record_id))
        return {
            short(name_of(body)): body
            for body in self.there.everything
            if body["resourceType"] != "Provenance" and key in name_of(body)
        }

    def statuses(self, row: Row) -> set[str]:
        """The statuses of what is there of a row."""
        return {body["status"] for body in self.of_record(row).values()}

    def counts(self) -> Counter[str]:
        """How many resources of each type are there."""
        return Counter(body["resourceType"] for body in self.there.everything)

    def entries(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in the ledger."""
        return rows_of(self.ledger, query)


def behind(less: str) -> pytest.MarkDecorator:
    """On HAPI behind a proxy that takes something away from it."""
    kinds = [pytest.param(f"hapi_r4:{less}", id=f"hapi-r4:{less}", marks=pytest.mark.server)]
    return pytest.mark.parametrize("kind", kinds)


def where(body: Json) -> str:
    """A resource as `Type/id`."""
    return f"{body['resourceType']}/{body['id']}"


def tags(body: Json, system: str) -> list[str]:
    """The codes of a resource's tags of a system."""
    return [tag["code"] for tag in body["meta"].get("tag", []) if tag["system"] == system]


def resources(ran: Ran) -> Json:
    """The states that resources came to; those that none came to are left out."""
    return {state: number for state, number in ran.json["resources"].items() if number}


def told(ran: Ran, kind: str) -> list[str]:
    """The rules of the findings of one kind."""
    return [finding["rule"] for finding in ran.json.get(kind, [])]


@pytest.fixture
def kind() -> str:
    """The server's kind: right, unless a test says otherwise."""
    return "right"


@pytest.fixture
def site(
    kind: str,
    tmp_path: Path,
    naps: list[float],
    command: Callable[..., Ran],
    request: pytest.FixtureRequest,
) -> Iterator[Site]:
    """The clinic, with nothing sent yet; it never really waits."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML)
    if kind in RUNGS:
        with FhirServer(lacks=RUNGS[kind]) as little:
            yield from _opened(folder, little.url, little, command)
    elif ":" in kind:
        name, _, less = kind.partition(":")
        url = request.getfixturevalue(name)
        with AbilityProxy(url, lacks=LESS[less]) as proxy:
            yield from _opened(folder, url, None, command, address=proxy.url)
    else:
        url = request.getfixturevalue(kind)
        yield from _opened(folder, url, None, command, UNSAID.get(kind, ""))


def _opened(
    folder: Path,
    url: str,
    little: FhirServer | None,
    command: Callable[..., Ran],
    fhir: str = "",
    address: str = "",
) -> Iterator[Site]:
    there = ServerPlace(url)
    there.address, there.fhir = address or url, fhir
    site = Site(folder, there, little, command)
    site.write(FIRST, SECOND)
    for row in (FIRST, SECOND):
        there.add(patient(row.patient))
    yield site
    there.close()
