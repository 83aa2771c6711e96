"""Paths as callers of the Python API have them: text, `pathlib.Path`, or anything like one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

PathLike = str | os.PathLike[str]
Paths = PathLike | Iterable[PathLike]


def several(told: Paths) -> list[Path]:
    """The paths that are named; one alone need not be in a list."""
    if isinstance(told, str | os.PathLike):
        return [Path(told)]
    return [Path(one) for one in told]


def shown(path: PathLike) -> str:
    """A path as text that can be printed and kept: Linux has names that are none, such as those of
    files from an archive that was packed elsewhere; what is no UTF-8 in them becomes U+FFFD."""
    return os.fsencode(path).decode(errors="replace")


def is_text(told: PathLike) -> bool:
    """Whether a path, or another word of a command line, is text that can be printed and kept."""
    return shown(told) == os.fspath(told)


def is_there(path: PathLike) -> bool:
    """Whether something is at a path: nothing is, where it is too long for this system.

    Up to Python 3.13 `Path.exists` and its like raise for such a path.
    """
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: PathLike) -> bool:
    """Whether a folder is at a path, as `is_there`."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: PathLike) -> bool:
    """Whether a file is at a path, as `is_there`."""
    return os.path.isfile(path)  # noqa: PTH113
