"""A file of messages as a source: slips are told, and what is right goes to the pile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import WARNINGS, Finding
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.visit import visit_key
from alliance_fhir.errors import InputError
from alliance_fhir.sources.hl7v2.appointment import Heard, heard
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.hl7v2.site import site_of


class MessageFile:
    """One file of messages. What is right in it goes to the `pile`, where there is one."""

    def __init__(self, path: Path, settings: Settings, pile: Pile | None) -> None:
        self._path = path
        self._site = site_of(settings)
        self._source = settings.named_source
        self._secret = settings.secret
        self._pile = pile

    def unknown_columns(self) -> Iterator[Finding]:
        """None: segments and fields that are not read are left alone."""
        yield from ()

    def identities(self) -> Iterator[tuple[str, str]]:
        """None: what all messages come to has them."""
        yield from ()

    def records(self) -> Iterator[Finding]:
        """The slips of the messages; the visits come from the pile."""
        path = str(self._path)
        for one in self._heard():
            key = self._key(one.appointment) if one.appointment else ""
            for number, slip in enumerate(one.slips):
                beside = number > 0 or slip.rule in WARNINGS
                yield Finding(
                    path, one.line, slip.place, slip.rule, slip.remedy, key, beside=beside
                )
            if one.said and self._pile:
                self._pile.add(key, path, one.line, one.said, one.digest, one.told)

    def _heard(self) -> Iterator[Heard]:
        """Raises InputError where the file cannot be read."""
        try:
            yield from heard(self._path, self._site)
        except OSError as error:
            raise InputError(self._path, "unreadable-file", str(error.strerror)) from None

    def _key(self, appointment: Identifier) -> str:
        return visit_key(appointment, self._source, self._secret)
