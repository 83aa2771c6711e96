"""A site's figures as lines, beside the published ones: for a table, a CSV file and `--json`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.engagement import Count, Engagement, Stratifier
from alliance_fhir.domain.intervals import Interval, proportion, wilson
from alliance_fhir.domain.published import PUBLISHED, Measure

MASKED = "masked"
"""The note of a group that is not shown, so that nothing is told of few people."""
NOT_SAID = "not said"
"""What a group is called of which the source says nothing."""
HEADER = (
    *("measure", "by", "group", "numerator", "denominator", "patients"),
    *("rate", "low", "high", "note"),
)


class Line(NamedTuple):
    """One figure: what it is of, and its note. Without a count it is not shown, or published;
    visits that are not counted have one, and no rate."""

    measure: Measure
    by: Stratifier | Literal["", "not-counted", "published"]
    group: str
    counted: Count | None = None
    rate: Decimal | None = None
    interval: Interval | None = None
    note: str = ""

    @property
    def is_masked(self) -> bool:
        """Whether it is not shown, so that nothing is told of few people."""
        return self.note == MASKED

    def cells(self) -> tuple[str, ...]:
        """As `HEADER` names them; what is not known or not shown is empty."""
        some, of, patients = self.counted or ("", "", "")
        some = "" if self.by == "not-counted" else some
        low, high = self.interval or ("", "")
        rate = "" if self.rate is None else str(self.rate)
        return (
            *(self.measure, self.by, self.group, str(some), str(of), str(patients)),
            *(rate, str(low), str(high), self.note),
        )

    def as_json(self) -> dict[str, Any]:
        """Its numbers as numbers; what is not known or not shown is absent."""
        shape: dict[str, Any] = {"measure": self.measure, "by": self.by, "group": self.group}
        if self.counted:
            shape |= dict(zip(HEADER[3:6], self.counted, strict=True))
        if self.by == "not-counted":
            shape.pop("numerator", None)
        if self.rate is not None:
            shape["rate"] = float(self.rate)
        if self.interval:
            shape |= {"low": float(self.interval.low), "high": float(self.interval.high)}
        return shape | ({"note": self.note} if self.note else {})


def lines(told: Engagement, settings: Settings) -> list[Line]:
    """All figures of a period, each measure with the published ones after its own."""
    return [
        _line("no-show-rate", "", "all", told.no_shows),
        *(
            _line("no-show-rate", by, shown_name(by, name, settings), count)
            for by, groups in told.groups.items()
            for name, count in groups.items()
        ),
        *(
            Line("no-show-rate", "not-counted", kind, count, note="" if count else MASKED)
            for kind, count in told.left_out.items()
        ),
        *_published("no-show-rate"),
        _line("drop-out-over-a-year", "", "all", told.drop_out),
        *_published("drop-out-over-a-year"),
    ]


def _line(measure: Measure, by: Stratifier | Literal[""], group: str, count: Count | None) -> Line:
    if count is None:
        return Line(measure, by, group, note=MASKED)
    if not count.of:
        return Line(measure, by, group, count)
    some, of, _ = count
    return Line(measure, by, group, count, proportion(some, of), wilson(some, of))


def _published(measure: Measure) -> Iterator[Line]:
    for one in PUBLISHED[measure]:
        yield Line(measure, "published", one.meaning, None, one.rate, one.interval, one.source)


def shown_name(by: Stratifier, name: str, settings: Settings) -> str:
    """What a group is called: people by their numbers alone, where these are of the site's own
    numbering."""
    systems = {"clinician": settings.clinician_system, "referrer": settings.referrer_system}
    return name.removeprefix(f"{systems.get(by)}|") or NOT_SAID


def as_csv(figures: list[Line]) -> str:
    """A table of all figures, with a header; lines end as those of Unix."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(line.cells() for line in figures)
    return text.getvalue()
