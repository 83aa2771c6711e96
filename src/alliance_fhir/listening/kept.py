"""What the kept messages of one appointment say."""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.domain.said import Sent
from alliance_fhir.ledger.inbox import Kept
from alliance_fhir.sources.hl7v2.appointment import read
from alliance_fhir.sources.hl7v2.site import Site


def sent_of(kept: Iterable[Kept], site: Site) -> list[Sent] | str:
    """What they say, in the order in which they came; or the rule by which nobody can tell any
    more: the settings have changed since they were accepted."""
    sent: list[Sent] = []
    for one in kept:
        heard = read(one.told, site, one.number)
        if heard.said is None:
            return heard.slips[0].rule
        sent.append(Sent(heard.said, one.digest))
    return "several-appointments" if len({one.said.appointment for one in sent}) > 1 else sent
