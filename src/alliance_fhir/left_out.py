"""What was read back and gives no row, or a doubtful one: told in full, in a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import TracebackType
from typing import Self

from alliance_fhir.domain.receipt import RULES, WARNINGS, Finding, Tally
from alliance_fhir.mirror import owner_only

_MOST = 1000
"""Findings of a kind that a result holds; the file has all of them."""


class LeftOut:
    """What gave no row, or a doubtful one: in the tally, and in a file beside the table."""

    def __init__(self, out: Path, tally: Tally) -> None:
        self._path = out.with_name(f"{out.stem}.left-out.csv")
        self._part = out.with_name(f".{out.stem}.left-out.csv.part")
        self._tally = tally
        self._file = io.TextIOWrapper(owner_only(self._part), encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(("resource", "element", "rule", "remedy"))
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        finally:  # what is left in its buffer may find no room
            self._part.unlink(missing_ok=True)

    def add(self, finding: Finding) -> None:
        """One more."""
        self._count += 1
        place = f"{finding.path} row {finding.row}" if finding.row else finding.path
        remedy = finding.remedy or RULES[finding.rule]
        self._csv.writerow((place, finding.column, finding.rule, remedy))
        kind = self._tally.warnings if finding.rule in WARNINGS else self._tally.rejected
        if len(kind) < _MOST:
            kind.append(finding)

    def finish(self) -> None:
        """Gives the file its name; where there is nothing to tell, there is none."""
        self._file.close()
        if self._count:
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
