"""The published figures beside which a site's own are shown, each with its exact meaning.

None of them has quite the definition of ours, nor that of another one: so each says its own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from alliance_fhir.domain.intervals import Interval

Measure = Literal["no-show-rate", "drop-out-over-a-year"]
"""What we measure."""


class Published(NamedTuple):
    """A figure, what it is of, and where it stands; `interval` is of 95 %, where one is told."""

    rate: Decimal
    meaning: str
    source: str
    interval: Interval | None = None


_ENGLAND = (
    "England 2002-03 (Mitchell and Selmes, Psychiatr Serv 2007;58:868, as cited by Stubbe, Focus "
    "2018;16:402)"
)

PUBLISHED: dict[Measure, tuple[Published, ...]] = {
    "no-show-rate": (
        Published(
            Decimal("0.191"),
            "of psychiatric outpatient appointments missed without notice",
            _ENGLAND,
        ),
        Published(
            Decimal("0.117"),
            "of outpatient appointments missed without notice: the average over all specialties",
            _ENGLAND,
        ),
    ),
    "drop-out-over-a-year": (
        Published(
            Decimal("0.31"),
            "of patients in ongoing treatment in the public mental health system of one county "
            "lost to follow-up during one year, 554 of 1,769",
            "Young et al., Psychiatr Serv 2000;51:85, as cited by Stubbe, Focus 2018;16:402",
        ),
        Published(
            Decimal("0.224"),
            "of people in mental health treatment within a year, 1,664 in a household survey of "
            "the United States, quit before their provider wanted them to, by their own word",
            "Olfson et al., Psychiatr Serv 2009;60:898",
        ),
        Published(
            Decimal("0.197"),
            "of adult clients dropped out of psychotherapy, as each of 669 studies defines it: "
            "their weighted mean, of 83,834 clients",
            "Swift and Greenberg, J Consult Clin Psychol 2012;80:547",
            Interval(Decimal("0.187"), Decimal("0.207")),
        ),
    ),
}
