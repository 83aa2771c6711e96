"""One run at a time writes to a folder."""

from __future__ import annotations

from pathlib import Path

from alliance_fhir.locks import FileLock
from alliance_fhir.targets.manifest import LOCK


class FolderLock(FileLock):
    """The lock of one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / LOCK, str(folder), f"another run is writing to {folder}")
