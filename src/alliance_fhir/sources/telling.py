"""What the cells of a row say, in our own words: by a site's constants and its words for ours."""

from __future__ import annotations

from collections.abc import Sequence

from alliance_fhir.config import Settings
from alliance_fhir.domain.scoring import picker
from alliance_fhir.sources.layout import Columns


def labels(settings: Settings) -> dict[str, dict[str, str]]:
    """For each column a site's words, as they are compared, and what they mean."""
    return {
        column: {label.strip().casefold(): value.strip() for label, value in told.items()}
        for column, told in settings.values.items()
    }


class Telling:
    """Reads the rows of one file's layout in the columns of its head."""

    def __init__(self, settings: Settings, layout: Columns) -> None:
        places = layout.head.values()
        self._pick = picker([layout.width if place < 0 else place for place in places])
        known = labels(settings)
        named = list(enumerate(layout.head))
        self._defaults = [(p, layout.constants[n]) for p, n in named if layout.constants[n]]
        self._labels = [(p, known[n]) for p, n in named if n in known]

    def of(self, cells: Sequence[str]) -> list[str]:
        """What the row says, in the order of the head: trimmed, in our own words."""
        told = [cell.strip() for cell in self._pick((*cells, ""))]
        for place, default in self._defaults:
            told[place] = told[place] or default
        for place, words in self._labels:
            told[place] = words.get(told[place].casefold(), told[place])
        return told
