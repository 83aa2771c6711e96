"""Rows of a delimited text file: delimiter, byte order mark, quoting and line ends found out."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.errors import InputError
from alliance_fhir.sources.cells import LONGEST_CELL, Cells, Spoilt, Tell, sound

DELIMITERS = (",", ";", "\t")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def rows(
    path: Path, settings: Settings, known: Callable[[str], bool], tell: Tell
) -> Iterator[Cells]:
    """The file's rows with their numbers; a row that cannot be read comes as the rule it breaks.

    `known` tells the name of a column that we know from one that we do not: the delimiter is the
    one that makes the header known best. Bytes that are not of the encoding reject their own row
    only. Raises InputError when the file cannot be opened, or has an encoding that Python lacks.
    """
    try:
        encoding = settings.encoding or _encoding(path)
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            encoding = "utf-8-sig"  # the same, with or without a byte order mark
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            lines = _Lines(file)
            delimiter = settings.delimiter or _delimiter(lines.peek(), known)
            yield from _records(lines, delimiter)
    except LookupError:
        raise InputError(path, "wrong-encoding", "No such encoding is known.") from None
    except UnicodeError:
        raise InputError(path, "wrong-encoding", RULES["wrong-encoding"]) from None
    except OSError as error:
        raise InputError(path, "unreadable-file", str(error.strerror)) from None


def _encoding(path: Path) -> str:
    """By the byte order mark, else UTF-8."""
    with path.open("rb") as file:
        start = file.read(3)
    return next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")


def _delimiter(header: str, known: Callable[[str], bool]) -> str:
    def recognised(delimiter: str) -> int:
        try:
            rows = list(csv.reader([header], delimiter=delimiter))
        except csv.Error:
            return 0
        return sum(known(name) for row in rows for name in row)

    return max(DELIMITERS, key=recognised)  # the first, a comma, where none is better


class _Lines:
    """Lines that remember which of them the record at hand has taken, and take them back.

    A quotation mark that is never closed swallows line after line; given back, they are rows again.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def peek(self) -> str:
        """The first line that is not blank, without taking it."""
        for line in self._lines:
            self._back.append(line)
            if line.strip():
                return line
        return ""

    def give_back(self) -> None:
        """All lines but the first of the record at hand become lines to come."""
        self._back.extendleft(reversed(self.taken[1:]))


def _records(lines: _Lines, delimiter: str) -> Iterator[Cells]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = 0
    number = 0
    while True:
        lines.taken.clear()
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if not lines.taken:
                return
            # too long a cell, or an open quotation mark: this line is lost, those after it are not
            yield number, Spoilt(_broken(lines.taken), [])
            lines.give_back()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if not any(map(str.strip, cells)):  # as spreadsheets write rows that hold nothing
            continue
        if len(lines.taken) > 1 and width and len(cells) != width:
            yield number, Spoilt("unclosed-quote", [])
            lines.give_back()
            continue
        width = width or len(cells)
        yield number, sound(cells)


def _broken(taken: list[str]) -> str:
    if len(taken) == 1 and len(taken[0]) > LONGEST_CELL:
        return "cell-too-long"
    return "unclosed-quote"
