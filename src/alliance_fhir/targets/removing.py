"""Taking back what a run left at a server: finding it by its tag, and deleting it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused
from alliance_fhir.fhir.bundle import entity_tag, escaped
from alliance_fhir.fhir.defined import DEFINED, parted
from alliance_fhir.fhir.plan import OWN, REQUESTS
from alliance_fhir.fhir.reply import Found, Ours, found, tags_of
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import part, parts
from alliance_fhir.targets.finding import UNKNOWN
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.paging import next_link, same_host

TYPES = (
    "Provenance",
    "MeasureReport",
    "Observation",
    "QuestionnaireResponse",
    "Appointment",
    *OWN,
    *reversed(DEFINED),
    "Device",
    "Practitioner",
    "Patient",
)
"""What our runs make, what points to others first."""
_REFERRING: dict[str, tuple[tuple[str, str], ...]] = {
    "Patient": tuple(
        (type_, "patient")
        for type_ in (
            "QuestionnaireResponse",
            "Observation",
            *OWN,
            "Appointment",
            "Condition",
            "Consent",
            "Encounter",
            "EpisodeOfCare",
            "Procedure",
            "RelatedPerson",
        )
    ),
    "Practitioner": (
        ("QuestionnaireResponse", "author"),
        ("QuestionnaireResponse", "source"),
        ("Observation", "performer"),
        ("Provenance", "agent"),
        ("CareTeam", "participant"),
        *((type_, "requester") for type_ in REQUESTS),
        ("Task", "owner"),
        ("ServiceRequest", "performer"),
        ("Encounter", "practitioner"),
        ("Appointment", "practitioner"),
        ("PractitionerRole", "practitioner"),
    ),
    "Device": (("Provenance", "agent"), ("Observation", "device")),
    "Questionnaire": (
        ("QuestionnaireResponse", "questionnaire"),
        ("Questionnaire", "derived-from"),
    ),
    "Measure": (("MeasureReport", "measure"),),
}
"""By what search it is seen that somebody still needs a thing."""


_EVER = "1970-01-01T00:00:00Z"
"""Without a time HAPI 8.8.0 gives as many versions as there were when it was asked a minute ago."""


class Seen(NamedTuple):
    """What is or was there, with the runs that had changed it by then."""

    hit: Found
    touched: frozenset[str]
    body: Json


class Remover:
    """Removes from one server. The arguments are those of its target."""

    def __init__(self, client: Client, ours: Ours, abilities: Abilities) -> None:
        self._client = client
        self._ours = ours
        self._abilities = abilities

    def bearing(self, system: str, run: str) -> Iterator[Seen]:
        """What bears the tag of a run; every hit is looked at, as servers are known that return
        others too. Nothing where the server finds by no tag."""
        if "tags" not in self._abilities:
            return
        for type_ in TYPES:
            search = {"_tag": f"{escaped(system)}|{escaped(run)}", "_count": "200"}
            try:
                for body in self._client.search(type_, search):
                    if run in tags_of(body, system):
                        yield self._seen(body)
            except Refused as refused:
                if refused.status not in UNKNOWN:
                    raise

    def again(self, hit: Found) -> Seen | None:
        """What was found, as it is now; None where it is there no more."""
        try:
            return self._seen(self._client.get(f"{hit.type}/{hit.id}").body)
        except Refused as refused:
            if refused.status not in (404, 410):
                raise
        return None

    def versions(self, hit: Found) -> Iterator[Seen]:
        """What it was, the newest version first, back to where it was made or deleted; nothing
        where the server does not tell."""
        try:
            for entry in self._history(f"{hit.type}/{hit.id}/_history"):
                body = part(entry, "resource")
                if (body.get("resourceType"), body.get("id")) != (hit.type, hit.id):
                    return
                yield self._seen(body)
        except Refused as refused:
            if refused.status not in (400, 404, 405, 410, 501):
                raise

    def _history(self, place: str) -> Iterator[Json]:
        page, pages = self._client.get(place, {"_since": _EVER}).body, set[str]()
        while True:
            if page.get("resourceType") != "Bundle":
                raise BadReply(f"{self._client.base} gave no history, but something else")
            yield from parts(page, "entry")
            if not (following := next_link(page)):
                return
            if (url := same_host(self._client.base, following)) in pages:
                raise BadReply(f"{self._client.base} gave a history that has no end")
            pages.add(url)
            page = self._client.follow(url).body

    def _seen(self, body: Json) -> Seen:
        touched = frozenset(tags_of(body, self._ours.touched))
        return Seen(found(body, self._ours), touched, body)

    @property
    def made(self) -> str:
        """The system of the tags that name the run by which a thing was made."""
        return self._ours.made

    @property
    def touched(self) -> str:
        """The system of the tags that name the runs by which a thing was changed."""
        return self._ours.touched

    @property
    def system(self) -> str:
        """That of our identifiers."""
        return self._ours.identifiers

    def remove(self, hit: Found) -> None:
        """Deletes what was found, if it is still what was found; what is not there is removed.

        Raises Conflict where it is another by now, or others refer to it; Refused where the server
        does not delete, or not for us.
        """
        guarded = bool(hit.version) and "if-match" in self._abilities
        if not guarded:
            self._compare(hit)
        try:
            self._delete(hit, guarded=guarded)
        except Refused as refused:
            if refused.status not in (404, 410):
                raise
        except AuthFailed as error:
            if error.status != 403:
                raise
            raise Refused(str(error), status=403) from None

    def _delete(self, hit: Found, *, guarded: bool) -> None:
        place, tag = f"{hit.type}/{hit.id}", entity_tag(hit.version) if hit.version else ""
        try:
            self._client.delete(place, if_match=tag if guarded else "")
        except Conflict:
            if guarded or not tag:
                raise
            self._client.delete(place, if_match=tag)  # some insist on what they do not claim

    def _compare(self, hit: Found) -> None:
        try:
            there = found(self._client.get(f"{hit.type}/{hit.id}").body, self._ours)
        except Refused as refused:
            if refused.status in (404, 410):
                return
            raise
        if (there.version, there.digest) != (hit.version, hit.digest):
            raise Conflict(f"{self._client.base} has another {hit.type} than it had")

    def needed(self, hit: Found) -> bool:
        """Whether something at the server refers to it, as far as that can be asked there."""
        place = f"{hit.type}/{hit.id}"
        places = [place]
        if hit.type in DEFINED:
            places = [hit.key, parted(hit.key)[0]]
        return any(
            self._refers(type_, parameter, told)
            for type_, parameter in _REFERRING.get(hit.type, ())
            for told in places
        )

    def _refers(self, type_: str, parameter: str, place: str) -> bool:
        search = {parameter: escaped(place), "_count": "20"}
        try:
            return any(_points(body, place) for body in self._client.search(type_, search))
        except (Refused, BadReply, AuthFailed):  # it does not know the type, or not search it so
            return False


def _points(value: Any, place: str) -> bool:
    """Whether a resource really says so: servers are known that return others too."""
    if isinstance(value, dict):
        return any(_points(part, place) for part in cast("Json", value).values())
    if isinstance(value, list):
        return any(_points(part, place) for part in cast("list[Any]", value))
    if not isinstance(value, str):
        return False
    bare = value.partition("/_history/")[0]
    return bare in (place, place.partition("|")[0]) or bare.endswith(f"/{place}")
