"""Documents that are written beside a source: named after it, whole or not at all, and never over
what is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from alliance_fhir.domain.places import PLANS
from alliance_fhir.mirror import owner_only
from alliance_fhir.targets.manifest import to_disk

_NUMBER = re.compile(r"-(?P<version>[1-9][0-9]*)$", re.ASCII)


def ending(path: Path) -> str:
    """The end of a plan document's name, as it is written."""
    length = next(len(end) for end in PLANS if path.name.lower().endswith(end))
    return path.name[-length:]


def next_to(path: Path, known: Iterable[int], number: int, end: str) -> Path:
    """Where a version goes: `jones-1.plan.yaml` is followed by `jones-2.plan.yaml`. Only a number
    that is the `known` one of a version is replaced."""
    stem = path.name.removesuffix(ending(path))
    found = _NUMBER.search(stem)
    if found and int(found["version"]) in known:
        stem = stem[: found.start()]
    return path.with_name(f"{stem}-{number}{end}")


def lay_down(path: Path, text: str) -> None:
    """Writes a new document that only its owner can read: it is in patients' words.

    Raises OSError where it cannot be written, and FileExistsError where something is there.
    """
    part = path.with_name(f".{path.name}.part")  # no source begins so
    try:
        with owner_only(part) as file:
            file.write(text.encode())
            to_disk(file)
        try:
            os.link(part, path)  # unlike a renaming, it never takes the place of a file
        except FileExistsError:
            raise
        except OSError:  # not every file system has it
            if path.exists():
                raise
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)
