"""What every target can do."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import ServerError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.reply import Delivered, Found
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.transport.issues import Issue

BESIDE = frozenset({"Questionnaire", "Device", "Provenance"})
"""The types without which a record is a record all the same, where a target takes none of them."""
NOBODY = Identifier("", "")


class Wanted(NamedTuple):
    """A resource that is looked for: by its business key, or by the target's id where that is all
    there is to go by; by its patient and day where the target cannot search by identifiers.

    A Provenance has a tag for a key: where tags are not kept, it is looked for by the places of
    what it is `about`, and known by the `digest` of its content. What is `foreign` has not our key
    there, and is known by its id.
    """

    type: str
    key: str
    id: str = ""
    patient: Identifier = NOBODY
    day: str = ""
    about: tuple[str, ...] = ()
    digest: str = ""
    foreign: bool = False


class There(NamedTuple):
    """What is at the target, with all that it says."""

    hit: Found
    body: Json


class Partly(Exception):
    """A target that takes no group as a whole has taken a part of one: `answers`, and then failed.

    It is for whoever delivers, and reaches no user: `error` does.
    """

    def __init__(self, answers: list[Delivered], error: ServerError) -> None:
        super().__init__(str(error))
        self.answers = answers
        self.error = error


@contextmanager
def arrived(done: list[Delivered]) -> Generator[None]:
    """Raises Partly for what fails meanwhile, where anything is `done` by then."""
    try:
        yield
    except Partly as partly:
        raise Partly([*done, *partly.answers], partly.error) from None
    except ServerError as error:
        if not done:
            raise
        raise Partly(done, error) from None


class Statuses(Protocol):
    """Finds Appointments that others have at a target, and sets their status."""

    def find(self, visits: Mapping[Identifier, Identifier]) -> Mapping[Identifier, list[There]]:
        """Those with these numbers, by number; each is given with the visit's patient."""
        ...

    def read(self, id_: str) -> There | None:
        """One, as it is now; None where it is not there any more."""
        ...

    def set(self, there: There, status: str) -> There:
        """Sets the status of one that was just read, and nothing else of it; as it is then.

        Raises Conflict where it is not as it was read; Refused where the target declines.
        """
        ...


class Validated(NamedTuple):
    """What a target's validation says of one resource: its issues, the outcome as it came, and the
    HTTP status."""

    resource: Resource
    issues: tuple[Issue, ...]
    outcome: Json
    status: int


class Validator(Protocol):
    """Has a target say what it thinks of resources, which changes nothing there."""

    def begin(self) -> None:
        """Raises ConfigError where the target says that it cannot do that."""
        ...

    def validate(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Validated]:
        """What it says of each of one group, as it would be sent. Raises ConfigError as `begin`."""
        ...


class Target(Protocol):
    """A place that takes resources.

    `name` is as the user wrote it, `identity` the same for every way to write it. `all_at_once`:
    what is delivered counts when `finish` has returned, not before. `people`: the target has people
    to be found. `lanes`: so many requests at a time do it no harm; 0 is one after the other.
    `atomic`: of a group that it declines nothing is left behind. `status_only`: no Appointments are
    made there, and of those of others the status is set, and nothing else. Errors are those of
    `alliance_fhir.errors`.
    """

    name: str
    identity: str
    version: Version
    all_at_once: bool
    people: bool
    lanes: int
    status_only: bool

    @property
    def atomic(self) -> bool:
        """Whether of a group that it declines nothing is left behind."""
        ...

    def takes(self, type_: str, state: str) -> bool:
        """Whether a resource of this type may be made ("created") or changed there."""
        ...

    def recall(self, told: str) -> None:
        """What `remembered` gave after an earlier run."""
        ...

    def remembered(self) -> str:
        """What was found out about the target, for runs to come; empty where that is nothing."""
        ...

    def begin(self, *, writing: bool) -> None:
        """A run begins, which delivers, or only says what it would deliver."""
        ...

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Who is meant by these identifiers."""
        ...

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What is there under these keys; absent where nothing is."""
        ...

    def others(self, numbers: Iterable[Identifier]) -> Mapping[Identifier, Found]:
        """The Appointments of others that are there with these numbers, as far as it can tell, and
        as far as ours are not to be made beside them."""
        ...

    @property
    def their_statuses(self) -> Statuses | None:
        """By what the status of others' Appointments is set; None where there are no others."""
        ...

    @property
    def validator(self) -> Validator | None:
        """By what resources are validated here; None where the target validates nothing."""
        ...

    def has_none(self, type_: str) -> bool:
        """Whether it is known that nothing of ours was there of this type when this run began."""
        ...

    def read(self, hit: Found, version: str = "") -> Json | None:
        """What was found, whole; as it was in an earlier version where one is named. None where it
        is not there any more, or the target does not keep that version."""
        ...

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """One group: whole or not at all, where the target can do that. One answer a change, in
        their order. Raises Partly where a part arrived."""
        ...

    def pause(self, seconds: float) -> None:
        """Waits, so that what was sent may become visible."""
        ...

    def hurry(self) -> None:
        """The run is broken off: whoever waits to try again waits no longer."""
        ...

    def admit(self, count: int) -> None:
        """So many requests at a time from now on, from all lanes together."""
        ...

    def requests(self) -> Json:
        """How many requests were sent since this was asked last, how they were answered, and how
        fast (docs/reference/json.md); empty where there are none."""
        ...

    def finish(self) -> None:
        """All that was delivered is to stay."""
        ...

    def close(self) -> None:
        """Lets go of the target; what was not finished is dropped."""
        ...
