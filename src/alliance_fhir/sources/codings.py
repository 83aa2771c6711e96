"""The systems that a source's codes are of.

HL7 v2 has tables for some of what scheduling systems say, and lets each site add codes of its own
to them. A code that is in none is of the site alone, and its system lies under the site's `base`.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from alliance_fhir import canonicals as c
from alliance_fhir.domain.records import Identifier

_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reason": ("0276", ("CHECKUP", "EMERGENCY", "FOLLOWUP", "ROUTINE", "WALKIN")),
    "appointment_type": ("0277", ("Complete", "Normal", "Tele")),
    "status": (
        "0278",
        (
            *("Blocked", "Booked", "Cancelled", "Complete", "Dc", "Deleted", "Noshow"),
            *("Overbook", "Pending", "Started", "Waitlist"),
        ),
    ),
}
"""By what a field is about: the table that HL7 v2 has for it, and the codes as that spells them."""
_CODES = {
    about: {code.casefold(): Identifier(f"{c.THO}/v2-{table}", code) for code in codes}
    for about, (table, codes) in _TABLES.items()
}
_OWN_TABLES = {
    name: about for about, (table, _) in _TABLES.items() for name in (table, f"HL7{table}")
}
_SYSTEMS = {
    "SCT": c.SNOMED,
    "LN": "http://loinc.org",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "C4": "http://www.ama-assn.org/go/cpt",
}
"""By the names that HL7 v2 has for coding systems (table 0396)."""
_LOCAL = "L"
"""What says that a code is the sender's own, whatever HL7's table has."""
_REMEMBERED = 4_000
"""Codes that are kept ready: those of a site, which come again and again."""


@lru_cache(maxsize=_REMEMBERED)
def standard_code(about: str, code: str) -> Identifier | None:
    """The code of HL7's table for this, where it has it, in upper or lower case."""
    return _CODES.get(about, {}).get(code.casefold())


def own_code(about: str, code: str, base: str) -> Identifier:
    """A code whose system nobody names: HL7's where its table for this has it, else the site's."""
    return standard_code(about, code) or _local_code(about, code, base)


@lru_cache(maxsize=_REMEMBERED)
def table_code(about: str, code: str, table: str, base: str) -> Identifier:
    """A code of a message, and the table that it names for it; one of a table that HL7 has no
    system for is the site's."""
    name = table.upper()
    if name == _LOCAL:
        return _local_code(about, code, base)
    if not name or _OWN_TABLES.get(name) == about:
        return own_code(about, code, base)
    if name in _SYSTEMS:
        return Identifier(_SYSTEMS[name], code)
    return _local_code(quote(table, safe=""), code, base)


def _local_code(of: str, code: str, base: str) -> Identifier:
    return Identifier(f"{base}/code/{of}", code)
