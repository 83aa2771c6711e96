"""Who and what is meant: numbers with their assigning authorities."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from alliance_fhir.config import URI
from alliance_fhir.domain.records import Identifier
from alliance_fhir.sources.hl7v2.message import Repetition, Segment
from alliance_fhir.sources.hl7v2.site import Site
from alliance_fhir.sources.hl7v2.slips import Unread

_URNS = {"ISO": "urn:oid:", "UUID": "urn:uuid:", "GUID": "urn:uuid:"}
"""By the type of a universal id (table 0301)."""
_WITHOUT = "Send the assigning authority, or set the system of such numbers."


def entity(place: str, told: Repetition, default: str, site: Site) -> Identifier | None:
    """An EI: number, namespace, universal id and its type. Raises Unread."""
    return _identifier(place, told, ((2, 1), (3, 1), (4, 1)), default, site)


def person(place: str, told: Repetition, default: str, site: Site) -> Identifier | None:
    """An XCN: the number is its first component, the authority the ninth. Raises Unread."""
    return _identifier(place, told, ((9, 1), (9, 2), (9, 3)), default, site)


def somebody(segment: Segment, field: int, default: str, site: Site) -> Identifier | None:
    """The first in a field whose number is known, one of the system `default` before all others.

    Who is there with a name alone cannot be found again. Raises Unread.
    """
    place = f"{segment.name}-{field}"
    found = [person(place, one, default, site) for one in segment.repetitions(field)]
    known = [one for one in found if one]
    return next((one for one in known if one.system == default), next(iter(known), None))


def patient(pid: Segment, site: Site) -> Identifier | None:
    """PID-3, of which the number of the site's system counts where there is one. Raises Unread."""
    found = {one for told in pid.repetitions(3) if (one := _patient(told, site))}
    wanted = {one for one in found if one.system == site.patient_system}
    if site.patient_system and found and not wanted:
        raise Unread("PID-3", "patient-of-no-system")
    chosen = wanted or found
    if len(chosen) > 1:
        raise Unread("PID-3", "several-patient-numbers")
    return next(iter(chosen), None)


def _patient(told: Repetition, site: Site) -> Identifier | None:
    """A CX: the number is its first component, the authority the fourth."""
    return _identifier("PID-3", told, ((4, 1), (4, 2), (4, 3)), site.patient_system, site)


def _identifier(
    place: str, told: Repetition, authority: Sequence[tuple[int, int]], default: str, site: Site
) -> Identifier | None:
    """A number; `authority` are the places, component and subcomponent, of the namespace, the
    universal id and its type."""
    value = told.text(1)
    if not value:
        return None
    if not value.isprintable():
        raise Unread(f"{place}.1", "not-an-identifier")
    namespace, universal, kind = (told.text(*one) for one in authority)
    system = _system(namespace, universal, kind, default, site)
    if not system:
        raise Unread(place, "identifier-without-system", _WITHOUT)
    return Identifier(system, value)


def _system(namespace: str, universal: str, kind: str, default: str, site: Site) -> str:
    """What the site says of an authority goes before what it says of itself."""
    for name in (namespace, universal):
        if name in site.authorities:
            return site.authorities[name]
    if not namespace and not universal:
        return default
    if universal and kind in _URNS:
        return _URNS[kind] + (universal if kind == "ISO" else universal.lower())
    if URI.fullmatch(universal) and "|" not in universal:
        return universal
    name = namespace or universal
    return f"{site.root}/{quote(name, safe='')}" if site.root else ""
