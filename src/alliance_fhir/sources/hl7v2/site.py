"""What a site must say for its messages to be understood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from alliance_fhir.config import Hl7v2Settings, Settings
from alliance_fhir.domain.attendance import Side, Status

_V = TypeVar("_V")


class Site(NamedTuple):
    """`zone` is of times without an offset, `encoding` of messages that name no character set.

    The systems are those of numbers without an assigning authority; `patient_system` also tells
    which of a patient's numbers counts. `authorities` gives the system of an authority, by its
    namespace or its universal id, and that of a table of codes, by its name; under `root`, where
    there is one, lie those of all other namespaces, under `base` those of the site's own codes.
    `statuses` are the site's own words for statuses, and `sides` the codes of reasons that tell who
    called off; both are looked up without regard to case. `processing` tells of which systems
    messages are read, beside those in production; `clinician_types` which general resources are
    clinicians, in lower case.
    """

    zone: tzinfo | None = None
    root: str = ""
    base: str = ""
    appointment_system: str = ""
    patient_system: str = ""
    clinician_system: str = ""
    referrer_system: str = ""
    referral_system: str = ""
    encoding: str = ""
    authorities: Mapping[str, str] = MappingProxyType({})
    statuses: Mapping[str, Status] = MappingProxyType({})
    sides: Mapping[str, Side] = MappingProxyType({})
    processing: frozenset[str] = frozenset()
    clinician_types: frozenset[str] = frozenset()

    def status(self, code: str) -> Status | None:
        """What the site means by a status, if it says so."""
        return _look_up(self.statuses, code)

    def side(self, code: str) -> Side | None:
        """Who calls off for a reason, if the site says so."""
        return _look_up(self.sides, code)


def site_of(settings: Settings) -> Site:
    """The site as alliance.toml has it: what `[hl7v2]` does not say, as the site says it of all."""
    own = settings.hl7v2 or Hl7v2Settings()
    zone = ZoneInfo(own.zone) if own.zone else settings.tz
    return Site(
        zone=zone,
        root=f"{settings.root}/authority",
        base=settings.root,
        appointment_system=own.appointment_system or settings.appointment_system or "",
        patient_system=own.patient_system or settings.patient_system or "",
        clinician_system=own.clinician_system or settings.clinician_system or "",
        referrer_system=own.referrer_system or settings.referrer_system or "",
        referral_system=own.referral_system or settings.referral_system or "",
        encoding=own.encoding or settings.encoding,
        authorities=own.authorities,
        statuses=own.status,
        sides=own.cancelled_by,
        processing=frozenset("TD" if settings.synthetic else own.processing),
        clinician_types=frozenset(map(str.casefold, own.clinician_types)),
    )


def _look_up(table: Mapping[str, _V], code: str) -> _V | None:
    wanted = code.casefold()
    return next((value for key, value in table.items() if key.casefold() == wanted), None)
