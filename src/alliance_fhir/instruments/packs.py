"""Text packs: the wording that a site has licensed, for its own forms and nowhere else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from alliance_fhir.domain.instrument import Instrument, Wording
from alliance_fhir.errors import InstrumentError

_NAME = re.compile(r"(?P<id>[a-z0-9-]+)\.(?P<language>[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)\.toml")


class TextPack(Wording):
    """`<id>.<language>.toml`: title, items by number, answers by code, and the site's licence."""

    licence: str = Field(min_length=1)
    holder: str = Field(min_length=1)

    @property
    def terms(self) -> str:
        """Licence and holder as they stand in the Questionnaire's copyright."""
        return f"{self.licence} ({self.holder})"


def text_packs(folder: Path) -> dict[tuple[str, str], TextPack]:
    """The packs of a folder by instrument and language (lower case).

    Raises InstrumentError naming the file and the key.
    """
    packs: dict[tuple[str, str], TextPack] = {}
    for path in sorted(folder.glob("*.*.toml")):
        if name := _NAME.fullmatch(path.name):
            packs[name["id"], name["language"].lower()] = _load(path)
    return packs


def _load(path: Path) -> TextPack:
    try:
        return TextPack.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InstrumentError(f"{path.name}: {where}: {first['msg']}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InstrumentError(f"{path.name}: cannot be read as TOML: {error}") from None


def check_pack(pack: TextPack, instrument: Instrument, language: str) -> None:
    """Raises InstrumentError where a pack words items or answers that the instrument lacks."""
    numbers = {str(n) for n in range(1, instrument.size + 1)}
    codes = {o.code for n in range(1, instrument.size + 1) for o in instrument.options_of(n)}
    for part, told, known in (("items", pack.items, numbers), ("answers", pack.answers, codes)):
        if surplus := sorted(set(told) - known):
            name = f"{instrument.id}.{language}.toml"
            raise InstrumentError(f"{name}: {part}: the instrument has no {surplus[0]}")
