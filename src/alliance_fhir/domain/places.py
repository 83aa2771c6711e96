"""The kinds of source files, by the ends of their names, and how a place in each is called."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath
from typing import NamedTuple

YAML = (".plan.yaml", ".plan.yml")
PLANS = (*YAML, ".plan.json")
"""How the names of plan documents end."""
MESSAGES = ".hl7"
"""How those of files of messages end."""
NDJSON = ".ndjson"
RESOURCES = (NDJSON, ".json")
"""How those of files of FHIR end."""


class Words(NamedTuple):
    """How what has a number is called in a file, and how what has a name is in that."""

    row: str
    column: str


def is_document(path: str) -> bool:
    """Whether a file is named as plan documents are."""
    return path.lower().endswith(PLANS)


def words_for(path: str) -> Words:
    """A table has rows and columns, a document lines and keys, messages and FHIR lines, with fields
    or elements."""
    name = path.lower()
    if is_document(path):
        return Words("line", "key")
    if name.endswith(MESSAGES):
        return Words("line", "field")
    return Words("line", "element") if name.endswith(RESOURCES) else Words("row", "column")


def place_of(path: str, row: int) -> str:
    """Where a record stands, with no more of the path than the file's name: the rest tells of the
    machine, not of the data."""
    return f"{_file(path)} {row}"


@cache
def _file(path: str) -> str:
    return f"{PurePath(path).name} {words_for(path).row}"
