"""Secrets: from the environment, or from a file that only its owner can read; from nowhere else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alliance_fhir.errors import ConfigError


def owner_only(path: Path) -> bytes:
    """A secret file's content. Raises ConfigError if others could read it, or it is not there."""
    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{path}: others can read this secret; run chmod 600 on it")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def told_by(variable: str, file: Path | None, what: str) -> str:
    """The secret that `file` holds where there is one, else the environment's `variable`.

    Raises ConfigError where it is missing or no text; `what` is what it is called then.
    """
    if file is None:
        told = os.environ.get(variable, "") if variable else ""
        if not told.strip():
            raise ConfigError(f"{what} is missing: {variable or 'its variable'} is not set")
        return told.strip()
    try:
        told = owner_only(file).decode().strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: {what} is no text in UTF-8") from None
    if not told:
        raise ConfigError(f"{file}: {what} is missing: the file is empty")
    return told
