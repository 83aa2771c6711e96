"""What a site must say for its messages to be understood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from alliance_fhir.domain.attendance import Side, Status

_V = TypeVar("_V")


class Site(NamedTuple):
    """`zone` is of times without an offset, `encoding` of messages that name no character set.

    The systems are those of numbers without an assigning authority; `patient_system` also tells
    which of a patient's numbers counts. `authorities` gives the system of an authority, by its
    namespace or its universal id; under `root`, where there is one, lie those of all other
    namespaces. `statuses` are the site's own words for statuses, and `sides` the codes of reasons
    that tell who called off; both are looked up without regard to case.
    """

    zone: tzinfo | None = None
    root: str = ""
    appointment_system: str = ""
    patient_system: str = ""
    clinician_system: str = ""
    referral_system: str = ""
    encoding: str = ""
    authorities: Mapping[str, str] = MappingProxyType({})
    statuses: Mapping[str, Status] = MappingProxyType({})
    sides: Mapping[str, Side] = MappingProxyType({})

    def status(self, code: str) -> Status | None:
        """What the site means by a status, if it says so."""
        return _look_up(self.statuses, code)

    def side(self, code: str) -> Side | None:
        """Who calls off for a reason, if the site says so."""
        return _look_up(self.sides, code)


def _look_up(table: Mapping[str, _V], code: str) -> _V | None:
    wanted = code.casefold()
    return next((value for key, value in table.items() if key.casefold() == wanted), None)
