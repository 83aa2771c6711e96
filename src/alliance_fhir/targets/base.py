"""What every target can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.reply import Delivered, Found
from alliance_fhir.fhir.versions import Version


class Wanted(NamedTuple):
    """A resource that is looked for: by its business key, or by the target's id where that is all
    there is to go by."""

    type: str
    key: str
    id: str = ""


class Target(Protocol):
    """A place that takes resources.

    `name` is as the user wrote it, `identity` the same for every way to write it. `all_at_once`:
    what is delivered counts when `finish` has returned, not before. `people`: the target has people
    to be found. Errors are those of `alliance_fhir.errors`.
    """

    name: str
    identity: str
    version: Version
    all_at_once: bool
    people: bool

    def begin(self, *, writing: bool) -> None:
        """A run begins, which delivers, or only says what it would deliver."""
        ...

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Who is meant by these identifiers."""
        ...

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What is there under these keys; absent where nothing is."""
        ...

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """One group: whole or not at all. One answer a change, in their order."""
        ...

    def finish(self) -> None:
        """All that was delivered is to stay."""
        ...

    def close(self) -> None:
        """Lets go of the target; what was not finished is dropped."""
        ...
