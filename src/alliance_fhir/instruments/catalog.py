"""Instrument files to instruments: those of the package, then those of a site's own folders."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from alliance_fhir.domain.instrument import Instrument
from alliance_fhir.errors import InstrumentError
from alliance_fhir.paths import Paths, several
from alliance_fhir.slips import UnreadableError, slip, told_in

DATA = files("alliance_fhir.instruments") / "data"


def load(file: Traversable | Path) -> Instrument:
    """One instrument file. Raises InstrumentError naming the file, the key and what it must be."""
    try:
        return Instrument.model_validate(told_in(file))
    except ValidationError as error:
        raise InstrumentError(f"{file}: {slip(error, model=Instrument)}") from None
    except UnreadableError as error:
        raise InstrumentError(f"{file}: {error}") from None


@cache
def _shipped(name: str) -> Instrument:
    return load(DATA / name)


class Catalog:
    """Instruments by id. Files are read when they are asked for; a site's file shadows ours.

    `folders` are a site's own, each with files `<id>.toml` (text packs, `<id>.<language>.toml`,
    are not instruments and left alone).
    """

    def __init__(self, folders: Paths = ()) -> None:
        self._files: dict[str, Traversable | Path] = {
            file.name.removesuffix(".toml"): file
            for file in DATA.iterdir()
            if file.name.endswith(".toml")
        }
        self._own: set[str] = set()
        for folder in several(folders):
            for path in sorted(folder.glob("*.toml")):
                if "." not in path.stem:
                    self._files[path.stem] = path
                    self._own.add(path.stem)

    def __iter__(self) -> Iterator[Instrument]:
        return (self[name] for name in self.ids)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __getitem__(self, name: str) -> Instrument:
        if name not in self._files:
            raise InstrumentError(f"no instrument has this id; {self.nearest(name)}")
        file = self._files[name]
        found = load(file) if name in self._own else _shipped(file.name)
        if found.id != name:
            raise InstrumentError(f"{file}: id: must be the file's own name, without .toml")
        return found

    def is_own(self, name: str) -> bool:
        """Whether an instrument is the site's, or in the place of ours of that name."""
        return name in self._own

    @property
    def ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted(self._files)

    @cached_property
    def score_ids(self) -> frozenset[str]:
        """The ids of all scores of all instruments."""
        return frozenset(rule.id for instrument in self for rule in instrument.scores)

    def find(self, reference: str) -> Instrument:
        """`wai-sr`, or `wai-sr@1` where a version (or its beginning) must be met.

        Blanks and upper and lower case do not matter: `WAI-SR` is how people write it.
        Raises InstrumentError with the nearest names; what was asked for is not repeated, as a
        shifted column may have put anything there.
        """
        name, _, version = (part.strip() for part in reference.lower().partition("@"))
        found = self[name]
        if version and not f"{found.version}.".startswith(f"{version}."):
            raise InstrumentError(f"{name} is here in version {found.version} only")
        return found

    def nearest(self, name: str) -> str:
        """The known ids that look like `name`, or all of them, as a sentence."""
        near = difflib.get_close_matches(name.lower(), self.ids, n=3, cutoff=0.5)
        return f"nearest: {', '.join(near)}" if near else f"known: {', '.join(self.ids)}"
