"""Which column is what: a header, a site's own names, and constants."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from alliance_fhir.config import FILE, Settings
from alliance_fhir.domain.languages import spelt
from alliance_fhir.errors import ConfigError, InputError
from alliance_fhir.instruments.catalog import Catalog

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

VISIT = (
    "appointment",
    "patient",
    "clinician",
    "start",
    "end",
    "status",
    "cancelled_at",
    "cancelled_by",
    "reason",
    "service",
    "modality",
    "referrer",
    "referral",
    "first",
    "rescheduled_from",
    "missed",
    "placer",
    "other_clinicians",
    "location",
    "appointment_type",
    "appointment_type_code",
    "service_code",
    "reason_code",
    "status_code",
    "event_reason",
    "event_reason_code",
)
"""The columns of a visit."""
VISIT_REQUIRED = ("appointment", "patient", "start", "status")

_NAMED = frozenset((*HEAD, *LONG, *VISIT))
_ITEM = re.compile(r"item_0*([1-9]\d{0,2})", re.ASCII)


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
        if item := _ITEM.fullmatch(folded):
            return f"item_{item[1]}"
        for pattern, ours in self._patterns:
            if found := pattern.fullmatch(folded):
                return ours.replace("*", str(int(found[1])))
        return folded

    def known(self, name: str) -> bool:
        """Whether a column's name is one that assessments or visits have."""
        ours = self.canonical(name)
        return ours in _NAMED or bool(_ITEM.fullmatch(ours))

    def of_visits(self, header: Sequence[str]) -> bool:
        """Whether a table with this header is one of visits, and not of assessments: also one that
        lacks a column of visits, which it is to be told of."""
        ours = {self.canonical(name) for name in header}
        if {"instrument", "completed_at"} & ours:
            return False
        of_visits = {"start", "status"} & ours
        others = "rater" in ours or any(name.startswith("item") for name in ours)
        return len(of_visits) == 2 or bool(of_visits and "appointment" in ours and not others)


class Columns:
    """Where the columns of one file are; -1 for those that it lacks.

    `head` by name, in the order of the names of its kind; `others` are columns of other names.
    """

    def __init__(
        self,
        header: Sequence[str],
        names: Names,
        constants: Mapping[str, str],
        head: Sequence[str],
        required: Collection[str],
    ) -> None:
        self.width = len(header)
        self.header = [cell.strip() for cell in header]
        self._ours = ours = [names.canonical(cell) for cell in header]
        self._required = required
        self.head = {name: ours.index(name) if name in ours else -1 for name in head}
        self.constants = {name: constants.get(name, "").strip() for name in head}
        self.others = {name: i for i, name in enumerate(ours) if name and name not in self.head}

    def check(self, path: Path) -> None:
        """Raises InputError for a header that lacks what is required, or holds a name twice."""
        for name in self._required:
            if self.head[name] < 0 and not self.constants[name]:
                raise InputError(
                    path, "missing-column", f"{name}: add it, or name it in alliance.toml."
                )
        named = [name for name in self._ours if name]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise InputError(
                path, "duplicate-column", f"Two columns mean {twice[0]}; rename or remove one."
            )


class VisitLayout(Columns):
    """The columns of a table of visits."""

    def __init__(self, header: Sequence[str], names: Names, constants: Mapping[str, str]) -> None:
        super().__init__(header, names, constants, VISIT, VISIT_REQUIRED)


class Layout(Columns):
    """The columns of a table of assessments: `items` by item number; scores are among `others`."""

    def __init__(self, header: Sequence[str], names: Names, constants: Mapping[str, str]) -> None:
        super().__init__(header, names, constants, HEAD, REQUIRED)
        ours = self._ours
        self.items = {int(m[1]): i for i, name in enumerate(ours) if (m := _ITEM.fullmatch(name))}
        self.long = all(name in ours for name in LONG)
        self.item = ours.index("item") if self.long else -1
        self.value = ours.index("value") if self.long else -1
        self.others = {
            name: i
            for name, i in self.others.items()
            if i not in self.items.values() and not (self.long and name in LONG)
        }

    def check(self, path: Path) -> None:
        """Raises InputError for a header that lacks what is required, or holds a name twice."""
        # two names at least: a file without a header may hold one of our words by chance, and its
        # first row is not to be taken for names, nor to be shown
        found = sum(place >= 0 for place in self.head.values()) + len(self.items) + 2 * self.long
        if found < 2:
            raise InputError(path, "unknown-layout", "The first row must name the columns.")
        super().check(path)


def check_names(settings: Settings, catalog: Catalog) -> None:
    """Raises ConfigError for a column or instrument in the settings that nothing here has."""
    cells = {*HEAD, *VISIT}
    columns = {*cells, *LONG, "item_*", *catalog.score_ids}
    for table, told, known in (
        ("columns", settings.columns, columns),
        ("constants", settings.constants, cells),
        ("values", settings.values, {*cells, "items"}),
        ("instruments", settings.instruments, {*catalog.ids}),
    ):
        for name in told:
            if name not in known and not (table != "constants" and _ITEM.fullmatch(name)):
                near = difflib.get_close_matches(name, sorted(known), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ConfigError(f"{FILE}: {table}.{name}: nothing has this name{hint}")
    for name, told in settings.instruments.items():
        for place, language in enumerate(told.languages):
            try:
                spelt(language)
            except ValueError:
                where = f"instruments.{name}.languages.{place}"
                raise ConfigError(f"{FILE}: {where}: use tags such as en or pt-BR") from None
