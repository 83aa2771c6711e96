"""Who is meant in a site's documents, and when: as its settings have it."""

from __future__ import annotations

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.values import Breach
from alliance_fhir.domain.records import ClockChange, Identifier, Moment, NoZone, parse_moment
from alliance_fhir.sources.fields import Bad, Fields


class SiteReading:
    """A `Reading` (alliance_fhir.domain.plan.values) by the settings of a site."""

    def __init__(self, settings: Settings) -> None:
        self._fields = Fields(settings)
        self._zone = settings.tz

    def identifier(self, column: str, text: str) -> Identifier:
        """`system|value`, or a bare value in the column's system. Raises Breach."""
        try:
            found = self._fields.identifier(column, text)
        except Bad as bad:
            raise Breach(bad.rule) from None
        if found is None:
            raise Breach("blank-text")
        return found

    def moment(self, text: str) -> Moment:
        """ISO 8601, whatever `date_format` says of tables. Raises Breach."""
        try:
            return parse_moment(text, self._zone)
        except NoZone:
            raise Breach("no-zone") from None
        except ClockChange:
            raise Breach("clock-change") from None
        except (ValueError, OverflowError):
            remedy = "Write ISO 8601, such as 2026-03-02T14:10:00-05:00."
            raise Breach("not-a-date", remedy) from None
