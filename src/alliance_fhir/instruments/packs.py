"""Text packs: the wording that a site has licensed, for its own forms and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from alliance_fhir.domain.instrument import Instrument, Perspective, Wording
from alliance_fhir.domain.languages import lookup, spelt
from alliance_fhir.errors import InstrumentError
from alliance_fhir.paths import is_folder
from alliance_fhir.slips import UnreadableError, slip, told_in

_NAME = re.compile(r"(?P<id>[A-Za-z0-9-]+)\.(?P<language>[^.]+)\.toml", re.ASCII)


class TextPack(Wording):
    """`<id>.<language>.toml`: the words of all its forms, and the licence of the site.

    Where the forms of the raters are worded differently, each has a table of its own, whose words
    go before the common ones.
    """

    patient: Wording = Wording()
    therapist: Wording = Wording()
    observer: Wording = Wording()
    caregiver: Wording = Wording()
    licence: str = Field(min_length=1)
    holder: str = Field(min_length=1)

    def own_words(self) -> dict[Perspective, Wording]:
        """The words that single forms have for themselves."""
        return {
            "patient": self.patient,
            "therapist": self.therapist,
            "observer": self.observer,
            "caregiver": self.caregiver,
        }

    def wording(self, perspective: Perspective) -> Wording:
        """All words of one form."""
        own = self.own_words()[perspective]
        return Wording(
            title=own.title or self.title,
            items={**self.items, **own.items},
            answers={**self.answers, **own.answers},
        )


class Worded(NamedTuple):
    """The words of one form, their language, and the terms on which they are used."""

    wording: Wording
    language: str
    terms: str


class TextPacks:
    """The packs of a site's folder, if it is there. Raises InstrumentError naming file and key."""

    def __init__(self, folder: Path) -> None:
        self._packs: dict[str, dict[str, tuple[str, TextPack]]] = {}
        for path in sorted(folder.glob("*.*.toml")) if is_folder(folder) else []:
            name = _NAME.fullmatch(path.name)
            try:
                language = spelt(name["language"]) if name else ""
            except ValueError:
                continue  # some other file of the site
            if name:
                packs = self._packs.setdefault(name["id"].lower(), {})
                if language in packs:
                    same = Path(packs[language][0]).name
                    raise InstrumentError(f"{path}: {same} is the same pack; remove one")
                packs[language] = str(path), _load(path)

    def find(
        self, instrument: Instrument, perspective: Perspective, language: str | None
    ) -> Worded | None:
        """The words for a form that was answered in this language: `de` has them for `de-CH`, too.

        Raises InstrumentError where the pack words what the instrument lacks.
        """
        packs = self._packs.get(instrument.id, {})
        best = lookup(language or "", packs)
        if not best:
            return None
        name, pack = packs[best]
        for fault in _surplus(pack, instrument):
            raise InstrumentError(f"{name}: {fault}")
        return Worded(pack.wording(perspective), best, f"{pack.licence} ({pack.holder})")


def _load(path: Path) -> TextPack:
    try:
        return TextPack.model_validate(told_in(path))
    except ValidationError as error:
        raise InstrumentError(f"{path}: {slip(error, model=TextPack)}") from None
    except UnreadableError as error:
        raise InstrumentError(f"{path}: {error}") from None


def _surplus(pack: TextPack, instrument: Instrument) -> Iterator[str]:
    """What a pack words and the instrument lacks."""
    numbers = {str(n) for n in range(1, instrument.size + 1)}
    codes = {o.code for n in range(1, instrument.size + 1) for o in instrument.options_of(n)}
    told: list[tuple[str, Wording]] = [("", pack)]
    for perspective, wording in pack.own_words().items():
        if wording != Wording() and perspective not in instrument.perspectives:
            yield f"{perspective}: the instrument has no form for this rater"
        told.append((f"{perspective}.", wording))
    for place, wording in told:
        for part, words, known in (
            ("items", wording.items, numbers),
            ("answers", wording.answers, codes),
        ):
            for name in sorted(set(words) - known):
                yield f"{place}{part}: the instrument has no {name}"
