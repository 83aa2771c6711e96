"""What one message says, as far as that must be known before it is acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.domain.said import Said
from alliance_fhir.domain.visit import is_known_too_soon, visit_key
from alliance_fhir.listening.frames import BEGIN, CR, END, Frame
from alliance_fhir.sources.hl7v2.appointment import read
from alliance_fhir.sources.hl7v2.files import messages
from alliance_fhir.sources.hl7v2.site import site_of
from alliance_fhir.sources.hl7v2.slips import Slip


class Understood(NamedTuple):
    """A message: its appointment's business key, its bytes as they are kept (segments parted by
    CR), their digest (`appointment.digest_of`), or else the slips that were found in it."""

    key: str
    told: bytes
    digest: str
    slips: tuple[Slip, ...] = ()


class Reader:
    """Reads the messages of one site."""

    def __init__(self, settings: Settings) -> None:
        self._site = site_of(settings)
        self._source = settings.named_source
        self._secret = settings.secret

    def understood(self, frame: Frame) -> Understood:
        """What a frame holds."""
        if frame.fault:
            return _refused([Slip("", frame.fault)])
        framed = BytesIO(BEGIN + frame.data + END + CR)
        raws = list(messages(framed))
        slips = [slip for raw in raws for slip in raw.slips]
        if slips:
            return _refused(slips)
        if len(raws) != 1:
            return _refused([Slip("MSH", "several-headers" if raws else "no-header")])
        told = raws[0].data
        heard = read(told, self._site)
        if not heard.said or not heard.appointment:
            return _refused(heard.slips)
        if _too_soon(heard.said):
            return _refused([Slip("SCH-11.4", "known-too-soon")])
        key = visit_key(heard.appointment, self._source, self._secret)
        return Understood(key, told, heard.digest)


def _too_soon(said: Said) -> bool:
    """Whether it says what nobody can know yet."""
    if said.status is None or said.start is None:
        return False
    return is_known_too_soon(said.status, said.start, datetime.now(UTC))


def _refused(slips: Sequence[Slip]) -> Understood:
    told = [slip if slip.remedy else slip._replace(remedy=RULES[slip.rule]) for slip in slips]
    return Understood("", b"", "", tuple(told))
