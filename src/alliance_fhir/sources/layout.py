"""Which column is what: a header, a site's own names, and constants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.errors import InputError

HEAD = (
    "record_id",
    "patient",
    "clinician",
    "instrument",
    "rater",
    "rater_id",
    "completed_at",
    "session",
    "appointment",
    "language",
    "mode",
)
"""The columns that an assessment has whatever its instrument."""
REQUIRED = ("patient", "instrument", "rater", "completed_at")
LONG = ("item", "value")

_ITEM = re.compile(r"item_(\d{1,3})", re.ASCII)


def fold(name: str) -> str:
    """A column's name as it is compared: without surrounding blanks, in lower case."""
    return name.strip().casefold()


class Names:
    """A site's names for our columns: `patient = "PatNr"`, or `"item_*" = "wai*"` for all items."""

    def __init__(self, settings: Settings) -> None:
        self._ours = {fold(theirs): ours for ours, theirs in settings.columns.items()}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for ours, theirs in settings.columns.items():
            if "*" in theirs:
                pattern = re.escape(fold(theirs)).replace(r"\*", r"(\d+)")
                self._patterns.append((re.compile(pattern), ours))

    def canonical(self, name: str) -> str:
        """Our name for a column of the file, or the name itself where we have none."""
        folded = fold(name)
        if folded in self._ours:
            return self._ours[folded]
        for pattern, ours in self._patterns:
            if found := pattern.fullmatch(folded):
                return ours.replace("*", str(int(found[1])))
        return folded

    def known(self, name: str) -> bool:
        """Whether a column's name is one that assessments have."""
        ours = self.canonical(name)
        return ours in HEAD or ours in LONG or bool(_ITEM.fullmatch(ours))


class Layout:
    """Where the columns of one file are; -1 for those that it lacks.

    `head` by name; `items` by item number; `others` are columns of other names, scores among them.
    """

    def __init__(self, header: Sequence[str], names: Names, constants: Mapping[str, str]) -> None:
        self.width = len(header)
        self.header = [cell.strip() for cell in header]
        ours = [names.canonical(cell) for cell in header]
        self._ours = ours
        self.head = {name: ours.index(name) if name in ours else -1 for name in HEAD}
        self.constants = {name: constants.get(name, "") for name in HEAD}
        self.items = {int(m[1]): i for i, name in enumerate(ours) if (m := _ITEM.fullmatch(name))}
        self.long = all(name in ours for name in LONG)
        self.item = ours.index("item") if self.long else -1
        self.value = ours.index("value") if self.long else -1
        self.others = {
            name: i
            for i, name in enumerate(ours)
            if name and name not in HEAD and i not in self.items.values()
            if not (self.long and name in LONG)
        }

    def check(self, path: Path) -> None:
        """Raises InputError for a header that lacks what is required, or holds a name twice."""
        if not any(self.head[name] >= 0 for name in ("patient", "instrument", "rater")):
            raise InputError(path, "unknown-layout", "The first row must name the columns.")
        for name in REQUIRED:
            if self.head[name] < 0 and not self.constants[name]:
                raise InputError(
                    path, "missing-column", f"{name}: add it, or name it in alliance.toml."
                )
        named = [name for name in self._ours if name]
        if len(named) != len(set(named)):
            raise InputError(path, "duplicate-column", "Two columns have one name.")
