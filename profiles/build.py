"""`python profiles/build.py` writes the definitions that our resources refer to, beside itself."""

from __future__ import annotations

from pathlib import Path

from alliance_fhir.fhir.definitions import definitions, file_content
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog

FOLDERS = {"r4": VERSIONS["4.0"], "r5": VERSIONS["5.0"]}
"""R4B takes those of R4."""


def build(root: Path) -> None:
    """Makes the folders anew under `root`; what is no longer defined goes."""
    for name, version in FOLDERS.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        made = definitions(Catalog(), version)
        for file, resource in made.items():
            (folder / file).write_bytes(file_content(resource))
        for old in folder.glob("*.json"):
            if old.name not in made:
                old.unlink()


if __name__ == "__main__":
    build(Path(__file__).parent)
