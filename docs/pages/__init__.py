"""The pages of the documentation that are made: of each profile and of each instrument.

`made()` gives them all; `make pages` writes them, and so does `make profiles`, once the definitions
are there. Made of profiles/, of the golden files of examples/ and of the instruments' data files.
"""

from __future__ import annotations

from pages import definitions, extensions, index, instruments, profiles, terminology
from pages.sources import DOCS

FOLDERS = ("profiles", "instruments")
"""The folders of docs/ in which all pages are made."""


def made() -> dict[str, str]:
    """All pages, by their paths within docs/."""
    found = {
        **index.pages(),
        **profiles.pages(),
        **extensions.pages(),
        **terminology.pages(),
        **definitions.pages(),
        **instruments.pages(),
    }
    return {path: text.rstrip() + "\n" for path, text in found.items()}


def write() -> None:
    """Writes them; a page of which nothing is made any more goes."""
    pages = made()
    for folder in FOLDERS:
        for old in (DOCS / folder).glob("*.md"):
            if f"{folder}/{old.name}" not in pages:
                old.unlink()
    for path, text in pages.items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(text, encoding="utf-8")
