"""What single servers do otherwise than they say or than the standard says: one row each.

A row is known by the name that a server gives itself in its CapabilityStatement. What it lacks is
taken as lacking; what it only does in its own way is for people to read. Each row has its evidence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alliance_fhir.errors import BadReply
from alliance_fhir.received import Json, part, text


class Quirk(NamedTuple):
    """`software` is a pattern of the server's name; `lacks` are traits by name."""

    software: str
    what: str
    evidence: str
    lacks: frozenset[str] = frozenset()


QUIRKS = (
    Quirk(
        r"HAPI FHIR",
        "answers a stale If-Match with 409, and several conditional matches with 412",
        "seen with HAPI FHIR JPA 8.8.0 on H2 and PostgreSQL",
    ),
    Quirk(
        r"HAPI FHIR",
        "answers searches from the last minute's, where it is not asked for fresh ones: every "
        "request asks for `Cache-Control: no-cache`",
        "the default of reuse_cached_search_results_millis in HAPI's public image",
    ),
    Quirk(
        r"HAPI FHIR",
        "drops the second of two conditional writes with one key in one transaction, silently: "
        "such a transaction is never sent",
        "seen in the code of HAPI FHIR's transaction processor, 8.8.0",
    ),
    Quirk(
        r"HAPI FHIR",
        "makes doubles where two conditional creates with one key come at once, or declines the "
        "second with 409 or 500: one key is in one lane, and what was declined so is looked up",
        "doubles: seen in the code and issues of HAPI FHIR, of Microsoft's and of LinuxForHealth's "
        "server; 409 (HAPI-2745) and 500 (HAPI-0389): seen with HAPI FHIR JPA 8.8.0 on H2",
    ),
    Quirk(
        r"HAPI FHIR",
        "takes an operation in a batch, such as `POST Observation/$validate`, for a create, and "
        "makes the resource: `--validate` asks about each by itself",
        "seen with HAPI FHIR JPA 8.8.0",
    ),
    Quirk(
        r"(?i)microsoft|azure",
        "ignores search parameters that it does not know, and gives more than was asked for: every "
        "hit is compared",
        "an issue thread of Microsoft's FHIR server",
    ),
    Quirk(
        r"(?i)medplum",
        "keeps the other entries of a transaction of which one was declined",
        "seen with @medplum/fhir-router and its repository in memory",
        frozenset({"rollback"}),
    ),
    Quirk(
        r"(?i)medplum",
        "declines larger transactions that create conditionally, with 400 and the words `too many "
        "entries`: such a record goes in pieces",
        "seen with @medplum/fhir-router 5.2.13",
    ),
    Quirk(
        r"(?i)helios|\bhfs\b",
        "makes doubles where many conditional updates of one key come at once: none are sent",
        "seen with Helios hfs 0.2.7 on SQLite: 16 at once made 6",
    ),
    Quirk(
        r"(?i)helios|\bhfs\b",
        "makes doubles where conditional creates with one key come at once outside of "
        "transactions: one key is in one lane",
        "seen with Helios hfs 0.2.7 on SQLite: 16 at once made 2",
    ),
    Quirk(
        r"(?i)helios|\bhfs\b",
        "answers a write after half a minute where something else locks its database, with 500, a "
        "transaction with 503: it is looked up and tried again",
        "seen with Helios hfs 0.2.7 on SQLite",
    ),
    Quirk(
        r"(?i)helios|\bhfs\b",
        "knows no search by identifier where its folder of search parameters is empty, and then "
        "finds everybody: searches ask to be taken strictly, and it declines them",
        "seen with Helios hfs 0.2.7, HFS_DATA_DIR empty",
    ),
)


def quirks_of(statement: Json) -> list[Quirk]:
    """The rows that are about this server, by the name that it gives itself."""
    try:
        told = part(statement, "software")
    except BadReply:
        return []
    name = f"{text(told, 'name')} {text(statement, 'publisher')}"
    return [quirk for quirk in QUIRKS if re.search(quirk.software, name)]
