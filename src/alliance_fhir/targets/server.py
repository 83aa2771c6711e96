"""A FHIR server as target: what knows people, finds and sends, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import BadReply, ConfigError, Refused
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.reply import Delivered, Found, Ours
from alliance_fhir.fhir.versions import Json, Version, version
from alliance_fhir.targets.base import NOBODY, Wanted
from alliance_fhir.targets.beginnings import Beginnings
from alliance_fhir.targets.finding import Finder
from alliance_fhir.targets.people import People
from alliance_fhir.targets.portions import Portions
from alliance_fhir.targets.removing import Remover
from alliance_fhir.targets.sending import Sender
from alliance_fhir.targets.setting import TheirStatuses
from alliance_fhir.targets.validating import ServerValidator
from alliance_fhir.transport.capabilities import abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.statement import READ, tells_all


class ServerTarget:
    """A FHIR server. `client` is the connection, for whoever reads what no key is known of."""

    all_at_once = False
    people = True

    def __init__(
        self,
        client: Client,
        ours: Ours,
        fhir_version: str = "",
        without: Iterable[str] = (),
        lanes: int = 2,
        *,
        appointments: Literal["once", "beside", "status-only"] = "once",
    ) -> None:
        self.client = client
        self._ours = ours
        self._beside = appointments == "beside"
        self.status_only = appointments == "status-only"
        self.lanes = lanes
        self.name = self.identity = client.base
        statement = _statement(client)
        self.version = _version(client.base, statement, fhir_version)
        self.abilities = abilities(statement, without)
        client.post_search = "post-search" in self.abilities
        self._writing = False
        portions = Portions(lambda: client.post_search)
        self._people = People(client, portions)
        self._finder = Finder(client, ours, self.abilities, self._people.resolve, portions)
        self._beginnings = Beginnings(client, ours, self.abilities, self._finder)
        self._sender = Sender(client, ours, self.abilities, self._finder)

    def recall(self, told: str) -> None:
        """What was tried out at this server, or refused by it, in earlier runs. A run that writes
        finds out by itself whether it still is."""
        self.abilities.recall(told, anew=self._writing)
        self.client.post_search &= "post-search" in self.abilities

    def remembered(self) -> str:
        """What was tried out and what was refused, for the runs to come."""
        return self.abilities.as_text()

    def begin(self, *, writing: bool) -> None:
        """No more than to know it: a server has many writers, each request says what it expects."""
        self._writing = writing

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Who is meant by these identifiers; who was found is remembered."""
        return self._people.resolve(persons)

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What is there under these keys, every hit held against what was asked for."""
        return self._finder.find(wanted)

    def others(self, numbers: Iterable[Identifier]) -> Mapping[Identifier, Found]:
        """The Appointments of others with these numbers, unless ours may stand beside them."""
        if self._beside:
            return {}
        there = self._finder.others(dict.fromkeys(numbers, NOBODY))
        return {number: hits[-1].hit for number, hits in there.items()}

    def has_none(self, type_: str) -> bool:
        """Whether nothing of ours was there of this type when that was first asked: then what this
        run has not sent is not there, or the server itself finds it before it makes another."""
        return self._beginnings.has_none(type_)

    def read(self, hit: Found, version: str = "") -> Json | None:
        """What was found, whole, and as it was in a version where one is named."""
        path = f"{hit.type}/{hit.id}" + (f"/_history/{version}" if version else "")
        try:
            body = self.client.get(path).body
        except Refused as refused:
            if refused.status in (404, 405, 410, 501):
                return None
            raise
        if (body.get("resourceType"), body.get("id")) != (hit.type, hit.id):
            raise BadReply(f"{self.client.base} gave another {hit.type} than it was asked for")
        return body

    @property
    def their_statuses(self) -> TheirStatuses:
        """By what the status of an EHR's own Appointment is set here."""
        return TheirStatuses(self.client, self._ours, self.abilities, self._finder)

    @property
    def validator(self) -> ServerValidator:
        """By what the server is asked before anything is sent."""
        return ServerValidator(self.client, self._ours.identifiers, self.abilities)

    @property
    def remover(self) -> Remover:
        """By what things are taken back here."""
        return Remover(self.client, self._ours, self.abilities)

    def takes(self, type_: str, state: str) -> bool:
        """Whether a resource of this type may be made or changed here, as far as is known."""
        return self.abilities.takes(type_, "create" if state == "created" else "update")

    @property
    def atomic(self) -> bool:
        """Whether a group of which something is declined leaves nothing behind."""
        return {"transactions", "rollback"}.isdisjoint(self.abilities.lacking)

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """One group, as one transaction where the server can do that."""
        return self._sender.send(changes, references)

    def pause(self, seconds: float) -> None:
        """Waits, so that what was sent may become visible."""
        self.client.pace.sleep(seconds)

    def hurry(self) -> None:
        """Whoever waits to try again waits no longer, and tries no more."""
        self.client.pace.end()

    def admit(self, count: int) -> None:
        """So many requests at a time from now on."""
        self.client.at_once(count)

    def requests(self) -> Json:
        """What was sent since this was asked last, by all lanes."""
        return self.client.traffic.taken()

    def finish(self) -> None:
        """Nothing to do: every transaction counted at once."""

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()


def _statement(client: Client) -> Json:
    """What the server says of itself: in short, or all of it where it does not speak in short.

    HAPI's has 1.6 MB, of which we read 100 kB; to write all of it takes the server as long as ten
    of our transactions. Elements within elements are HAPI's own reading of `_elements`, so that
    what comes is looked at before it is believed.
    """
    with suppress(Refused):
        in_short = client.get("metadata", {"_elements": ",".join(READ)}, fresh=False).body
        if tells_all(in_short):
            return in_short
    try:
        return client.get("metadata", fresh=False).body
    except Refused as refused:
        raise BadReply(
            f"{client.base} is no FHIR server: /metadata gave {refused.status}"
        ) from None


def _version(base: str, statement: Json, asked: str) -> Version:
    """The server's version of FHIR, by its CapabilityStatement or, where it has none, as asked."""
    told = statement.get("fhirVersion")
    if statement.get("resourceType") != "CapabilityStatement" or not isinstance(told, str):
        if not asked:
            raise ConfigError(
                f"{base} does not say which version of FHIR it speaks; say it by --fhir"
            )
        return version(asked)
    spoken = version(told)
    if asked and version(asked) != spoken:
        raise ConfigError(f"{base} speaks FHIR {told}, and --fhir asks for {asked}")
    return spoken
